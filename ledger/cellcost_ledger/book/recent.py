"""What was spent in the last minutes, from the events themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.schema import event
from cellcost_ledger.book.spend import cost_of, cost_sums

__all__ = ["MINUTE_US", "RECENT_SUMS", "recent"]

MINUTE_US = 60_000_000
RECENT_SUMS = ("events", "calls", "n_priced", "n_unpriced")
"""Beside the cost, which is summed apart."""


def recent(
    connection: sa.Connection,
    key: Key,
    *,
    where: Mapping[str, Sequence[str]],
    since_us: int,
    until_us: int,
) -> list[dict[str, Any]]:
    """Return one row of sums for each minute that has events, in order.

    `where` holds the wanted values of columns. `minute_us` is where a row begins.
    """
    columns = event.c
    wide = sa.literal_column(str(MINUTE_US), sa.BigInteger)
    minute = columns.time_us - columns.time_us % wide
    called = sa.case((columns.kind == sa.literal_column("'llm'"), 1), else_=0)
    statement = (
        sa.select(
            minute.label("minute_us"),
            sa.func.count().label("events"),
            sa.func.sum(called).label("calls"),
            sa.func.count(columns.cost_nusd).label("n_priced"),
            sa.func.sum(columns.n_unpriced).label("n_unpriced"),
            *cost_sums(columns.cost_nusd),
        )
        .where(
            *key.rows(event),
            columns.time_us >= since_us,
            columns.time_us < until_us,
            *(columns[name].in_(values) for name, values in where.items()),
        )
        .group_by(minute)
        .order_by(minute)
    )
    return [
        {
            **{name: int(row[name]) for name in ("minute_us", *RECENT_SUMS)},
            "cost_nusd": cost_of(row),
        }
        for row in connection.execute(statement).mappings()
    ]
