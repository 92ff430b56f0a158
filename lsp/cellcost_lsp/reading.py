"""One analysed version of a sheet: what every feature answers from."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain

from cellcost.analysis import (
    Area,
    CallSite,
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
from cellcost.analysis.focus import part_of
from cellcost.analysis.units import broken
from cellcost.call_sites import Spot
from cellcost.config import Settings
from cellcost.config.people import user_name
from cellcost.prices import PriceBook
from cellcost_lsp.carrying import Call, Edits, Typed, edited_rows, kept, moved
from cellcost_lsp.sheets import CellId, Sheet
from cellcost_lsp.text import Page

__all__ = [
    "Reading",
    "Snapshot",
    "glance",
    "later",
    "read",
    "snapshot",
    "update",
]


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
    text = page.text if page is not None and page.is_python else ""
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

    sites = analyse(unit, find=noted)
    calls = _estimated(seen, unit, sites, book=book, count=count, at=at)
    if last is not None:
        calls = kept(_known(last, seen), calls, _typed(unit))
    calls = _sorted(calls, seen)
    new = tuple(item for item, _ in calls)
    found = findings(
        new,
        environment=settings.environment,
        tags=settings.tags,
        user=user_name(settings.policies, os.environ),
        policies=settings.policies,
        lines=chain.from_iterable(page.lines for page in seen.pages.values()),
        off=settings.editor.off,
        instead=partial(cheaper, book=book),
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


def glance(
    seen: Snapshot,
    unit: Unit,
    last: Reading,
    rows: Iterable[tuple[CellId, int, int]],
    *,
    find: Find,
    book: PriceBook,
    count: Count,
    at: datetime,
) -> Reading:
    """Return the last reading, with the calls around some rows read anew.

    Findings are left out: they are published when all is read.
    """
    asked = [*rows, *edited_rows(seen.edits)]

    def wanted(cell: CellId, first: int, end: int) -> bool:
        for c, start, to in asked:  # noqa: SIM110  # a generator for each statement is slow
            if first <= to and start <= end and c == cell:
                return True
        return False

    part = part_of(unit, wanted)
    sites = [
        site
        for site in analyse(part, find=find)
        if part.holds(site.area.cell, site.area.row)
    ]
    new = _estimated(seen, unit, sites, book=book, count=count, at=at)
    old: list[Call] = []
    rest: list[Call] = []
    for call in _known(last, seen):
        area = call[0].site.area
        (old if part.holds(area.cell, area.row) else rest).append(call)
    return _with_calls(last, seen, [*kept(old, new, _typed(unit)), *rest])


def later(reading: Reading, seen: Snapshot) -> Reading:
    """Return what a reading says of a newer version that nobody has read yet.

    Findings are left out: they are published when they are known.
    """
    return _with_calls(reading, seen, _known(reading, seen))


def _with_calls(reading: Reading, seen: Snapshot, calls: Sequence[Call]) -> Reading:
    ordered = _sorted(calls, seen)
    return replace(
        reading,
        version=seen.version,
        pages=seen.pages,
        estimates=tuple(item for item, _ in ordered),
        spots=tuple(spot for _, spot in ordered),
        findings=(),
    )


def _estimated(
    seen: Snapshot,
    unit: Unit,
    sites: Sequence[CallSite],
    *,
    book: PriceBook,
    count: Count,
    at: datetime,
) -> Sequence[Call]:
    items = [estimate(site, book=book, count=count, at=at) for site in sites]
    ids = {cell: page.uri for cell, page in seen.pages.items() if cell is not None}
    return list(zip(items, spots_of(unit, sites, cell_ids=ids), strict=True))


def _known(reading: Reading, seen: Snapshot) -> list[Call]:
    """Return the calls of an older version, moved, that are on a page still."""
    return [
        call
        for call in moved(seen.path, reading.calls, seen.edits)
        if call[0].site.area.cell in seen.pages
    ]


def _typed(unit: Unit) -> Typed:
    return lambda cell, row: broken(unit, cell, row)


def _sorted(calls: Iterable[Call], seen: Snapshot) -> list[Call]:
    places = {cell: number for number, cell in enumerate(seen.pages)}
    return sorted(calls, key=lambda call: _order(call[0], places))


def _order(item: Estimate, places: Mapping[CellId, int]) -> tuple[int, int, int]:
    area = item.site.area
    return places.get(area.cell, 0), area.row, area.column


def _holds(area: Area, row: int, column: int) -> bool:
    start, end = (area.row, area.column), (area.end_row, area.end_column)
    return start <= (row, column) <= end


def _silenced(finding: Finding, pages: Mapping[CellId, Page]) -> bool:
    page = pages.get(finding.estimate.site.area.cell)
    return page is not None and silenced(finding, page.lines)
