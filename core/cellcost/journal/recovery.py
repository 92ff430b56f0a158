"""Bringing home what dead or hindered writers left: spools, and intents without an end.

An intent is recovered only by who holds its writer's lock, so a slow call is never
declared dead, and a killed process loses nothing.
"""

import os
import socket
import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cellcost.clock import to_microseconds, utc_now
from cellcost.journal import spool
from cellcost.journal.filesystems import is_network
from cellcost.journal.locks import FileLock, is_held
from cellcost.journal.statements import SQL
from cellcost.journal.store import (
    JOURNAL_FILE,
    FaultPoint,
    connect,
    next_rev,
    no_fault,
    partial_event,
    read_pending,
    settle,
    transaction,
)
from cellcost.journal.writer import writer_locks

__all__ = ["Recovered", "record_rename", "recover"]

_BUSY_SECONDS: Final = 5.0
"""A reader may wait for the journal longer than a call."""


_ENDED: Final = (
    "the process ended during the call",
    "the process ended while it used the GPU: its last seconds may be missing",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What one pass brought home."""

    events: int
    """Intents of dead writers, stored as partial events."""
    spooled: int
    """Records imported from spools."""


def recover(
    home: Path, *, at: FaultPoint = no_fault, network: bool | None = None
) -> Recovered:
    """Import every spool and settle the intents of dead writers as partial events.

    Safe at any time, in any number of processes at once. Creates the journal only if
    there is a spool to import. Raises sqlite3.Error, OSError or JournalTooNew when the
    journal cannot be written; nothing is lost then.
    """
    folders = (spool.spool_folder(home), spool.fallback_folder(home))
    if not (home / JOURNAL_FILE).exists() and not spool.waiting(folders):
        return Recovered(events=0, spooled=0)
    on_network = is_network(home) if network is None else network
    importing = FileLock(home / "import.lock")
    if on_network and not importing.acquire(blocking=False):
        return Recovered(events=0, spooled=0)  # its host-local importer is at work
    try:
        connection = connect(home, wal=not on_network, busy_seconds=_BUSY_SECONDS)
        try:
            spooled = spool.import_spools(connection, folders, at=at)
            n = sum(
                _recover_writer(connection, home, folders, writer, at)
                for writer in _perhaps_dead(connection)
            )
            _clear_empty_spools(home, folders)
        finally:
            connection.close()
    finally:
        importing.release()
    return Recovered(events=n, spooled=spooled)


def record_rename(home: Path, old_path: str, new_path: str) -> None:
    """Store that a notebook moved. Raises as `recover` does."""
    connection = connect(home, wal=not is_network(home), busy_seconds=_BUSY_SECONDS)
    try:
        with transaction(connection):
            connection.execute(
                SQL["put_renamed"],
                {
                    "rev": next_rev(connection),
                    "old_path": old_path,
                    "new_path": new_path,
                    "time_us": to_microseconds(utc_now()),
                },
            )
    finally:
        connection.close()


def _perhaps_dead(connection: sqlite3.Connection) -> list[str]:
    writers: dict[str, None] = {}
    for name in ("writers_with_intents", "unended_writers"):
        rows: Iterable[tuple[str]] = connection.execute(SQL[name])
        writers.update((row[0], None) for row in rows)
    return list(writers)


def _recover_writer(
    connection: sqlite3.Connection,
    home: Path,
    folders: tuple[Path, ...],
    writer: str,
    at: FaultPoint,
) -> int:
    path, fallback = writer_locks(home, writer)
    if is_held(fallback):
        return 0
    if not path.exists() and _process_lives(connection, writer):
        return 0  # its lock file was cleaned away under it
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(path)
    if not lock.acquire(blocking=False):
        return 0
    at("recover.locked")
    try:
        # What it spooled just before it died comes first: it may settle its intents.
        spool.import_spools(connection, folders, writer=writer, at=at)
        with transaction(connection):
            rows = connection.execute(SQL["pending_of_writer"], {"writer": writer})
            pending = read_pending(rows.fetchall())
            for intent, live, _ in pending:
                settle(
                    connection,
                    partial_event(intent, live, _ENDED[intent.kind == "gpu"]),
                    at,
                )
                at("recover.settled")
            ended = {"id": writer, "time_us": to_microseconds(utc_now())}
            connection.execute(
                SQL["end_writer"], {**ended, "rev": next_rev(connection)}
            )
        at("recover.committed")
    except BaseException:
        lock.release()
        raise
    lock.release(unlink=True)
    fallback.unlink(missing_ok=True)
    return len(pending)


def _process_lives(connection: sqlite3.Connection, writer: str) -> bool:
    if sys.platform == "win32":
        # An open lock file cannot be removed there, so its writer has ended; and
        # os.kill(pid, 0) would not ask but send it a Ctrl-C.
        return False
    row = connection.execute(SQL["process_of_writer"], {"id": writer}).fetchone()
    if row is None or row[0] != socket.gethostname():
        return False
    try:
        os.kill(row[1], 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _clear_empty_spools(home: Path, folders: tuple[Path, ...]) -> None:
    for folder in folders:
        for path in folder.glob("*.jsonl"):
            lock = FileLock(path)
            alive = any(map(is_held, writer_locks(home, path.stem)))
            if not alive and lock.acquire(blocking=False):
                lock.release(unlink=path.stat().st_size == 0)
