"""OpenAI chat completions (and the older completions), as every gateway speaks them."""

import json

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

__all__ = ["CHAT", "COMPLETIONS"]


def _read(document: Object) -> Answer:
    usage, doubt = openai_usage(document.get("usage"))
    return Answer(
        usage=usage,
        doubt=doubt,
        model=short_text(document.get("model")),
        request_id=short_text(document.get("id")),
        service_tier=short_text(document.get("service_tier")),
        error=_error(document) if usage is None and "choices" not in document else "",
        reported_usd=reported_cost(document.get("usage")),
    )


def _error(document: Object) -> str:
    error = document.get("error")
    if not error:
        return ""
    told = as_object(error)
    return short_text(told.get("type") or told.get("code"), 40) or "error"


def _text(document: Object) -> tuple[str, ...]:
    return tuple(_choice_texts(document.get("choices"), "message"))


def _choice_texts(choices: object, part: str) -> list[str]:
    texts: list[str] = []
    for choice in map(as_object, as_list(choices)):
        # In the older completions the text stands in the choice itself.
        said = choice.get(part)
        inner = said if is_object(said) else choice
        texts += strings(
            inner, "reasoning_content", "reasoning", "content", "refusal", "text"
        )
        for call in map(as_object, as_list(inner.get("tool_calls"))):
            texts += strings(as_object(call.get("function")), "name", "arguments")
    return texts


class _Stream:
    """Chunks with deltas; usage, if asked for, in one late chunk; then `[DONE]`."""

    __slots__ = (
        "_done",
        "_error",
        "_finished",
        "_id",
        "_model",
        "_said",
        "_text",
        "_tier",
        "_usage",
    )

    def __init__(self) -> None:
        self._usage: tuple[Usage | None, str] = (None, "")
        self._said = ""
        self._model = self._id = self._tier = self._error = ""
        self._text: list[str] = []
        self._done = False
        self._finished = False

    def feed(self, event: str, data: bytes) -> None:
        if data.startswith(b"[DONE]"):
            self._done = True
            return
        chunk: object = json.loads(data)
        if not is_object(chunk):
            return
        self._model = self._model or short_text(chunk.get("model"))
        self._id = self._id or short_text(chunk.get("id"))
        self._tier = short_text(chunk.get("service_tier")) or self._tier
        self._error = self._error or _error(chunk)
        usage = chunk.get("usage")
        if usage:
            # Some servers repeat a growing usage in every chunk: the last one counts.
            self._usage = openai_usage(usage)
            self._said = reported_cost(usage)
        choices = as_list(chunk.get("choices"))
        self._text += _choice_texts(choices, "delta")
        if any(as_object(choice).get("finish_reason") for choice in choices):
            self._finished = True

    def answer(self) -> Answer:
        usage, doubt = self._usage
        return Answer(
            usage=usage,
            doubt=doubt,
            whole=(self._done or self._finished) and not self._error,
            ended=self._done,
            model=self._model,
            request_id=self._id,
            service_tier=self._tier,
            error=self._error,
            reported_usd=self._said,
        )

    def take_text(self) -> list[str]:
        text, self._text = self._text, []
        return text


CHAT = Dialect(
    operation="chat",
    suffixes=(b"/chat/completions",),
    prompt_keys=("messages", "tools", "functions", "response_format"),
    cap_keys=("max_completion_tokens", "max_tokens"),
    read=_read,
    text=_text,
    stream=_Stream,
)

COMPLETIONS = Dialect(
    operation="text_completion",
    suffixes=(b"/v1/completions",),
    prompt_keys=("prompt",),
    cap_keys=("max_tokens",),
    read=_read,
    text=_text,
    stream=_Stream,
)
