"""GET /api/v1/installations/{id}: how much of one journal has come."""

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger import reading
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError

__all__ = ["get_installation"]


async def get_installation(request: Request) -> Response:
    """Tell the figures of an installation that the key's teams write for."""
    desk = desk_of(request)
    key = await desk.authorize(request, "ingest", "read")
    name: str = request.path_params["installation"]

    def look(connection: sa.Connection) -> dict[str, object] | None:
        return reading.installation_figures(connection, key, name)

    found = await desk.ask(lambda: desk.database.read(look))
    if found is None:
        raise ApiError(
            404,
            "no_such_installation",
            f"Nothing came from installation {name} yet.",
            hint="An installation is known from its first batch on.",
        )
    return answer(found)
