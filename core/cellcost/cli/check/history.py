"""What the journal knows of the past, as far back as a check looks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cellcost.cli.book import current_paths, is_empty, opened
from cellcost.cli.output import complain
from cellcost.errors import JournalError
from cellcost.records import Event
from cellcost.views import SiteBook

__all__ = ["DAYS", "MONTH_DAYS", "History", "history_of"]

DAYS = 90
"""How far back calls calibrate an estimate."""
MONTH_DAYS = 30
"""What a month is where a volume is told."""


@dataclass(frozen=True, slots=True)
class History:
    """The calls of the last 90 days, and those of the last 30 on their own."""

    calls: SiteBook
    month: SiteBook


def history_of(home: Path, *, now: datetime, month: bool) -> History | None:
    """Return what the journal knows; None without one. `month`: whether it is asked.

    A journal that cannot be read is said and taken as none.
    """
    if is_empty(home):
        return None
    history = History(SiteBook(), SiteBook())
    recent = now - timedelta(days=MONTH_DAYS)
    try:
        with opened() as reader:
            events: Iterable[Event] = reader.events(since=now - timedelta(days=DAYS))
            for event in current_paths(events, reader):
                history.calls.apply((event,))
                if month and event.time >= recent:
                    history.month.apply((event,))
    except JournalError as error:
        complain(f"{error}; estimates stand on the source alone")
        return None
    return history
