"""Asking OpenAI-shaped streams for their usage without the user seeing it.

With `[capture] stream_usage = "ask"` a copy of the request goes out that has
`stream_options.include_usage`; the one extra event that this brings (`choices: []` and
a usage) is taken out of the bytes again. A signed request is never changed.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from cellcost_meter.capture.dialects.foreign import is_object

__all__ = ["UsageAsked", "ask_for_usage"]

_END_OF_EVENT = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_SIGNED = ("aws4-", "hmac", "signature ")


class UsageAsked:
    """A request that asks for usage in the place of the user's."""

    __slots__ = ("request",)

    def __init__(self, request: Any) -> None:
        self.request = request

    def hide(
        self, headers: Iterable[tuple[bytes, bytes]]
    ) -> Callable[[bytes], bytes] | None:
        """Return what takes the extra event out of the answer's bytes.

        None where the bytes are encoded against our asking: the event then stays, as
        in any stream that was asked for usage.
        """
        for name, value in headers:
            if name.lower() == b"content-encoding" and value.strip() != b"identity":
                return None
        return _Hider().show


class _Hider:
    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def show(self, chunk: bytes) -> bytes:
        """Return what may be shown now; an empty `chunk` ends the stream."""
        if not chunk:
            rest, self._rest = self._rest, b""
            return rest
        buffer = self._rest + chunk
        shown: list[bytes] = []
        start = 0
        for end in _END_OF_EVENT.finditer(buffer):
            event = buffer[start : end.end()]
            if not _is_extra(event):
                shown.append(event)
            start = end.end()
        self._rest = buffer[start:]
        return b"".join(shown)


def _is_extra(event: bytes) -> bool:
    if b'"usage"' not in event or b'"choices"' not in event:
        return False
    try:
        chunk: object = json.loads(event.strip().removeprefix(b"data:"))
    except (ValueError, RecursionError):
        return False
    return is_object(chunk) and chunk.get("choices") == [] and bool(chunk.get("usage"))


def ask_for_usage(request: Any, body: bytes | None) -> UsageAsked | None:
    """Return the request to send instead; None where it is to go out as it is."""
    if not body or b'"stream"' not in body:
        return None
    headers = request.headers
    authorization = headers.get("authorization", "").lower()
    if authorization.startswith(_SIGNED) or "x-amz-date" in headers:
        return None
    document: object = json.loads(body)
    if not is_object(document) or document.get("stream") is not True:
        return None
    options: object = document.get("stream_options") or {}
    if not is_object(options) or "include_usage" in options:
        return None
    document["stream_options"] = {**options, "include_usage": True}
    kept = [
        (name, value)
        for name, value in headers.raw
        if name.lower() not in (b"content-length", b"accept-encoding")
    ]
    changed = type(request)(
        request.method,
        request.url,
        # Encoded bytes could not have one event taken out.
        headers=[*kept, (b"Accept-Encoding", b"identity")],
        content=json.dumps(document, ensure_ascii=False).encode(),
        extensions=request.extensions,
    )
    return UsageAsked(changed)
