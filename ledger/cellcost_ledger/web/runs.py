"""GET /api/v1/runs: what each run of a cell or a script cost."""

from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.book.breakdown import TooManyEvents
from cellcost_ledger.book.events import Position
from cellcost_ledger.book.runs import list_runs
from cellcost_ledger.rollups import HOUR_US
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.arguments import (
    CURSOR,
    FORMAT,
    GROUP_FILTERS,
    SINCE,
    TAG_FILTERS,
    UNTIL,
    Filter,
    Number,
    filtered,
    tagged,
)
from cellcost_ledger.web.csv_answers import wants_csv
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.listing import Page, list_as_csv, page_of
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.shapes import RunPage
from cellcost_ledger.web.spend import (
    events_not_kept,
    span_of,
    sums_told,
    too_many_events,
)

__all__ = ["RUNS", "get_runs"]

_LIMIT = Number("limit", "Runs a page.", 100, 500)
_FILTERS = (
    *GROUP_FILTERS,
    Filter("run_id", "This run; may be repeated."),
    Filter("notebook", "Of this notebook; may be repeated."),
)
_COLUMNS = (
    *("run_id", "installation", "origin", "notebook", "script", "user"),
    *("first_us", "last_us", "cost_usd", "cost_nusd", "events", "calls"),
    *("n_priced", "n_unpriced", "input_tokens", "output_tokens"),
)
RUNS = Operation(
    path="/api/v1/runs",
    tells="What each run of a cell or a script cost, the last active first.",
    scopes=("read",),
    arguments=(SINCE, UNTIL, _LIMIT, CURSOR, FORMAT, *_FILTERS, TAG_FILTERS),
    answer=RunPage,
    has_csv=True,
)


async def get_runs(request: Request) -> Response:
    """Tell runs with their sums, and where the next page begins."""
    desk = desk_of(request)
    key = await RUNS.admit(request)
    span = span_of(request)
    span.require_short()
    where = filtered(request, _FILTERS, {}) | tagged(request)

    try:
        await desk.ask(
            lambda: desk.database.read(
                lambda connection: events_not_kept(connection, key, where, span)
            )
        )
    except TooManyEvents as error:
        raise too_many_events(error) from None

    def read(after: Position | None, limit: int) -> Page:
        return lambda connection: [
            sums_told(run)
            for run in list_runs(
                connection,
                key,
                where=where,
                since_us=span.since_hour * HOUR_US,
                until_us=span.until_hour * HOUR_US,
                after=after,
                limit=limit,
            )
        ]

    place = ("last_us", "installation", "run_id")
    if wants_csv(request):
        return await list_as_csv(request, "runs", _COLUMNS, read, place)
    runs, after = await page_of(
        request, read, place, after=CURSOR.of(request), limit=_LIMIT.of(request)
    )
    told = {"since": span.since, "until": span.until}
    return answer({**told, "runs": runs, "next": after})
