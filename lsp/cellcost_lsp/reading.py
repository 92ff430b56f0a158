"""One analysed version of a sheet: what every feature answers from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from cellcost.analysis import (
    Area,
    Candidate,
    Cheaper,
    Count,
    Document,
    Estimate,
    Find,
    Finding,
    Notebook,
    Unit,
    analyse,
    cheaper,
    estimate,
    findings,
    silenced,
    spots_of,
)
from cellcost.analysis.units import broken
from cellcost.config import Settings
from cellcost.prices import PriceBook
from cellcost.views import Spot
from cellcost_lsp.carrying import Call, Edits, kept, moved
from cellcost_lsp.sheets import CellId, Sheet
from cellcost_lsp.text import Page

__all__ = ["Reading", "Snapshot", "later", "read", "snapshot", "update"]


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
    edits: Edits
    """What was edited since the last reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one version of a sheet will cost."""

    uri: str
    path: str
    version: int
    pages: Mapping[CellId, Page]
    estimates: tuple[Estimate, ...]
    """In the order of their places."""
    spots: tuple[Spot, ...]
    """How the journal knows each of them."""
    findings: tuple[Finding, ...]
    """Without those that a comment silences."""
    imports: frozenset[str]
    """The paths of the other files that it depends on."""
    book: PriceBook

    @property
    def calls(self) -> tuple[Call, ...]:
        """Return each estimate with its spot."""
        return tuple(zip(self.estimates, self.spots, strict=True))

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


def snapshot(sheet: Sheet, last: Reading | None) -> Snapshot:
    """Return the version of a sheet that is in the editor now."""
    return Snapshot(
        uri=sheet.uri,
        path=sheet.path,
        version=sheet.version,
        notebook=sheet.notebook,
        pages=dict(sheet.pages),
        cells=sheet.running_order() if sheet.notebook else (),
        edits=sheet.edits_since(last.version) if last is not None else (),
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
    last: Reading | None,
    *,
    find: Find,
    book: PriceBook,
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

    def instead(item: Estimate, candidate: Candidate) -> tuple[Cheaper, ...]:
        return cheaper(item, candidate, book=book)

    sites = analyse(unit, find=noted)
    items = [estimate(site, book=book, count=count, at=at) for site in sites]
    ids = {cell: page.uri for cell, page in seen.pages.items() if cell is not None}
    calls = list(zip(items, spots_of(unit, sites, cell_ids=ids), strict=True))
    if last is not None and last.estimates:
        old = [
            call
            for call in moved(seen.path, last.calls, seen.edits)
            if call[0].site.area.cell in seen.pages
        ]
        calls = [*kept(old, calls, lambda cell, row: broken(unit, cell, row))]
    places = {cell: number for number, cell in enumerate(seen.pages)}
    calls.sort(key=lambda call: _order(call[0], places))
    new = tuple(item for item, _ in calls)
    found = findings(
        new,
        environment=settings.environment,
        off=settings.editor.off,
        instead=instead,
    )
    return Reading(
        uri=seen.uri,
        path=seen.path,
        version=seen.version,
        pages=seen.pages,
        estimates=new,
        spots=tuple(spot for _, spot in calls),
        findings=tuple(f for f in found if not _silenced(f, seen.pages)),
        imports=frozenset(imports),
        book=book,
    )


def later(reading: Reading, seen: Snapshot) -> Reading:
    """Return what a reading says of a newer version that nobody has read yet.

    Findings are left out: they are published when they are known.
    """
    calls = [
        call
        for call in moved(reading.path, reading.calls, seen.edits)
        if call[0].site.area.cell in seen.pages
    ]
    return replace(
        reading,
        version=seen.version,
        pages=seen.pages,
        estimates=tuple(item for item, _ in calls),
        spots=tuple(spot for _, spot in calls),
        findings=(),
    )


def _order(item: Estimate, places: Mapping[CellId, int]) -> tuple[int, int, int]:
    area = item.site.area
    return places.get(area.cell, 0), area.row, area.column


def _holds(area: Area, row: int, column: int) -> bool:
    start, end = (area.row, area.column), (area.end_row, area.end_column)
    return start <= (row, column) <= end


def _silenced(finding: Finding, pages: Mapping[CellId, Page]) -> bool:
    page = pages.get(finding.estimate.site.area.cell)
    return page is not None and silenced(finding, page.lines)
