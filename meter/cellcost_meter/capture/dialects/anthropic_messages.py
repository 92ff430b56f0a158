"""Anthropic messages.

`input_tokens` EXCLUDES what was read from and written to the cache. In a stream the
usage of `message_delta` is cumulative and may come more than once; each field that it
has replaces what `message_start` said.
"""

import json

from cellcost.records import Usage
from cellcost_meter.capture.dialects.counts import Counts, clipped
from cellcost_meter.capture.dialects.foreign import (
    Object,
    as_list,
    as_object,
    is_object,
    short_text,
    strings,
)
from cellcost_meter.capture.dialects.reading import Answer, Dialect

__all__ = ["MESSAGES"]


def _usage(usage: object) -> tuple[Usage | None, str]:
    if usage is None or usage == {}:
        return None, ""
    if not is_object(usage):
        return None, f"usage is {type(usage).__name__}"
    counts = Counts()
    fresh = counts.required(usage, "input_tokens")
    read = counts.optional(usage, "cache_read_input_tokens")
    written = counts.optional(usage, "cache_creation_input_tokens")
    by_age = as_object(usage.get("cache_creation"))
    hour = counts.optional(by_age, "ephemeral_1h_input_tokens")
    five = counts.optional(by_age, "ephemeral_5m_input_tokens")
    written = max(written, hour + five)
    tools = as_object(usage.get("server_tool_use"))
    other = {
        name: amount
        for name, key in (
            ("web_search", "web_search_requests"),
            ("web_fetch", "web_fetch_requests"),
        )
        if (amount := counts.optional(tools, key))
    }
    found = Usage(
        input_tokens=fresh + read + written,
        output_tokens=counts.required(usage, "output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=hour,
        other=other,
    )
    if not found.input_tokens and not found.output_tokens and not counts.doubt:
        return None, "usage is all zero"
    believed = clipped(found, counts)
    return believed, counts.doubt


def _read(document: Object) -> Answer:
    usage, doubt = _usage(document.get("usage"))
    tier = _tier(document.get("usage"))
    return Answer(
        usage=usage,
        doubt=doubt,
        model=short_text(document.get("model")),
        request_id=short_text(document.get("id")),
        service_tier=tier,
        error=_error(document) if usage is None else "",
    )


def _tier(usage: object) -> str:
    return short_text(as_object(usage).get("service_tier"))


def _error(document: Object) -> str:
    error = document.get("error")
    if not error:
        return ""
    return short_text(as_object(error).get("type"), 40) or "error"


def _text(document: Object) -> tuple[str, ...]:
    texts: list[str] = []
    for block in map(as_object, as_list(document.get("content"))):
        texts += strings(block, "text", "thinking", "name")
        given = as_object(block.get("input"))
        if given:
            texts.append(json.dumps(given, ensure_ascii=False))
    return tuple(texts)


class _Stream:
    """message_start (input), deltas, message_delta (output so far), message_stop."""

    __slots__ = ("_error", "_id", "_model", "_stopped", "_text", "_usage")

    def __init__(self) -> None:
        self._usage: Object = {}
        self._model = self._id = self._error = ""
        self._text: list[str] = []
        self._stopped = False

    def feed(self, event: str, data: bytes) -> None:
        message: object = json.loads(data)
        if not is_object(message):
            return
        kind = message.get("type") or event
        if kind == "content_block_delta":
            delta = as_object(message.get("delta"))
            self._text += strings(delta, "text", "thinking", "partial_json")
        elif kind == "message_start":
            start = as_object(message.get("message"))
            self._model = short_text(start.get("model"))
            self._id = short_text(start.get("id"))
            self._merge(start.get("usage"))
        elif kind == "message_delta":
            self._merge(message.get("usage"))
        elif kind == "message_stop":
            self._stopped = True
        elif kind == "error":
            self._error = _error(message) or "error"

    def _merge(self, usage: object) -> None:
        said = as_object(usage)
        self._usage.update({k: v for k, v in said.items() if v is not None})

    def answer(self) -> Answer:
        usage, doubt = _usage(self._usage)
        return Answer(
            usage=usage,
            doubt=doubt,
            whole=self._stopped and not self._error,
            ended=self._stopped,
            model=self._model,
            request_id=self._id,
            service_tier=_tier(self._usage),
            error=self._error,
        )

    def take_text(self) -> list[str]:
        text, self._text = self._text, []
        return text


MESSAGES = Dialect(
    operation="messages",
    suffixes=(b"/v1/messages",),
    prompt_keys=("system", "messages", "tools"),
    cap_keys=("max_tokens",),
    read=_read,
    text=_text,
    stream=_Stream,
)
