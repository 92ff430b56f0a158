"""Rollup rows an event by key, and bytes an event before and after `prune`.

    python bench/ledger_rows.py --events 10000000 --sample 100

Of the data set of `ledger_dataset`, every n-th journal, whole: a journal's rows do
not depend on the others. It has no releases: here a person commits before every fifth
run on average, and half of the runs are of an uncommitted tree.
"""

import argparse
import random
import sqlite3
import tempfile
from collections import defaultdict
from pathlib import Path

from cellcost_ledger.book.database import open_database
from cellcost_ledger.book.migrate import migrate
from cellcost_ledger.closing import close, prune
from cellcost_ledger.ingest import ingest
from ledger_dataset import BENCH_KEY, Dataset, Journal

HOUR_US = 3_600_000_000
KEYS = {
    "kept: team function environment provider model user": (),
    "+ release": ("release",),
    "+ call site (notebook, cell, line)": ("site",),
    "+ release, call site": ("release", "site"),
    "+ project": ("project",),
}


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--sample", type=int, default=100, help="every n-th journal")
    arguments = parser.parse_args()
    journals = Dataset(events=arguments.events).journals()[:: arguments.sample]
    seen: dict[tuple[str, int], set[tuple[object, ...]]] = defaultdict(set)
    events = 0
    for journal in journals:
        dice = random.Random(journal.number)
        run, commit, dirty = "", 0, False
        for event in journal.events():
            events += 1
            where, call = event["where"], event.get("call", {})
            if where["run_id"] != run:
                run, dirty = where["run_id"], dice.random() < 0.5
                commit += dice.random() < 0.2
            tags = where["tags"]
            more = {
                "release": (commit, dirty),
                "site": (where["call_site"], where["cell_id"]),
                "project": tags.get("project", ""),
            }
            common = (
                journal.name,
                *(tags.get(name, "") for name in ("team", "function", "environment")),
                *(call.get(name, "") for name in ("provider", "response_model")),
                where["user"],
            )
            for name, columns in KEYS.items():
                key = (*common, *(more[column] for column in columns))
                for wide in (1, 24):
                    seen[name, wide].add((event["time_us"] // HOUR_US // wide, *key))
    print(f"{events} events of {len(journals)} installations")
    for name in KEYS:
        hours, days = len(seen[name, 1]) / events, len(seen[name, 24]) / events
        print(f"{hours:6.3f} hourly {days:6.3f} daily rows an event: {name}")
    # The small ones: some ten thousand events are enough.
    _bytes(sorted(journals, key=lambda journal: journal.size)[:4])
    return 0


def _bytes(journals: list[Journal]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        book = open_database(str(path))
        migrate(book)
        for journal in journals:
            for batch in journal.batches(2000):
                ingest(book, batch, BENCH_KEY, now_us=0)
        _tell(path, "stored")
        close(book, until_day=10**6, now_us=0)
        prune(book, before_day=10**6, now_us=0)
        _tell(path, "pruned")
        book.close()


def _tell(path: Path, what: str) -> None:
    with sqlite3.connect(path) as plain:
        plain.execute("VACUUM")
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (n,) = plain.execute(
            "SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM pruned_event)"
        ).fetchone()
        rows = plain.execute(
            "SELECT sum(pgsize), sum(CASE WHEN name LIKE 'rollup%' THEN pgsize"
            " WHEN name LIKE 'sqlite_autoindex_rollup%' THEN pgsize ELSE 0 END)"
            " FROM dbstat"
        )
        total, rollups = rows.fetchone()
        print(f"{what}: {total / n:.0f} bytes an event, {rollups / n:.0f} of rollups")


if __name__ == "__main__":
    raise SystemExit(main())
