"""The installations that write for a key's teams, and how whole each journal came."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cellcost_ledger.book.events import Position
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.schema import dead_letter, event, installation, pruned_event

__all__ = ["list_installations"]


def list_installations(
    connection: sa.Connection,
    key: Key,
    *,
    where: Mapping[str, Sequence[str]],
    after: Position | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a page of installations, the last seen first.

    `where` holds the wanted values of columns. `after` is the end of the page before.
    """
    columns = installation.c
    order = (columns.last_seen_us, columns.installation)
    conditions = [
        *key.rows(installation),
        *(columns[name].in_(values) for name, values in where.items()),
    ]
    if after is not None:
        conditions.append(sa.tuple_(*order) < (after.time_us, after.installation))
    rows = connection.execute(
        sa.select(installation)
        .where(*conditions)
        .order_by(*(column.desc() for column in order))
        .limit(limit)
    ).all()
    beyond = _beyond(connection, key.tenant, [row.installation for row in rows])
    return [_told(row, *beyond.get(row.installation, (0, 0))) for row in rows]


def _beyond(
    connection: sa.Connection, tenant: str, names: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Return the highest seq after a gap, and how many there are after it."""
    seqs = sa.union(
        *(
            sa.select(table.c.installation, table.c.seq)
            .join(
                installation,
                sa.and_(
                    installation.c.tenant == table.c.tenant,
                    installation.c.installation == table.c.installation,
                ),
            )
            .where(
                table.c.tenant == tenant,
                table.c.installation.in_(names),
                table.c.seq > installation.c.last_contiguous_seq,
            )
            for table in (event, dead_letter, pruned_event)
        )
    ).subquery()
    statement = sa.select(
        seqs.c.installation,
        sa.func.max(seqs.c.seq).label("highest"),
        sa.func.count().label("count"),
    ).group_by(seqs.c.installation)
    return {
        row.installation: (row.highest, row[2]) for row in connection.execute(statement)
    }


def _told(row: sa.Row[Any], highest: int, beyond: int) -> dict[str, Any]:
    contiguous: int = row.last_contiguous_seq
    return {
        "installation": row.installation,
        "team": row.team,
        "client": row.client,
        "first_seen_us": row.first_seen_us,
        "last_seen_us": row.last_seen_us,
        "last_contiguous_seq": contiguous,
        "highest_seq": max(highest, contiguous),
        "gaps": max(highest - contiguous - beyond, 0),
        "forked": bool(row.forked),
        "clock_off": row.clock_off,
    }
