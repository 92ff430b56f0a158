"""OpenAI responses."""

import json
from typing import Any

from cellcost.records import Usage
from cellcost_meter.capture.dialects.openai_usage import openai_usage, reported_cost
from cellcost_meter.capture.dialects.reading import (
    Answer,
    Dialect,
    Document,
    short_text,
)

__all__ = ["RESPONSES"]

_TOOLS = {"web_search_call": "web_search", "file_search_call": "file_search"}
"""Output items that OpenAI bills per call, and the names we keep them under."""

_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})


def _read(document: Document) -> Answer:
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


def _kind(error: Any) -> str:
    if not error:
        return ""
    kind = error.get("code") or error.get("type") if isinstance(error, dict) else ""
    return short_text(kind, 40) or "error"


def _with_tools(usage: Usage | None, output: Any) -> Usage | None:
    if usage is None or not isinstance(output, list):
        return usage
    used: dict[str, int] = {}
    for item in output:
        name = _TOOLS.get(str(item.get("type"))) if isinstance(item, dict) else None
        if name:
            used[name] = used.get(name, 0) + 1
    if not used:
        return usage
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        input_audio_tokens=usage.input_audio_tokens,
        output_audio_tokens=usage.output_audio_tokens,
        other=used,
    )


def _text(document: Document) -> tuple[str, ...]:
    texts: list[str] = []
    output = document.get("output")
    for item in output if isinstance(output, list) else ():
        if not isinstance(item, dict):
            continue
        texts += [
            item[key] for key in ("name", "arguments") if isinstance(item.get(key), str)
        ]
        for part in [*_list(item.get("content")), *_list(item.get("summary"))]:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                texts.append(part["text"])
    return tuple(texts)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


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
        message = json.loads(data)
        if not isinstance(message, dict):
            return
        kind = str(message.get("type") or event)
        delta = message.get("delta")
        if isinstance(delta, str) and kind != "response.audio.delta":
            self._text.append(delta)
        response = message.get("response")
        if isinstance(response, dict):
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
