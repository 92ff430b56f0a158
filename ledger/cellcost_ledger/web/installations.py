"""GET /api/v1/installations: how much of each journal has come, and how whole."""

from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.book.events import Position
from cellcost_ledger.book.installations import list_installations
from cellcost_ledger.book.spend import installation_figures
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.questions import ID, cursor_of, number, only, position, wanted

__all__ = ["get_installation", "get_installations"]

_FILTERS = {"team": "team", "installation": "installation"}


async def get_installations(request: Request) -> Response:
    """Tell the installations that write for the key's teams, the last seen first."""
    desk = desk_of(request)
    key = await desk.authorize(request, "read")
    only(request, "limit", "cursor", *_FILTERS)
    limit = number(request, "limit", default=100, most=500)
    after, where = position(request), wanted(request, _FILTERS)
    found = await desk.ask(
        lambda: desk.database.read(
            lambda connection: list_installations(
                connection, key, where=where, after=after, limit=limit + 1
            )
        )
    )
    page = found[:limit]
    cursor = None
    if len(found) > limit:
        # The cursor's shape is that of events; here it names none.
        last = page[-1]
        cursor = cursor_of(Position(last["last_seen_us"], last["installation"], "-"))
    return answer({"installations": page, "next": cursor})


async def get_installation(request: Request) -> Response:
    """Tell the figures of an installation that one of the key's teams writes for."""
    desk = desk_of(request)
    key = await desk.authorize(request, "ingest", "read")
    name: str = request.path_params["installation"]
    found = None
    if ID.fullmatch(name):
        found = await desk.ask(
            lambda: desk.database.read(
                lambda connection: installation_figures(connection, key, name)
            )
        )
    if found is None:
        raise ApiError(
            404,
            "no_such_installation",
            "Nothing came from that installation yet.",
            hint="An installation is known from its first batch on.",
        )
    return answer(found)
