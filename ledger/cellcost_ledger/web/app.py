"""The application: its routes, and errors in one shape."""

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cellcost.errors import LedgerUnavailable
from cellcost_ledger.alarms.job import AlarmJob
from cellcost_ledger.pages.routes import PAGES
from cellcost_ledger.web.audit import get_audit
from cellcost_ledger.web.desk import Desk
from cellcost_ledger.web.errors import ApiError, answer_error, answer_http_error
from cellcost_ledger.web.events import Events
from cellcost_ledger.web.focus import get_focus
from cellcost_ledger.web.health import get_health, get_metrics, get_ready
from cellcost_ledger.web.installations import get_installation, get_installations
from cellcost_ledger.web.openapi import get_openapi
from cellcost_ledger.web.outcomes import get_outcomes, get_unit_cost
from cellcost_ledger.web.recent import get_recent
from cellcost_ledger.web.runs import get_runs
from cellcost_ledger.web.spend import get_spend
from cellcost_ledger.web.watch import Watch
from cellcost_ledger.web.whoami import get_whoami

__all__ = ["ROUTES", "make_app"]

_log = logging.getLogger(__name__)

ROUTES = (
    Route("/api/v1/audit", get_audit, methods=["GET"]),
    Route("/api/v1/events", Events),
    Route("/api/v1/focus", get_focus, methods=["GET"]),
    Route("/api/v1/installations", get_installations, methods=["GET"]),
    Route("/api/v1/installations/{installation}", get_installation, methods=["GET"]),
    Route("/api/v1/openapi.json", get_openapi, methods=["GET"]),
    Route("/api/v1/outcomes", get_outcomes, methods=["GET"]),
    Route("/api/v1/recent", get_recent, methods=["GET"]),
    Route("/api/v1/runs", get_runs, methods=["GET"]),
    Route("/api/v1/spend", get_spend, methods=["GET"]),
    Route("/api/v1/unit-cost", get_unit_cost, methods=["GET"]),
    Route("/api/v1/whoami", get_whoami, methods=["GET"]),
    Route("/healthz", get_health, methods=["GET"]),
    Route("/readyz", get_ready, methods=["GET"]),
    Route("/metrics", get_metrics, methods=["GET"]),
)


def make_app(desk: Desk, *, started: Callable[[], None]) -> Watch:
    """Return the application; it closes the desk when it ends."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        alarms = AlarmJob(desk.database, count=desk.metrics.alarmed)
        alarms.start()
        started()
        yield
        await alarms.stop()
        desk.close()

    app = Starlette(
        routes=(*ROUTES, *PAGES),
        lifespan=lifespan,
        exception_handlers={
            ApiError: _known_error,
            LedgerUnavailable: _unavailable,
            HTTPException: answer_http_error,
            Exception: _failed,
        },
    )
    # A path with a slash too many is none of ours, not another one.
    app.router.redirect_slashes = False
    app.state.desk = desk
    # Outside of Starlette's own layers, which would answer a failure in plain text.
    return Watch(app, desk)


async def _unavailable(_request: Request, error: Exception) -> Response:
    # What it says names hosts: that is for the log.
    _log.warning("unavailable", extra={"fields": {"why": str(error)}})
    return answer_error(
        ApiError(
            503,
            "unavailable",
            "The ledger's database does not answer.",
            headers={"Retry-After": "5"},
        )
    )


async def _failed(_request: Request, _error: Exception) -> Response:
    return answer_error(ApiError(500, "failed", "The ledger failed unexpectedly."))


async def _known_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return answer_error(error)
