"""What else a ledger meets: bombs, drips, a full disk, other versions."""

import gzip
import os
import resource
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import zstandard

from stage import sizes, tell, temporary

_MOST_GROWTH_MB = 150
_DISK = 3_000_000


def main() -> None:
    asked = sizes(
        __doc__, bombs=(200, 6), bomb_mb=(1024, 64), drips=(200, 20), during=(60, 3)
    )
    with temporary() as folder:
        figures = {
            **bombs_and_drips(folder, asked.bombs, asked.bomb_mb, asked.drips,
                              asked.during),
            **full_disk(folder),
        }  # fmt: skip
    tell(asked, **figures)


def bombs_and_drips(
    folder: Path, bombs: int, bomb_mb: int, drips: int, seconds: int
) -> dict[str, int]:
    """Return how the server's memory grew, and the slowest good batch meanwhile."""
    from conftest import Ledger, wire

    home = folder / "first"
    home.mkdir()
    ledger = Ledger(f"sqlite:///{home / 'ledger.db'}", home)
    ledger.start()
    assert ledger.process is not None
    client = ledger.client()
    assert client.statuses([wire(1)]) == ["stored"]
    before = megabytes(ledger.process.pid)
    zeros = bytes(1 << 20)
    packer = zstandard.ZstdCompressor().compressobj()
    zstd = b"".join(packer.compress(zeros) for _ in range(bomb_mb)) + packer.flush()
    gz = gzip.compress(zeros * min(bomb_mb, 256))
    for n in range(bombs):
        name, body = ("zstd", zstd) if n % 2 else ("gzip", gz)
        answer = client.post(
            "/api/v1/events", content=body, headers={"Content-Encoding": name}
        )
        assert answer.status_code == 413, answer.text
    host, port = urlsplit(ledger.address).netloc.split(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(drips)]
    for connection in slow:
        connection.sendall(b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\n")
    until, seq, slowest = time.monotonic() + seconds, 1, 0.0
    while time.monotonic() < until:
        for connection in slow:
            connection.sendall(b"X-A: b\r\n")
        seq += 1
        started = time.monotonic()
        assert client.statuses([wire(seq)]) == ["stored"]
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(0.1)
    for connection in slow:
        connection.close()
    # Two versions older and one newer: names that are missing, names that are unknown.
    old = {
        name: value
        for name, value in wire(seq + 1).items()
        if name in ("id", "seq", "time_us", "kind", "where", "confidence", "lines")
    }
    new = {**wire(seq + 2), "novelty": {"a": [1]}, "kind": "novel"}
    new["lines"] = [{**line, "novelty": 1} for line in new["lines"]]
    assert client.statuses([old, new]) == ["stored", "stored"]
    growth = round(megabytes(ledger.process.pid) - before)
    assert growth <= _MOST_GROWTH_MB, f"memory grew by {growth} MB"
    assert ledger.proof().events == seq + 2
    assert ledger.stop() == 0
    return {"memory_growth_mb": growth, "slowest_ms": round(slowest * 1000)}


def full_disk(folder: Path) -> dict[str, int]:
    """Fill the server's disk, then give it room: what it took is there, once."""
    from conftest import PROGRAM, Ledger, wire

    home = folder / "full"
    home.mkdir()
    ledger = Ledger(f"sqlite:///{home / 'ledger.db'}", home)
    key = ledger_key(ledger)

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (_DISK, _DISK))

    command = [PROGRAM, "ledger", "serve", "--port", "0", "--rate", "100000"]
    with (home / "log").open("a") as log:
        server = subprocess.Popen(
            [*command, "--database", ledger.database],
            env={**os.environ, "CELLCOST_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=little_room,
        )
    assert server.stdout is not None
    ledger.address = server.stdout.readline().strip()
    ledger.process = server
    client = ledger.client(key)
    events = [wire(seq) for seq in range(1, 20_001)]
    stored = 0
    while True:
        answer = client.send_events(events[stored : stored + 250])
        if answer.status_code != 200:
            break
        stored += 250
        assert stored < len(events), "the disk was never full"
    assert answer.status_code == 503, answer.text
    server.kill()
    server.wait()
    server.stdout.close()
    client.close()
    ledger.clients.clear()
    proof = ledger.proof()
    assert proof.events == stored
    ledger.start()
    again = ledger.client(key)
    statuses = again.statuses(events[stored : stored + 250])
    assert statuses == ["stored"] * 250
    assert ledger.stop() == 0
    assert ledger.proof().events == stored + 250
    return {"stored_before_full": stored}


def ledger_key(ledger: Any) -> str:
    """Return a key of a new book."""
    from conftest import PROGRAM

    made = subprocess.run(
        [
            *(PROGRAM, "ledger", "key", "create", "--team", "search"),
            *("--scope", "ingest", "--database", ledger.database),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.split()[-1]


def megabytes(pid: int) -> float:
    """Return the memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
