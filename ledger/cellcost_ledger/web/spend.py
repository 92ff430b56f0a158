"""GET /api/v1/spend: what was spent, by tag and time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book import Connection
from cellcost_ledger.book.breakdown import (
    MOST_EVENTS,
    TooManyEvents,
    breakdown,
    summed_events,
)
from cellcost_ledger.book.dimensions import FIELDS, GROUPS
from cellcost_ledger.book.events import count_events
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.spend import SUMS, spend
from cellcost_ledger.rollups import HOUR_US, HOURS_A_DAY
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.arguments import (
    FORMAT,
    GROUP_FILTERS,
    SINCE,
    TAG_FILTERS,
    UNTIL,
    Choice,
    Filter,
    Groups,
    filtered,
    tagged,
)
from cellcost_ledger.web.csv_answers import csv_answer, usd_text, wants_csv
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.questions import time_text
from cellcost_ledger.web.shapes import Spend

__all__ = [
    "MOST_DAYS",
    "MOST_ROWS",
    "SPEND",
    "Span",
    "events_not_kept",
    "get_spend",
    "span_of",
    "sums_told",
    "too_many_events",
    "too_many_rows",
]

MOST_ROWS = 10_000
MOST_DAYS = 92
"""How long a time may be for which the events themselves are read."""
_DAYS = 30
"""How far back, if the question does not say."""

_GROUP_BY = Groups(
    "group_by", "What to keep apart, `tag:NAME` too.", (*GROUPS, *FIELDS)
)
_GRANULARITY = Choice("granularity", "By hour or day (UTC).", ("hour", "day"))
_FILTERS = (
    *GROUP_FILTERS,
    *(Filter(name, f"Of this {name}; may be repeated.") for name in FIELDS),
)
SPEND = Operation(
    path="/api/v1/spend",
    tells="What was spent, by tag and time.",
    scopes=("read",),
    arguments=(
        *(_GROUP_BY, _GRANULARITY, SINCE, UNTIL, FORMAT),
        *_FILTERS,
        TAG_FILTERS,
    ),
    answer=Spend,
    has_csv=True,
)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole hours, widened from what was asked."""

    since_hour: int
    until_hour: int

    @property
    def since(self) -> str:
        """When it begins."""
        return time_text(self.since_hour * HOUR_US)

    @property
    def until(self) -> str:
        """When it ends."""
        return time_text(self.until_hour * HOUR_US)

    def require_short(self) -> None:
        """Raise ApiError if it is too long to read its events."""
        if self.until_hour - self.since_hour > MOST_DAYS * HOURS_A_DAY:
            raise ApiError(
                422,
                "too_long_a_time",
                f"The events of more than {MOST_DAYS} days would have to be read.",
                hint=(
                    f"Ask for {MOST_DAYS} days at most, or only by"
                    f" {', '.join(GROUPS)}: of these there are sums."
                ),
            )


async def get_spend(request: Request) -> Response:
    """Tell sums by group and span of time, and their total."""
    desk = desk_of(request)
    key = await SPEND.admit(request)
    groups = _GROUP_BY.of(request)
    where = filtered(request, _FILTERS, {}) | tagged(request)
    granularity = _GRANULARITY.of(request)
    span = span_of(request)
    as_csv = wants_csv(request)
    from_sums = {*groups, *where} <= set(GROUPS)
    if not from_sums:
        span.require_short()
    asked: dict[str, Any] = {
        "granularity": granularity,
        "since_hour": span.since_hour,
        "until_hour": span.until_hour,
    }

    def read(connection: Connection) -> _Found:
        if from_sums:
            columns = {GROUPS[name]: values for name, values in where.items()}
            limit = MOST_ROWS + 1
            rows = spend(
                connection, key, groups=groups, where=columns, limit=limit, **asked
            )
            return _Found(rows, {}, 0)
        return _from_events(connection, key, groups, where, span, asked)

    try:
        found = await desk.ask(lambda: desk.database.read(read))
    except TooManyEvents as error:
        raise too_many_events(error) from None
    if len(found.rows) > MOST_ROWS:
        raise too_many_rows()
    rows = [_row(row) for row in found.rows]
    if as_csv:
        head = ["time"] if granularity else []
        columns = [*head, *groups, "cost_usd", "cost_nusd", *SUMS]
        with_usd = ({**row, "cost_usd": usd_text(row["cost_nusd"])} for row in rows)
        return csv_answer("spend", columns, with_usd)
    return answer(
        {
            "since": span.since,
            "until": span.until,
            "group_by": groups,
            "granularity": granularity or None,
            "rows": rows,
            "total": sums_told(found.total or _total(found.rows)),
            "events_not_kept": found.not_kept,
        }
    )


def span_of(request: Request) -> Span:
    """Return the whole hours that a query asks for: else the last 30 days."""
    now = utc_now()
    until = UNTIL.of(request, now)
    midnight = datetime.combine(now.date(), datetime.min.time(), UTC)
    since = SINCE.of(request, midnight - timedelta(days=_DAYS))
    return Span(
        to_microseconds(since) // HOUR_US, -(-to_microseconds(until) // HOUR_US)
    )


def events_not_kept(
    connection: Connection,
    key: Key,
    where: Mapping[str, Sequence[str]],
    span: Span,
    *,
    most: int | None = MOST_EVENTS,
) -> int:
    """Return how many events of a time are in the sums alone: those were pruned.

    Raises TooManyEvents if there are more than `most`.
    """
    named = {name: values for name, values in where.items() if name in GROUPS}
    summed = summed_events(
        connection,
        key,
        where=named,
        since_hour=span.since_hour,
        until_hour=span.until_hour,
        most=most,
    )
    kept = count_events(
        connection,
        key,
        where=named,
        since_us=span.since_hour * HOUR_US,
        until_us=span.until_hour * HOUR_US,
    )
    return summed - kept


def sums_told(sums: dict[str, Any]) -> dict[str, Any]:
    """Return sums as they are told: a cost of nothing known as null."""
    unknown = sums["events"] > 0 and sums["n_priced"] == 0
    return {**sums, "cost_nusd": None if unknown else str(sums["cost_nusd"])}


def too_many_rows() -> ApiError:
    """Return the refusal of an answer that would be too long."""
    return ApiError(
        422,
        "too_many_rows",
        f"The answer would have more than {MOST_ROWS} rows.",
        hint="Ask for a shorter time, fewer groups or days instead of hours.",
    )


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[dict[str, Any]]
    total: dict[str, Any]
    """Empty: the rows' sum."""
    not_kept: int


def _from_events(
    connection: Connection,
    key: Key,
    groups: tuple[str, ...],
    where: dict[str, tuple[str, ...]],
    span: Span,
    asked: dict[str, Any],
) -> _Found:
    not_kept = events_not_kept(connection, key, where, span)
    more: dict[str, Any] = {"where": where, "limit": MOST_ROWS + 1}
    rows = breakdown(connection, key, groups=groups, **asked, **more)
    # An event with several meters is in several rows, and in the total once.
    whole = {**asked, "granularity": ""}
    total = breakdown(connection, key, groups=(), **whole, **more)
    return _Found(rows, total[0] if total else {}, not_kept)


def too_many_events(error: TooManyEvents) -> ApiError:
    """Return the refusal of an answer for which too much would be read."""
    return ApiError(
        422,
        "too_many_events",
        f"{error.args[0]} events would have to be read.",
        hint="Ask for a shorter time, or filter by team, function or model.",
    )


def _total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: sum(row[name] for row in rows) for name in (*SUMS, "cost_nusd")}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    if "hour" not in row:
        return sums_told(row)
    told = {"time": _time_of(row["hour"]), **sums_told(row)}
    del told["hour"]
    return told


@lru_cache(maxsize=1024)
def _time_of(hour: int) -> str:
    """Return when an hour begins; the rows of an answer share few."""
    return time_text(hour * HOUR_US)
