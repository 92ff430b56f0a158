"""GET /api/v1/installations: how much of each journal has come, and how whole."""

from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.book.events import Position
from cellcost_ledger.book.installations import list_installations
from cellcost_ledger.book.spend import installation_figures
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.arguments import CURSOR, Filter, Number, filtered
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.listing import Page, page_of
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.questions import ID
from cellcost_ledger.web.shapes import Figures, InstallationPage

__all__ = ["INSTALLATION", "INSTALLATIONS", "get_installation", "get_installations"]

_LIMIT = Number("limit", "Installations a page.", 100, 500)
_FILTERS = (
    Filter("team", "Writing for this team; may be repeated."),
    Filter("installation", "This one; may be repeated."),
)
INSTALLATIONS = Operation(
    path="/api/v1/installations",
    tells="Installations that write for the key's teams, the last seen first.",
    scopes=("read",),
    arguments=(_LIMIT, CURSOR, *_FILTERS),
    answer=InstallationPage,
)
INSTALLATION = Operation(
    path="/api/v1/installations/{installation}",
    tells="How much of an installation is stored.",
    scopes=("ingest", "read"),
    answer=Figures,
    refusals=(404,),
)


async def get_installations(request: Request) -> Response:
    """Tell the installations that write for the key's teams, the last seen first."""
    key = await INSTALLATIONS.admit(request)
    where = filtered(request, _FILTERS, {})

    def read(after: Position | None, limit: int) -> Page:
        return lambda connection: list_installations(
            connection, key, where=where, after=after, limit=limit
        )

    # The order needs no third name.
    place = ("last_seen_us", "installation", "installation")
    page, after = await page_of(
        request, read, place, after=CURSOR.of(request), limit=_LIMIT.of(request)
    )
    return answer({"installations": page, "next": after})


async def get_installation(request: Request) -> Response:
    """Tell the figures of an installation that one of the key's teams writes for."""
    desk = desk_of(request)
    key = await INSTALLATION.admit(request)
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
