"""How far long work is, said on a terminal while a person waits."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO, TypeVar

__all__ = ["counted"]

_T = TypeVar("_T")

_PATIENCE_SECONDS = 1.0
"""How long nothing is said: most work is done by then."""
_PACE_SECONDS = 0.2


def counted(
    items: Sequence[_T],
    what: str,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[_T]:
    """Yield `items`, and on a terminal say `312 of 20,000 files` meanwhile."""
    out = stream or sys.stderr
    if not out.isatty():
        yield from items
        return
    began = said = clock()
    shown = 0
    try:
        for number, item in enumerate(items):
            now = clock()
            if now - began >= _PATIENCE_SECONDS and now - said >= _PACE_SECONDS:
                line = f"{number:,} of {len(items):,} {what}"
                out.write(f"\r{line:<{shown}}")
                out.flush()
                said, shown = now, max(shown, len(line))
            yield item
    finally:
        if shown:
            out.write(f"\r{'':<{shown}}\r")
            out.flush()
