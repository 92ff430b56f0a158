"""What a request body asks for, read without parsing megabytes.

Up to 16 KB are parsed whole. In a larger body the keys we need stand in the first or
last 4 KB with every SDK tried; where no model stands there, all is parsed.
"""

import json
from typing import Any

from cellcost_meter.capture.dialects.edges import edges_of, value_at
from cellcost_meter.capture.dialects.foreign import as_object, is_object, short_text
from cellcost_meter.capture.dialects.reading import Asked, Dialect

__all__ = ["read_request"]

WHOLE_BYTES = 16 * 1024


def read_request(dialect: Dialect, body: bytes | None) -> Asked:
    """Return what `body` asks for; an empty `Asked` where it cannot be read.

    `body` is None where it is not in memory (a stream): it may well be a model call.
    """
    if not body:
        return Asked(looks_right=body is None)
    if len(body) > WHOLE_BYTES:
        found = _from_edges(dialect, body)
        if found is not None:
            return found
    try:
        document: object = json.loads(body)
    except ValueError:
        return Asked(looks_right=False)
    if not is_object(document):
        return Asked(looks_right=False)
    model = document.get("model")
    options = as_object(document.get("stream_options"))
    return Asked(
        model=short_text(model),
        streamed=document.get("stream") is True,
        output_cap=_cap(document, dialect.cap_keys),
        usage_asked=options.get("include_usage") is True,
        looks_right=isinstance(model, str)
        and not document.keys().isdisjoint(dialect.prompt_keys),
    )


def _cap(document: dict[str, Any], keys: tuple[str, ...]) -> int | None:
    for key in keys:
        value = document.get(key)
        if type(value) is int and value > 0:
            # `n` answers may each be as long.
            count = document.get("n")
            return value * count if type(count) is int and count > 0 else value
    return None


def _from_edges(dialect: Dialect, body: bytes) -> Asked | None:
    edges = edges_of(body)
    model = value_at(edges, "model")
    if not isinstance(model, str):
        return None
    document = {key: value_at(edges, key) for key in (*dialect.cap_keys, "n")}
    options = as_object(value_at(edges, "stream_options"))
    return Asked(
        model=short_text(model),
        streamed=value_at(edges, "stream") is True,
        output_cap=_cap(document, dialect.cap_keys),
        usage_asked=options.get("include_usage") is True,
    )
