"""Shelf: the books that are open, kept up to date from the journal. One thread only."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cellcost.journal import Changes, PendingCall, Reader, Rename, WriterRow
from cellcost.records import Event, Where
from cellcost.views import DayBook, NotebookBook
from cellcost_server.places import Places

__all__ = ["EVER", "Shelf", "Touched"]

EVER = datetime(1970, 1, 2, tzinfo=UTC)
"""Before any event."""

_MOST_BOOKS = 64
"""Notebooks kept open; the one longest untouched is read anew when it is needed."""


@dataclass(slots=True)
class Touched:
    """What changed and was not taken yet."""

    cells: dict[str, set[str]]
    """Notebook key -> cell ids ("" for calls outside any cell)."""
    whole: set[str]
    """Notebooks of which nothing sent before holds."""
    today: bool = False


class Shelf:
    """Reads the journal and keeps one book a notebook, and today's.

    Every method may raise JournalError; what was read before still stands then.
    """

    def __init__(self, home: Path, *, root: str, clock: Callable[[], datetime]) -> None:
        self.home = home
        self.places = Places(root=root)
        self._reader = Reader(home)
        self._clock = clock
        self._opened = clock()
        self._rev: int | None = None
        self._books: OrderedDict[str, NotebookBook] = OrderedDict()
        self._day: DayBook | None = None
        self._pending: tuple[PendingCall, ...] = ()
        self._touched = Touched(cells={}, whole=set())

    def close(self) -> None:
        """Close the journal."""
        self._reader.close()

    @property
    def rev(self) -> int:
        """The journal's rev as far as it was read."""
        return self._rev or 0

    def know_kernels(self, paths: Mapping[str, str]) -> None:
        """Take which kernel (by id) serves which notebook (by contents path)."""
        kernels = {id_: self.places.key(path) for id_, path in paths.items()}
        if kernels != self.places.kernels:
            self.places = replace(self.places, kernels=kernels)

    def poll(self) -> None:
        """Read what the journal got since the last time."""
        if self._rev is None:
            self._rev = self._reader.rev()
            self._pending = self._reader.pending()
            self._read_renames()
            self._touched.today = True
        while True:
            changes = self._reader.changes(self._rev)
            if changes.reset:
                self._forget(changes)
                return
            if changes.rev != self._rev:
                self._take(changes)
            if not changes.more:
                break
        self._turn_day()

    def take_touched(self) -> Touched:
        """Return what changed since the last call."""
        touched, self._touched = self._touched, Touched(cells={}, whole=set())
        return touched

    def book(self, key: str) -> NotebookBook:
        """Return the book of a notebook, read from the journal if it is not open."""
        book = self._books.get(key)
        if book is None:
            book = self._read_book(key)
            self._books[key] = book
            while len(self._books) > _MOST_BOOKS:
                self._books.popitem(last=False)
        self._books.move_to_end(key)
        return book

    def today(self) -> DayBook:
        """Return today's book."""
        self._turn_day()
        if self._day is None:
            self._day = DayBook(self._clock())
            self._day.apply(self._reader.events(since=self._day.start), self._pending)
        return self._day

    def writers(self) -> tuple[WriterRow, ...]:
        """Return the processes that have not said that they ended."""
        return self._reader.writers()

    def has_pending(self) -> bool:
        """Tell whether calls are in flight."""
        return bool(self._pending)

    def checkpoint(self) -> None:
        """Trim the journal's WAL."""
        self._reader.checkpoint()

    def learn_renames(self) -> None:
        """Read the renames anew; the notebooks concerned are read again."""
        before = self.places.renames
        self._read_renames()
        for rename in self.places.renames[len(before) :]:
            for path in (rename.old_path, rename.new_path):
                self._reread(path)

    def _take(self, changes: Changes) -> None:
        self._rev = changes.rev
        self._pending = changes.pending
        today = self.today()
        if today.apply(changes.events, changes.pending):
            self._touched.today = True
        for key, (events, pending) in self._sorted(changes).items():
            if not key or not self.places.inside(key):
                continue
            known = self._books.get(key)
            if known is None:
                # Reading the book already brings these records; applying them again
                # changes nothing, so their cells are named from the records.
                self.book(key)
                cells = frozenset(w.cell_id for w in _wheres(events, pending))
            else:
                cells = known.apply(events, pending)
            if cells:
                self._touched.cells.setdefault(key, set()).update(cells)

    def _sorted(
        self, changes: Changes
    ) -> dict[str, tuple[list[Event], list[PendingCall]]]:
        found: dict[str, tuple[list[Event], list[PendingCall]]] = {}
        for event in changes.events:
            key = self.places.of(event.where, event.time)
            found.setdefault(key, ([], []))[0].append(event)
        for call in changes.pending:
            key = self.places.of(call.intent.where, call.intent.time)
            found.setdefault(key, ([], []))[1].append(call)
        return found

    def _read_book(self, key: str) -> NotebookBook:
        places, book = self.places, NotebookBook(key)
        for name in places.names(key):
            book.apply(
                event
                for event in self._reader.events(notebook=name)
                if places.of(event.where, event.time) == key
            )
        if key in places.kernels.values():
            # Kernels that do not know their notebook; they live no longer than we.
            book.apply(
                event
                for event in self._reader.events(notebook="", since=self._opened)
                if places.of(event.where, event.time) == key
            )
        book.apply(
            (),
            (
                call
                for call in self._reader.pending()
                if places.of(call.intent.where, call.intent.time) == key
            ),
        )
        return book

    def _read_renames(self) -> None:
        keyed = self.places.stored_key
        renames = tuple(
            Rename(keyed(move.old_path), keyed(move.new_path), move.time)
            for move in self._reader.renames()
        )
        starts: dict[tuple[str, str], datetime] = {}
        if renames:
            for row in self._reader.writers(since=EVER):
                own = (row.kernel_id, row.session_id)
                starts[own] = min(row.started, starts.get(own, row.started))
        self.places = replace(self.places, renames=renames, starts=starts)

    def _reread(self, key: str) -> None:
        # Also the notebooks in a folder that moved.
        for open_key in [k for k in self._books if k == key or k.startswith(key)]:
            del self._books[open_key]
            self._touched.whole.add(open_key)
        self._touched.whole.add(key)

    def _forget(self, changes: Changes) -> None:
        """The journal is another one than before: nothing we know holds any more."""
        found = {
            key for key in self._sorted(changes) if key and self.places.inside(key)
        }
        self._touched.whole.update(found, self.places.kernels.values())
        self._rev = None
        self._day = None
        self._pending = ()
        self._touched.whole.update(self._books)
        self._books.clear()
        self._touched.today = True

    def _turn_day(self) -> None:
        if self._day is not None and self._clock() >= self._day.end:
            self._day = None
            self._touched.today = True


def _wheres(events: Iterable[Event], pending: Iterable[PendingCall]) -> list[Where]:
    return [event.where for event in events] + [call.intent.where for call in pending]
