"""What is analysed: a document, or a notebook of cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cellcost.analysis.magics import Magic, python_of
from cellcost.analysis.source import Chunk, Source, normal_lines

__all__ = ["Cell", "Document", "Notebook", "Unit", "broken"]


@dataclass(slots=True)
class Document:
    """One Python file."""

    path: str
    text: str = ""
    _source: Source = field(init=False)

    def __post_init__(self) -> None:
        self._source = Source(self.text)

    def update(self, text: str) -> None:
        """Replace the text; what did not change is not read again."""
        self.text = text
        self._source.update(text)

    def edit(self, start: int, end: int, new: str) -> None:
        """Replace the code points from `start` to `end`."""
        self.update(self.text[:start] + new + self.text[end:])

    def lines(self) -> list[str]:
        """Return its lines, as the Language Server Protocol counts them."""
        return normal_lines(self.text).split("\n")

    def pieces(self) -> Iterator[tuple[int | None, int, Chunk]]:
        """Yield every top-level statement with its cell and first row."""
        row = 0
        for chunk in self._source.chunks:
            yield None, row, chunk
            row += chunk.lines

    def magics(self) -> Iterator[tuple[int | None, Magic]]:
        """Yield the model calls that magics make: none in a file."""
        return iter(())

    def times(self, cell: int | None) -> int | None:
        """Return how often a run runs the code: once in a file."""
        return 1


@dataclass(slots=True)
class Cell:
    """One code cell: its index in the notebook and what it holds."""

    index: int
    text: str
    magics: tuple[Magic, ...] = ()
    times: int | None = 1
    """How often its code runs; None if that is not known."""
    _source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        text, self.text = self.text, ""
        self.update(text)

    def update(self, text: str) -> None:
        """Replace the text."""
        if text == self.text and self._source.chunks:
            return
        self.text = text
        plain = python_of(text)
        self.magics = plain.magics
        self.times = plain.times
        self._source.update(plain.text)

    def lines(self) -> list[str]:
        """Return its lines, as the Language Server Protocol counts them."""
        return normal_lines(self.text).split("\n")

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """Return its top-level statements."""
        return self._source.chunks


@dataclass(slots=True)
class Notebook:
    """The code cells of a notebook, in the order in which they run."""

    path: str
    cells: list[Cell] = field(default_factory=list[Cell])
    _many: dict[int, int | None] = field(default_factory=dict[int, "int | None"])
    """How often the cells run their code that do not run it once."""

    def update(self, cells: Sequence[tuple[int, str]]) -> None:
        """Replace the cells, given as (index, text); equal indices keep their trees."""
        known = {cell.index: cell for cell in self.cells}
        self.cells = []
        for index, text in cells:
            cell = known.get(index)
            if cell is None:
                cell = Cell(index, text)
            else:
                cell.update(text)
            self.cells.append(cell)
        self._many = {cell.index: cell.times for cell in self.cells if cell.times != 1}

    def pieces(self) -> Iterator[tuple[int | None, int, Chunk]]:
        """Yield every top-level statement with its cell and first row."""
        for cell in self.cells:
            row = 0
            for chunk in cell.chunks:
                yield cell.index, row, chunk
                row += chunk.lines

    def magics(self) -> Iterator[tuple[int | None, Magic]]:
        """Yield the model calls that magics make."""
        for cell in self.cells:
            for magic in cell.magics:
                yield cell.index, magic

    def times(self, cell: int | None) -> int | None:
        """Return how often a run of a cell runs its code (`%%timeit`)."""
        return 1 if cell is None else self._many.get(cell, 1)


Unit = Document | Notebook


def broken(unit: Unit, cell: int | None, row: int) -> bool:
    """Say whether the statement on a row is no Python at the moment."""
    return any(
        chunk.broken
        for at, first, chunk in unit.pieces()
        if at == cell
        and first <= row < first + chunk.lines + (not chunk.text.endswith("\n"))
    )
