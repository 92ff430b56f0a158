"""One portable file of a whole book: written while it is used, read into an empty one.

zstd over lines of JSON: a head; for each table its columns, then its rows, some hundred
a line; at the end how many rows each table has. Bytes are base64.
"""

import base64
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
import zstandard

from cellcost.errors import ConfigError
from cellcost_ledger.accounts import at_the_command_line
from cellcost_ledger.book import Connection, copies
from cellcost_ledger.book.audit import Act, Actor, record
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.migrate import AUDITED, NEWEST, migrate, version

__all__ = ["back_up", "restore"]

_FORMAT = "cellcost-ledger"
_VERSION = 1
_ROWS = 500

Tell = Callable[[str, int], None]
"""Hears a table's name and how many of its rows are done."""


def back_up(
    database: Database,
    path: Path,
    *,
    now_us: int,
    tell: Tell,
    by: Actor | None = None,
) -> dict[str, int]:
    """Write every row, as of one moment, to `path`; return how many of each table.

    Nothing waits for it. The file is there whole or not at all. The audit log has it
    before anything is read.
    """
    if path.exists():
        raise ConfigError(f"{path} is there already; name another file")
    act = Act(name="backup", subject=path.name)
    database.write(lambda c: record(c, by or at_the_command_line(), act))
    part = path.with_name(f"{path.name}.part")
    head = {
        "format": _FORMAT,
        "version": _VERSION,
        "schema": version(database),
        "created_us": now_us,
    }
    try:
        counts = database.read(partial(_write, part=part, head=head, tell=tell))
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path} ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
    return counts


def restore(
    database: Database, path: Path, *, tell: Tell, by: Actor | None = None
) -> dict[str, int]:
    """Read a whole file into an empty book, all of it or nothing.

    Returns how many rows of each table. Raises ConfigError for a file that is not whole
    and for a book that is not empty.
    """
    head = _head(path)
    schema = head["schema"]
    if schema > NEWEST:
        raise ConfigError(
            f"{path} is of a newer cellcost (version {schema} of the tables, this one"
            f" knows {NEWEST}); update it first"
        )
    if version(database) > schema:
        if not database.read(copies.is_empty):
            raise ConfigError("the book is not empty; restore into a new database")
        raise ConfigError(
            f"the tables are newer than {path}; restore into a database without tables"
        )
    actor = by or at_the_command_line()
    act = Act(
        name="restore", subject=path.name, detail={"backup_us": head["created_us"]}
    )
    migrate(database, upto=schema, by=actor)

    def load(connection: Connection) -> dict[str, int]:
        found = _load(connection, path=path, tell=tell)
        if schema >= AUDITED:
            record(connection, actor, act)
        return found

    counts = database.write(load)
    migrate(database, by=actor)
    if schema < AUDITED:
        database.write(lambda c: record(c, actor, act))
    return counts


def _write(
    connection: Connection, *, part: Path, head: dict[str, Any], tell: Tell
) -> dict[str, int]:
    counts: dict[str, int] = {}
    # Keys' hashes are in it.
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as file:
        packer = zstandard.ZstdCompressor(level=3, write_checksum=True)
        with packer.stream_writer(file, closefd=False) as packed:
            put = partial(_put_line, packed)
            put(head)
            for name in copies.table_names():
                columns, pages = copies.all_rows(connection, name, size=_ROWS)
                put({"table": name, "columns": columns})
                counts[name] = 0
                for rows in pages:
                    put(rows)
                    counts[name] += len(rows)
                    tell(name, counts[name])
            put({"end": counts})
        file.flush()
        os.fsync(file.fileno())
    return counts


def _put_line(packed: Any, value: object) -> None:
    packed.write(msgspec.json.encode(value) + b"\n")


def _load(connection: Connection, *, path: Path, tell: Tell) -> dict[str, int]:
    if not copies.is_empty(connection):
        raise ConfigError("the book is not empty; restore into a new database")
    counts: Counter[str] = Counter()
    name, columns = "", list[str]()
    ended: dict[str, int] | None = None
    with path.open("rb") as file:
        lines = _lines(file, path)
        next(lines)
        for line in lines:
            if isinstance(line, list):
                rows = cast("list[list[Any]]", line)
                copies.put_rows(connection, name, _named(name, columns, rows))
                counts[name] += len(rows)
                tell(name, counts[name])
            elif "table" in line:
                name, columns = line["table"], line["columns"]
                if name not in copies.table_names():
                    raise _broken(path, f"it has a table {name}")
                counts[name] += 0
            else:
                ended = line.get("end")
    if ended != dict(counts):
        raise _broken(path, "its end is missing")
    return dict(counts)


def _named(
    name: str, columns: list[str], rows: list[list[Any]]
) -> list[dict[str, Any]]:
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    for column in columns:
        if copies.is_bytes(name, column):
            for row in found:
                row[column] = base64.b64decode(row[column])
    return found


def _head(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            head = next(_lines(file, path), None)
    except OSError as error:
        raise ConfigError(f"cannot read {path} ({error.strerror})") from None
    if (
        not isinstance(head, dict)
        or head.get("format") != _FORMAT
        or head.get("version") != _VERSION
    ):
        raise _broken(path, "it is no backup of a ledger that this cellcost can read")
    return head


def _lines(file: BinaryIO, path: Path) -> Iterator[dict[str, Any] | list[Any]]:
    reader = zstandard.ZstdDecompressor().stream_reader(file)
    try:
        for line in io.BufferedReader(cast("io.RawIOBase", reader), 1 << 20):
            yield msgspec.json.decode(line)
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise _broken(path, str(error)) from None


def _broken(path: Path, why: str) -> ConfigError:
    return ConfigError(f"{path} is not whole, nothing was restored: {why}")
