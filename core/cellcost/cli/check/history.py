"""What the journal knows of the past, as far back as a check looks."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cellcost.cli.book import current_paths, is_empty, opened
from cellcost.cli.output import complain
from cellcost.errors import JournalError
from cellcost.records import Event, Where
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


def history_of(
    home: Path, *, now: datetime, below: Sequence[Path] | None, month: bool
) -> History | None:
    """Return what the journal knows of the files `below` (of all); None without one.

    `month`: whether the last 30 days are asked. A journal that cannot be read is said
    and taken as none.
    """
    if is_empty(home):
        return None
    history = History(SiteBook(), SiteBook())
    roots = None if below is None else tuple(map(os.path.realpath, below))
    recent = now - timedelta(days=MONTH_DAYS)
    try:
        with opened() as reader:
            events: Iterable[Event] = reader.events(since=now - timedelta(days=DAYS))
            for event in current_paths(events, reader):
                if roots is not None and not _is_below(event.where, roots):
                    continue
                history.calls.apply((event,))
                if month and event.time >= recent:
                    history.month.apply((event,))
    except JournalError as error:
        complain(f"{error}; estimates stand on the source alone")
        return None
    return history


def _is_below(where: Where, roots: tuple[str, ...]) -> bool:
    """Say whether a call stands in a file or notebook below a root; spares the rest."""
    return where.call_file.startswith(roots) or where.notebook.startswith(roots)
