"""Where the plain bytes of a streamed answer go: events, or one JSON body."""

import json
from typing import Protocol

from cellcost_meter.capture.dialects import Answer, Dialect, StreamReader
from cellcost_meter.capture.dialects.edges import EDGE_BYTES, value_at
from cellcost_meter.capture.dialects.foreign import is_object
from cellcost_meter.capture.sse import SseParser

__all__ = ["BodySink", "EventSink", "Sink", "read_body"]

LARGE_BYTES = 64 * 1024
"""Larger bodies are not parsed whole on the user's path."""

_KEPT_BYTES = 8 * 1024 * 1024
"""Of a body larger than this only the edges are kept while it streams by."""


class Sink(Protocol):
    """Takes the plain bytes of one answer and says what they mean so far."""

    oddity: str

    def feed(self, plain: bytes) -> None: ...

    def finish(self) -> None: ...

    def answer(self) -> Answer: ...

    def take_text(self) -> list[str]: ...


class EventSink:
    """Cuts server-sent events out of the bytes for the dialect's reader."""

    __slots__ = ("_parser", "_reader", "oddity")

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader
        self._parser = SseParser()
        self.oddity = ""
        """Why an event was passed over."""

    def feed(self, plain: bytes) -> None:
        for event, data in self._parser.feed(plain):
            self._understand(event, data)
        if self._parser.overlong:
            self.oddity = "an event was too large to be read"

    def finish(self) -> None:
        for event, data in self._parser.flush():
            self._understand(event, data)

    def _understand(self, event: str, data: bytes) -> None:
        try:
            self._reader.feed(event, data)
        except Exception as error:  # noqa: BLE001 - one bad event hides no other
            self.oddity = f"an event could not be read ({type(error).__name__})"

    def answer(self) -> Answer:
        return self._reader.answer()

    def take_text(self) -> list[str]:
        return self._reader.take_text()


class BodySink:
    """Keeps one JSON body (of a huge one the edges) and reads it at its end."""

    __slots__ = ("_answer", "_dialect", "_head", "_kept", "_size", "_text", "oddity")

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._head = b""
        self._kept = bytearray()
        self._size = 0
        self._answer = Answer(whole=False)
        self._text: list[str] = []
        self.oddity = ""
        """Why the body could not be read."""

    def feed(self, plain: bytes) -> None:
        self._size += len(plain)
        if len(self._head) < EDGE_BYTES:
            self._head += plain[: EDGE_BYTES - len(self._head)]
        self._kept += plain
        if self._size > _KEPT_BYTES and len(self._kept) > 2 * LARGE_BYTES:
            del self._kept[:-LARGE_BYTES]

    def finish(self) -> None:
        body = bytes(self._kept)
        if self._size > len(body):
            self._answer, self.oddity = _from_edges(
                self._dialect, (body[-EDGE_BYTES:], self._head)
            )
            return
        self._answer, self._text, self.oddity = read_body(self._dialect, body)

    def answer(self) -> Answer:
        return self._answer

    def take_text(self) -> list[str]:
        text, self._text = self._text, []
        return text


def read_body(dialect: Dialect, body: bytes) -> tuple[Answer, list[str], str]:
    """Return the answer in a whole body, its text where no usage came, what was odd."""
    try:
        document: object = json.loads(body)
    except ValueError:
        return Answer(whole=False), [], "the answer is not JSON"
    if not is_object(document):
        return Answer(whole=False), [], f"the answer is a {type(document).__name__}"
    answer = dialect.read(document)
    text = [] if answer.usage is not None else list(dialect.text(document))
    return answer, text, ""


def _from_edges(dialect: Dialect, edges: tuple[bytes, bytes]) -> tuple[Answer, str]:
    answer = read_edges(dialect, edges)
    if answer is None:
        return Answer(whole=False), "the answer is too large to be read"
    return answer, ""


def read_edges(dialect: Dialect, edges: tuple[bytes, bytes]) -> Answer | None:
    """Return what the edges of a large body say; None where they lack the usage."""
    usage = value_at(edges, "usage")
    if not is_object(usage):
        return None
    names = ("model", "id", "service_tier", "status")
    document = {name: value_at(edges, name) for name in names}
    answer = dialect.read({**document, "usage": usage})
    return answer if answer.usage is not None else None
