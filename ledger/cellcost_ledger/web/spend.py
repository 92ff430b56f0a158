"""GET /api/v1/spend: what was spent, by tag and time, from the hourly sums."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.spend import GROUPS, SUMS, spend
from cellcost_ledger.rollups import HOUR_US
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.questions import (
    choice,
    chosen,
    moment,
    only,
    time_text,
    wanted,
)

__all__ = ["get_spend"]

_MOST_ROWS = 10_000
_DAYS = 30
"""How far back, if the question does not say."""


async def get_spend(request: Request) -> Response:
    """Tell sums by group and span of time, and their total."""
    desk = desk_of(request)
    key = await desk.authorize(request, "read")
    only(request, "group_by", "since", "until", "granularity", *GROUPS)
    groups = chosen(request, "group_by", tuple(GROUPS))
    where = wanted(request, GROUPS)
    granularity = choice(request, "granularity", ("hour", "day"))
    now = utc_now()
    until = moment(request, "until", now)
    midnight = datetime.combine(now.date(), datetime.min.time(), UTC)
    since = moment(request, "since", midnight - timedelta(days=_DAYS))
    # Whole hours, widened; the answer says which.
    since_hour = to_microseconds(since) // HOUR_US
    until_hour = -(-to_microseconds(until) // HOUR_US)
    found = await desk.ask(
        lambda: desk.database.read(
            lambda connection: spend(
                connection,
                key,
                groups=groups,
                granularity=granularity,
                where=where,
                since_hour=since_hour,
                until_hour=until_hour,
                limit=_MOST_ROWS + 1,
            )
        )
    )
    if len(found) > _MOST_ROWS:
        raise ApiError(
            422,
            "too_many_rows",
            f"The answer would have more than {_MOST_ROWS} rows.",
            hint="Ask for a shorter time, fewer groups or days instead of hours.",
        )
    return answer(
        {
            "since": time_text(since_hour * HOUR_US),
            "until": time_text(until_hour * HOUR_US),
            "group_by": groups,
            "granularity": granularity or None,
            "rows": [_row(row) for row in found],
            "total": _row(_total(found)),
        }
    )


def _total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: sum(row[name] for row in rows) for name in (*SUMS, "cost_nusd")}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as it is told: time as text, a cost of nothing known as null."""
    told = {name: value for name, value in row.items() if name != "hour"}
    if "hour" in row:
        told = {"time": time_text(row["hour"] * HOUR_US), **told}
    unknown = row["events"] > 0 and row["n_priced"] == 0
    return {**told, "cost_nusd": None if unknown else str(row["cost_nusd"])}
