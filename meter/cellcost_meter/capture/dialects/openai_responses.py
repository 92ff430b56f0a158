"""OpenAI responses."""

import json
from dataclasses import replace

from cellcost.records import Usage
from cellcost_meter.capture.dialects.foreign import (
    Object,
    as_list,
    as_object,
    is_object,
    short_text,
    strings,
)
from cellcost_meter.capture.dialects.openai_usage import openai_usage, reported_cost
from cellcost_meter.capture.dialects.reading import Answer, Dialect

__all__ = ["RESPONSES"]

_TOOLS = {"web_search_call": "web_search", "file_search_call": "file_search"}
"""Output items that OpenAI bills per call, and the names we keep them under."""

_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})


def _read(document: Object) -> Answer:
    usage, doubt = openai_usage(document.get("usage"))
    error = document.get("error")
    return Answer(
        usage=_with_tools(usage, document.get("output")),
        doubt=doubt,
        # A background response is answered at once and runs on.
        whole=document.get("status") not in ("queued", "in_progress"),
        model=short_text(document.get("model")),
        request_id=short_text(document.get("id")),
        service_tier=short_text(document.get("service_tier")),
        error=_kind(error) if usage is None else "",
        reported_usd=reported_cost(document.get("usage")),
    )


def _kind(error: object) -> str:
    if not error:
        return ""
    told = as_object(error)
    return short_text(told.get("code") or told.get("type"), 40) or "error"


def _with_tools(usage: Usage | None, output: object) -> Usage | None:
    used: dict[str, int] = {}
    for item in map(as_object, as_list(output)):
        name = _TOOLS.get(str(item.get("type")))
        if name:
            used[name] = used.get(name, 0) + 1
    return replace(usage, other=used) if usage is not None and used else usage


def _text(document: Object) -> tuple[str, ...]:
    texts: list[str] = []
    for item in map(as_object, as_list(document.get("output"))):
        texts += strings(item, "name", "arguments")
        for part in [*as_list(item.get("content")), *as_list(item.get("summary"))]:
            texts += strings(as_object(part), "text")
    return tuple(texts)


class _Stream:
    """`response.*` events; the last one carries the whole response with its usage."""

    __slots__ = ("_answer", "_ended", "_error", "_text")

    def __init__(self) -> None:
        self._answer = Answer(whole=False)
        self._text: list[str] = []
        self._ended = False
        self._error = ""

    def feed(self, event: str, data: bytes) -> None:
        if data.startswith(b"[DONE]"):
            return
        message: object = json.loads(data)
        if not is_object(message):
            return
        kind = str(message.get("type") or event)
        delta = message.get("delta")
        if isinstance(delta, str) and kind != "response.audio.delta":
            self._text.append(delta)
        response = message.get("response")
        if is_object(response):
            self._answer = _read(response)
        if kind in _ENDS:
            self._ended = True
        elif kind == "error":
            self._error = short_text(message.get("code"), 40) or "error"

    def answer(self) -> Answer:
        known = self._answer
        return Answer(
            usage=known.usage,
            doubt=known.doubt,
            whole=self._ended and not self._error,
            ended=self._ended,
            model=known.model,
            request_id=known.request_id,
            service_tier=known.service_tier,
            error=self._error or known.error,
            reported_usd=known.reported_usd,
        )

    def take_text(self) -> list[str]:
        text, self._text = self._text, []
        return text


RESPONSES = Dialect(
    operation="responses",
    suffixes=(b"/responses",),
    prompt_keys=("instructions", "input", "tools", "text"),
    cap_keys=("max_output_tokens",),
    read=_read,
    text=_text,
    stream=_Stream,
    usage_at_edges=False,  # billed tool calls stand among the output
)
