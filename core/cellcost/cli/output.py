"""What the command line prints: aligned tables, colour only where a person looks."""

import io
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TextIO
from unicodedata import east_asian_width

__all__ = [
    "Column",
    "Style",
    "complain",
    "print_line",
    "styled",
    "table",
    "tolerant_streams",
]

Style = Literal["plain", "bold", "faint", "warn", "error"]

# SGR codes of ECMA-48.
_CODES = {"bold": "1", "faint": "2", "warn": "33", "error": "31"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head, and on which side its cells line up."""

    head: str
    side: Literal["left", "right"] = "left"
    shrink: bool = False
    """Whether its cells may be cut in the middle to fit the terminal."""


def tolerant_streams() -> None:
    """Let both streams take characters that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_line(line: str = "") -> None:
    """Print one line on standard output."""
    sys.stdout.write(line + "\n")


def complain(message: str) -> None:
    """Say on standard error what went wrong."""
    sys.stdout.flush()
    sys.stderr.write(f"cellcost: {clean(message)}\n")


def clean(text: str) -> str:
    """Return `text` without control characters: names come from foreign answers."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def styled(text: str, style: Style, *, stream: TextIO | None = None) -> str:
    """Return `text` in a style if the stream is a terminal that shows colours."""
    code = _CODES.get(style)
    if code is None or not _shows_colour(stream or sys.stdout):
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    footer: Sequence[str] = (),
) -> list[str]:
    """Return the lines of an aligned table; a column without content is left out."""
    cells = [[clean(cell) for cell in row] for row in rows]
    last = [clean(cell) for cell in footer]
    every = [*cells, last] if last else cells
    shown = [n for n in range(len(columns)) if any(row[n] for row in every)]
    widths = {
        n: max(_width(columns[n].head), *(_width(row[n]) for row in every))
        for n in shown
    }
    _shrink(widths, [n for n in shown if columns[n].shrink], len(shown))

    def line(row: Sequence[str]) -> str:
        parts: list[str] = []
        for n in shown:
            cell = _cut(row[n], widths[n])
            space = " " * (widths[n] - _width(cell))
            parts.append(space + cell if columns[n].side == "right" else cell + space)
        return "  ".join(parts).rstrip()

    lines = [styled(line([column.head for column in columns]), "faint")]
    lines += [line(row) for row in cells]
    if last:
        lines.append(styled(line(last), "bold"))
    return lines


def _shrink(widths: dict[int, int], narrow: list[int], count: int) -> None:
    """Take from the columns that may be cut what the terminal lacks."""
    if not sys.stdout.isatty():
        return
    room = shutil.get_terminal_size().columns
    lacking = sum(widths.values()) + 2 * (count - 1) - room
    for n in sorted(narrow, key=lambda n: -widths[n]):
        if lacking > 0:
            cut = min(lacking, max(widths[n] - 16, 0))
            widths[n] -= cut
            lacking -= cut


def _cut(cell: str, width: int) -> str:
    """Return `cell` cut in the middle: both ends of a path tell most."""
    if _width(cell) <= width:
        return cell
    head, tail = (width - 1) // 2, width - 1 - (width - 1) // 2
    while _width(cell[:head]) + _width(cell[-tail:]) > width - 1 and head > 1:
        head, tail = head - 1, max(tail - 1, 1)
    return f"{cell[:head]}…{cell[-tail:]}"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _shows_colour(stream: TextIO) -> bool:
    return (
        stream.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
