"""How far long work is, said on a terminal while a person waits."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO, TypeVar

__all__ = ["Counter", "counted"]

_T = TypeVar("_T")

_PATIENCE_SECONDS = 1.0
"""How long nothing is said: most work is done by then."""
_PACE_SECONDS = 0.2


class Counter:
    """Says `312 of 20,000 files` on a terminal, once a person has waited a second."""

    def __init__(
        self,
        what: str,
        *,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._out = stream or sys.stderr
        self._clock = clock
        self._began = self._said = clock()
        self._shown = 0
        self._speaks = self._out.isatty()

    def show(self, done: int, total: int) -> None:
        """Take how far the work is."""
        now = self._clock()
        patient = now - self._began < _PATIENCE_SECONDS
        if not self._speaks or patient or now - self._said < _PACE_SECONDS:
            return
        line = f"{done:,} of {total:,} {self._what}"
        self._out.write(f"\r{line:<{self._shown}}")
        self._out.flush()
        self._said, self._shown = now, max(self._shown, len(line))

    def clear(self) -> None:
        """Leave the terminal as it was."""
        if self._shown:
            self._out.write(f"\r{'':<{self._shown}}\r")
            self._out.flush()
            self._shown = 0


def counted(
    items: Sequence[_T],
    what: str,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[_T]:
    """Yield `items`, and on a terminal say `312 of 20,000 files` meanwhile."""
    counter = Counter(what, stream=stream, clock=clock)
    try:
        for number, item in enumerate(items):
            counter.show(number, len(items))
            yield item
    finally:
        counter.clear()
