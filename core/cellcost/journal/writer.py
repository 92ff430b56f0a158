"""The one writer of a process: every record reaches the journal, the spool or memory.

Nothing here raises into the caller. A journal that stays busy, full, read-only,
corrupt or too new sends the record to the spool; one that cannot be written keeps it in
memory; both are tried again, and `health` says so.
"""

import json
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from cellcost.clock import to_microseconds, utc_now
from cellcost.errors import CellcostError
from cellcost.ids import new_id
from cellcost.journal import codec, spool
from cellcost.journal.filesystems import is_network
from cellcost.journal.forks import watch_forks
from cellcost.journal.locks import FileLock
from cellcost.journal.spool import Spooled
from cellcost.journal.statements import SQL
from cellcost.journal.store import (
    JOURNAL_FILE,
    FaultPoint,
    add_intent,
    add_live,
    connect,
    next_rev,
    no_fault,
    rollback,
    settle,
    transaction,
)
from cellcost.records import Event, Intent, Live

__all__ = ["About", "Health", "Writer", "writer_locks"]

_RETRY_SECONDS: Final = 5.0
"""How long a journal that could not be opened is left alone."""
_MEMORY_LIMIT: Final = 10_000
"""Records kept when neither journal nor spool can be written; the oldest go first."""
_CHECKPOINT_BYTES: Final = 4 << 20

_log = logging.getLogger("cellcost")

_FAILURES = (sqlite3.Error, OSError, CellcostError)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Who writes: stored with the writer, so that views know what is metered."""

    host: str
    pid: int
    version: str
    kernel_id: str = ""
    session_id: str = ""
    notebook: str = ""
    stacks: str = "{}"
    """JSON object: client stack -> `hooked` or `not captured: why`.

    The writer itself adds `journal` -> `lost: what` where records are gone.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Where records go now, and why if not to the journal."""

    state: Literal["ok", "spooling", "memory"]
    spooled: int = 0
    in_memory: int = 0
    lost: int = 0
    error: str = ""


def writer_locks(home: Path, writer: str) -> tuple[Path, Path]:
    """Return the lock files of which a living writer holds one.

    The second one, in the temp folder, is for a home that cannot be written.
    """
    name = f"{writer}.lock"
    return home / "writers" / name, spool.fallback_folder(home) / name


class Writer:
    """Writes this process's records; thread-safe, fork-safe, lazily opened."""

    def __init__(
        self,
        home: Path,
        *,
        about: About,
        at: FaultPoint = no_fault,
        network: bool | None = None,
    ) -> None:
        self.home = home
        self._path = str(home / JOURNAL_FILE)
        self._about = about
        self._at = at
        self._network = network
        self._pending: deque[Spooled] = deque(maxlen=_MEMORY_LIMIT)
        self._renew()
        watch_forks(self)

    def _renew(self) -> None:
        self.id = new_id()
        self._started_us = to_microseconds(utc_now())
        self._lock = threading.Lock()
        self._background_lock = threading.Lock()
        self._held_for_fork: list[threading.Lock] = []
        self._connection: sqlite3.Connection | None = None
        self._background: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._alive: FileLock | None = None
        self._row_stored = False
        self._row_spooled = False
        self._retry_at = 0.0
        self._spooled = 0
        self._lost = 0
        self._said_lost = False
        self._error = ""
        self._pending.clear()  # a forked child must not write its parent's records

    # -- what the meter calls ---------------------------------------------------------

    def begin(self, intent: Intent) -> None:
        """Store that a request is about to leave."""
        self._write(
            lambda c: add_intent(c, intent, self.id, self._at),
            lambda: Spooled("intent", self.id, codec.intent_to_wire(intent)),
        )

    def settle(self, event: Event) -> None:
        """Store an event, and end its intent if it had one."""
        self._write(
            lambda c: settle(c, event, self._at),
            lambda: Spooled("event", self.id, codec.event_to_wire(event)),
        )

    def announce(self, **about: str) -> None:
        """Store more about this writer: fields of About, or TypeError."""
        self._about = replace(self._about, **about)  # type: ignore[arg-type]  # no pid here
        self._row_stored = False
        self._write(self._store_row, self._row_record)

    def update_live(self, rows: Sequence[Live]) -> None:
        """Store what calls in flight have used so far; skipped while busy."""
        if rows:
            self._in_background(lambda c: self._store_live(c, rows))

    def checkpoint(self) -> bool:
        """Bring home what waits in spool and memory; trim the WAL when it is long.

        For the background thread, about once a second. Returns whether nothing waits
        any more that this process can bring home.
        """
        self._flush_memory()
        if self._spooled:
            self._in_background(self._import_own)
        try:
            long = Path(f"{self._path}-wal").stat().st_size > _CHECKPOINT_BYTES
        except OSError:
            long = False
        if long:
            self._in_background(lambda c: c.execute("PRAGMA wal_checkpoint(PASSIVE)"))
        return not self._pending and (not self._spooled or self._is_network())

    def say_lost(self) -> None:
        """Log what is in memory only, once: it ends with the process."""
        if self._pending and not self._said_lost:
            self._said_lost = True
            _log.warning(
                "cellcost: %d records are lost: neither %s nor the temp folder could"
                " be written (%s)",
                len(self._pending),
                self.home,
                self._error,
            )

    def close(self) -> None:
        """Store that this writer ended, and close; later records open it anew."""
        self.checkpoint()
        self.say_lost()
        with self._background_lock, self._lock:
            connection = self._connection
            if connection is not None:
                try:
                    with transaction(connection):
                        row = {"id": self.id, "time_us": to_microseconds(utc_now())}
                        row["rev"] = next_rev(connection)
                        connection.execute(SQL["end_writer"], row)
                except _FAILURES as error:
                    self._error = str(error)
            self._close_connections()
            if self._alive is not None:
                # A spool that still waits is found by its own name, not by the lock.
                self._alive.release(unlink=True)
                self._alive = None
            self._renew_identity()

    def _renew_identity(self) -> None:
        self.id = new_id()
        self._row_stored = self._row_spooled = False

    @property
    def health(self) -> Health:
        """Where records go now."""
        state: Literal["ok", "spooling", "memory"] = "ok"
        if self._pending:
            state = "memory"
        elif self._spooled or self._is_network():
            state = "spooling"
        return Health(
            state=state,
            spooled=self._spooled,
            in_memory=len(self._pending),
            lost=self._lost,
            error=self._error,
        )

    # -- around a fork ----------------------------------------------------------------

    def before_fork(self) -> None:
        """Close the connections and keep the locks until after the fork."""
        # Noted one by one: an interrupt here is swallowed by the interpreter, and what
        # was taken must be given back all the same.
        for lock in (self._background_lock, self._lock):
            lock.acquire()
            self._held_for_fork.append(lock)
        self._close_connections()

    def after_fork_in_parent(self) -> None:
        """Go on; the connection is opened anew when needed."""
        while self._held_for_fork:
            self._held_for_fork.pop().release()

    def after_fork_in_child(self) -> None:
        """Become a new writer; the parent's lock stays the parent's."""
        if self._alive is not None:
            self._alive.abandon()
        self._about = replace(self._about, pid=os.getpid())
        self._renew()

    # -- inside -----------------------------------------------------------------------

    def _is_network(self) -> bool:
        if self._network is None:
            self._network = is_network(self.home)
        return self._network

    def _write(
        self,
        store: Callable[[sqlite3.Connection], object],
        record: Callable[[], Spooled],
    ) -> None:
        with self._lock:
            try:
                try:
                    self._hold_lock()
                    connection = self._open()
                    with transaction(connection):
                        if not self._row_stored:
                            self._store_row(connection)
                        store(connection)
                    self._row_stored = True
                except _FAILURES as error:
                    self._failed(error)
                    self._spool(record())
                except Exception as error:  # noqa: BLE001 - SQLite cannot hold this one
                    self._error = f"a record cannot be stored: {type(error).__name__}"
                    self._undo()
                    self._keep(record)
            except BaseException:
                # An interrupt, wherever it struck: leave no transaction open, keep the
                # record (twice is harmless), then let the user's interrupt go on.
                self._undo()
                self._spool(record())
                raise

    def _keep(self, record: Callable[[], Spooled]) -> None:
        """Let the importer set the record aside, with the reason; or count it lost."""
        try:
            self._spool(record())
        except Exception:  # noqa: BLE001 - no text can hold it either
            self._lose()

    def _lose(self) -> None:
        """Count a record that is gone, and have this writer's row say so."""
        self._lost += 1
        self._row_stored = False

    def _undo(self) -> None:
        if self._connection is not None:
            try:
                rollback(self._connection)
            except sqlite3.Error as error:
                self._failed(error)

    def _open(self) -> sqlite3.Connection:
        connection = self._connection
        if connection is not None:
            if self._same_journal():
                return connection
            self._close_connections()
            self._row_stored = False
        if self._is_network():
            raise OSError(f"{self.home} is on a network file system")
        if time.monotonic() < self._retry_at:
            raise OSError(self._error)
        self._connection = connection = connect(self.home)
        status = Path(self._path).stat()
        self._identity = (status.st_dev, status.st_ino)
        self._error = ""
        return connection

    def _hold_lock(self) -> None:
        """Hold the lock that says that this writer lives, before its first record."""
        if self._alive is not None:
            return
        self._at("open.begun")
        for path in writer_locks(self.home, self.id):
            alive = FileLock(path)
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                alive.acquire()
            except OSError as error:
                self._error = str(error)
            else:
                self._alive = alive
                self._at("open.locked")
                return

    def _same_journal(self) -> bool:
        """Whether the file that we have open is still the one at the path."""
        try:
            status = os.stat(self._path)  # noqa: PTH116  # per call: Path costs 10 us
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def _failed(self, error: Exception) -> None:
        self._error = str(error)
        if _is_busy(error):
            return
        if time.monotonic() >= self._retry_at:
            self._retry_at = time.monotonic() + _RETRY_SECONDS
        try:
            self._close_connections()
        except sqlite3.Error as closing:
            self._error = f"{error}; {closing}"

    def _close_connections(self) -> None:
        connections = (self._connection, self._background)
        self._connection = self._background = None
        for connection in connections:
            if connection is not None:
                connection.close()

    def _store_row(self, connection: sqlite3.Connection) -> None:
        row = {**self._row_record().body, "id": self.id, "rev": next_rev(connection)}
        connection.execute(SQL["put_writer"], row)

    def _row_record(self) -> Spooled:
        about = self._about
        body: dict[str, Any] = {
            "started_us": self._started_us,
            "host": about.host,
            "pid": about.pid,
            "version": about.version,
            "kernel_id": about.kernel_id,
            "session_id": about.session_id,
            "notebook": about.notebook,
            "stacks": self._stacks(),
        }
        return Spooled("writer", self.id, body)

    def _stacks(self) -> str:
        """Return the stacks as announced, and what no view could know otherwise."""
        if not self._lost:
            return self._about.stacks
        said = f"lost: {self._lost} of this process's records could be kept nowhere"
        return json.dumps({**json.loads(self._about.stacks), "journal": said})

    def _spool(self, record: Spooled) -> None:
        if not (self._row_stored or self._row_spooled):
            self._row_spooled = True
            self._spool(self._row_record())
        for folder in self._spool_folders():
            try:
                spool.append(folder, record)
            except OSError as error:
                self._error = self._error or str(error)
            else:
                self._spooled += 1
                return
        if len(self._pending) == _MEMORY_LIMIT:
            self._lose()
        self._pending.append(record)

    def _spool_folders(self) -> tuple[Path, ...]:
        return (spool.spool_folder(self.home), spool.fallback_folder(self.home))

    def _flush_memory(self) -> None:
        if not self._pending:
            return
        with self._lock:
            waiting = list(self._pending)
            self._pending.clear()
            for record in waiting:
                self._spool(record)

    def _in_background(self, work: Callable[[sqlite3.Connection], object]) -> None:
        if self._is_network() or not self._background_lock.acquire(blocking=False):
            return
        try:
            connection = self._background
            if connection is None or not self._same_journal():
                if self._connection is None or not self._same_journal():
                    with self._lock:
                        self._hold_lock()
                        self._open()
                if self._background is not None:
                    self._background.close()
                self._background = connection = connect(self.home)
            work(connection)
        except _FAILURES as error:
            if not _is_busy(error):
                self._error = str(error)
        finally:
            self._background_lock.release()

    def _store_live(self, connection: sqlite3.Connection, rows: Sequence[Live]) -> None:
        with transaction(connection):
            add_live(connection, rows)

    def _import_own(self, connection: sqlite3.Connection) -> None:
        before = self._spooled
        spool.import_spools(
            connection, self._spool_folders(), writer=self.id, at=self._at
        )
        with self._lock:
            self._spooled -= before


def _is_busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and (
        error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    )
