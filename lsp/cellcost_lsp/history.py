"""What calls really cost: the journal, followed by a thread of its own."""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cellcost.clock import utc_now
from cellcost.errors import CellcostError, JournalError
from cellcost.journal import Changes, Reader, recover
from cellcost.journal.spool import fallback_folder, spool_folder, waiting
from cellcost.views import DayBook, DayView, SiteBook, SiteView, Spot

__all__ = ["History", "News"]

_BUSY_SECONDS = 0.25
"""Between two looks while calls are made: views change at most 4 times a second."""
_QUIET_SECONDS = 1.0
_QUIET_AFTER_SECONDS = 30.0
_RECOVER_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What changed in the journal."""

    touched: frozenset[str]
    """Files and notebooks whose figures changed, as `file_key`s."""
    everything: bool = False
    """Whether anything may have changed: the journal was read for the first time."""
    today: DayView | None = None
    trouble: str = ""
    """Why the journal cannot be read; "" when it can."""


class History:
    """Follows one journal until it is stopped; answers from any thread."""

    def __init__(self, home: Path, tell: Callable[[News], None]) -> None:
        self._home = home
        self._tell = tell
        self._lock = threading.Lock()
        self._sites = SiteBook()
        self._day = DayBook(utc_now())
        self._ready = False
        self._moment = 0
        self._rev: int = 0
        self._pending = False
        self._trouble = ""
        self._recovered_at = float("-inf")
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._follow, name="cellcost-history", daemon=True
        )

    def start(self) -> None:
        """Begin to follow the journal."""
        self._thread.start()

    def stop(self) -> None:
        """Follow no longer; returns at once."""
        self._stopped.set()

    @property
    def moment(self) -> int:
        """A number that differs once an answer may, the UTC month's end aside."""
        return self._moment

    # -- answers; None until the whole journal was read: no sum would be right ---------

    def sites(
        self, path: str, spots: Sequence[Spot], opened: datetime
    ) -> tuple[SiteView | None, ...]:
        """Return what is known of each call of a file or notebook."""
        if not self._ready:
            return (None,) * len(spots)
        with self._lock:
            return self._sites.sites(path, spots, now=utc_now(), opened=opened)

    def file(self, path: str) -> SiteView | None:
        """Return what is known of all calls of a file."""
        if not self._ready:
            return None
        with self._lock:
            return self._sites.file(path, now=utc_now())

    def function(self, path: str, name: str) -> SiteView | None:
        """Return what is known of the calls in a function or class of a file."""
        if not self._ready:
            return None
        with self._lock:
            return self._sites.function(path, name, now=utc_now())

    def cell(self, cell: str, source_hash: str, opened: datetime) -> SiteView | None:
        """Return what is known of a notebook's cell."""
        if not self._ready:
            return None
        with self._lock:
            return self._sites.cell(
                cell, now=utc_now(), source_hash=source_hash, opened=opened
            )

    # -- following ---------------------------------------------------------------------

    def _follow(self) -> None:
        reader = Reader(self._home)
        moved_at = time.monotonic()
        try:
            while not self._stopped.is_set():
                if self._look(reader):
                    moved_at = time.monotonic()
                quiet = time.monotonic() - moved_at > _QUIET_AFTER_SECONDS
                busy = self._pending or not quiet
                self._stopped.wait(_BUSY_SECONDS if busy else _QUIET_SECONDS)
        finally:
            reader.close()

    def _look(self, reader: Reader) -> bool:
        """Read what is new and tell of it; say whether anything was."""
        try:
            news = self._read(reader)
            self._recover_sometimes()
        except JournalError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._tell(News(touched=frozenset(), trouble=self._trouble))
            return False
        if news is not None:
            self._tell(news)
        return news is not None

    def _read(self, reader: Reader) -> News | None:
        touched: set[str] = set()
        first = not self._ready
        day_changed = self._turn_day(reader)
        was_troubled, self._trouble = bool(self._trouble), ""
        while not self._stopped.is_set():
            changes = reader.changes(self._rev)
            if changes.reset:
                first = True
            with self._lock:
                if changes.reset:
                    self._forget()
                found, day = self._take(changes)
                touched |= found
                day_changed = day_changed or day
                self._moment += 1
                if not changes.more:
                    self._ready = True
            if not changes.more:
                break
        if not (touched or first or day_changed or was_troubled):
            return None
        return News(
            touched=frozenset(touched), everything=first, today=self._day.view()
        )

    def _take(self, changes: Changes) -> tuple[frozenset[str], bool]:
        if changes.rev == self._rev and not changes.reset:
            return frozenset(), False
        self._rev = changes.rev
        self._pending = bool(changes.pending)
        touched = self._sites.apply(changes.events, changes.pending)
        return touched, self._day.apply(changes.events, changes.pending)

    def _forget(self) -> None:
        self._rev = 0
        self._ready = False
        self._sites = SiteBook()
        self._day = DayBook(utc_now())

    def _turn_day(self, reader: Reader) -> bool:
        now = utc_now()
        if now < self._day.end:
            return False
        day = DayBook(now)
        day.apply(reader.events(since=day.start), reader.pending())
        with self._lock:
            self._day = day
        return True

    def _recover_sometimes(self) -> None:
        """Settle what dead processes left, where no Jupyter server does it."""
        now = time.monotonic()
        if now - self._recovered_at < _RECOVER_SECONDS:
            return
        folders = (spool_folder(self._home), fallback_folder(self._home))
        if not (self._pending or waiting(folders)):
            return
        self._recovered_at = now
        try:
            recover(self._home)
        except (sqlite3.Error, OSError, CellcostError):
            return  # a reader that cannot write: `cellcost doctor` says why
