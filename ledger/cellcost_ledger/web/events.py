"""/api/v1/events: a batch in, what became of each event out; and stored ones, paged."""

from datetime import UTC, datetime
from typing import Any

from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import Response

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.dimensions import GROUPS
from cellcost_ledger.book.events import Position, events
from cellcost_ledger.ingest import ingest
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.arguments import (
    CURSOR,
    FORMAT,
    GROUP_FILTERS,
    SINCE,
    UNTIL,
    Filter,
    Number,
    filtered,
)
from cellcost_ledger.web.bodies import encoding_of, read_body, unpack
from cellcost_ledger.web.csv_answers import wants_csv
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.listing import Page, list_as_csv, page_of
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.shapes import EventPage, SentBatch
from cellcost_ledger.wire import Reply, decode_batch

__all__ = ["BATCH", "EVENTS", "Events"]

_LIMIT = Number("limit", "Events a page.", 100, 500)
_FILTERS = (*GROUP_FILTERS, Filter("kind", "Of this kind; may be repeated."))
_COLUMNS = (
    *("time_us", "id", "installation", "seq", "kind", "confidence", "corrects"),
    *("team", "function", "environment", "provider", "model", "user"),
    *("run_id", "cell_id", "notebook", "call_site", "operation"),
    *("cost_usd", "cost_nusd", "n_unpriced", "input_tokens", "output_tokens"),
    *("duration_seconds", "note", "received_us", "wrong_clock"),
)
EVENTS = Operation(
    path="/api/v1/events",
    tells="Stored events, the newest first, with their lines.",
    scopes=("read",),
    arguments=(SINCE, UNTIL, _LIMIT, CURSOR, FORMAT, *_FILTERS),
    answer=EventPage,
    has_csv=True,
)
BATCH = Operation(
    method="POST",
    path="/api/v1/events",
    tells="Store a batch of one installation's events.",
    scopes=("ingest",),
    body=SentBatch,
    answer=Reply,
    refusals=(400, 408, 413, 415),
)


class Events(HTTPEndpoint):
    """What has come, and what comes."""

    async def get(self, request: Request) -> Response:
        """Tell stored events, the newest first, and where the next page begins."""
        return await _get_events(request)

    async def post(self, request: Request) -> Response:
        """Store a batch."""
        return await _post_events(request)


async def _post_events(request: Request) -> Response:
    desk = desk_of(request)
    key = await BATCH.admit(request)
    body = await read_body(request)
    encoding = encoding_of(request)
    now_us = to_microseconds(utc_now())

    def store() -> Reply:
        try:
            batch = decode_batch(unpack(body, encoding))
        except ValueError as error:
            raise ApiError(
                422, "malformed_batch", f"The batch cannot be read: {error}."
            ) from None
        return ingest(desk.database, batch, key, now_us=now_us)

    reply = await desk.ask(store)
    desk.metrics.ingested(reply)
    return answer(reply)


async def _get_events(request: Request) -> Response:
    key = await EVENTS.admit(request)
    since = SINCE.of(request, datetime(1970, 1, 1, tzinfo=UTC))
    # A clock that is ahead is no reason to hide an event.
    until = UNTIL.of(request, datetime.max.replace(tzinfo=UTC))
    where = filtered(request, _FILTERS, GROUPS)

    def read(after: Position | None, limit: int) -> Page:
        return lambda connection: events(
            connection,
            key,
            since_us=to_microseconds(since),
            until_us=to_microseconds(until),
            where=where,
            after=after,
            limit=limit,
        )

    place = ("time_us", "installation", "id")
    if wants_csv(request):

        def flat(after: Position | None, limit: int) -> Page:
            return lambda connection: [
                _flat(event) for event in read(after, limit)(connection)
            ]

        return await list_as_csv(request, "events", _COLUMNS, flat, place)
    page, after = await page_of(
        request, read, place, after=CURSOR.of(request), limit=_LIMIT.of(request)
    )
    return answer({"events": page, "next": after})


def _flat(event: dict[str, Any]) -> dict[str, Any]:
    """Return one row of an event: its lines are left out, its place is beside it."""
    tags: dict[str, str] = event["where"]["tags"]
    chosen = {name: tags.get(name, "") for name in ("function", "environment")}
    return {**event["where"], **event.get("call", {}), **chosen, **event}
