"""GET /api/v1/installations/{id}: how much of one journal has come."""

from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.book.spend import installation_figures
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.questions import ID

__all__ = ["get_installation"]


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
