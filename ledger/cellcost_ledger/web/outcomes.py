"""GET /api/v1/outcomes and /api/v1/unit-cost: what the money bought."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.book import Connection
from cellcost_ledger.book.breakdown import TooManyEvents, breakdown
from cellcost_ledger.book.dimensions import GROUPS
from cellcost_ledger.book.events import Position
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.outcomes import (
    Bought,
    TooManyOutcomes,
    bought,
    list_outcomes,
)
from cellcost_ledger.book.spend import spend
from cellcost_ledger.rollups import HOUR_US
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.arguments import (
    CURSOR,
    FORMAT,
    SINCE,
    TAG_FILTERS,
    UNTIL,
    Filter,
    Groups,
    Number,
    filtered,
    tagged,
)
from cellcost_ledger.web.csv_answers import csv_answer, usd_text, wants_csv
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.listing import Page, list_as_csv, page_of
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.shapes import OutcomePage, UnitCosts
from cellcost_ledger.web.spend import (
    MOST_ROWS,
    Span,
    events_not_kept,
    span_of,
    sums_told,
    too_many_rows,
)

__all__ = ["OUTCOMES", "UNIT_COST", "get_outcomes", "get_unit_cost"]

_LIMIT = Number("limit", "Outcomes a page.", 100, 500)
# An outcome has no model and no provider: filtered by those there would be none.
_HAS = ("team", "function", "environment", "user", "installation")
_FILTERS = tuple(Filter(name, f"Of this {name}; may be repeated.") for name in _HAS)
_GROUP_BY = Groups(
    "group_by", "What to keep apart, `tag:NAME` too.", _HAS, ("function",)
)
_OUTCOME_COLUMNS = (
    *("time_us", "id", "installation", "team", "function", "environment", "user"),
    *("run_id", "name", "count", "quality", "value"),
)
_UNIT_COLUMNS = (
    *("outcome", "count", "unit_cost_usd", "unit_cost_nusd", "cost_usd", "cost_nusd"),
    *("n_priced", "n_unpriced", "events", "quality", "value_usd"),
)
OUTCOMES = Operation(
    path="/api/v1/outcomes",
    tells="Outcomes as users' code said them, the newest first.",
    scopes=("read",),
    arguments=(SINCE, UNTIL, _LIMIT, CURSOR, FORMAT, *_FILTERS, TAG_FILTERS),
    answer=OutcomePage,
    has_csv=True,
)
UNIT_COST = Operation(
    path="/api/v1/unit-cost",
    tells="What one outcome cost, by tag.",
    scopes=("read",),
    arguments=(_GROUP_BY, SINCE, UNTIL, FORMAT, *_FILTERS, TAG_FILTERS),
    answer=UnitCosts,
    has_csv=True,
)

_Values = dict[str, tuple[str, ...]]
_Rows = list[dict[str, Any]]


async def get_outcomes(request: Request) -> Response:
    """Tell outcomes, and where the next page begins."""
    key = await OUTCOMES.admit(request)
    span = span_of(request)
    where = filtered(request, _FILTERS, {}) | tagged(request)

    def read(after: Position | None, limit: int) -> Page:
        return lambda connection: list_outcomes(
            connection,
            key,
            where=where,
            since_us=span.since_hour * HOUR_US,
            until_us=span.until_hour * HOUR_US,
            after=after,
            limit=limit,
        )

    place = ("time_us", "installation", "id")
    if wants_csv(request):
        return await list_as_csv(request, "outcomes", _OUTCOME_COLUMNS, read, place)
    outcomes, after = await page_of(
        request, read, place, after=CURSOR.of(request), limit=_LIMIT.of(request)
    )
    return answer({"outcomes": outcomes, "next": after})


async def get_unit_cost(request: Request) -> Response:
    """Tell spend over outcomes by group; null where nothing was said to be bought."""
    desk = desk_of(request)
    key = await UNIT_COST.admit(request)
    groups = _GROUP_BY.of(request)
    where = filtered(request, _FILTERS, {}) | tagged(request)
    span = span_of(request)
    span.require_short()
    as_csv = wants_csv(request)

    def read(connection: Connection) -> tuple[_Rows, int]:
        not_kept = events_not_kept(connection, key, where, span)
        spent = _spent(connection, key, groups, where, span)
        got = bought(
            connection,
            key,
            groups=groups,
            where=where,
            since_us=span.since_hour * HOUR_US,
            until_us=span.until_hour * HOUR_US,
        )
        rows = [
            row
            for sums in spent
            for row in _told(groups, sums, got.get(_values(groups, sums), {}))
        ]
        return rows, not_kept

    try:
        rows, not_kept = await desk.ask(lambda: desk.database.read(read))
    except (TooManyEvents, TooManyOutcomes):
        raise ApiError(
            422,
            "too_many_events",
            "Too many events would have to be read.",
            hint="Ask for a shorter time, or filter by team or function.",
        ) from None
    if len(rows) > MOST_ROWS:
        raise too_many_rows()
    if as_csv:
        told = (
            {
                **row,
                "cost_usd": usd_text(row["cost_nusd"]),
                "unit_cost_usd": usd_text(row["unit_cost_nusd"]),
            }
            for row in rows
        )
        return csv_answer("unit-cost", [*groups, *_UNIT_COLUMNS], told)
    return answer(
        {
            "since": span.since,
            "until": span.until,
            "group_by": groups,
            "rows": rows,
            "events_not_kept": not_kept,
        }
    )


def _spent(
    connection: Connection,
    key: Key,
    groups: tuple[str, ...],
    where: _Values,
    span: Span,
) -> _Rows:
    hours = {"since_hour": span.since_hour, "until_hour": span.until_hour}
    more: dict[str, Any] = {"granularity": "", "limit": MOST_ROWS + 1, **hours}
    if {*groups, *where} <= set(GROUPS):
        columns = {GROUPS[name]: values for name, values in where.items()}
        return spend(connection, key, groups=groups, where=columns, **more)
    return breakdown(connection, key, groups=groups, where=where, **more)


def _values(groups: tuple[str, ...], row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in groups)


def _told(
    groups: tuple[str, ...], sums: dict[str, Any], got: Mapping[str, Bought]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each outcome of a group, or one for a group that has none."""
    # An outcome costs nothing by itself: that 0 is no known cost of the group.
    sums = {
        **sums,
        "events": sums["events"] - sum(one.events for one in got.values()),
        "n_priced": sums["n_priced"] - sum(one.priced for one in got.values()),
    }
    told = sums_told(sums)
    base = {name: told[name] for name in groups}
    base |= {n: told[n] for n in ("events", "n_priced", "n_unpriced", "cost_nusd")}
    named: list[tuple[str | None, Bought]] = [*sorted(got.items())]
    for name, one in named or [(None, Bought())]:
        yield {
            **base,
            "outcome": name,
            "count": one.count,
            "quality": one.quality,
            "value_usd": None if one.worth is None else f"{one.worth:f}",
            "unit_cost_nusd": _each(told["cost_nusd"], one.count),
        }


def _each(cost_nusd: str | None, count: int) -> str | None:
    if cost_nusd is None or count <= 0:
        return None
    # Exact, and rounded once, half to even.
    return str(round(Fraction(int(cost_nusd), count)))
