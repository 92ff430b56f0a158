"""PastCalls: what the calls of one notebook used before, followed in the journal."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from cellcost.errors import JournalError
from cellcost.journal import Reader
from cellcost.records import Event
from cellcost.views import SiteBook
from cellcost_server.places import Places

__all__ = ["PastCalls"]

_DAYS = 90
"""How far back calls tell what the next ones will use: as `cellcost check` has it."""


class PastCalls:
    """The settled calls of a notebook; belongs to one thread, as its reader does."""

    def __init__(self, reader: Reader, key: str, places: Callable[[], Places]) -> None:
        self._reader = reader
        self._key = key
        self._places = places
        self._book: SiteBook | None = None
        self._names: tuple[str, ...] = ()
        self._rev = 0

    def book(self, now: datetime) -> SiteBook | None:
        """Return all that the journal knows by now; None while it cannot be read."""
        places = self._places()
        names = places.names(self._key)
        try:
            if self._book is None or names != self._names:
                self._names = names
                self._read(places, now - timedelta(days=_DAYS))
            else:
                self._follow(places, self._book)
        except JournalError:
            # The desk says what is wrong with it; an estimate stands on the source.
            self._book = None
        return self._book

    def _read(self, places: Places, since: datetime) -> None:
        self._book = None
        self._rev = self._reader.rev()
        book = SiteBook()
        for name in self._names:
            found = self._reader.events(notebook=name, since=since)
            book.apply(self._own(found, places))
        self._book = book

    def _follow(self, places: Places, book: SiteBook) -> None:
        while True:
            changes = self._reader.changes(self._rev)
            if changes.reset:
                self._book = None
                return
            self._rev = changes.rev
            book.apply(self._own(changes.events, places))
            if not changes.more:
                return

    def _own(self, events: Iterable[Event], places: Places) -> Iterator[Event]:
        """Yield the notebook's events under the name that it has now."""
        for event in events:
            if places.of(event.where, event.time) == self._key:
                yield replace(event, where=replace(event.where, notebook=self._key))
