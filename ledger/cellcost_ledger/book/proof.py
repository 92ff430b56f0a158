"""The rows that a proof reads, one installation at a time."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cellcost_ledger.book.schema import (
    conflict,
    day_seal,
    dead_letter,
    event,
    event_line,
    installation,
    pruned_event,
    rollup_day,
    rollup_hour,
)

__all__ = [
    "count_of",
    "days",
    "dead_letters",
    "events_with_lines",
    "hours",
    "installation_row",
    "installations",
]

_PAGE = 1000


def installations(connection: sa.Connection) -> list[tuple[str, str]]:
    """Return (tenant, installation) of whatever any table knows."""
    tables = (
        *(installation, event, dead_letter, conflict),
        *(rollup_hour, rollup_day, day_seal, pruned_event),
    )
    found = sa.union(*(sa.select(t.c.tenant, t.c.installation) for t in tables))
    return sorted((row.tenant, row.installation) for row in connection.execute(found))


def installation_row(
    connection: sa.Connection, tenant: str, name: str
) -> sa.Row[Any] | None:
    """Return the installation's own row."""
    statement = sa.select(installation).where(_of(installation, tenant, name))
    return connection.execute(statement).one_or_none()


def events_with_lines(
    connection: sa.Connection, tenant: str, name: str
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield every event with its lines, by id, reading page by page."""
    last = ""
    while True:
        page = connection.execute(
            sa.select(event)
            .where(_of(event, tenant, name), event.c.event_id > last)
            .order_by(event.c.event_id)
            .limit(_PAGE)
        )
        rows = [dict(row) for row in page.mappings()]
        if not rows:
            return
        lines: dict[str, list[dict[str, Any]]] = {row["event_id"]: [] for row in rows}
        end = rows[-1]["event_id"]
        statement = sa.select(event_line).where(
            _of(event_line, tenant, name),
            event_line.c.event_id > last,
            event_line.c.event_id <= end,
        )
        for line in connection.execute(statement).mappings():
            lines[line["event_id"]].append(dict(line))
        for row in rows:
            yield row, lines[row["event_id"]]
        last = end


def dead_letters(
    connection: sa.Connection, tenant: str, name: str
) -> list[tuple[str, int | None]]:
    """Return id and seq of what was rejected."""
    statement = sa.select(dead_letter.c.event_id, dead_letter.c.seq)
    rows = connection.execute(statement.where(_of(dead_letter, tenant, name)))
    return [(row.event_id, row.seq) for row in rows]


def hours(connection: sa.Connection, tenant: str, name: str) -> list[dict[str, Any]]:
    """Return the hourly sums."""
    return _rows(connection, rollup_hour, tenant, name)


def days(connection: sa.Connection, tenant: str, name: str) -> list[dict[str, Any]]:
    """Return the daily sums."""
    return _rows(connection, rollup_day, tenant, name)


def count_of(connection: sa.Connection, table: str, tenant: str, name: str) -> int:
    """Return how many rows `conflict` or `event_line` has."""
    found = {"conflict": conflict, "event_line": event_line}[table]
    statement = sa.select(sa.func.count()).select_from(found)
    return connection.scalar(statement.where(_of(found, tenant, name))) or 0


def _rows(
    connection: sa.Connection, table: sa.Table, tenant: str, name: str
) -> list[dict[str, Any]]:
    statement = sa.select(table).where(_of(table, tenant, name))
    return [dict(row) for row in connection.execute(statement).mappings()]


def _of(table: sa.Table, tenant: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.tenant == tenant, table.c.installation == name)
