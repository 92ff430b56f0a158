"""GET /api/v1/audit: who did what to the book, for keys of the scope `admin`."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cellcost.clock import to_microseconds
from cellcost_ledger.book.audit import ACTS
from cellcost_ledger.book.events import Position
from cellcost_ledger.book.trail import entries
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.arguments import (
    CURSOR,
    FORMAT,
    SINCE,
    UNTIL,
    Choice,
    Filter,
    Number,
    filtered,
)
from cellcost_ledger.web.csv_answers import wants_csv
from cellcost_ledger.web.listing import Page, list_as_csv, page_of
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.shapes import AuditPage

__all__ = ["AUDIT", "get_audit"]

_LIMIT = Number("limit", "Entries a page.", 100, 500)
_ACT = Choice("act", "Of this act.", ACTS)
_FILTERS = (
    Filter("actor", "Done by this key's id or this account; may be repeated."),
    Filter("subject", "Done to this; may be repeated."),
)
_COLUMNS = (
    *("number", "time_us", "actor_kind", "actor", "act", "subject", "team", "detail"),
    "digest",
)
AUDIT = Operation(
    path="/api/v1/audit",
    tells="Who did what to the company's book, the newest first.",
    scopes=("admin",),
    arguments=(SINCE, UNTIL, _LIMIT, CURSOR, FORMAT, _ACT, *_FILTERS),
    answer=AuditPage,
    has_csv=True,
)


async def get_audit(request: Request) -> Response:
    """Tell the entries that concern the key's teams, and where the next page begins."""
    key = await AUDIT.admit(request)
    since = SINCE.of(request, datetime(1970, 1, 1, tzinfo=UTC))
    until = UNTIL.of(request, datetime.max.replace(tzinfo=UTC))
    where = filtered(request, _FILTERS, {})
    act = _ACT.of(request)
    if act:
        where["act"] = (act,)

    def read(after: Position | None, limit: int) -> Page:
        return lambda connection: entries(
            connection,
            key,
            where=where,
            since_us=to_microseconds(since),
            until_us=to_microseconds(until),
            before=None if after is None else after.time_us,
            limit=limit,
        )

    # The number alone is the order.
    place = ("number", "act", "act")
    if wants_csv(request):
        return await list_as_csv(request, "audit", _COLUMNS, read, place, _flat)
    page, after = await page_of(
        request, read, place, after=CURSOR.of(request), limit=_LIMIT.of(request)
    )
    return answer({"entries": page, "next": after})


def _flat(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**entry, "detail": json.dumps(entry["detail"], ensure_ascii=False)}]
