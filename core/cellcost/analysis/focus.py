"""The part of a file or notebook that tells what the calls on some rows cost.

While somebody types in a long file, only what is on the screen has to be known at once.
A part holds the statements there, the functions that lead to them or that they call,
and all statements that are no functions or classes. What a function elsewhere changes
in an object that all share is not in it: read the whole when there is time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cellcost.analysis.magics import Magic
from cellcost.analysis.source import Chunk
from cellcost.analysis.units import Unit

__all__ = ["Part", "Wanted", "part_of"]

Wanted = Callable[[int | None, int, int], bool]
"""Says whether a statement is asked for: its cell, its first row and its last."""

_Piece = tuple[int | None, int, Chunk]


@dataclass(slots=True)
class Part:
    """Some statements of a document or notebook, each where it stands."""

    path: str
    rows: tuple[tuple[int | None, int, int], ...]
    """Cell, first and last row of the statements that were asked for."""
    _unit: Unit
    _pieces: tuple[_Piece, ...]

    def __len__(self) -> int:
        return len(self._pieces)

    def pieces(self) -> Iterator[_Piece]:
        """Yield every statement with its cell and first row."""
        return iter(self._pieces)

    def magics(self) -> Iterator[tuple[int | None, Magic]]:
        """Yield the model calls that magics make."""
        return self._unit.magics()

    def times(self, cell: int | None) -> int | None:
        """Return how often a cell runs its code; None if that is unknown."""
        return self._unit.times(cell)

    def holds(self, cell: int | None, row: int) -> bool:
        """Say whether a row is of a statement that was asked for."""
        return any(c == cell and first <= row <= last for c, first, last in self.rows)


def part_of(unit: Unit, wanted: Wanted) -> Part:
    """Return the part of a unit that tells of the statements that are wanted."""
    pieces = list(unit.pieces())
    named: dict[str, list[int]] = {}
    kept: set[int] = set()
    asked: list[int] = []
    for n, (cell, row, chunk) in enumerate(pieces):
        name = chunk.name
        if name:
            named.setdefault(name, []).append(n)
        if wanted(cell, row, _last(row, chunk)):
            asked.append(n)
        elif not name or "global" in chunk.words:
            kept.add(n)
    kept.update(asked)
    _add_callers(pieces, kept, {pieces[n][2].name for n in asked} - {""})
    _add_called(pieces, kept, named)
    rows = [(cell, row, _last(row, c)) for cell, row, c in (pieces[n] for n in asked)]
    return Part(unit.path, tuple(rows), unit, tuple(pieces[n] for n in sorted(kept)))


def _last(row: int, chunk: Chunk) -> int:
    return row + chunk.lines - chunk.text.endswith("\n")


def _add_callers(pieces: list[_Piece], kept: set[int], names: set[str]) -> None:
    """Add the functions that name one of `names`, and those that name them."""
    seen: set[str] = set()
    while names:
        seen |= names
        found: set[str] = set()
        for n, (_, _, chunk) in enumerate(pieces):
            if n not in kept and not chunk.words.isdisjoint(names):
                kept.add(n)
                found.add(chunk.name)
        names = found - seen


def _add_called(
    pieces: list[_Piece], kept: set[int], named: dict[str, list[int]]
) -> None:
    """Add the functions that what is kept names, and what these name."""
    names = frozenset(named)
    waiting = list(kept)
    while waiting:
        chunk = pieces[waiting.pop()][2]
        if chunk.text.startswith("__all__"):
            continue
        for name in chunk.words & names:
            for n in named[name]:
                if n not in kept:
                    kept.add(n)
                    waiting.append(n)
