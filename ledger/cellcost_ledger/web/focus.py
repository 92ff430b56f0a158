"""GET /api/v1/focus: what was used and what it cost, as a FOCUS table."""

from collections.abc import Iterator
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.book.events import Position, events
from cellcost_ledger.focus import VERSIONS, Version, focus_columns, focus_rows
from cellcost_ledger.rollups import HOUR_US
from cellcost_ledger.web.arguments import SINCE, UNTIL, Choice
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.listing import Page, list_as_csv
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.spend import events_not_kept, span_of

__all__ = ["FOCUS", "get_focus"]

_VERSION = Choice("version", "FOCUS 1.2 (the default) or 1.4.", VERSIONS)
FOCUS = Operation(
    path="/api/v1/focus",
    tells="Cost and usage as FOCUS has it: one row for each line of an event.",
    scopes=("read",),
    arguments=(SINCE, UNTIL, _VERSION),
    answer=None,
    has_csv=True,
)


async def get_focus(request: Request) -> Response:
    """Tell every line of a time as CSV, read while it is sent."""
    desk = desk_of(request)
    key = await FOCUS.admit(request)
    span = span_of(request)
    version = cast("Version", _VERSION.of(request) or VERSIONS[0])
    missing = await desk.ask(
        lambda: desk.database.read(
            lambda connection: events_not_kept(connection, key, {}, span, most=None)
        )
    )
    if missing:
        raise ApiError(
            422,
            "pruned",
            f"{missing} events of this time are no longer kept: only their sums are.",
            hint="Ask for a later time; export a month before it is pruned.",
        )

    def read(after: Position | None, limit: int) -> Page:
        return lambda connection: events(
            connection,
            key,
            since_us=span.since_hour * HOUR_US,
            until_us=span.until_hour * HOUR_US,
            where={},
            after=after,
            limit=limit,
        )

    def told(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        return focus_rows(event, version, key.tenant)

    place = ("time_us", "installation", "id")
    name = f"focus-{version}"
    return await list_as_csv(request, name, focus_columns(version), read, place, told)
