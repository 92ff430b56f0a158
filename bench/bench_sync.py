"""Sync of a backlog to a real ledger, by `cellcost sync` in a process of its own.

The row of the table: an event of a backlog of CELLCOST_BENCH_BACKLOG events (5,000
unless it says otherwise), the client's start with it, beside the same events sent to
such a ledger by a bare connection, packed before. Memory and idle processor time:

    python bench/bench_sync.py --events 100000
"""

import argparse
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bench_ingest import _packed, _send
from cellcost.journal import About, Reader, Writer
from cellcost.journal.codec import event_to_wire
from cellcost.sync.wire import event_body
from cellcost.testing.records import make_event
from cellcost_ledger.wire import Batch
from measure import BenchPath
from stage import Ledger

_EVENTS = int(os.environ.get("CELLCOST_BENCH_BACKLOG", "5000"))
_IDLE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class _Drained:
    """What one run of the client took."""

    seconds: float
    peak_mb: float


class _Backlog:
    """A journal of `size` events, sent anew to an empty ledger each time."""

    def __init__(self, folder: Path, size: int) -> None:
        self.size = size
        self._folder = folder
        self._home = folder / "written"
        writer = Writer(self._home, about=About(host="bench", pid=1, version="0"))
        for _ in range(size):
            writer.settle(make_event())
        writer.close()

    def drained(self) -> _Drained:
        """Send all with `cellcost sync --once`."""
        with self._ledger() as (ledger, key), self._copy() as home:
            started = time.perf_counter()
            process = _client("--once", _env(home, ledger, key))
            peak_mb = 0.0
            # Not `ru_maxrss`: that counts this process too, from before the exec.
            while process.poll() is None:
                peak_mb = max(peak_mb, _peak_mb(process.pid))
                time.sleep(0.02)
            seconds = time.perf_counter() - started
            if process.returncode:
                raise RuntimeError(f"cellcost sync ended with {process.returncode}")
        return _Drained(seconds, peak_mb)

    def idle_share(self) -> float:
        """Return what a watching client uses of one processor with nothing to send."""
        with self._ledger() as (ledger, key), self._copy() as home:
            env = _env(home, ledger, key)
            if _client("--once", env).wait():
                raise RuntimeError("cellcost sync failed")
            with _client("--watch", env) as process:
                try:
                    # Its start is no idleness.
                    time.sleep(5)
                    before = _processor_seconds(process.pid)
                    time.sleep(_IDLE_SECONDS)
                    used = _processor_seconds(process.pid) - before
                finally:
                    process.send_signal(signal.SIGTERM)
        return used / _IDLE_SECONDS

    def bare_seconds(self) -> float:
        """Send the same events with one connection, packed before."""
        with self._ledger() as (ledger, key):
            bodies = [_packed(batch) for batch in self._batches()]
            address = urlsplit(ledger.address).netloc
            started = time.perf_counter()
            _send(address, key, bodies)
            return time.perf_counter() - started

    def _batches(self) -> Iterator[Batch]:
        with Reader(self._home) as reader:
            name = reader.installation
            events = (event_body(event_to_wire(e)).encode() for e in reader.events())
            while part := list(itertools.islice(events, 500)):
                yield Batch(name, [msgspec.Raw(event) for event in part])

    @contextmanager
    def _ledger(self) -> Generator[tuple[Ledger, str]]:
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", folder)
            ledger.start()
            try:
                yield ledger, ledger.key(teams=["*"], scopes=["ingest"])
            finally:
                ledger.stop()

    @contextmanager
    def _copy(self) -> Generator[Path]:
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            home = Path(name) / "home"
            shutil.copytree(self._home, home)
            yield home


def _client(how: str, env: dict[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "cellcost", "sync", how]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)


def _env(home: Path, ledger: Ledger, key: str) -> dict[str, str]:
    return {
        **os.environ,
        "CELLCOST_HOME": str(home),
        "CELLCOST_SYNC_URL": ledger.address,
        "CELLCOST_SYNC_KEY": key,
    }


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _processor_seconds(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, stat[11:13])) / os.sysconf("SC_CLK_TCK")


def paths() -> list[BenchPath]:
    """The one row of sync."""
    folder = Path(tempfile.mkdtemp(prefix="cellcost-bench-"))
    backlog = _Backlog(folder, _EVENTS)
    return [
        BenchPath(
            name=f"sync: an event of a backlog of {_EVENTS}, beside bare batches",
            figure=lambda: backlog.drained().seconds / _EVENTS * 1e6,
            floor=lambda: backlog.bare_seconds() / _EVENTS * 1e6,
            goal_ratio=2,
            rounds=3,
            close=lambda: shutil.rmtree(folder),
        )
    ]


def main() -> int:
    """Print rates, memory and idle processor time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cellcost-bench-") as name:
        folders = [Path(name) / size for size in ("fifth", "whole")]
        sizes = (options.events // 5, options.events)
        fifth, whole = (
            _Backlog(folder, size) for folder, size in zip(folders, sizes, strict=True)
        )
        small, large = fifth.drained(), whole.drained()
        bare = whole.bare_seconds()
        idle = fifth.idle_share()
    print(f"{whole.size / large.seconds:.0f} events a second by sync")
    print(f"{whole.size / bare:.0f} events a second by bare batches")
    print(
        f"{small.peak_mb:.1f} MB at most for {fifth.size} events,"
        f" {large.peak_mb:.1f} MB for {whole.size}"
    )
    print(f"{100 * idle:.2f} % of one processor while watching with nothing to send")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
