"""A team's ledger made up from a seed: the same events for the same arguments.

60 teams, 2,000 installations, 13 months by default. What is skewed in life is skewed
here: few teams, people and models make most calls (Zipf), calls come in office hours on
weekdays and in runs of a loop (20 calls on average, of one function and one model). A
third of the calls reads from a cache, 1 % has no price, 0.5 % is corrected later, 1 %
comes late: up to 20 days after its time.

    python bench/ledger_dataset.py --events 1000000 --database FILE-OR-URL
"""

import argparse
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from cellcost_ledger.book.database import Database, open_database
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.migrate import migrate
from cellcost_ledger.ingest import ingest
from cellcost_ledger.wire import Batch

__all__ = ["BENCH_KEY", "Dataset", "Journal", "load"]

BENCH_KEY = Key(
    id="bench",
    tenant="default",
    team="bench",
    teams=("*",),
    user="",
    scopes=("ingest",),
    created_us=0,
)
"""May charge every team: whose events the benches store without HTTP."""

Json = dict[str, Any]

# Provider, model, then input, cached input and output in USD per million tokens, as
# nano-USD per token. Invented names and rates: nothing here is a price list.
MODELS = (
    ("openai", "small-1", 150, 75, 600),
    ("openai", "large-1", 2_500, 1_250, 10_000),
    ("anthropic", "medium-4", 3_000, 300, 15_000),
    ("openai", "reason-1", 1_100, 275, 4_400),
    ("anthropic", "small-4", 800, 80, 4_000),
    ("google", "flash-2", 300, 75, 2_500),
    ("anthropic", "large-4", 15_000, 1_500, 75_000),
    ("mistral", "large-3", 2_000, 2_000, 6_000),
    ("openai", "embed-3", 20, 20, 0),
    ("google", "pro-2", 1_250, 310, 10_000),
)
FUNCTIONS = ("chat", "summary", "search", "extract", "classify", "eval", "label", "")
ENVIRONMENTS = ("dev", "dev", "dev", "staging", "prod")
_WEEKDAYS = (1.0, 1.1, 1.1, 1.0, 0.8, 0.08, 0.06)
_HOURS = tuple({9: 6, 10: 9, 11: 9, 14: 9, 15: 9, 16: 8}.get(h, 1) for h in range(24))
_RUN = 20
_DAY_US, _HOUR_US = 86_400_000_000, 3_600_000_000
_LATE_US = 20 * _DAY_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What is made up, and how much of it."""

    events: int
    days: int = 396
    teams: int = 60
    installations: int = 2000
    seed: int = 1
    until: date = date(2026, 11, 24)

    @property
    def since_us(self) -> int:
        """The first moment of the first day."""
        first = datetime.combine(self.until, datetime.min.time(), UTC)
        return int((first - timedelta(days=self.days)).timestamp()) * 1_000_000

    def journals(self) -> list["Journal"]:
        """Return every installation that has events; their sizes add up to `events`."""
        weights = _zipf(self.installations)
        whole = sum(weights)
        sizes = [int(self.events * weight / whole) for weight in weights]
        sizes[0] += self.events - sum(sizes)
        teams = _zipf(self.teams)
        dice = random.Random(self.seed)
        names = dice.choices(range(self.teams), teams, k=self.installations)
        return [
            Journal(self, number, f"team-{team:02d}", size)
            for number, (team, size) in enumerate(zip(names, sizes, strict=True))
            if size
        ]


@dataclass(frozen=True, slots=True)
class Journal:
    """One installation, made from the seed and its number alone."""

    of: Dataset
    number: int
    team: str
    size: int

    @property
    def name(self) -> str:
        """Its id."""
        return f"bench-{self.number:05d}"

    def events(self) -> Iterator[Json]:
        """Yield its events as they go over the wire, in the order of their seqs."""
        dice = random.Random(f"{self.of.seed}/{self.number}")
        seq = 0
        last: Json | None = None
        for run, (started_us, calls) in enumerate(self._runs(dice)):
            made = self._run(dice, run)
            for call in range(calls):
                seq += 1
                time_us = started_us + call * 2_000_000 + dice.randrange(1_000_000)
                if last is not None and dice.random() < 0.005:
                    event, last = _correction(last), None
                else:
                    last = event = made(dice)
                event["id"] = _id(time_us, dice)
                event["seq"], event["time_us"] = seq, time_us
                yield event

    def batches(self, size: int = 500) -> Iterator[Batch]:
        """Yield the same as the server decodes it."""
        events = self.events()
        while part := list(itertools.islice(events, size)):
            raw = [msgspec.Raw(msgspec.json.encode(event)) for event in part]
            yield Batch(self.name, raw, "bench/1")

    def _runs(self, dice: random.Random) -> list[tuple[int, int]]:
        """Return when each run began and its number of calls; some come late."""
        sizes: list[int] = []
        left = self.size
        while left:
            sizes.append(min(left, 1 + int(dice.expovariate(1 / _RUN))))
            left -= sizes[-1]
        first = self.of.since_us
        weekday = datetime.fromtimestamp(first / 1e6, UTC).weekday()
        weights = [_WEEKDAYS[(weekday + day) % 7] for day in range(self.of.days)]
        days = dice.choices(range(self.of.days), weights, k=len(sizes))
        hours = dice.choices(range(24), _HOURS, k=len(sizes))
        times = sorted(
            first + day * _DAY_US + hour * _HOUR_US + dice.randrange(_HOUR_US)
            for day, hour in zip(days, hours, strict=True)
        )
        return [
            (
                max(first, at - dice.randrange(_LATE_US))
                if dice.random() < 0.01
                else at,
                size,
            )
            for at, size in zip(times, sizes, strict=True)
        ]

    def _run(self, dice: random.Random, number: int) -> "_Run":
        (model,) = dice.choices(MODELS, _zipf(len(MODELS)))
        (function,) = dice.choices(FUNCTIONS, _zipf(len(FUNCTIONS)))
        tags = {"team": self.team, "environment": dice.choice(ENVIRONMENTS)}
        if function:
            tags["function"] = function
        if dice.random() < 0.3:
            tags["project"] = f"project-{dice.randrange(8)}"
        where = {
            "origin": "cell",
            "run_id": f"run-{self.number}-{number}",
            "cell_id": f"cell-{dice.randrange(40)}",
            "notebook": f"work/{function or 'notes'}.ipynb",
            "call_site": f"work/{function or 'notes'}.ipynb:ask",
            "kernel_id": f"kernel-{self.number}",
            "user": f"user-{self.number // 2:04d}",
            "tags": tags,
        }
        return _Run(model, where)


@dataclass(frozen=True, slots=True)
class _Run:
    """The calls of one loop."""

    model: tuple[str, str, int, int, int]
    where: Json

    def __call__(self, dice: random.Random) -> Json:
        provider, model, into, cached, out = self.model
        priced = dice.random() >= 0.01
        parts = [("input", 1 + int(dice.expovariate(1 / 900)), into)]
        if dice.random() < 1 / 3:
            parts.append(("cache_read", 1 + int(dice.expovariate(1 / 3000)), cached))
        if out:
            parts.append(("output", 1 + int(dice.expovariate(1 / 250)), out))
        return {
            "kind": "llm",
            "confidence": "measured",
            "where": self.where,
            "call": {
                "provider": provider,
                "operation": "chat",
                "request_model": model,
                "response_model": model,
                "status": 200,
            },
            "duration_seconds": round(dice.uniform(0.2, 8), 3),
            "lines": [
                _line(number, *part, priced=priced)
                for number, part in enumerate(parts, 1)
            ],
        }


def load(
    database: Database,
    dataset: Dataset,
    *,
    part: int = 0,
    parts: int = 1,
    most: int | None = None,
) -> int:
    """Return how many events of every `parts`-th journal are in the book now.

    They go through `ingest`, so the rows, hashes and rollups are those of the server;
    only HTTP is left out, and a batch is larger.
    """
    stored = 0
    for journal in dataset.journals()[part::parts]:
        for batch in journal.batches(2000):
            stored += len(batch.events)
            ingest(database, batch, BENCH_KEY, now_us=dataset.since_us)
            if most is not None and stored >= most:
                return stored
    return stored


def _load_part(url: str, dataset: Dataset, part: int, parts: int) -> int:
    database = open_database(url, connections=1)
    try:
        return load(database, dataset, part=part, parts=parts)
    finally:
        database.close()


def main() -> int:
    """Fill a book and say how long it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--days", type=int, default=396)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", required=True)
    parser.add_argument("--processes", type=int, default=1, help="PostgreSQL only")
    options = parser.parse_args()
    dataset = Dataset(events=options.events, days=options.days, seed=options.seed)
    started = time.perf_counter()
    database = open_database(options.database)
    migrate(database)
    database.close()
    parts = options.processes
    with ProcessPoolExecutor(parts) as pool:
        jobs = [
            pool.submit(_load_part, options.database, dataset, part, parts)
            for part in range(parts)
        ]
        stored = sum(job.result() for job in jobs)
    seconds = time.perf_counter() - started
    told = {"events": stored, "seconds": round(seconds, 1)}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _zipf(n: int) -> list[float]:
    return [1 / (rank + 1) for rank in range(n)]


def _line(number: int, meter: str, quantity: int, rate: int, *, priced: bool) -> Json:
    line: Json = {"line_no": number, "meter": meter, "quantity": quantity}
    if priced:
        line["list_rate"] = f"{rate / 1000:g}"
        line["cost_nusd"] = str(quantity * rate)
    else:
        line["reason"] = "no price is known"
    return line


def _correction(of: Json) -> Json:
    """Return an event that takes back a tenth of another's lines."""
    lines: list[Json] = []
    for line in of["lines"]:
        quantity = -(line["quantity"] // 10)
        changed = {**line, "quantity": quantity}
        if "cost_nusd" in line:
            changed["cost_nusd"] = str(-(int(line["cost_nusd"]) // 10))
        lines.append(changed)
    return {**of, "kind": "correction", "corrects": of["id"], "lines": lines}


def _id(time_us: int, dice: random.Random) -> str:
    """Return a UUIDv7 of the time."""
    bits = dice.getrandbits(74)
    head = f"{time_us // 1000:012x}"
    tail = f"{bits:019x}"
    return f"{head[:8]}-{head[8:]}-7{tail[:3]}-8{tail[3:6]}-{tail[6:18]}"


if __name__ == "__main__":
    sys.exit(main())
