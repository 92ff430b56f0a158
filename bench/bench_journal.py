"""The journal beside the same SQL run bare, and beside eight busy writers."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

from cellcost.ids import new_id
from cellcost.journal import About, Writer
from cellcost.journal.statements import MIGRATIONS, SQL
from cellcost.testing.records import intent_of, make_event
from measure import BenchPath, each_us, per_call_us

_BODY = "x" * 400  # about what an ordinary call stores as JSON
_LINES = "x" * 160
_CALLS = 500


class _BareJournal:
    """The statements of one call, with nothing around them."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "wal_autocheckpoint=0",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(MIGRATIONS[0])
        self._connection.execute(
            SQL["create_counter"], {"installation": "bare", "min_writer": 1}
        )

    def call(self) -> None:
        """Intent and settlement of one call with two lines."""
        run, key = self._connection.execute, {"id": new_id()}
        run("BEGIN IMMEDIATE")
        run(SQL["bump_rev"])
        intent = {"writer": "w", "time_us": 1, "worst_nusd": 1, "body": _BODY}
        run(SQL["put_intent"], {**key, **intent})
        run("COMMIT")
        run("BEGIN IMMEDIATE")
        run(SQL["drop_intent"], key)
        run(SQL["bump_seq"])
        run(SQL["put_event"], {
            **key, "time_us": 1, "kind": "llm", "run_id": "r", "notebook": "n",
            "confidence": "measured", "corrects": "", "cost_nusd": 1, "n_unpriced": 0,
            "lines": _LINES, "body": _BODY,
        })  # fmt: skip
        run("COMMIT")


class _Busy:
    """Eight processes that write as fast as they can until closed."""

    def __init__(self, home: Path) -> None:
        program = f"""
            import os
            from pathlib import Path
            from cellcost.journal import About, Writer
            from cellcost.testing.records import intent_of, make_event
            writer = Writer(Path({str(home)!r}),
                            about=About(host="bench", pid=os.getpid(), version="0"))
            while True:
                event = make_event()
                writer.begin(intent_of(event))
                writer.settle(event)
                writer.checkpoint()
        """
        command = [sys.executable, "-c", textwrap.dedent(program)]
        self._children = [subprocess.Popen(command) for _ in range(8)]

    def close(self) -> None:
        """End the processes."""
        for child in self._children:
            child.kill()
            child.wait()


def paths() -> list[BenchPath]:
    """The journal's rows of the table."""
    folder = Path(tempfile.mkdtemp(prefix="cellcost-bench-"))
    about = About(host="bench", pid=os.getpid(), version="0")
    quiet = Writer(folder / "quiet", about=about)
    crowded = Writer(folder / "crowded", about=about)
    bare = _BareJournal(folder)

    def calls_of(writer: Writer) -> Callable[[], None]:
        made = [make_event() for _ in range(_CALLS)]
        records = iter([(intent_of(event), event) for event in made])

        def call() -> None:
            intent, event = next(records)
            writer.begin(intent)
            writer.settle(event)

        return call

    def among_eight() -> list[float]:
        busy = _Busy(folder / "crowded")
        try:
            return each_us(calls_of(crowded), calls=_CALLS)
        finally:
            busy.close()

    def tear_down() -> None:
        quiet.close()
        crowded.close()
        shutil.rmtree(folder)

    return [
        BenchPath(
            name="journal: intent + settlement",
            figure=lambda: per_call_us(calls_of(quiet), calls=_CALLS),
            floor=lambda: per_call_us(bare.call, calls=_CALLS),
            goal_ratio=2,
        ),
        BenchPath(
            name="journal: intent + settlement, 8 busy writers",
            figure=among_eight,
            statistic="p99",
            goal_us=20_000,
            rounds=3,
            close=tear_down,
        ),
    ]
