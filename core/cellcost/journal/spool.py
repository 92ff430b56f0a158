"""Where records wait when the journal cannot take them: a file of JSON lines a writer.

A writer appends under the file's lock. An importer moves the lines into an `.import`
file under the same lock, then stores them and removes it; killed in between, it or
another does so again, and storing by id makes the second time harmless.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from cellcost.home import temp_folder
from cellcost.ids import new_id
from cellcost.journal import codec
from cellcost.journal.locks import FileLock
from cellcost.journal.statements import SQL
from cellcost.journal.store import (
    FaultPoint,
    add_intent,
    next_rev,
    no_fault,
    settle,
    transaction,
)

__all__ = ["Spooled", "append", "fallback_folder", "import_spools", "spool_folder"]

_BATCH: Final = 500
_REJECTED: Final = "rejected.txt"
_LOCK_SECONDS: Final = 0.005
"""How long an append waits for its own file, which only an importer locks."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """One record on its way into the journal."""

    kind: Literal["intent", "event", "writer"]
    writer: str
    body: Mapping[str, Any]

    def to_line(self) -> bytes:
        """Return the record as one line of JSON, ending in a newline."""
        row = {"kind": self.kind, "writer": self.writer, "body": dict(self.body)}
        # A file name that is no UTF-8 comes as lone surrogates, which neither a file
        # nor SQLite takes: better a call at "caf?.ipynb" than no call.
        return codec.dumps(row).encode("utf-8", "replace") + b"\n"


def spool_folder(home: Path) -> Path:
    """Return the folder of spools inside `home`."""
    return home / "spool"


def fallback_folder(home: Path) -> Path:
    """Return the spool folder in the temp folder, for a home that cannot be written."""
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    name = codec.stable_name(str(home.absolute()))
    return temp_folder() / f"cellcost-{owner}-{name}"


def append(folder: Path, record: Spooled) -> None:
    """Append one record durably enough to survive a kill of this process.

    Raises OSError when the folder cannot be written, or its file stays locked: this is
    the user's call path, and an importer may be stopped in the middle.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / f"{record.writer}.jsonl")
    try:
        _acquire_soon(lock)
        line = memoryview(record.to_line())
        while line:
            line = line[os.write(lock.fd, line) :]
    finally:
        lock.release()


def _acquire_soon(lock: FileLock) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while not lock.acquire(blocking=False):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{lock.path} is locked")
        time.sleep(_LOCK_SECONDS / 10)


def import_spools(
    connection: sqlite3.Connection,
    folders: tuple[Path, ...],
    *,
    writer: str | None = None,
    at: FaultPoint = no_fault,
) -> int:
    """Store every spooled record (of one `writer` if given); return how many.

    Raises sqlite3.Error when the journal cannot take them: they stay in the spool.
    """
    pattern = f"{writer or '*'}."
    n = 0
    for folder in folders:
        for path in sorted(folder.glob(pattern + "jsonl")):
            _set_aside(path, at)
        for path in sorted(folder.glob(pattern + "*.import" if writer else "*.import")):
            n += _import_file(connection, path, at)
    return n


def waiting(folders: tuple[Path, ...]) -> int:
    """Return how many bytes wait in the spools."""
    total = 0
    for folder in folders:
        for pattern in ("*.jsonl", "*.import"):
            for path in folder.glob(pattern):
                try:
                    total += path.stat().st_size
                except FileNotFoundError:
                    continue  # imported meanwhile
    return total


def _set_aside(path: Path, at: FaultPoint) -> None:
    lock = FileLock(path)
    lock.acquire()
    try:
        content = path.read_bytes()
        if not content:
            return
        target = path.with_name(f"{path.stem}.{new_id()}.import")
        unfinished = target.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(target)
        at("spool.set_aside")
        os.ftruncate(lock.fd, 0)
    finally:
        lock.release()


def _import_file(connection: sqlite3.Connection, path: Path, at: FaultPoint) -> int:
    lock = FileLock(path)
    if not path.exists() or not lock.acquire(blocking=False):
        return 0  # another process is importing it
    try:
        content = path.read_bytes()
        n = 0
        for batch in _batches(_records(content, path)):
            n += _import_batch(connection, batch, path)
            at("spool.batch_stored")
        at("spool.stored")
    except BaseException:
        lock.release()
        raise
    lock.release(unlink=True)
    return n


def _records(content: bytes, path: Path) -> Iterator[Spooled]:
    *lines, tail = content.split(b"\n")
    # A last line without its newline was cut by a kill: never acknowledged, so dropped
    # unless it is whole.
    for number, line in enumerate([*lines, tail], start=1):
        if not line.strip():
            continue
        try:
            row = codec.loads(line.decode())
            record = Spooled(row["kind"], row["writer"], dict(row["body"]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if number <= len(lines):
                _reject(path, line, error)
            continue
        yield record


def _batches(records: Iterator[Spooled]) -> Iterator[list[Spooled]]:
    batch: list[Spooled] = []
    for record in records:
        batch.append(record)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _import_batch(
    connection: sqlite3.Connection, batch: list[Spooled], path: Path
) -> int:
    try:
        with transaction(connection):
            for record in batch:
                store_record(connection, record)
    except Exception as error:
        if _is_the_journals(error):
            raise  # busy, full, read-only, corrupt: everything stays in the spool
        if len(batch) == 1:
            _reject(path, json.dumps(asdict(batch[0])).encode(), error)
            return 0
        return sum(_import_batch(connection, [record], path) for record in batch)
    return len(batch)


def _is_the_journals(error: Exception) -> bool:
    """Whether the journal is in the way; else the record itself is."""
    records_own = (
        sqlite3.DataError,
        sqlite3.IntegrityError,
        sqlite3.ProgrammingError,
    )
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, records_own
    )


def store_record(
    connection: sqlite3.Connection, record: Spooled, at: FaultPoint = no_fault
) -> None:
    """Store one record in the caller's transaction; a second time changes nothing."""
    if record.kind == "intent":
        intent = codec.intent_from_wire(record.body)
        # Its settlement may have reached the journal before the spool was read.
        if not connection.execute(SQL["has_event"], {"id": intent.id}).fetchone():
            add_intent(connection, intent, record.writer, at)
    elif record.kind == "event":
        settle(connection, codec.event_from_wire(record.body), at)
    elif record.kind == "writer":
        row = {**record.body, "id": record.writer, "rev": next_rev(connection)}
        connection.execute(SQL["put_writer"], row)
    else:
        raise ValueError(f"unknown kind of record {record.kind!r}")


def _reject(path: Path, line: bytes, error: Exception) -> None:
    """Keep a record that cannot be stored, with the reason; `doctor` names the file."""
    with (path.parent / _REJECTED).open("ab") as file:
        file.write(f"# {path.name}: {error}\n".encode() + line + b"\n")
