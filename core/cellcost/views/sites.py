"""SiteBook: what the journal knows of each call site, function, cell and file."""

import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from cellcost.call_sites import CELL, file_key, position_of
from cellcost.records import Event, Where
from cellcost.views.entries import (
    Entry,
    InFlight,
    Replaced,
    corrected,
    counts,
    flying,
    settled,
)
from cellcost.views.runs import model_key
from cellcost.views.site_figures import (
    Month,
    SiteFigures,
    SiteView,
    month_of,
    run_of,
    site_view,
    step_of,
)
from cellcost.views.spots import CallKey, Spot, holds, views_of

__all__ = ["SiteBook"]

_MOST_RECENT = 20_000
"""Settled calls that can still be told apart from a new one or be corrected whole."""
_MOST_RUNS = 20_000
_MOST_PLACES = 50_000
"""Call sites and cell texts whose figures are kept; the longest unused go first."""

_EVER = datetime.min.replace(tzinfo=UTC)
_ALWAYS_LATER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Place:
    """One call site as recorded, or one text of a cell (`unit` is then "")."""

    unit: str
    function: str
    mark: str
    key: CallKey


class _Unit:
    """The figures of one file or notebook."""

    __slots__ = ("cells", "functions", "told", "whole")

    def __init__(self) -> None:
        self.whole = SiteFigures()
        self.cells: set[str] = set()
        self.functions: dict[str, SiteFigures] = {}
        self.told: dict[tuple[str, str], dict[CallKey, SiteFigures]] = {}


class SiteBook:
    """Every call site's figures, summed as events come.

    Feed it all of `Reader.changes` from 0, in order; after a reset, begin a new book.
    Memory grows with the places that calls come from, not with the calls.
    """

    def __init__(self, *, most_places: int = _MOST_PLACES) -> None:
        self._most_places = most_places
        self._units: dict[str, _Unit] = {}
        self._cells: dict[str, dict[str, SiteFigures]] = {}
        self._flying: dict[str, Entry] = {}
        # Of a call that is sure nothing is kept but that it was counted.
        self._recent: OrderedDict[str, Entry | None] = OrderedDict()
        self._runs: OrderedDict[str, datetime] = OrderedDict()
        self._used: OrderedDict[_Place, datetime] = OrderedDict()
        """When each place was called last, the longest unused place first."""
        self._forgotten = _EVER
        """When the last of the calls was made whose figures were dropped."""

    # -- writing ----------------------------------------------------------------------

    def apply(
        self, events: Iterable[Event], pending: Iterable[InFlight] = ()
    ) -> frozenset[str]:
        """Put records and return the files and notebooks that changed, as `file_key`s.

        Putting a record twice changes nothing, if it was among the latest 20,000.
        """
        touched: set[str] = set()
        for event in events:
            for change in self._settle(event):
                touched |= self._move(change)
        for call in pending:
            for change in self._fly(call):
                touched |= self._move(change)
        return frozenset(touched)

    def _settle(self, event: Event) -> tuple[Replaced, ...]:
        if event.id in self._recent or not counts(event):
            return ()
        if not event.corrects:
            new = settled(event)
            self._remember(event.id, None if _is_sure(new) else new)
            return (Replaced(self._flying.pop(event.id, None), new),)
        self._remember(event.id, None)
        old = self._recent.get(event.corrects)
        if old is None:
            # What it corrects was sure, or is long past: a sum moves by the difference.
            return (Replaced(None, settled(event)),)
        new = corrected(old, event)
        self._recent[event.corrects] = new
        return (Replaced(old, new),)

    def _fly(self, call: InFlight) -> tuple[Replaced, ...]:
        id_ = call.intent.id
        if id_ in self._recent:
            return ()
        old, new = self._flying.get(id_), flying(call)
        if new == old:
            return ()
        self._flying[id_] = new
        return (Replaced(old, new),)

    def _remember(self, id_: str, entry: Entry | None) -> None:
        self._recent[id_] = entry
        if len(self._recent) > _MOST_RECENT:
            self._recent.popitem(last=False)

    def _move(self, change: Replaced) -> set[str]:
        old, new = change.old, change.new
        if old is not None and new is not None and _elsewhere(old, new):
            return self._move(Replaced(old, None)) | self._move(Replaced(None, new))
        entry = new or old
        if entry is None:
            return set()
        where = entry.where
        step = step_of(change, entry, self._began(entry))
        notebook = file_key(where.notebook)
        if where.cell_id:
            text = _Place("", "", "", CallKey(0, where.cell_id, where.source_hash))
            self._cell(notebook, where).put(step)
            self._use(text, entry.time)
        place = _place_of(where, notebook)
        units = {name for name in (notebook, place.unit if place else "") if name}
        for name in units:
            self._unit(name).whole.put(step)
        if place is not None:
            self._site(place).put(step, sample=True)
            for figures in self._functions(place):
                figures.put(step)
            self._use(place, entry.time)
        return units

    def _began(self, entry: Entry) -> datetime:
        run_id = run_of(entry)
        began = min(self._runs.get(run_id, entry.time), entry.time)
        self._runs[run_id] = began
        self._runs.move_to_end(run_id)
        if len(self._runs) > _MOST_RUNS:
            self._runs.popitem(last=False)
        return began

    def _unit(self, name: str) -> _Unit:
        found = self._units.get(name)
        if found is None:
            found = self._units[name] = _Unit()
        return found

    def _cell(self, notebook: str, where: Where) -> SiteFigures:
        self._unit(notebook).cells.add(where.cell_id)
        texts = self._cells.setdefault(where.cell_id, {})
        return _figures(texts, where.source_hash)

    def _site(self, place: _Place) -> SiteFigures:
        told = self._unit(place.unit).told
        places = told.setdefault((place.function, place.mark), {})
        return _figures(places, place.key)

    def _functions(self, place: _Place) -> Iterable[SiteFigures]:
        """Yield the function's figures, and those of what it is defined in."""
        functions, name = self._unit(place.unit).functions, place.function
        while name:
            yield _figures(functions, name)
            name = name.rpartition(".")[0]

    def _use(self, place: _Place, time: datetime) -> None:
        self._used[place] = max(time, self._used.get(place, time))
        self._used.move_to_end(place)
        if len(self._used) > self._most_places:
            self._forget(*self._used.popitem(last=False))

    def _forget(self, place: _Place, time: datetime) -> None:
        self._forgotten = max(self._forgotten, time)
        if place.unit:
            told = self._units[place.unit].told
            places = told[place.function, place.mark]
            del places[place.key]
            if not places:
                del told[place.function, place.mark]
            return
        texts = self._cells[place.key.cell]
        del texts[place.key.source_hash]
        if not texts:
            del self._cells[place.key.cell]

    # -- reading ----------------------------------------------------------------------

    def sites(
        self,
        path: str,
        spots: Sequence[Spot],
        *,
        now: datetime,
        opened: datetime | None = None,
    ) -> tuple[SiteView | None, ...]:
        """Return what is known of each spot of a file or notebook, in their order.

        `spots` are ALL its call sites as its text stands now, so that none is taken for
        another. `opened` is when an editor opened the notebook: cell ids that are URIs
        mean the same cell only since then.
        """
        unit = self._find(path)
        if unit is None:
            return (None,) * len(spots)
        month = month_of(now)
        return views_of(
            spots,
            unit.told,
            month=month,
            opened=opened or _ALWAYS_LATER,
            month_known=self._knows(month),
            total_known=self._forgotten == _EVER,
        )

    def file(self, path: str, *, now: datetime) -> SiteView | None:
        """Return the figures of a file's call sites, or of all that a notebook ran."""
        unit = self._find(path)
        return None if unit is None else site_view([unit.whole], month_of(now))

    def function(self, path: str, function: str, *, now: datetime) -> SiteView | None:
        """Return the figures of the call sites in a function or class of a file."""
        unit = self._find(path)
        found = None if unit is None else unit.functions.get(function)
        return None if found is None else site_view([found], month_of(now))

    def cell(
        self,
        cell: str,
        *,
        now: datetime,
        source_hash: str = "",
        opened: datetime | None = None,
    ) -> SiteView | None:
        """Return the figures of a cell: all calls that its runs made, wherever."""
        since = opened or _ALWAYS_LATER
        month = month_of(now)
        parts = [
            part
            for text, part in self._cells.get(cell, {}).items()
            if holds(cell, text, now_hash=source_hash, began=part.began, opened=since)
        ]
        return site_view(
            parts,
            month,
            month_known=self._knows(month),
            total_known=self._forgotten == _EVER,
        )

    def cells(
        self,
        notebook: str,
        hashes: Mapping[str, str],
        *,
        now: datetime,
        opened: datetime | None = None,
    ) -> Mapping[str, SiteView]:
        """Return the figures of a notebook's cells that ever made a call, by cell id.

        `hashes` gives the `source_hash` of each cell that it has now.
        """
        unit = self._find(notebook)
        known = unit.cells if unit is not None else set[str]()
        views = {
            cell: self.cell(cell, now=now, source_hash=text, opened=opened)
            for cell, text in hashes.items()
            if cell in known
        }
        return {cell: view for cell, view in views.items() if view is not None}

    def _find(self, path: str) -> _Unit | None:
        """Return a file's figures by its name, or by the one that it really has."""
        unit = self._units.get(file_key(path))
        if unit is None and path:
            unit = self._units.get(file_key(os.path.realpath(path)))
        return unit

    def _knows(self, month: Month) -> bool:
        return month_of(self._forgotten) < month


def _place_of(where: Where, notebook: str) -> _Place | None:
    """Return the place of a call; None where its file is not known whole.

    A name relative to a working directory that nobody knows could be any file.
    """
    position = position_of(where.call_site)
    if position is None:
        return None
    in_cell = position.path == CELL
    unit = notebook if in_cell else file_key(where.call_file)
    if not unit:
        return None
    cell = (where.cell_id, where.source_hash) if in_cell else ("", "")
    key = CallKey(position.line, *cell)
    return _Place(unit, position.function, where.call_mark, key)


def _elsewhere(old: Entry, new: Entry) -> bool:
    """Say whether a call moves from one sum to another."""
    if old.where is not new.where and old.where != new.where:
        return True
    return model_key(old) != model_key(new) or month_of(old.time) != month_of(new.time)


def _is_sure(entry: Entry) -> bool:
    return entry.confidence in ("measured", "provider_reported") and not any(
        line.cost_nusd is None for line in entry.lines
    )


_K = TypeVar("_K")


def _figures(among: dict[_K, SiteFigures], key: _K) -> SiteFigures:
    found = among.get(key)
    if found is None:
        found = among[key] = SiteFigures()
    return found
