"""From call sites to the spots by which the journal's calls are found."""

from collections.abc import Iterable, Mapping, Sequence

from cellcost.analysis.callsite import CallSite
from cellcost.analysis.units import Document, Unit
from cellcost.call_sites import Spot, call_mark, source_hash

__all__ = ["spots_of"]

_MOST_STARTS = 12
"""From how many of a call's first lines on it may be marked."""


def spots_of(
    unit: Unit, sites: Iterable[CallSite], *, cell_ids: Mapping[int, str] | None = None
) -> tuple[Spot, ...]:
    """Return each site of a document or notebook as the journal may know it.

    `cell_ids` gives the ids of a notebook's cells by their index; without them, calls
    that stand alike in several cells are not told apart.
    """
    if isinstance(unit, Document):
        lines = unit.lines()
        return tuple(_spot(site, lines, "", "") for site in sites)
    ids = cell_ids or {}
    cells = {cell.index: cell for cell in unit.cells}
    return tuple(
        _spot(
            site,
            cells[site.area.cell or 0].lines(),
            ids.get(site.area.cell or 0, f"#{site.area.cell}"),
            cells[site.area.cell or 0].text,
        )
        for site in sites
    )


def _spot(site: CallSite, lines: Sequence[str], cell: str, source: str) -> Spot:
    area = site.area
    own = lines[area.row : area.end_row + 1]
    # A chain over several lines is at the line of its last name when it calls.
    starts = range(min(len(own), _MOST_STARTS))
    return Spot(
        function=site.function,
        first_line=area.row + 1,
        last_line=area.end_row + 1,
        marks=frozenset(call_mark(own[start:]) for start in starts),
        cell=cell,
        source_hash=source_hash(source) if source else "",
        cell_magic=source.startswith("%%"),
    )
