"""Spots: call sites as the source stands now, and which recorded calls are theirs.

A wrong figure is worse than none: what two spots could claim, neither gets.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cellcost.call_sites import Spot
from cellcost.views.site_figures import Month, SiteFigures, SiteView, site_view

__all__ = ["CallKey", "Spot", "Told", "holds", "views_of"]


@dataclass(frozen=True, slots=True)
class CallKey:
    """One place that calls were recorded at."""

    line: int
    cell: str = ""
    source_hash: str = ""


Told = Mapping[tuple[str, str], Mapping[CallKey, SiteFigures]]
"""The figures of one file or notebook: by function and mark, then by place."""


def holds(
    cell: str, source_hash: str, *, now_hash: str, began: datetime, opened: datetime
) -> bool:
    """Say whether a recorded cell id still means the cell that has it now.

    VS Code numbers a notebook's cells anew each time it is opened.
    """
    return (
        ":" not in cell
        or (bool(now_hash) and source_hash == now_hash)
        or (began >= opened)
    )


def views_of(
    spots: Sequence[Spot],
    told: Told,
    *,
    month: Month,
    opened: datetime,
    month_known: bool = True,
    total_known: bool = True,
) -> tuple[SiteView | None, ...]:
    """Return what was recorded of each spot; None where nothing or nobody knows."""
    finder = _Finder(
        spots,
        told,
        month=month,
        opened=opened,
        month_known=month_known,
        total_known=total_known,
    )
    return tuple(finder.view(spot) for spot in spots)


class _Finder:
    """Finds the recorded calls of each of some spots."""

    def __init__(
        self,
        spots: Sequence[Spot],
        told: Told,
        *,
        month: Month,
        opened: datetime,
        month_known: bool,
        total_known: bool,
    ) -> None:
        self._told = told
        self._month = month
        self._opened = opened
        self._month_known = month_known
        self._total_known = total_known
        self._twins: dict[tuple[str, str], list[Spot]] = {}
        for spot in spots:
            for mark in spot.marks:
                self._twins.setdefault((spot.function, mark), []).append(spot)
        self._in_function = Counter(spot.function for spot in spots)
        self._in_cell = Counter(spot.cell for spot in spots if not spot.function)

    def view(self, spot: Spot) -> SiteView | None:
        """Return what was recorded of one spot."""
        own: list[SiteFigures] = list(self._by_line(spot))
        strangers: list[SiteFigures] = []
        for mark in spot.marks:
            self._sort(spot, mark, own, strangers)
        unmarked = self._told.get((spot.function, ""), {})
        mine = self._owns_unmarked(spot, unmarked)
        (own if mine else strangers).extend(unmarked.values())
        return self._unless_newer({id(part): part for part in own}, strangers)

    def _sort(
        self,
        spot: Spot,
        mark: str,
        own: list[SiteFigures],
        strangers: list[SiteFigures],
    ) -> None:
        """Sort what has this mark: the spot's own, and what may be its or another's."""
        twins = self._twins[spot.function, mark]
        for key, part in self._told.get((spot.function, mark), {}).items():
            if len(twins) == 1:
                own.append(part)
                continue
            owners = [twin for twin in twins if self._stands_at(twin, key, part)]
            if owners == [spot]:
                own.append(part)
            elif len(owners) != 1:
                strangers.append(part)

    def _stands_at(self, spot: Spot, key: CallKey, part: SiteFigures) -> bool:
        if not spot.first_line <= key.line <= spot.last_line:
            return False
        if not spot.cell:
            return True
        return (
            not spot.function and spot.cell == key.cell and self._means(spot, key, part)
        )

    def _means(self, spot: Spot, key: CallKey, part: SiteFigures) -> bool:
        return holds(
            key.cell,
            key.source_hash,
            now_hash=spot.source_hash,
            began=part.began,
            opened=self._opened,
        )

    def _by_line(self, spot: Spot) -> Iterable[SiteFigures]:
        """Yield calls of this very cell text: what magics run has other marks."""
        if not spot.cell or not spot.source_hash or spot.function:
            return
        alone = self._in_cell[spot.cell] == 1
        for (function, _), places in self._told.items():
            if function:
                continue
            for key, part in places.items():
                if (key.cell, key.source_hash) != (spot.cell, spot.source_hash):
                    continue
                if spot.cell_magic:
                    if alone and key.line == 1:
                        yield part
                elif spot.first_line <= key.line <= spot.last_line:
                    yield part

    def _owns_unmarked(
        self, spot: Spot, unmarked: Mapping[CallKey, SiteFigures]
    ) -> bool:
        return (
            not spot.cell
            and self._in_function[spot.function] == 1
            and all(spot.first_line <= key.line <= spot.last_line for key in unmarked)
        )

    def _unless_newer(
        self, own: Mapping[int, SiteFigures], others: Iterable[SiteFigures]
    ) -> SiteView | None:
        """Return the spot's own calls, unless a later run could be its too."""
        if not own:
            return None
        latest = max(part.began for part in own.values())
        strangers = [other for other in others if id(other) not in own]
        if any(other.began >= latest for other in strangers):
            return None
        known = self._month_known and not any(
            other.has_month(self._month) for other in strangers
        )
        return site_view(
            own.values(),
            self._month,
            month_known=known,
            total_known=self._total_known and not strangers,
        )
