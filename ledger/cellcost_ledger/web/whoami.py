"""GET /api/v1/whoami: what the asking key is."""

from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.book.keys import Scope
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.questions import time_text
from cellcost_ledger.web.shapes import WhoAmI

__all__ = ["WHOAMI", "get_whoami"]

_ANY: tuple[Scope, ...] = ("ingest", "read", "approve", "admin")
WHOAMI = Operation(
    path="/api/v1/whoami",
    tells="What the asking key is.",
    scopes=_ANY,
    answer=WhoAmI,
)


async def get_whoami(request: Request) -> Response:
    """Tell the team, the user and the scopes of the key, and when it ends."""
    key = await WHOAMI.admit(request)
    ends = key.expires_us
    return answer(
        {
            "team": key.team,
            "teams": key.teams,
            "user": key.user,
            "scopes": key.scopes,
            "expires": None if ends is None else time_text(ends),
        }
    )
