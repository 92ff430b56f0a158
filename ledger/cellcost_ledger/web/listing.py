"""Lists page by page: as JSON one page, as CSV all of them, one after the other."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.book import Connection
from cellcost_ledger.book.events import Position
from cellcost_ledger.web.csv_answers import csv_stream, usd_text
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.questions import cursor_of, refusal

__all__ = ["Page", "Read", "list_as_csv", "page_of"]

Rows = list[dict[str, Any]]
Page = Callable[[Connection], Rows]
Read = Callable[[Position | None, int], Page]
"""Takes the end of the page before and how many rows; its answer reads them."""
Told = Callable[[dict[str, Any]], Iterable[dict[str, Any]]]
_CSV_PAGE = 500


async def page_of(
    request: Request,
    read: Read,
    place: Sequence[str],
    *,
    after: Position | None,
    limit: int,
) -> tuple[Rows, str | None]:
    """Return a page and the cursor of the next; `place` names what rows are ordered by.

    One row more is read, to know whether there is a next page.
    """
    desk = desk_of(request)
    found = await desk.ask(lambda: desk.database.read(read(after, limit + 1)))
    page = found[:limit]
    more = len(found) > limit
    return page, cursor_of(_end(page[-1], place)) if more else None


async def list_as_csv(
    request: Request,
    name: str,
    columns: Sequence[str],
    read: Read,
    place: Sequence[str],
    told: Told | None = None,
) -> Response:
    """Return all pages as one table. It is read while it is sent, never held whole.

    `told` makes the table's rows of what was read; without it each row is one.
    """
    for argument in ("limit", "cursor"):
        if argument in request.query_params:
            raise refusal(argument, "has no place with CSV, which is the whole list")
    desk = desk_of(request)
    # The first page before the answer begins: its failure has a status then.
    first = await desk.ask(lambda: desk.database.read(read(None, _CSV_PAGE)))

    async def pages() -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        page = first
        while page:
            yield [made for row in page for made in (told or _with_usd)(row)]
            if len(page) < _CSV_PAGE:
                return
            following = read(_end(page[-1], place), _CSV_PAGE)
            page = await desk.ask(partial(desk.database.read, following))

    return csv_stream(name, columns, pages())


def _with_usd(row: dict[str, Any]) -> Rows:
    return [{**row, "cost_usd": usd_text(row.get("cost_nusd"))}]


def _end(row: Mapping[str, Any], place: Sequence[str]) -> Position:
    time_us, installation, last = (row[name] for name in place)
    return Position(time_us, installation, last)
