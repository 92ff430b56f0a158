"""Where places in the source are for the client: in open buffers and closed files."""

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from lsprotocol import types
from pygls.uris import from_fs_path

from cellcost.analysis import Area, read_text
from cellcost_lsp.reading import Reading
from cellcost_lsp.sheets import CellId, Sheets
from cellcost_lsp.text import Encoding, Page, split_lines

__all__ = ["Places", "span"]

_MOST_KEPT = 64


class Places:
    """Finds the page that a path and a cell mean; keeps a few closed files."""

    def __init__(self, sheets: Sheets, encoding: Encoding) -> None:
        self._sheets = sheets
        self._encoding: Encoding = encoding
        self._closed: dict[str, tuple[int, Page]] = {}

    def page(self, path: str, cell: CellId, reading: Reading) -> Page | None:
        """Return the page, as `reading` saw it if it is one of its own."""
        if path == reading.path:
            return reading.pages.get(cell)
        sheet = self._sheets.at(path)
        if sheet is not None:
            return sheet.pages.get(cell)
        return self._from_disk(path) if cell is None else None

    def lines(self, path: str, cell: CellId, reading: Reading) -> Sequence[str] | None:
        """Return the lines of a page, without their ends."""
        page = self.page(path, cell, reading)
        return None if page is None else _Lines(page)

    def location(self, area: Area, reading: Reading) -> types.Location | None:
        """Return an area as the client names it."""
        page = self.page(area.path, area.cell, reading)
        return None if page is None else types.Location(page.uri, span(page, area))

    def is_open(self, path: str) -> bool:
        """Say whether the client has a file open, and so knows versions of it."""
        return self._sheets.at(path) is not None

    def _from_disk(self, path: str) -> Page | None:
        try:
            stamp = Path(path).stat().st_mtime_ns
        except OSError:
            return None
        kept = self._closed.get(path)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        text, uri = read_text(Path(path)), from_fs_path(path)
        if text is None or uri is None:
            return None
        page = Page(uri, 0, "python", self._encoding, split_lines(text))
        if len(self._closed) >= _MOST_KEPT:
            self._closed.clear()
        self._closed[path] = (stamp, page)
        return page


class _Lines(Sequence[str]):
    """A page's lines without their ends, made when asked for."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def __len__(self) -> int:
        return len(self._page.lines)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._page.line(row) for row in range(*index.indices(len(self)))]
        return self._page.line(range(len(self))[index])


def span(page: Page, area: Area) -> types.Range:
    """Return an area of a page as the client counts it."""
    return page.span(area.row, area.column, area.end_row, area.end_column)
