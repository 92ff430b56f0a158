"""Ingest: the real server over HTTP beside the same statements on the same rows.

The floor replays, on one connection of the bare driver, every statement that the
server sent to the database for these batches, in transactions like its own.
Microseconds are of one event (its lines and rollups with it): 1,000,000 / figure =
events a second. Batches of 500 events, packed with zstd, from two clients at once.
PostgreSQL runs with fsync off on both sides, SQLite with synchronous=FULL on both.
"""

import http.client
import itertools
import os
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psycopg
import sqlalchemy as sa
import zstandard

from cellcost_ledger.book.database import open_database
from cellcost_ledger.book.migrate import migrate
from cellcost_ledger.ingest import ingest
from cellcost_ledger.received import read_event
from cellcost_ledger.wire import Batch
from ledger_dataset import BENCH_KEY, Dataset
from measure import BenchPath
from stage import Ledger, Postgres, migrated, new_postgres

_BATCHES = 6
_ROUNDS = 4
_CLIENTS = 2


@dataclass
class _Recorded:
    """The statements of one batch's transaction."""

    statements: list[tuple[str, Any, bool]] = field(default_factory=list[Any])


class _Engine:
    """One database: a server on it, and a bare connection to another of its kind."""

    def __init__(self, folder: Path, postgres: Postgres | None) -> None:
        self._postgres = postgres
        self._folder = folder
        self._ledger = Ledger(self._new("server"), folder)
        self._ledger.start()
        self._key = self._ledger.key(teams=["*"], scopes=["ingest"])
        self._bare = self._connect(self._new("bare"))
        self._chunks = _chunks()
        self._floors = iter(self._record())

    def over_http(self) -> float:
        """Send the next batches; return the microseconds of one event."""
        bodies = [_packed(batch) for batch in next(self._chunks)]
        address = urlsplit(self._ledger.address).netloc
        parts = [bodies[n::_CLIENTS] for n in range(_CLIENTS)]
        started = time.perf_counter()
        with ThreadPoolExecutor(_CLIENTS) as pool:
            list(pool.map(lambda part: _send(address, self._key, part), parts))
        return (time.perf_counter() - started) / (_BATCHES * 500) * 1e6

    def processor_us(self) -> float:
        """The same, as processor time of the server alone."""
        before = self._processor()
        self.over_http()
        return (self._processor() - before) / (_BATCHES * 500) * 1e6

    def statements(self) -> float:
        """Replay the next batches' statements; return the microseconds of one event."""
        recorded = next(self._floors)
        started = time.perf_counter()
        for batch in recorded:
            self._replay(batch)
        return (time.perf_counter() - started) / (_BATCHES * 500) * 1e6

    def close(self) -> None:
        self._ledger.stop()
        self._bare.close()

    def _processor(self) -> float:
        assert self._ledger.process is not None
        stat = Path(f"/proc/{self._ledger.process.pid}/stat").read_text()
        ticks = stat.rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def _new(self, name: str) -> str:
        if self._postgres is not None:
            return migrated(self._postgres)
        url = f"sqlite:///{self._folder / name}.db"
        database = open_database(url)
        migrate(database)
        database.close()
        return url

    def _connect(self, url: str) -> Any:
        if self._postgres is not None:
            return psycopg.connect(url, autocommit=True)
        bare = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            bare.execute(f"PRAGMA {pragma}")
        return bare

    def _record(self) -> list[list[_Recorded]]:
        """Return what the server would send for chunks of batches, stored elsewhere."""
        database = open_database(self._new("recorded"))
        found: list[list[_Recorded]] = []
        now: list[_Recorded] = []

        def hear(*given: Any) -> None:
            _, _, statement, values, _, many = given
            now[-1].statements.append((statement, values, many))

        sa.event.listen(sa.Engine, "before_cursor_execute", hear)
        try:
            for chunk in itertools.islice(_chunks(), _ROUNDS + 1):
                now = []
                for batch in chunk:
                    now.append(_Recorded())
                    ingest(database, batch, BENCH_KEY, now_us=1)
                found.append(now)
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", hear)
            database.close()
        return found

    def _replay(self, batch: _Recorded) -> None:
        cursor = self._bare.cursor()
        own_begin = any(text.startswith("BEGIN") for text, _, _ in batch.statements)
        if not own_begin:
            cursor.execute("BEGIN")
        for text, values, many in batch.statements:
            if many:
                cursor.executemany(text, values)
            elif values:
                cursor.execute(text, values)
            else:
                cursor.execute(text)
            if cursor.description:
                cursor.fetchall()
        cursor.execute("COMMIT")


def _chunks() -> Iterator[list[Batch]]:
    """Yield parts of whole batches, the same ones each time."""
    dataset = Dataset(events=400_000, installations=40)
    batches = (
        batch
        for journal in dataset.journals()
        for batch in journal.batches()
        if len(batch.events) == 500
    )
    while chunk := list(itertools.islice(batches, _BATCHES)):
        yield chunk


def _packed(batch: Batch) -> bytes:
    return zstandard.ZstdCompressor().compress(msgspec.json.encode(batch))


def _send(address: str, key: str, bodies: Sequence[bytes]) -> None:
    connection = http.client.HTTPConnection(address, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Encoding": "zstd"}
    for body in bodies:
        connection.request("POST", "/api/v1/events", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200 or text.count(b'"stored"') != 500:
            raise RuntimeError(text[:300].decode())
    connection.close()


def _reads(read: Callable[[bytes], object]) -> Callable[[], float]:
    raw = [bytes(event) for batch in next(_chunks())[:4] for event in batch.events]

    def sample() -> float:
        started = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        for event in raw:
            read(event)
        spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime - started
        return spent / len(raw) * 1e6

    return sample


def paths() -> list[BenchPath]:
    """Ingest's rows of the table."""
    folder = Path(tempfile.mkdtemp(prefix="cellcost-bench-"))
    postgres = new_postgres()
    engines = {
        name: _Engine(_made(folder / name), of)
        for name, of in (("SQLite", None), ("PostgreSQL", postgres))
    }

    def tear_down() -> None:
        for engine in engines.values():
            engine.close()
        postgres.stop()
        shutil.rmtree(folder)

    rows = [
        BenchPath(
            name=f"ingest: an event over HTTP, {name}, beside its statements",
            figure=engine.over_http,
            floor=engine.statements,
            goal_ratio=2,
            rounds=_ROUNDS,
        )
        for name, engine in engines.items()
    ]
    rows += [
        BenchPath(
            name=f"ingest: the server's processor time of an event, {name}",
            figure=engine.processor_us,
            goal_us=200,
            rounds=_ROUNDS,
        )
        for name, engine in engines.items()
    ]
    check = _reads(lambda raw: read_event(raw, "bench-00000"))
    return [
        *rows,
        BenchPath(
            name="ingest: read and check an event, beside reading its JSON",
            figure=check,
            floor=_reads(msgspec.json.decode),
            goal_us=40,
            close=tear_down,
        ),
    ]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
