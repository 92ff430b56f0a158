"""/api/v1/events: a batch in, what became of each event out; and stored ones, paged."""

from datetime import UTC, datetime

from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import Response

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.events import Position, events
from cellcost_ledger.ingest import ingest
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.bodies import encoding_of, read_body, unpack
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.questions import (
    cursor_of,
    moment,
    number,
    only,
    position,
    wanted,
)
from cellcost_ledger.wire import Reply, decode_batch

__all__ = ["Events"]

_FILTERS = {
    "team": "team",
    "function": "function",
    "environment": "environment",
    "provider": "provider",
    "model": "model",
    "user": "user_name",
    "installation": "installation",
    "kind": "kind",
}


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
    key = await desk.authorize(request, "ingest")
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
    desk = desk_of(request)
    key = await desk.authorize(request, "read")
    only(request, "since", "until", "limit", "cursor", *_FILTERS)
    limit = number(request, "limit", default=100, most=500)
    after = position(request)
    since = moment(request, "since", datetime(1970, 1, 1, tzinfo=UTC))
    # A clock that is ahead is no reason to hide an event.
    until = moment(request, "until", datetime.max.replace(tzinfo=UTC))
    where = wanted(request, _FILTERS)
    found = await desk.ask(
        lambda: desk.database.read(
            lambda connection: events(
                connection,
                key,
                since_us=to_microseconds(since),
                until_us=to_microseconds(until),
                where=where,
                after=after,
                limit=limit + 1,
            )
        )
    )
    page, more = found[:limit], len(found) > limit
    cursor = None
    if more:
        last = page[-1]
        cursor = cursor_of(Position(last["time_us"], last["installation"], last["id"]))
    return answer({"events": page, "next": cursor})
