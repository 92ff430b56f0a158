"""What views read: events in order, calls in flight, writers, what changed since."""

import sqlite3
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from cellcost.clock import from_microseconds, to_microseconds
from cellcost.errors import JournalError
from cellcost.journal import codec
from cellcost.journal.forks import watch_forks
from cellcost.journal.locks import is_held
from cellcost.journal.statements import SQL
from cellcost.journal.store import (
    JOURNAL_FILE,
    event_from_row,
    read_pending,
)
from cellcost.journal.writer import writer_locks
from cellcost.records import Event, Intent, Live

__all__ = ["Changes", "PendingCall", "Reader", "Rename", "WriterRow"]

_PAGE: Final = 1000
_BUSY_SECONDS: Final = 1.0
_FOREVER_US: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A call in flight: its intent and what it has used so far."""

    intent: Intent
    live: Live | None
    writer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterRow:
    """A process that writes or wrote here."""

    id: str
    host: str
    pid: int
    version: str
    kernel_id: str
    session_id: str
    notebook: str
    stacks: Mapping[str, str]
    started: datetime
    ended: datetime | None
    alive: bool


@dataclass(frozen=True, slots=True)
class Rename:
    """A notebook that moved at a time: its earlier events belong to the new path."""

    old_path: str
    new_path: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What happened since a rev; `pending` is all calls in flight now, no difference.

    `reset` says that the journal is another one than before (deleted, replaced): forget
    everything and read from 0; this answer already did so.
    """

    rev: int
    events: tuple[Event, ...] = ()
    pending: tuple[PendingCall, ...] = ()
    reset: bool = False
    more: bool = False
    """There are more events than fit in one answer: ask again at once."""


class Reader:
    """Reads one journal; one per thread. A journal that is not there yet is empty."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._installation = ""
        watch_forks(self)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the journal; the next read opens it anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def before_fork(self) -> None:
        """Close the connection, see `cellcost.journal.forks`."""
        self.close()

    def after_fork_in_parent(self) -> None:
        """Nothing to do: the next read opens the journal."""

    def after_fork_in_child(self) -> None:
        """Nothing to do: the next read opens the journal."""

    def rev(self) -> int:
        """Return the rev now; `changes` since it tells only what happens next."""
        with self._reading() as (connection, _):
            if connection is None:
                return 0
            return int(connection.execute(SQL["identity"]).fetchone()[2])

    def changes(self, since_rev: int) -> Changes:
        """Return what happened after `since_rev`, at most 1000 events at a time.

        Raises JournalError when the journal cannot be read.
        """
        with self._reading() as (connection, replaced):
            if connection is None:
                return Changes(rev=0, reset=since_rev > 0)
            rev = int(connection.execute(SQL["identity"]).fetchone()[2])
            if rev == since_rev and not replaced:
                return Changes(rev=rev)
            reset = replaced or rev < since_rev
            after = 0 if reset else since_rev
            # One read transaction: events, lines and pending calls of the same moment.
            connection.execute("BEGIN")
            try:
                rev = int(connection.execute(SQL["identity"]).fetchone()[2])
                rows = connection.execute(
                    SQL["events_after"], {"after": after, "limit": _PAGE}
                ).fetchall()
                more = len(rows) == _PAGE
                upto = rows[-1][0] if more else rev
                events = tuple(map(event_from_row, rows))
                pending = _pending(connection)
            finally:
                connection.execute("COMMIT")
            return Changes(
                rev=upto, events=events, pending=pending, reset=reset, more=more
            )

    def events(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        notebook: str | None = None,
        run_id: str | None = None,
    ) -> Iterator[Event]:
        """Yield events in the order stored, from `since` until before `until`.

        Raises JournalError when the journal cannot be read.
        """
        chosen: dict[str, Any] = {
            "since_us": -_FOREVER_US if since is None else to_microseconds(since),
            "until_us": _FOREVER_US if until is None else to_microseconds(until),
            "notebook": notebook,
            "run_id": run_id,
            "limit": _PAGE,
        }
        after = 0
        # Of its own, for its index; "" is what scripts write, which has none.
        statement = SQL["events_of_notebook" if notebook else "events_selected"]
        while True:
            with self._reading() as (connection, _):
                if connection is None:
                    return
                rows = connection.execute(
                    statement, {**chosen, "after": after}
                ).fetchall()
                if not rows:
                    return
                page = [event_from_row(row) for row in rows]
                after = rows[-1][0]
            yield from page

    def event(self, id_: str) -> Event | None:
        """Return one event by id. Raises JournalError as `changes` does."""
        with self._reading() as (connection, _):
            if connection is None:
                return None
            row = connection.execute(SQL["event_by_id"], {"id": id_}).fetchone()
            return None if row is None else event_from_row(row)

    def pending(self) -> tuple[PendingCall, ...]:
        """Return the calls in flight. Raises JournalError as `changes` does."""
        with self._reading() as (connection, _):
            return () if connection is None else _pending(connection)

    def writers(self, *, since: datetime | None = None) -> tuple[WriterRow, ...]:
        """Return the writers that have not ended, and those started after `since`."""
        with self._reading() as (connection, _):
            if connection is None:
                return ()
            since_us = _FOREVER_US if since is None else to_microseconds(since)
            rows = connection.execute(SQL["writers"], {"since_us": since_us}).fetchall()
        return tuple(self._writer(row) for row in rows)

    def renames(self) -> tuple[Rename, ...]:
        """Return the notebooks that moved, oldest first."""
        with self._reading() as (connection, _):
            if connection is None:
                return ()
            rows = connection.execute(SQL["renames"]).fetchall()
        return tuple(Rename(old, new, from_microseconds(us)) for old, new, us in rows)

    @property
    def installation(self) -> str:
        """The id of this journal's installation; "" while there is no journal."""
        with self._reading() as (connection, _):
            return "" if connection is None else self._installation

    def checkpoint(self) -> None:
        """Trim the WAL as far as nobody reads it; for a view's idle moments."""
        with self._reading() as (connection, _):
            if connection is not None:
                connection.execute("PRAGMA query_only=0")
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                connection.execute("PRAGMA query_only=1")

    def _writer(self, row: tuple[Any, ...]) -> WriterRow:
        id_, _, started_us, ended_us, host, pid, version, *rest = row
        kernel_id, session_id, notebook, stacks = rest
        ended = None if ended_us is None else from_microseconds(ended_us)
        held = any(map(is_held, writer_locks(self.home, id_)))
        return WriterRow(
            id=id_,
            host=host,
            pid=pid,
            version=version,
            kernel_id=kernel_id,
            session_id=session_id,
            notebook=notebook,
            stacks=MappingProxyType(codec.loads(stacks)),
            started=from_microseconds(started_us),
            ended=ended,
            alive=ended is None and held,
        )

    @contextmanager
    def _reading(self) -> Generator[tuple[sqlite3.Connection | None, bool]]:
        """Open the journal if needed; turn SQLite's errors into JournalError."""
        try:
            yield self._open()
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise JournalError(
                f"{self.home / JOURNAL_FILE} cannot be read: {error}; "
                "run `cellcost doctor`"
            ) from error

    def _open(self) -> tuple[sqlite3.Connection | None, bool]:
        """Return the connection (None if there is no journal) and whether it is new."""
        path = self.home / JOURNAL_FILE
        try:
            status = path.stat()
        except FileNotFoundError:
            self.close()
            return None, False
        identity = (status.st_dev, status.st_ino)
        replaced = self._identity not in (None, identity)
        if self._connection is not None and not replaced:
            return self._connection, False
        self.close()
        connection = _connect(path)
        row = (
            connection.execute(SQL["identity"]).fetchone()
            if _ready(connection)
            else None
        )
        if row is None:
            connection.close()
            return None, False
        self._connection, self._identity = connection, identity
        replaced = self._installation not in ("", row[0])
        self._installation = row[0]
        return connection, replaced


def _connect(path: Path) -> sqlite3.Connection:
    """Open for reading; a folder or medium that cannot be written still can be read."""
    uri = path.absolute().as_uri()
    for mode in ("mode=rw", "mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.connect(
            f"{uri}?{mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA query_only=1")
            connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            last = mode.endswith("immutable=1")
            if last or error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError("the last mode returns or raises")


def _ready(connection: sqlite3.Connection) -> bool:
    """Whether the journal's first migration was committed."""
    return bool(connection.execute("PRAGMA user_version").fetchone()[0])


def _pending(connection: sqlite3.Connection) -> tuple[PendingCall, ...]:
    with closing(connection.execute(SQL["pending"])) as cursor:
        rows = cursor.fetchall()
    return tuple(PendingCall(*found) for found in read_pending(rows))
