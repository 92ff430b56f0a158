"""What was spent by any tag, call site or meter, from the events themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cellcost.records import INPUT_METERS, OUTPUT_METERS
from cellcost_ledger.book.dimensions import GROUPS, METER, conditions, dimension
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.schema import event, event_line
from cellcost_ledger.book.spend import SUMS, cost_of, event_sums, spend
from cellcost_ledger.rollups import HOUR_US, HOURS_A_DAY

__all__ = ["MOST_EVENTS", "TooManyEvents", "breakdown", "summed_events"]

MOST_EVENTS = 500_000
"""Read for one answer: seconds of a database's time."""

_SPANS = {"hour": HOUR_US, "day": HOURS_A_DAY * HOUR_US}
_EVENT = ("tenant", "installation", "event_id")
_SUMMED = ("cost_nusd", "n_unpriced", "input_tokens", "output_tokens")


class TooManyEvents(Exception):
    """More events than one answer may read: `args[0]` of them."""


def summed_events(
    connection: sa.Connection,
    key: Key,
    *,
    where: Mapping[str, Sequence[str]],
    since_hour: int,
    until_hour: int,
    most: int | None = MOST_EVENTS,
) -> int:
    """Return how many events the sums count, by those filters that sums have.

    Raises TooManyEvents for more than `most`.
    """
    sums = spend(
        connection,
        key,
        groups=(),
        granularity="",
        where={GROUPS[n]: values for n, values in where.items() if n in GROUPS},
        since_hour=since_hour,
        until_hour=until_hour,
        limit=1,
    )
    count = int(sums[0]["events"]) if sums else 0
    if most is not None and count > most:
        raise TooManyEvents(count)
    return count


def breakdown(
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
    """Return the rows that `spend` returns, for any names that events are known by.

    By meter an event is in a row of each of its meters, with that meter's lines alone.
    """
    each = _events(connection, key, groups, granularity, where, since_hour, until_hour)
    columns = [each.c[f"group_{place}"] for place in range(len(groups))]
    if granularity:
        columns = [each.c.span, *columns]
    statement = (
        sa.select(*columns, *event_sums(each))
        .group_by(*columns)
        .order_by(*columns)
        .limit(limit)
    )
    rows = connection.execute(statement).mappings()
    # Without groups SQL makes one row of nulls from no rows at all.
    return [_row(row, groups) for row in rows if row["events"]]


def _events(
    connection: sa.Connection,
    key: Key,
    groups: Sequence[str],
    granularity: str,
    where: Mapping[str, Sequence[str]],
    since_hour: int,
    until_hour: int,
) -> sa.Subquery:
    """Return one row for each event, or for each of its meters."""
    by_meter = METER in groups or METER in where
    columns: list[sa.ColumnElement[Any]] = [
        dimension(connection, name).label(f"group_{place}")
        for place, name in enumerate(groups)
    ]
    if granularity:
        wide = sa.literal_column(str(_SPANS[granularity]), sa.BigInteger)
        columns.append((event.c.time_us - event.c.time_us % wide).label("span"))
    columns.append(event.c.kind)
    taken = conditions(
        connection,
        key,
        where=where,
        since_us=since_hour * HOUR_US,
        until_us=until_hour * HOUR_US,
    )
    if not by_meter:
        columns += [event.c[name] for name in _SUMMED]
        return sa.select(*columns).where(*taken).subquery()
    lines = (
        sa.select(*columns, *(event.c[name] for name in _EVENT), *_line_sums())
        .select_from(event)
        .outerjoin(event_line, sa.and_(*(_same(name) for name in _EVENT)))
        .where(*taken)
        .subquery()
    )
    names = [column for column in lines.c if column.name not in _SUMMED]
    return (
        sa.select(
            *names,
            # A server's sum of 64 bits is wider: divided, it would keep a fraction.
            *(
                sa.cast(sa.func.sum(lines.c[name]), sa.BigInteger).label(name)
                for name in _SUMMED
            ),
        )
        .group_by(*names)
        .subquery()
    )


def _line_sums() -> list[sa.Label[Any]]:
    line = event_line.c
    none = line.line_no.is_(None)
    return [
        # No lines at all cost exactly 0.
        sa.case((none, event.c.cost_nusd), else_=line.cost_nusd).label("cost_nusd"),
        sa.case(
            (sa.or_(none, line.cost_nusd.is_not(None)), 0),
            (line.quantity < 0, -1),
            else_=1,
        ).label("n_unpriced"),
        _quantity(INPUT_METERS).label("input_tokens"),
        _quantity(OUTPUT_METERS).label("output_tokens"),
    ]


def _quantity(meters: frozenset[str]) -> sa.ColumnElement[int]:
    line = event_line.c
    return sa.case((line.meter.in_(sorted(meters)), line.quantity), else_=0)


def _same(name: str) -> sa.ColumnElement[bool]:
    return event_line.c[name] == event.c[name]


def _row(row: sa.RowMapping, groups: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "span" in row:
        found["hour"] = int(row["span"]) // HOUR_US
    found |= {name: row[f"group_{place}"] for place, name in enumerate(groups)}
    return found | {n: int(row[n]) for n in SUMS} | {"cost_nusd": cost_of(row)}
