"""What the journal knows of the past, as far back as a check looks."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from cellcost.cli.book import current_paths, is_empty, opened
from cellcost.cli.output import complain
from cellcost.errors import JournalError
from cellcost.records import Event
from cellcost.views import SiteBook

__all__ = ["DAYS", "MONTH_DAYS", "books_of_past"]

DAYS = 90
"""How far back calls calibrate an estimate."""
MONTH_DAYS = 30
"""What a month is where a volume is told."""


def books_of_past(home: Path, *, now: datetime) -> tuple[SiteBook, SiteBook] | None:
    """Return the calls of the last 90 and the last 30 days; None without a journal.

    One that cannot be read is said and taken as none.
    """
    if is_empty(home):
        return None
    long, short = SiteBook(), SiteBook()
    month = now - timedelta(days=MONTH_DAYS)
    try:
        with opened() as reader:
            events: Iterable[Event] = reader.events(since=now - timedelta(days=DAYS))
            for event in current_paths(events, reader):
                long.apply((event,))
                if event.time >= month:
                    short.apply((event,))
    except JournalError as error:
        complain(f"{error}; estimates stand on the source alone")
        return None
    return long, short
