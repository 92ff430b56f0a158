"""A tap on the bytes of one streamed answer.

The call path only stores bytes. The flusher (four times a second), the end of the
stream, or a full buffer reads them: decoded on a copy, cut into events, read by the
dialect. What is kept is bounded: the buffer, one unfinished event, the uncounted text.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Literal

from cellcost_meter.capture.decode import Decoder
from cellcost_meter.capture.dialects import Answer
from cellcost_meter.capture.sinks import Sink

__all__ = ["End", "Tap"]

End = Literal["ended", "closed", "broken", "abandoned"]
"""How a stream stopped: at its end, closed before, by an error, by the collector."""

_BUFFER_BYTES = 256 * 1024


class Tap:
    """Collects one stream's bytes and tells once how it ended."""

    __slots__ = (
        "_chunks",
        "_decoder",
        "_lock",
        "_on_end",
        "_once",
        "_sink",
        "_size",
        "_text",
        "problem",
    )

    def __init__(
        self,
        sink: Sink,
        decoder: Decoder | None,
        on_end: Callable[[End, BaseException | None], None],
    ) -> None:
        self._sink = sink
        self._decoder = decoder
        self._on_end = on_end
        # A deque, never swapped for another: append and popleft are atomic.
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._text: list[str] = []
        self._lock = threading.Lock()
        self._once = threading.Lock()
        self.problem = "" if decoder else "the answer's encoding cannot be read here"
        """Why nothing more of this stream is read."""

    def feed(self, chunk: bytes) -> None:
        """Store `chunk`; called on the user's path for every chunk."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > _BUFFER_BYTES:
            self.read()

    def stop(self, end: End, error: BaseException | None = None) -> None:
        """Say that the stream stopped; only the first time counts."""
        try:
            if self._once.acquire(blocking=False):
                self._on_end(end, error)
        except BaseException:
            # An interrupt: whoever got as far as settling settles only once.
            self._on_end("abandoned", error)
            raise

    @property
    def stopped(self) -> bool:
        """Whether the stream is known to have stopped."""
        return self._once.locked()

    def read(self, *, last: bool = False) -> None:
        """Read what was stored; `last` also takes an event that was not closed."""
        with self._lock:
            self._size = 0
            chunks = [self._chunks.popleft() for _ in range(len(self._chunks))]
            if self._decoder is None or self.problem:
                return
            try:
                self._sink.feed(self._decoder.decode(b"".join(chunks)))
                if last:
                    self._sink.finish()
                text = self._sink.take_text()
            except Exception as error:  # noqa: BLE001 - the wire may hold anything
                self.problem = f"the answer cannot be decoded ({type(error).__name__})"
                return
            if text:
                self._text.append("".join(text))

    @property
    def oddity(self) -> str:
        """What could not be understood of the stream."""
        return self.problem or self._sink.oddity

    def answer(self) -> Answer:
        """Return what the stream has said so far."""
        with self._lock:
            return self._sink.answer()

    def take_text(self) -> str:
        """Return the text read since the last call, and forget it."""
        with self._lock:
            text, self._text = self._text, []
            return "".join(text)
