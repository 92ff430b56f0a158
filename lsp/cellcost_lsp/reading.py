"""One analysed version of a sheet: what every feature answers from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cellcost.analysis import (
    Area,
    Book,
    Count,
    Document,
    Estimate,
    Find,
    Finding,
    Notebook,
    Unit,
    analyse,
    estimate,
    findings,
    ignored,
)
from cellcost.config import Settings
from cellcost_lsp.sheets import CellId, Sheet
from cellcost_lsp.text import Page

__all__ = ["Reading", "Snapshot", "read", "snapshot", "update"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of a sheet, for another thread to read."""

    uri: str
    path: str
    version: int
    notebook: bool
    pages: Mapping[CellId, Page]
    cells: tuple[tuple[int, str], ...]
    """A notebook's cells as (id, text), in the order in which they run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one version of a sheet will cost."""

    uri: str
    path: str
    version: int
    pages: Mapping[CellId, Page]
    estimates: tuple[Estimate, ...]
    """In the order of their places."""
    findings: tuple[Finding, ...]
    """Without those that a comment silences."""
    imports: frozenset[str]
    """The paths of the other files that it depends on."""
    catalogue: str
    """The version of the price list."""

    def at(self, cell: CellId, row: int, column: int) -> Estimate | None:
        """Return the innermost call whose text holds this place."""
        found: Estimate | None = None
        for item in self.estimates:
            area = item.site.area
            if area.cell == cell and _holds(area, row, column):
                found = item
        return found

    def of(self, cell: CellId) -> tuple[Estimate, ...]:
        """Return the calls of one page."""
        return tuple(item for item in self.estimates if item.site.area.cell == cell)

    def cell_of(self, uri: str) -> CellId:
        """Return which page a document is."""
        return next((c for c, page in self.pages.items() if page.uri == uri), None)


def snapshot(sheet: Sheet) -> Snapshot:
    """Return the version of a sheet that is in the editor now."""
    cells = sheet.running_order() if sheet.notebook else ()
    return Snapshot(
        sheet.uri, sheet.path, sheet.version, sheet.notebook, dict(sheet.pages), cells
    )


def update(unit: Unit | None, seen: Snapshot) -> Unit:
    """Return the unit of a sheet with its new text; what did not change is kept."""
    if seen.notebook:
        notebook = unit if isinstance(unit, Notebook) else Notebook(seen.path)
        notebook.update(seen.cells)
        return notebook
    page = seen.pages.get(None)
    text = "" if page is None else page.text
    if isinstance(unit, Document):
        unit.update(text)
        return unit
    return Document(seen.path, text)


def read(
    seen: Snapshot,
    unit: Unit,
    *,
    find: Find,
    book: Book,
    catalogue: str,
    count: Count,
    at: datetime,
    settings: Settings,
) -> Reading:
    """Return what a sheet's newest version will cost."""
    imports: set[str] = set()

    def noted(name: str, importer: str) -> Document | None:
        document = find(name, importer)
        if document is not None:
            imports.add(document.path)
        return document

    places = {cell: number for number, cell in enumerate(seen.pages)}
    items = [
        estimate(site, book=book, count=count, at=at)
        for site in analyse(unit, find=noted)
    ]
    items.sort(key=lambda item: _order(item, places))
    found = findings(items, environment=settings.environment, off=settings.editor.off)
    return Reading(
        uri=seen.uri,
        path=seen.path,
        version=seen.version,
        pages=seen.pages,
        estimates=tuple(items),
        findings=tuple(f for f in found if not _silenced(f, seen.pages)),
        imports=frozenset(imports),
        catalogue=catalogue,
    )


def _order(item: Estimate, places: Mapping[CellId, int]) -> tuple[int, int, int]:
    area = item.site.area
    return places.get(area.cell, 0), area.row, area.column


def _holds(area: Area, row: int, column: int) -> bool:
    start, end = (area.row, area.column), (area.end_row, area.end_column)
    return start <= (row, column) <= end


def _silenced(finding: Finding, pages: Mapping[CellId, Page]) -> bool:
    area = finding.estimate.site.area
    page = pages.get(area.cell)
    if page is None:
        return False
    for row in range(area.row, area.end_row + 1):
        codes = ignored(page.line(row))
        if codes is not None and (not codes or finding.code in codes):
            return True
    return False
