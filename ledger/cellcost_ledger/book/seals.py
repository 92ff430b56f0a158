"""The statements that close days and prune what is closed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cellcost_ledger.book.schema import (
    day_seal,
    event,
    event_line,
    installation,
    pruned_event,
)

__all__ = [
    "WRITER",
    "hold_installation",
    "mark_pruned",
    "open_events",
    "prunable",
    "pruned_members",
    "put_seal",
    "remove_events",
    "seals_of",
]

WRITER = 2
"""The migration from which on a server knows events that were pruned."""

_PAGE = 1000


def hold_installation(connection: sa.Connection, tenant: str, name: str) -> bool:
    """Lock the installation until the commit; False if there is no such row."""
    statement = sa.update(installation).where(_of(installation, tenant, name))
    same = statement.values(received=installation.c.received)
    return connection.execute(same).rowcount == 1


def seals_of(connection: sa.Connection, tenant: str, name: str) -> list[dict[str, Any]]:
    """Return the installation's seals in their order."""
    statement = sa.select(day_seal).where(_of(day_seal, tenant, name))
    rows = connection.execute(statement.order_by(day_seal.c.number))
    return [dict(row) for row in rows.mappings()]


def open_events(
    connection: sa.Connection, tenant: str, name: str, until_us: int
) -> Iterator[dict[str, Any]]:
    """Yield the events before a time that have no seal, page by page."""
    columns = event.c
    last = ""
    while True:
        page = connection.execute(
            sa.select(
                *(columns.event_id, columns.seq, columns.time_us, columns.kind),
                *(columns.core_hash, columns.cost_nusd, columns.n_unpriced),
                *(columns.input_tokens, columns.output_tokens),
            )
            .where(
                _of(event, tenant, name),
                columns.seal == 0,
                columns.time_us < until_us,
                columns.event_id > last,
            )
            .order_by(columns.event_id)
            .limit(_PAGE)
        )
        rows = [dict(row) for row in page.mappings()]
        if not rows:
            return
        yield from rows
        last = rows[-1]["event_id"]


def put_seal(
    connection: sa.Connection, row: Mapping[str, Any], ids: Sequence[str]
) -> None:
    """Store a seal and write its number to its events."""
    connection.execute(sa.insert(day_seal).values(**row))
    for start in range(0, len(ids), _PAGE):
        connection.execute(
            sa.update(event)
            .where(
                _of(event, row["tenant"], row["installation"]),
                event.c.event_id.in_(ids[start : start + _PAGE]),
            )
            .values(seal=row["number"])
        )


def prunable(
    connection: sa.Connection, tenant: str, name: str, before_us: int
) -> tuple[int, int, int]:
    """Return how many events before a time are sealed, how many lines these have, and
    how many events before it have no seal."""
    of_them = (_of(event, tenant, name), event.c.time_us < before_us)
    sealed = sa.func.sum(sa.case((event.c.seal > 0, 1), else_=0))
    count = sa.select(sa.func.count(), sealed).select_from(event)
    total, closed = connection.execute(count.where(*of_them)).one()
    ids = sa.select(event.c.event_id).where(*of_them, event.c.seal > 0)
    lines = sa.select(sa.func.count()).select_from(event_line)
    removed = lines.where(_of(event_line, tenant, name), event_line.c.event_id.in_(ids))
    n_lines = connection.scalar(removed) or 0
    return int(closed or 0), n_lines, total - int(closed or 0)


def remove_events(
    connection: sa.Connection, tenant: str, name: str, before_us: int
) -> None:
    """Remove what is sealed and before a time, and keep what it is known by."""
    sealed = (
        _of(event, tenant, name),
        event.c.seal > 0,
        event.c.time_us < before_us,
    )
    names = [column.name for column in pruned_event.columns]
    kept = sa.select(*(event.c[column] for column in names)).where(*sealed)
    connection.execute(sa.insert(pruned_event).from_select(names, kept))
    ids = sa.select(event.c.event_id).where(*sealed)
    connection.execute(
        sa.delete(event_line).where(
            _of(event_line, tenant, name), event_line.c.event_id.in_(ids)
        )
    )
    connection.execute(sa.delete(event).where(*sealed))


def mark_pruned(
    connection: sa.Connection,
    tenant: str,
    name: str,
    *,
    before_day: int,
    now_us: int,
) -> None:
    """Write to the seals that their events are removed, and that an old server, which
    would store these again, may not write here."""
    connection.execute(
        sa.update(day_seal)
        .where(
            _of(day_seal, tenant, name),
            day_seal.c.day < before_day,
            day_seal.c.pruned_us.is_(None),
        )
        .values(pruned_us=now_us)
    )
    connection.execute(
        sa.update(installation)
        .where(_of(installation, tenant, name), installation.c.writer < WRITER)
        .values(writer=WRITER)
    )


def pruned_members(
    connection: sa.Connection, tenant: str, name: str
) -> list[dict[str, Any]]:
    """Return seal, event_id, seq and core_hash of what was removed."""
    columns = pruned_event.c
    statement = sa.select(
        columns.seal, columns.event_id, columns.seq, columns.core_hash
    ).where(_of(pruned_event, tenant, name))
    return [dict(row) for row in connection.execute(statement).mappings()]


def _of(table: sa.Table, tenant: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.tenant == tenant, table.c.installation == name)
