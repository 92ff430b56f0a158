"""What the actions that copy the book and that bring rejected events back do."""

import argparse
import sys
import time
from pathlib import Path

from cellcost.cli.output import print_line
from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.backup import back_up, restore
from cellcost_ledger.book.database import open_database
from cellcost_ledger.opening import existing
from cellcost_ledger.verify import verify

__all__ = ["backup_action", "restore_action"]

_TOLD_SECONDS = 1.0


class _Progress:
    """Tells on standard error how far a copy is, once a second."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _TOLD_SECONDS

    def __call__(self, table: str, rows: int) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _TOLD_SECONDS
            sys.stderr.write(f"{table}: {rows} rows\n")


def backup_action(arguments: argparse.Namespace) -> int:
    """Write the whole book into one file."""
    database = existing(arguments.database)
    path = Path(arguments.file)
    now_us = to_microseconds(utc_now())
    try:
        counts = back_up(database, path, now_us=now_us, tell=_Progress())
    finally:
        database.close()
    size = path.stat().st_size
    print_line(f"{counts['event']} events, {sum(counts.values())} rows, {size} bytes")
    return 0


def restore_action(arguments: argparse.Namespace) -> int:
    """Read a file into an empty book; 1 if the law does not hold then."""
    database = open_database(arguments.database)
    try:
        counts = restore(database, Path(arguments.file), tell=_Progress())
        broken = [proof for proof in verify(database) if not proof.holds]
    finally:
        database.close()
    for proof in broken:
        for what in proof.broken:
            print_line(f"{proof.installation}: BROKEN: {what}")
    law = "is BROKEN" if broken else "holds"
    rows = sum(counts.values())
    print_line(f"{counts['event']} events, {rows} rows restored; the law {law}")
    return 1 if broken else 0
