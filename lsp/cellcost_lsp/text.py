"""A text as the Language Server Protocol counts it: its lines, units and edits.

Rows and columns are code points everywhere in this package; units of the client's
encoding appear only on the wire.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from lsprotocol import types

__all__ = ["PYTHON", "Edit", "Encoding", "Page", "edited", "split_lines"]

PYTHON = frozenset({"python", "ipython", "python3"})
"""Language ids of clients for Python."""

Encoding = Literal["utf-8", "utf-16", "utf-32"]

# The protocol's line ends and no others: a form feed or U+2028 ends no line.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")
_ENDS = "\r\n"


@dataclass(frozen=True, slots=True)
class Edit:
    """What one change did: the old end and the new end of what was replaced."""

    row: int
    column: int
    end_row: int
    end_column: int
    new_end_row: int
    new_end_column: int

    def moved(self, row: int, column: int) -> tuple[int, int]:
        """Return where a place before the edit stands after it.

        A place inside what was replaced goes to the end of the new text.
        """
        if (row, column) < (self.row, self.column):
            return row, column
        if (row, column) < (self.end_row, self.end_column):
            return self.new_end_row, self.new_end_column
        if row == self.end_row:
            return self.new_end_row, column - self.end_column + self.new_end_column
        return row - self.end_row + self.new_end_row, column

    def moved_end(self, row: int, column: int) -> tuple[int, int]:
        """Return where the end of something stands: text typed right there is after it.

        An end inside what was replaced goes to the start of the edit.
        """
        if (row, column) <= (self.row, self.column):
            return row, column
        if (row, column) < (self.end_row, self.end_column):
            return self.row, self.column
        return self.moved(row, column)

    def misses(self, row: int, end_row: int) -> bool:
        """Say whether nothing on some rows moves: no line came, went or is theirs."""
        if end_row < self.row:
            return True
        return row > self.end_row and self.end_row == self.new_end_row

    def holds(self, start: tuple[int, int], end: tuple[int, int]) -> bool:
        """Say whether all of something was replaced."""
        return (self.row, self.column) <= start and end <= (
            self.end_row,
            self.end_column,
        )


@dataclass(frozen=True)
class Page:
    """One version of one text document: a file, or a notebook's cell."""

    uri: str
    version: int
    language: str
    encoding: Encoding
    lines: Sequence[str]
    """With their ends; the last has none."""

    @property
    def is_python(self) -> bool:
        """Say whether its text is Python, as the client or its name says."""
        return self.language in PYTHON or self.uri.endswith((".py", ".pyi", ".pyw"))

    @cached_property
    def text(self) -> str:
        """Return the whole text."""
        return "".join(self.lines)

    def line(self, row: int) -> str:
        """Return a line without its end; "" past the last."""
        return self.lines[row].rstrip(_ENDS) if row < len(self.lines) else ""

    def position(self, row: int, column: int) -> types.Position:
        """Return a place as the client counts it."""
        if row >= len(self.lines):
            row, column = len(self.lines) - 1, len(self.lines[-1])
        return types.Position(row, _units(self.line(row)[:column], self.encoding))

    def span(self, row: int, column: int, end_row: int, end_column: int) -> types.Range:
        """Return a range as the client counts it."""
        return types.Range(
            self.position(row, column), self.position(end_row, end_column)
        )

    def place(self, position: types.Position) -> tuple[int, int]:
        """Return row and column of a client's position; past an end, that end."""
        if position.line >= len(self.lines):
            return len(self.lines) - 1, len(self.lines[-1])
        line = self.line(position.line)
        return position.line, _column(line, position.character, self.encoding)


def split_lines(text: str) -> list[str]:
    """Return the lines of `text` with their ends; the last has none."""
    if "\r" in text:
        lines = _LINE.findall(text)
        # The pattern also matches the nothing after a last line without an end.
        if len(lines) > 1 and not lines[-2].endswith(("\r", "\n")):
            lines.pop()
        return lines
    lines = text.split("\n")
    return [*(line + "\n" for line in lines[:-1]), lines[-1]]


def edited(
    page: Page,
    changes: Iterable[types.TextDocumentContentChangeEvent],
    version: int,
) -> tuple[Page, tuple[Edit, ...]]:
    """Return the next version of a page and what changed, in order."""
    edits: list[Edit] = []
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            page, edit = _spliced(page, change)
        else:
            page, edit = _replaced(page, change.text)
        edits.append(edit)
    return _with_lines(page, page.lines, version), tuple(edits)


def _with_lines(page: Page, lines: Sequence[str], version: int) -> Page:
    return Page(page.uri, version, page.language, page.encoding, lines)


def _replaced(page: Page, text: str) -> tuple[Page, Edit]:
    old, new = page.lines, split_lines(text)
    most = min(len(old), len(new)) - 1
    front = 0
    while front < most and old[front] == new[front]:
        front += 1
    back = 0
    while back < most - front and old[-1 - back] == new[-1 - back]:
        back += 1
    end, new_end = len(old) - 1 - back, len(new) - 1 - back
    edit = Edit(front, 0, end, len(old[end]), new_end, len(new[new_end]))
    return _with_lines(page, new, page.version), edit


def _spliced(
    page: Page, change: types.TextDocumentContentChangePartial
) -> tuple[Page, Edit]:
    old = page.lines
    start, end = sorted((page.place(change.range.start), page.place(change.range.end)))
    # A neighbour may have to be split anew: `\r` before or `\n` after the edit.
    first = max(start[0] - 1, 0)
    last = min(end[0] + 1, len(old) - 1)
    before = "".join(old[first : start[0]]) + old[start[0]][: start[1]]
    after = old[end[0]][end[1] :] + "".join(old[end[0] + 1 : last + 1])
    new = split_lines(before + change.text + after)
    if last < len(old) - 1 and new[-1] == "":
        new.pop()  # the last line had an end: what follows is the next line
    inserted = split_lines(change.text)
    new_end_row = start[0] + len(inserted) - 1
    new_end_column = len(inserted[-1]) + (start[1] if len(inserted) == 1 else 0)
    edit = Edit(*start, *end, new_end_row, new_end_column)
    return _with_lines(page, [*old[:first], *new, *old[last + 1 :]], page.version), edit


def _units(text: str, encoding: Encoding) -> int:
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > "\uffff" for character in text)


def _column(line: str, units: int, encoding: Encoding) -> int:
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    at = 0
    for column, character in enumerate(line):
        at += _units(character, encoding)
        if at > units:
            return column
    return len(line)
