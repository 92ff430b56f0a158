"""What the actions that copy the book and that bring rejected events back do."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cellcost.cli.output import Column, print_line, table
from cellcost.clock import from_microseconds, to_microseconds, utc_now
from cellcost_ledger.backup import back_up, restore
from cellcost_ledger.book.database import open_database
from cellcost_ledger.opening import existing
from cellcost_ledger.replay import dead_letters, replay
from cellcost_ledger.verify import verify

__all__ = ["backup_action", "list_letters", "replay_letters", "restore_action"]

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


def list_letters(arguments: argparse.Namespace) -> int:
    """Print the rejected events."""
    database = existing(arguments.database)
    rows = [
        {
            "tenant": letter.tenant,
            "installation": letter.installation,
            "event": letter.event_id,
            "seq": letter.seq,
            "received": _time(letter.received_us),
            "key": letter.key_id,
            "reason": letter.reason,
        }
        for letter in dead_letters(database, **_filters(arguments))
    ]
    database.close()
    if arguments.json:
        print_line(json.dumps(rows, indent=2))
        return 0
    names = ("installation", "event", "seq", "received", "key", "reason")
    shown = [
        ["" if row[name] is None else str(row[name]) for name in names] for row in rows
    ]
    for line in table([Column(name) for name in names], shown):
        print_line(line)
    return 0


def replay_letters(arguments: argparse.Namespace) -> int:
    """Store those of the rejected events that are valid now."""
    database = existing(arguments.database)
    found = replay(database, **_filters(arguments))
    database.close()
    stored, left = sum(one.stored for one in found), sum(one.left for one in found)
    if arguments.json:
        rows = [asdict(one) for one in found]
        told = {"stored": stored, "left": left, "installations": rows}
        print_line(json.dumps(told, indent=2))
    else:
        print_line(f"{stored} stored; {left} are still not valid")
    return 0


def _filters(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "tenant": arguments.tenant,
        "installation": arguments.installation,
        "reason": arguments.reason,
    }


def _time(time_us: int) -> str:
    return from_microseconds(time_us).isoformat(timespec="seconds")
