"""What was spent, from the daily and hourly sums, within a key's teams."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cellcost.money import NANO_PER_USD
from cellcost_ledger.book.dimensions import GROUPS
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.schema import (
    ROLLUP_KEYS,
    ROLLUP_SUMS,
    installation,
    rollup_day,
    rollup_hour,
)

__all__ = [
    "SUMS",
    "cost_of",
    "cost_sums",
    "event_sums",
    "installation_figures",
    "spend",
]

SUMS = ("events", "calls", "n_priced", "n_unpriced", "input_tokens", "output_tokens")
"""Beside the cost, which is summed apart."""

_COUNTED = ("events", "calls", "n_priced")
"""Those that an event does not hold itself."""
_HOURS = {"hour": 1, "day": 24}


def spend(
    connection: sa.Connection,
    key: Key,
    *,
    groups: Sequence[str],
    granularity: str,
    where: Mapping[str, Sequence[str]],
    since_hour: int,
    until_hour: int,
    limit: int,
) -> list[dict[str, Any]]:
    """Return one row of sums for each group and span of time, in order.

    `granularity` is `hour`, `day` (UTC) or "" for the whole time. `where` holds the
    wanted values of columns. `hour` in a row is the first of its span. At most `limit`
    rows.
    """
    source = _sums(key, where, since_hour, until_hour, by_hour=granularity == "hour").c
    columns: list[sa.ColumnElement[Any]]
    columns = [source[GROUPS[name]].label(name) for name in groups]
    if granularity:
        hours = _HOURS[granularity]
        # Bound values in an expression are not equal to PostgreSQL in SELECT and GROUP
        # BY; literals are.
        wide = sa.literal_column(str(hours), sa.BigInteger)
        first = source.hour - source.hour % wide
        columns = [first.label("hour"), *columns]
    statement = sa.select(
        *columns,
        *(sa.func.sum(source[name]).label(name) for name in SUMS),
        *cost_sums(source.cost_nusd),
    ).limit(limit)
    if columns:
        statement = statement.group_by(*columns).order_by(*columns)
    first_sum = len(columns)
    names = [str(column.name) for column in columns]
    # Plain tuples: an answer may have 10,000 of them.
    rows = [tuple(row) for row in connection.execute(statement)]
    # Without groups SQL makes one row of nulls from no rows at all.
    return [_row(names, row) for row in rows if row[first_sum] is not None]


def _sums(
    key: Key,
    where: Mapping[str, Sequence[str]],
    since_hour: int,
    until_hour: int,
    *,
    by_hour: bool,
) -> sa.Subquery:
    """Return the sums of a time: whole days from the daily ones, its edges by hours."""
    day, last = -(-since_hour // _HOURS["day"]), until_hour // _HOURS["day"]
    if by_hour or day >= last:
        hours = _part(key, where, rollup_hour, since_hour, until_hour)
        return hours.subquery("sums")
    start, end = day * _HOURS["day"], last * _HOURS["day"]
    parts = [_part(key, where, rollup_day, day, last)]
    if since_hour < start:
        parts.append(_part(key, where, rollup_hour, since_hour, start))
    if end < until_hour:
        parts.append(_part(key, where, rollup_hour, end, until_hour))
    return sa.union_all(*parts).subquery("sums")


def _part(
    key: Key,
    where: Mapping[str, Sequence[str]],
    table: sa.Table,
    since: int,
    until: int,
) -> sa.Select[Any]:
    time = table.c.day if table is rollup_day else table.c.hour
    wide = sa.literal_column(str(_HOURS["day"]), sa.BigInteger)
    hour = time * wide if table is rollup_day else time
    # The installation too: a cluster that is distributed by it then sums on its nodes.
    names = (name for name in (*ROLLUP_KEYS, *ROLLUP_SUMS) if name != "hour")
    return sa.select(hour.label("hour"), *(table.c[name] for name in names)).where(
        *key.rows(table),
        time >= since,
        time < until,
        *(table.c[name].in_(values) for name, values in where.items()),
    )


def installation_figures(
    connection: sa.Connection, key: Key, name: str
) -> dict[str, Any] | None:
    """Return how much of an installation is stored; None if the key may not know."""
    row = connection.execute(
        sa.select(installation).where(
            installation.c.tenant == key.tenant, installation.c.installation == name
        )
    ).one_or_none()
    if row is None or not key.allows(row.team):
        return None
    statement = sa.select(
        sa.func.coalesce(sa.func.sum(rollup_day.c.events), 0).label("events"),
        *cost_sums(rollup_day.c.cost_nusd),
    ).where(rollup_day.c.tenant == key.tenant, rollup_day.c.installation == name)
    sums = connection.execute(statement).mappings().one()
    return {
        "installation": name,
        "last_contiguous_seq": row.last_contiguous_seq,
        "events": int(sums["events"]),
        "sum_nusd": str(cost_of(sums)),
        "forked": bool(row.forked),
        "clock_off": row.clock_off,
    }


def cost_sums(cost: sa.ColumnElement[int]) -> list[sa.Label[Any]]:
    """Return two sums that make one: a sum of nano-USD alone leaves 64 bits first."""
    unit = sa.literal_column(str(NANO_PER_USD), sa.BigInteger)
    whole = sa.func.sum(sa.cast(cost.op("/")(unit), sa.BigInteger))
    return [
        sa.func.coalesce(whole, 0).label("usd"),
        sa.func.coalesce(sa.func.sum(cost % unit), 0).label("nano"),
    ]


def event_sums(each: sa.Subquery) -> list[sa.Label[Any]]:
    """Return SUMS and the cost of rows that are one event each, not sums yet."""
    called = sa.case((each.c.kind == sa.literal_column("'llm'"), 1), else_=0)
    return [
        sa.func.count().label("events"),
        sa.func.sum(called).label("calls"),
        sa.func.count(each.c.cost_nusd).label("n_priced"),
        *(
            sa.func.sum(each.c[name]).label(name)
            for name in SUMS
            if name not in _COUNTED
        ),
        *cost_sums(each.c.cost_nusd),
    ]


def cost_of(row: sa.RowMapping) -> int:
    """Return the one sum that `cost_sums` made two of."""
    return int(row["usd"]) * NANO_PER_USD + int(row["nano"])


def _row(names: Sequence[str], row: tuple[Any, ...]) -> dict[str, Any]:
    # The last two are `cost_sums`. PostgreSQL's sums are Decimals.
    *values, usd, nano = row
    found = dict(zip(names, values, strict=False))
    found.update(zip(SUMS, map(int, values[len(names) :]), strict=True))
    if "hour" in found:
        found["hour"] = int(found["hour"])
    found["cost_nusd"] = int(usd) * NANO_PER_USD + int(nano)
    return found
