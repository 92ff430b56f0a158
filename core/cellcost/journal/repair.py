"""Starting anew beside a damaged journal, with every event that can still be read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cellcost.clock import utc_now
from cellcost.errors import JournalError
from cellcost.journal.statements import SQL
from cellcost.journal.store import (
    JOURNAL_FILE,
    connect,
    event_from_row,
    restore,
    transaction,
)
from cellcost.records import Event

__all__ = ["Repaired", "damage", "repair"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What was done with a damaged journal."""

    kept: Path
    """The damaged file, under its new name."""
    events: int
    """How many events were read from it into the new journal."""


def damage(home: Path) -> str:
    """Return what is wrong with the journal's file, or "" if it is whole or missing."""
    path = home / JOURNAL_FILE
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return ""  # somebody is writing it, so it can be read
        return str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else found


def repair(home: Path) -> Repaired:
    """Set a damaged journal aside and start a new one with its readable events.

    The new journal is a new installation: its sequence starts at 1. The events keep
    their own installation and sequence, so that a ledger that has them already knows
    them again. Writers notice and go on in the new file. Raises JournalError when the
    journal is whole.
    """
    if not damage(home):
        raise JournalError(f"{home / JOURNAL_FILE} is whole: nothing to repair")
    stamp = f"{utc_now():%Y%m%dT%H%M%S}"
    kept = home / f"journal.{stamp}.damaged.db"
    # The WAL first: without it the old file is older, with a foreign one it is garbage.
    for suffix in ("-wal", "-shm", ""):
        path = home / f"{JOURNAL_FILE}{suffix}"
        if path.exists():
            path.replace(f"{kept}{suffix}")
    n = 0
    with closing(connect(home, busy_seconds=5)) as connection:
        for event in _readable_events(kept):
            with transaction(connection):
                n += restore(connection, event)
    return Repaired(kept=kept, events=n)


def _readable_events(path: Path) -> Iterator[Event]:
    """Yield what can be read: from the start up to the damage, then from the end."""
    for direction in ("events_from_start", "events_from_end"):
        try:
            with closing(sqlite3.connect(path)) as connection:
                yield from map(event_from_row, connection.execute(SQL[direction]))
        except (sqlite3.Error, ValueError, KeyError):
            continue  # the rest is behind the damage
