"""GET /api/v1/recent: what was spent in the last minutes, to the minute."""

from starlette.requests import Request
from starlette.responses import Response

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.dimensions import GROUPS
from cellcost_ledger.book.recent import MINUTE_US, RECENT_SUMS, recent
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.arguments import GROUP_FILTERS, Number, filtered
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.questions import time_text
from cellcost_ledger.web.shapes import Recent
from cellcost_ledger.web.spend import sums_told

__all__ = ["RECENT", "get_recent"]

_MINUTES = Number("minutes", "How many minutes back.", 15, 60)
RECENT = Operation(
    path="/api/v1/recent",
    tells="The sums of the last minutes, and of each of them that has events.",
    scopes=("read",),
    arguments=(_MINUTES, *GROUP_FILTERS),
    answer=Recent,
)


async def get_recent(request: Request) -> Response:
    """Tell the sums of the last minutes, and of each of them that has events."""
    desk = desk_of(request)
    key = await RECENT.admit(request)
    minutes = _MINUTES.of(request)
    where = filtered(request, GROUP_FILTERS, GROUPS)
    until_us = to_microseconds(utc_now())
    since_us = until_us - minutes * MINUTE_US
    found = await desk.ask(
        lambda: desk.database.read(
            lambda connection: recent(
                connection, key, where=where, since_us=since_us, until_us=until_us
            )
        )
    )
    sums = {n: sum(row[n] for row in found) for n in (*RECENT_SUMS, "cost_nusd")}
    return answer(
        {
            "since": time_text(since_us),
            "until": time_text(until_us),
            "minutes": [
                {"time": time_text(row.pop("minute_us")), **sums_told(row)}
                for row in found
            ],
            "total": sums_told(sums),
        }
    )
