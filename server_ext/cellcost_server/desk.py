"""Desk: answers and news as JSON, from the shelf; runs in the journal's thread only.

A journal that cannot be read is no exception here but a state: it is logged once, told
in `journal`, and tried again.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from cellcost.config import load_settings_or_default
from cellcost.errors import CellcostError, JournalError
from cellcost.journal import WriterRow, record_rename
from cellcost.journal.store import JOURNAL_FILE
from cellcost.prices import PriceBook, load_book
from cellcost.records import Line, Usage
from cellcost.views import (
    CellView,
    Tally,
    alternatives,
    call_view,
    groups_of,
    line_sums,
    shared_tags,
)
from cellcost.views.wire import (
    breakdown_json,
    cell_json,
    day_json,
    popover_json,
    total_json,
)
from cellcost_server.gpu import held_rows
from cellcost_server.kernels import KernelFact, meter_json
from cellcost_server.pace import Pace
from cellcost_server.places import Places
from cellcost_server.shelf import EVER, Shelf
from cellcost_server.spools import SpoolWatch

__all__ = ["Desk", "News", "NoSuchCell", "Unreadable"]

_CALLS_SHOWN = 500
"""Rows of the calls table; the groups cover all calls."""
_WRITERS_SECONDS = 0.5


class NoSuchCell(CellcostError):
    """The journal knows no call of this cell."""


class Unreadable(CellcostError):
    """The journal cannot be read now; the message says why."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be sent now, and how the journal is."""

    cells: tuple[dict[str, Any], ...]
    today: dict[str, Any] | None
    trouble: str
    needs_recovery: bool


class Desk:
    """Everything that handlers and the event stream ask for."""

    def __init__(
        self,
        home: Path,
        *,
        root: str,
        log: logging.Logger,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shelf = Shelf(home, root=root, clock=clock)
        self._home = home
        self._log = log
        self._now = monotonic
        self._trouble = ""
        self._recovery_trouble = ""
        self._kernels: dict[str, KernelFact] = {}
        self._writers: tuple[WriterRow, ...] = ()
        self._writers_at = float("-inf")
        self._spools = SpoolWatch(home)
        self._waiting: dict[str, set[str] | None] = {}
        self._paces: dict[str, Pace] = {}
        self._today_waits = True
        self._today_pace = Pace(per_second=2, burst=2)
        self._owed: set[str] = set()
        """Notebooks asked for while the journal could not be read."""
        self._meters: dict[str, dict[str, Any]] = {}
        self._journal_told: dict[str, str] = {}
        self._book: PriceBook | None = None
        self._ledger: Callable[[], dict[str, Any] | None] = lambda: None
        self._ledger_told: dict[str, Any] | None = None

    def show_ledger(self, ledger: Callable[[], dict[str, Any] | None]) -> None:
        """Show with today what `ledger` says."""
        self._ledger = ledger

    def close(self) -> None:
        """Close the journal."""
        self._shelf.close()

    @property
    def places(self) -> Places:
        """Where notebooks lie now; may be asked from any thread."""
        return self._shelf.places

    # -- the event stream ------------------------------------------------------------

    def beat(self, kernels: tuple[KernelFact, ...] | None) -> News:
        """Read the journal and return what is to be sent; `kernels` if looked at."""
        now = self._now()
        if kernels is not None:
            self._know(kernels)
        readable = self._poll()
        touched = self._shelf.take_touched()
        for key, cell_ids in touched.cells.items():
            self._wait(key, cell_ids)
        for key in touched.whole:
            self._waiting[key] = None
        self._today_waits |= touched.today
        if kernels is not None:
            self._notice_meters(now)
        journal = self._journal_json()
        if journal != self._journal_told:
            self._journal_told = journal
            self._today_waits = True
        ledger = self._ledger()
        if ledger != self._ledger_told:
            self._ledger_told = ledger
            self._today_waits = True
        # Also while the journal cannot be read: what was read before still stands, and
        # that there is trouble must reach the page.
        cells = tuple(self._due(now))
        today = None
        if self._today_waits and self._today_pace.allows(now):
            self._today_waits = False
            today = self.today()
        return News(
            cells=cells,
            today=today,
            trouble=self._trouble or self._recovery_trouble,
            needs_recovery=readable and self._somebody_died(now),
        )

    def recovered(self, trouble: str) -> None:
        """Take how the last recovery went ("" if well)."""
        self._recovery_trouble = trouble

    def renamed(self, old_path: str, new_path: str, *, by_session: bool) -> None:
        """Store that a document moved (contents paths), so that its history follows.

        `by_session`: noticed late, on a session; most often the contents manager told
        it already.
        """
        places = self._shelf.places
        old, new = places.key(old_path), places.key(new_path)
        if by_session and places.followed(old, EVER) == new:
            return
        if not (self._home / JOURNAL_FILE).exists() or not self._may_call(old, new):
            return
        try:
            record_rename(self._home, old, new)
            self._shelf.learn_renames()
        except Exception as error:  # noqa: BLE001 - a full or locked journal
            self._log.warning("cellcost: the move of %s is not kept: %s", old, error)

    def _may_call(self, old: str, new: str) -> bool:
        """Tell whether what moved may be, or hold, something that runs on a kernel."""
        served = old in self._shelf.places.kernels.values()
        return served or new.endswith(".ipynb") or Path(new).is_dir()

    # -- answers ---------------------------------------------------------------------

    def notebook(
        self, path: str, kernel_id: str, kernels: tuple[KernelFact, ...]
    ) -> dict[str, Any]:
        """Return the NotebookView of a contents path."""
        self._know(kernels)
        key = self._shelf.places.key(path)
        if self._poll():
            try:
                return self._notebook_json(key, kernel_id, None)
            except JournalError as error:
                self._troubled(error)
        self._owed.add(key)
        unknown = Tally(n_unknown=1)
        return {
            "path": path,
            "kernel_id": kernel_id,
            "rev": self._shelf.rev,
            "whole": False,
            "meter": self._meter(kernel_id),
            "cells": [],
            "total": total_json(unknown),
            "breakdown": {
                part: total_json(unknown) for part in ("cells", "earlier_runs", "other")
            },
        }

    def cell(self, path: str, cell_id: str, run_id: str | None) -> dict[str, Any]:
        """Return all about one cell. Raises NoSuchCell or Unreadable."""
        if not self._poll():
            raise Unreadable(self._trouble)
        try:
            book = self._shelf.book(self._shelf.places.key(path))
        except JournalError as error:
            self._troubled(error)
            raise Unreadable(str(error)) from error
        if not book.has_cell(cell_id):
            raise NoSuchCell(
                f"the journal knows no call of cell {cell_id!r} in {path!r}"
            )
        runs = book.runs(cell_id)
        shown = _run_of(runs, run_id) if run_id else book.cell(cell_id)
        if shown is None:
            raise NoSuchCell(f"cell {cell_id!r} has no run {run_id!r} with a call")
        entries = book.calls(cell_id, shown.run_id)
        calls = [entry for entry in entries if entry.kind != "gpu"]
        return popover_json(
            shown,
            calls=[call_view(entry) for entry in calls[-_CALLS_SHOWN:]],
            groups=groups_of(calls),
            runs=runs,
            lines=line_sums(entries),
            alternatives=alternatives(entries, self._cost_of),
            tags=shared_tags(entries),
        )

    def today(self) -> dict[str, Any]:
        """Return the DayView."""
        body: dict[str, Any] | None = None
        if self._poll():
            try:
                view = self._shelf.today().view()
                body = day_json(view) | {"gpu": held_rows(view.held, self._name_of)}
            except JournalError as error:
                self._troubled(error)
        if body is None:
            day = datetime.now().astimezone().date().isoformat()
            body = {"day": day, "total": total_json(Tally(n_unknown=1)), "by_model": []}
            body |= {"now": [], "gpu": [], "guard": None, "ledger": None}
        places = self._shelf.places
        for row in body["now"]:
            if row["path"]:
                row["path"] = places.api_path(places.stored_key(row["path"]))
        return {**body, "journal": self._journal_json(), "ledger": self._ledger()}

    # -- inside ----------------------------------------------------------------------

    def _name_of(self, notebook: str) -> str:
        """Return what people call a notebook of the journal."""
        places = self._shelf.places
        return PurePosixPath(places.api_path(places.stored_key(notebook))).name

    def _poll(self) -> bool:
        """Read the journal's news; False (and told) when it cannot be read."""
        try:
            self._shelf.poll()
        except JournalError as error:
            self._troubled(error)
            return False
        if self._trouble:
            self._log.info("cellcost: the journal can be read again")
            self._trouble = ""
            self._wake_everybody()
        return True

    def _troubled(self, error: JournalError) -> None:
        if str(error) != self._trouble:
            self._trouble = str(error)
            self._log.warning("cellcost: %s", error)

    def _wake_everybody(self) -> None:
        self._meters.clear()
        self._today_waits = True
        self._waiting.update(dict.fromkeys(self._owed))
        self._owed.clear()

    def _know(self, kernels: tuple[KernelFact, ...]) -> None:
        self._kernels = {fact.kernel_id: fact for fact in kernels}
        self._shelf.know_kernels({fact.kernel_id: fact.path for fact in kernels})

    def _wait(self, key: str, cell_ids: Iterable[str]) -> None:
        """Have cells of a notebook sent, unless all of it already waits to be."""
        waiting = self._waiting.setdefault(key, set())
        if waiting is not None:
            waiting.update(cell_ids)

    def _due(self, now: float) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        for key in list(self._waiting):
            pace = self._paces.setdefault(key, Pace(per_second=4, burst=2))
            if not pace.allows(now):
                continue
            try:
                sent.append(self._notebook_json(key, "", self._waiting[key]))
            except JournalError as error:
                self._troubled(error)
                break
            del self._waiting[key]
        return sent

    def _notebook_json(
        self, key: str, kernel_id: str, cells: set[str] | None
    ) -> dict[str, Any]:
        """Return the view of a notebook, with only `cells` if given."""
        places, book = self._shelf.places, self._shelf.book(key)
        kernel_id = kernel_id or self._kernel_of(key)
        if cells is None:
            shown = book.view().cells
        else:
            shown = tuple(book.cell(c) for c in sorted(cells) if book.has_cell(c))
        breakdown = book.breakdown()
        return {
            "path": places.api_path(key),
            "kernel_id": kernel_id,
            "rev": self._shelf.rev,
            "whole": cells is None,
            "meter": self._meter(kernel_id),
            "cells": [cell_json(cell) for cell in shown],
            "total": total_json(breakdown.total),
            "breakdown": breakdown_json(breakdown),
        }

    def _kernel_of(self, key: str) -> str:
        kernels = self._shelf.places.kernels
        return next((id_ for id_, at in kernels.items() if at == key), "")

    def _meter(self, kernel_id: str) -> dict[str, Any]:
        now = self._now()
        if now - self._writers_at >= _WRITERS_SECONDS:
            try:
                self._writers = self._shelf.writers()
                self._writers_at = now
            except JournalError as error:
                self._troubled(error)
        return meter_json(
            self._kernels.get(kernel_id),
            [row for row in self._writers if kernel_id and row.kernel_id == kernel_id],
            now=now,
            journal=self._journal_json(),
        )

    def _notice_meters(self, now: float) -> None:
        """Have a notebook sent again when what is said about its kernel changed."""
        current = {
            self._shelf.places.key(fact.path): self._meter(fact.kernel_id)
            for fact in self._kernels.values()
        }
        for key, meter in current.items():
            if self._meters.get(key) != meter:
                self._wait(key, ())
        self._meters = current

    def _journal_json(self) -> dict[str, str]:
        told = [self._trouble or self._recovery_trouble]
        told.append(self._spools.trouble(self._now()))
        detail = "\n".join(filter(None, told))
        return {"state": "spooling" if detail else "ok", "detail": detail}

    def _somebody_died(self, now: float) -> bool:
        if self._spools.holds_records or self._recovery_trouble:
            return True
        if not self._shelf.has_pending() or now - self._writers_at < _WRITERS_SECONDS:
            return False
        try:
            self._writers = self._shelf.writers()
            self._writers_at = now
        except JournalError as error:
            self._troubled(error)
            return False
        return any(not row.alive and row.ended is None for row in self._writers)

    def _cost_of(
        self, provider: str, model: str, usage: Usage, at: datetime
    ) -> tuple[Line, ...]:
        if self._book is None:
            root = Path(self._shelf.places.root)
            settings, _ = load_settings_or_default(cwd=root, env=os.environ)
            self._book = load_book(settings)
        return self._book.cost(self._book.rate_card(provider, model, at=at), usage)


def _run_of(runs: tuple[CellView, ...], run_id: str) -> CellView | None:
    return next((run for run in runs if run.run_id == run_id), None)
