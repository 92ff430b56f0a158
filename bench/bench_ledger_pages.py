"""What the ledger's pages ask, over HTTP, beside the same sums from the events.

The book is made up (`ledger_dataset.py`): CELLCOST_BENCH_EVENTS events, 10,000 unless
it says otherwise, so that all benches stay within minutes; the goals are meant for
5,000,000. The last rows ask for the same 30 days with ten times the history.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from cellcost_ledger.book.database import open_database
from cellcost_ledger.book.migrate import migrate
from ledger_dataset import Dataset, load
from measure import BenchPath
from stage import Client, Ledger, Postgres, migrated, new_postgres

_EVENTS = int(os.environ.get("CELLCOST_BENCH_EVENTS", "10000"))
_DAYS = 390
# A small book of many installations would be loaded in tiny transactions.
_INSTALLATIONS = max(10, min(2000, _EVENTS // 500))
_DATASET = Dataset(events=_EVENTS, days=_DAYS, installations=_INSTALLATIONS)
_END = datetime.combine(_DATASET.until, datetime.min.time(), UTC)


@dataclass(frozen=True, slots=True)
class _Question:
    """A query of the pages, and what it would be without rollups."""

    name: str
    path: str
    days: int
    columns: str = ""
    """What the raw query groups by; none is made without it."""


_QUESTIONS = (
    _Question("30 days by team and day", "spend?group_by=team&granularity=day", 30,
              "team, time_us / 86400000000"),
    _Question("13 months by team", "spend?group_by=team", _DAYS, "team"),
    _Question("13 months by model and day",
              "spend?group_by=model&granularity=day", _DAYS,
              "model, time_us / 86400000000"),
    _Question("24 hours by function and hour",
              "spend?group_by=function&granularity=hour", 1,
              "function, time_us / 3600000000"),
    _Question("a page of a team's events", "events?team=team-03&limit=50", 30),
    _Question("installations", "installations?limit=50", 0),
)  # fmt: skip


class _Book:
    """A server on a made-up book, and a bare connection to the same."""

    def __init__(
        self, folder: Path, postgres: Postgres | None, dataset: Dataset
    ) -> None:
        folder.mkdir()
        url = f"sqlite:///{folder / 'ledger.db'}"
        if postgres is not None:
            url = migrated(postgres)
        database = open_database(url)
        migrate(database)
        load(database, dataset)
        database.close()
        self._ledger = Ledger(url, folder)
        self._ledger.start()
        self._client: Client = self._ledger.client(
            self._ledger.key(teams=["*"], scopes=["read"])
        )
        self._bare: Any
        if postgres is None:
            self._bare = sqlite3.connect(folder / "ledger.db", isolation_level=None)
        else:
            self._bare = psycopg.connect(url, autocommit=True)
            self._bare.execute("VACUUM ANALYZE")
        self.rows_per_event = self._count("rollup_hour") / self._count("event")

    def asks(self, question: _Question) -> Callable[[], float]:
        path = f"/api/v1/{question.path}"
        if question.days:
            since = (_END - timedelta(days=question.days)).strftime("%Y-%m-%d")
            path += f"&since={since}&until={_END:%Y-%m-%d}"

        def sample() -> float:
            started = time.perf_counter()
            answer = self._client.get(path)
            spent = time.perf_counter() - started
            if answer.status_code != 200:
                raise RuntimeError(answer.text)
            return spent * 1e6

        return sample

    def sums(self, question: _Question) -> Callable[[], float] | None:
        if not question.columns:
            return None
        since = int((_END - timedelta(days=question.days)).timestamp()) * 1_000_000
        until = int(_END.timestamp()) * 1_000_000
        text = (
            f"SELECT {question.columns}, sum(cost_nusd), count(*), sum(n_unpriced),"
            " sum(input_tokens), sum(output_tokens) FROM event WHERE tenant ="
            f" 'default' AND time_us >= {since} AND time_us < {until}"
            f" GROUP BY {question.columns}"
        )

        def sample() -> float:
            started = time.perf_counter()
            self._bare.execute(text).fetchall()
            return (time.perf_counter() - started) * 1e6

        return sample

    def close(self) -> None:
        self._bare.close()
        self._ledger.stop()

    def _count(self, table: str) -> int:
        return int(self._bare.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def paths() -> list[BenchPath]:
    """The pages' rows of the table."""
    folder = Path(tempfile.mkdtemp(prefix="cellcost-bench-"))
    postgres = new_postgres()
    short = Dataset(
        events=_EVENTS // 10, days=_DAYS // 10, installations=_INSTALLATIONS
    )
    rows: list[BenchPath] = []
    books: list[_Book] = []
    for engine, of in (("SQLite", None), ("PostgreSQL", postgres)):
        large = _Book(folder / f"{engine}-large", of, _DATASET)
        small = _Book(folder / f"{engine}-small", of, short)
        books += [large, small]
        about = f"{engine}, {_EVENTS} events"
        rows += [
            BenchPath(
                name=f"pages: {question.name} ({about})",
                figure=large.asks(question),
                floor=large.sums(question),
                goal_us=300_000,
                rounds=3,
                goal_ratio=0.05 if question.columns and _EVENTS >= 1_000_000 else None,
            )
            for question in _QUESTIONS
        ]
        rows.append(
            BenchPath(
                name=f"pages: 30 days with 10x the history ({about},"
                f" {large.rows_per_event:.2f} rollup rows an event)",
                figure=large.asks(_QUESTIONS[0]),
                floor=small.asks(_QUESTIONS[0]),
                goal_ratio=1.3,
                rounds=5,
            )
        )

    def tear_down() -> None:
        for book in books:
            book.close()
        postgres.stop()
        shutil.rmtree(folder)

    last = rows[-1]
    rows[-1] = BenchPath(
        name=last.name,
        figure=last.figure,
        floor=last.floor,
        goal_ratio=last.goal_ratio,
        rounds=last.rounds,
        close=tear_down,
    )
    return rows
