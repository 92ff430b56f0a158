"""What an older reading says of a newer text: moved with the edits, kept if broken."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from cellcost.analysis import Area, Candidate, Estimate
from cellcost.call_sites import Spot
from cellcost_lsp.sheets import CellId
from cellcost_lsp.text import Edit

__all__ = ["Call", "Edits", "Typed", "edited_rows", "kept", "moved"]

Call = tuple[Estimate, Spot]
"""A call, and how the journal knows it."""

Edits = Sequence[tuple[CellId, Edit]]
"""Edits of a sheet's pages, in order."""

Typed = Callable[[CellId, int], bool]
"""Says whether the statement on a row of a page is no Python at the moment."""


def moved(path: str, calls: Iterable[Call], edits: Edits) -> tuple[Call, ...]:
    """Return calls where they stand after some edits, without those gone."""
    if not edits:
        return tuple(calls)
    found: list[Call] = []
    for call in calls:
        item, spot = call
        area = _moved(path, item.site.area, edits)
        if area is None:
            continue
        if area is not item.site.area or _reach(path, item, edits):
            lines = replace(spot, first_line=area.row + 1, last_line=area.end_row + 1)
            call = (_placed(path, item, area, edits), lines)
        found.append(call)
    return tuple(found)


def edited_rows(edits: Edits) -> list[tuple[CellId, int, int]]:
    """Return the rows that were edited, as they are now: cell, first and last."""
    found: list[tuple[CellId, int, int]] = []
    for number, (cell, edit) in enumerate(edits):
        start = (edit.row, edit.column)
        end = (edit.new_end_row, edit.new_end_column)
        for other, later in edits[number + 1 :]:
            if other == cell:
                start, end = later.moved(*start), later.moved(*end)
        found.append((cell, start[0], end[0]))
    return found


def kept(old: Sequence[Call], new: Sequence[Call], typed: Typed) -> tuple[Call, ...]:
    """Return `new` with what `old` knew of statements that are being typed in.

    `old` has been moved. A call that is gone, or has lost its price, while its
    statement is no Python is taken to come back.
    """
    found = list(new)
    for item, spot in old:
        area = item.site.area
        same = [
            n for n, (other, _) in enumerate(found) if _overlap(area, other.site.area)
        ]
        if any(found[n][0].typical_nusd is not None for n in same):
            continue
        if item.typical_nusd is None and same:
            continue
        if typed(area.cell, area.row) or typed(area.cell, area.end_row):
            for n in reversed(same):
                del found[n]
            found.append((item, spot))
    return tuple(found)


def _overlap(one: Area, other: Area) -> bool:
    return (
        one.cell == other.cell and one.row <= other.end_row and other.row <= one.end_row
    )


def _moved(path: str, area: Area, edits: Edits) -> Area | None:
    """Return where an area is after some edits; None if nothing of it is left."""
    if area.path != path:
        return area
    start, end = (area.row, area.column), (area.end_row, area.end_column)
    touched = False
    for cell, edit in edits:
        if cell != area.cell or edit.misses(start[0], end[0]):
            continue
        if edit.holds(start, end):
            return None
        touched = True
        start, end = edit.moved(*start), edit.moved_end(*end)
    if not touched:
        return area
    return Area(area.path, area.cell, *start, *max(start, end))


def _reach(path: str, item: Estimate, edits: Edits) -> bool:
    """Say whether edits move a place where a model of the call is written."""
    return any(
        _moved(path, area, edits) is not area
        for candidate in item.candidates
        for area in candidate.model.areas
    )


def _placed(path: str, item: Estimate, area: Area, edits: Edits) -> Estimate:
    candidates = tuple(_candidate(path, c, edits) for c in item.candidates)
    models = tuple(candidate.model for candidate in candidates)
    site = replace(item.site, area=area, models=models)
    return replace(item, site=site, candidates=candidates)


def _candidate(path: str, candidate: Candidate, edits: Edits) -> Candidate:
    areas = (_moved(path, area, edits) for area in candidate.model.areas)
    model = replace(candidate.model, areas=tuple(a for a in areas if a is not None))
    return replace(candidate, model=model)
