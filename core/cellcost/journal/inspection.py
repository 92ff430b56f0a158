"""What a journal looks like from outside: sizes, schema, what waits beside it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cellcost.journal import spool
from cellcost.journal.filesystems import is_network
from cellcost.journal.statements import SCHEMA_VERSION
from cellcost.journal.store import JOURNAL_FILE

__all__ = ["JournalFacts", "inspect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFacts:
    """The state of a journal's files."""

    path: Path
    exists: bool
    size_bytes: int
    wal_bytes: int
    schema: int
    """The schema of the file; 0 when there is none or it cannot be read."""
    known_schema: int
    """The schema that this cellcost writes."""
    on_network: bool
    waiting_bytes: int
    """What lies in the spools and has not reached the journal."""
    rejected: tuple[Path, ...]
    """Files of records that no journal will take, each with its reason."""
    fallback: Path
    """Where records wait when the home cannot be written."""


def inspect(home: Path) -> JournalFacts:
    """Return the facts; changes nothing and waits for nobody."""
    path = home / JOURNAL_FILE
    fallback = spool.fallback_folder(home)
    folders = (spool.spool_folder(home), fallback)
    return JournalFacts(
        path=path,
        exists=path.exists(),
        size_bytes=_size(path),
        wal_bytes=_size(Path(f"{path}-wal")),
        schema=_schema(path),
        known_schema=SCHEMA_VERSION,
        on_network=is_network(home),
        waiting_bytes=spool.waiting(folders),
        rejected=tuple(path for folder in folders for path in folder.glob("*.txt")),
        fallback=fallback,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _schema(path: Path) -> int:
    if not path.exists():
        return 0
    # A folder that cannot be written holds no shared memory: then as it lies there.
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        uri = f"{path.absolute().as_uri()}?{mode}"
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=0.5)) as connection:
                return int(connection.execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.Error:
            continue
    return 0
