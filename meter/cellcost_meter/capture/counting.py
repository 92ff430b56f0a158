"""Counting text where no usage came: slow, so only the flusher calls it."""

import json

from cellcost import tokens
from cellcost_meter.capture.dialects import Dialect
from cellcost_meter.capture.dialects.foreign import is_object
from cellcost_meter.capture.dialects.prompt import prompt_of

__all__ = ["RunningCount", "count_text", "input_tokens"]

_CUT_CHARACTERS = 4096
_MESSAGE_TOKENS = 3
_PRIMING_TOKENS = 3
"""OpenAI's chat format adds about 3 tokens a message and 3 for the answer (OpenAI
cookbook, "How to count tokens with tiktoken", read 2026-11)."""


def count_text(text: str, model: str) -> int:
    """Return the tokens of `text`: counted, else guessed from its size."""
    if not text:
        return 0
    counted = tokens.count(text, model)
    return (
        tokens.guess(len(text.encode("utf-8", "replace")))
        if counted is None
        else counted
    )


def input_tokens(dialect: Dialect, body: bytes | None, model: str) -> tuple[int, str]:
    """Return the tokens of a request's prompt and what of it could not be counted."""
    if not body:
        return 0, "the request could not be read"
    try:
        document: object = json.loads(body)
    except ValueError:
        return tokens.guess(len(body)), ""
    if not is_object(document):
        return tokens.guess(len(body)), ""
    prompt = prompt_of(document, dialect.prompt_keys)
    total = sum(count_text(text, model) for text in prompt.texts) + prompt.token_ids
    if prompt.messages:
        total += prompt.messages * _MESSAGE_TOKENS + _PRIMING_TOKENS
    missing = "images and files in the request are not counted" if prompt.media else ""
    return total, missing


class RunningCount:
    """Counts a text that grows, each part of it once.

    Parts are cut before a word's leading space, where o200k and cl100k cut too; the
    open part is counted anew each time.
    """

    __slots__ = ("_closed", "_model", "_open", "_open_count")

    def __init__(self, model: str) -> None:
        self._model = model
        self._closed = 0
        self._open = ""
        self._open_count = 0

    def add(self, text: str) -> int:
        """Add `text`; return the count of everything so far."""
        if text:
            self._open += text
            if len(self._open) > _CUT_CHARACTERS:
                at = self._open.rfind(" ", 1)
                at = at if at > 0 else len(self._open)
                self._closed += count_text(self._open[:at], self._model)
                self._open = self._open[at:]
            self._open_count = count_text(self._open, self._model)
        return self._closed + self._open_count
