"""`cellcost ledger focus`: a company's events of some days as a FOCUS table."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from cellcost.clock import to_microseconds
from cellcost.errors import ConfigError
from cellcost_ledger.book.breakdown import summed_events
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.events import Position, count_events, events
from cellcost_ledger.book.keys import ALL_TEAMS, Key
from cellcost_ledger.focus import Version, focus_columns, focus_rows
from cellcost_ledger.opening import existing
from cellcost_ledger.rollups import HOUR_US
from cellcost_ledger.web.csv_answers import csv_text

__all__ = ["focus_action"]

_PAGE = 500


def focus_action(arguments: argparse.Namespace) -> int:
    """Write the table to a new file, or to standard output."""
    since_us = to_microseconds(arguments.since)
    until_us = to_microseconds(arguments.until)
    if until_us <= since_us:
        raise ConfigError("--until must be a later day than --since")
    database = existing(arguments.database)
    try:
        key = _operator(arguments.tenant)
        _require_kept(database, key, since_us, until_us)
        parts = _parts(database, key, since_us, until_us, arguments.version)
        if arguments.output is None:
            _write(sys.stdout, parts)
        else:
            _write_file(Path(arguments.output), parts)
    finally:
        database.close()
    return 0


def _parts(
    database: Database, key: Key, since_us: int, until_us: int, focus: Version
) -> Iterator[str]:
    """Yield the table page by page: a month may be longer than the memory."""
    columns = focus_columns(focus)
    yield csv_text([columns])
    after: Position | None = None
    while True:
        page = _page(database, key, since_us, until_us, after)
        yield csv_text(
            [row.get(name) for name in columns]
            for event in page
            for row in focus_rows(event, focus, key.tenant)
        )
        if len(page) < _PAGE:
            return
        last = page[-1]
        after = Position(last["time_us"], last["installation"], last["id"])


def _page(
    database: Database, key: Key, since_us: int, until_us: int, after: Position | None
) -> list[dict[str, Any]]:
    return database.read(
        lambda connection: events(
            connection,
            key,
            since_us=since_us,
            until_us=until_us,
            where={},
            after=after,
            limit=_PAGE,
        )
    )


def _require_kept(database: Database, key: Key, since_us: int, until_us: int) -> None:
    hours = {"since_hour": since_us // HOUR_US, "until_hour": until_us // HOUR_US}
    times = {"since_us": since_us, "until_us": until_us}
    missing = database.read(
        lambda connection: (
            summed_events(connection, key, where={}, most=None, **hours)
            - count_events(connection, key, where={}, **times)
        )
    )
    if missing:
        raise ConfigError(
            f"{missing} events of this time are pruned: only their sums are kept;"
            " export a month before it is pruned"
        )


def _write(to: TextIO, parts: Iterator[str]) -> None:
    to.writelines(parts)


def _write_file(path: Path, parts: Iterator[str]) -> None:
    try:
        # The lines end as RFC 4180 wants them on every system.
        with path.open("x", encoding="utf-8", newline="") as file:
            _write(file, parts)
    except OSError as error:
        raise ConfigError(f"cannot write {path} ({error.strerror})") from None


def _operator(tenant: str) -> Key:
    """Return who asks: whoever can open the book may read all of it."""
    return Key(
        id="",
        tenant=tenant,
        team=ALL_TEAMS,
        teams=(ALL_TEAMS,),
        user="",
        scopes=("read",),
        created_us=0,
    )
