"""POST /api/v1/events: a batch in, what became of each event out."""

from starlette.requests import Request
from starlette.responses import Response

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.ingest import ingest
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.bodies import encoding_of, read_body, unpack
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.wire import Reply, decode_batch

__all__ = ["post_events"]


async def post_events(request: Request) -> Response:
    """Store a batch."""
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
