"""GET /api/v1/recent: what was spent in the last minutes, to the minute."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.recent import MINUTE_US, RECENT_SUMS, recent
from cellcost_ledger.book.spend import GROUPS
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.questions import number, only, time_text, wanted

__all__ = ["get_recent"]


async def get_recent(request: Request) -> Response:
    """Tell the sums of the last minutes, and of each of them that has events."""
    desk = desk_of(request)
    key = await desk.authorize(request, "read")
    only(request, "minutes", *GROUPS)
    minutes = number(request, "minutes", default=15, most=60)
    where = wanted(request, GROUPS)
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
                {"time": time_text(row.pop("minute_us")), **_told(row)} for row in found
            ],
            "total": _told(sums),
        }
    )


def _told(sums: dict[str, Any]) -> dict[str, Any]:
    unknown = sums["events"] > 0 and sums["n_priced"] == 0
    return {**sums, "cost_nusd": None if unknown else str(sums["cost_nusd"])}
