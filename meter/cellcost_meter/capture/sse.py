"""Server-sent events out of bytes, however the bytes were cut.

The WHATWG rules that matter on this wire: lines end in LF, CRLF or CR; `:` starts a
comment; several `data` lines of one event are joined by LF; a blank line ends an event;
one BOM may stand at the start. Data stays bytes: JSON reads UTF-8 itself.
"""

import re
from collections.abc import Iterator

__all__ = ["MAX_LINE_BYTES", "SseParser"]

MAX_LINE_BYTES = 64 * 1024 * 1024
"""A line that grows past this is passed over; the answer then lacks what it said."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class SseParser:
    """Feed it bytes; it yields each complete `(event name, data)` once."""

    __slots__ = ("_data", "_event", "_kept", "_rest", "_size", "_started", "overlong")

    def __init__(self) -> None:
        self._rest = b""
        self._kept: list[bytes] = []
        """Parts of a long line, joined when it ends: joining each time is quadratic."""
        self._size = 0
        self.overlong = False
        """Whether a line was passed over."""
        self._event = ""
        self._data: list[bytes] = []
        self._started = False

    def feed(self, chunk: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the events that `chunk` completes."""
        if self._started and not _LINE_END.search(chunk) and self._keep(chunk):
            return
        buffer = self._take_kept() + self._rest + chunk
        if not self._started:
            if len(buffer) < 3 and _BOM.startswith(buffer):
                self._rest = buffer
                return
            self._started = True
            buffer = buffer.removeprefix(_BOM)
        lines = _LINE_END.split(buffer)
        rest = lines.pop()
        if buffer.endswith(b"\r"):
            # An LF may follow in the next chunk: this line has not surely ended.
            rest = lines.pop() + b"\r"
        self._rest = rest
        for line in lines:
            if not line:
                event = self._take()
                if event is not None:
                    yield event
            else:
                self._field(line)

    def flush(self) -> Iterator[tuple[str, bytes]]:
        """Yield the last event of a stream that ended without a blank line."""
        rest = self._take_kept() + self._rest
        if rest:
            self._field(rest.rstrip(b"\r"))
            self._rest = b""
        event = self._take()
        if event is not None:
            yield event

    def _keep(self, part: bytes) -> bool:
        """Put `part` of a line away; False if an LF may still belong to its start."""
        if self._rest.endswith(b"\r"):
            return False
        self._size += len(self._rest) + len(part)
        if self._size > MAX_LINE_BYTES:
            self.overlong = True
            self._kept.clear()
        else:
            self._kept += (self._rest, part)
        self._rest = b""
        return True

    def _take_kept(self) -> bytes:
        # Of a line that was passed over only the end is left: no field, so ignored.
        kept = b":" if self._size > MAX_LINE_BYTES else b"".join(self._kept)
        self._kept.clear()
        self._size = 0
        return kept

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")

    def _take(self) -> tuple[str, bytes] | None:
        name, data = self._event, self._data
        self._event, self._data = "", []
        return (name, b"\n".join(data)) if data else None
