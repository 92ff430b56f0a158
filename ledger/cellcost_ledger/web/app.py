"""The application: routes, security headers, errors in one shape, a log line each."""

import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cellcost.errors import LedgerUnavailable
from cellcost_ledger.web.desk import Desk
from cellcost_ledger.web.errors import ApiError, answer_error, answer_http_error
from cellcost_ledger.web.events import post_events
from cellcost_ledger.web.health import get_health, get_metrics, get_ready
from cellcost_ledger.web.installations import get_installation

__all__ = ["ROUTES", "make_app"]

_log = logging.getLogger("cellcost_ledger")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

ROUTES = (
    Route("/api/v1/events", post_events, methods=["POST"]),
    Route("/api/v1/installations/{installation}", get_installation, methods=["GET"]),
    Route("/healthz", get_health, methods=["GET"]),
    Route("/readyz", get_ready, methods=["GET"]),
    Route("/metrics", get_metrics, methods=["GET"]),
)


def make_app(desk: Desk, *, started: Callable[[], None] = lambda: None) -> Starlette:
    """Return the application; it closes the desk when it ends."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        started()
        yield
        desk.close()

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers={
            ApiError: _known_error,
            LedgerUnavailable: _unavailable,
            HTTPException: answer_http_error,
            Exception: _unknown_error,
        },
    )
    app.state.desk = desk
    app.add_middleware(_Watch, desk=desk)
    return app


class _Watch:
    """Adds the security headers, counts and logs; the log names no body, no key."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.monotonic()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            seconds = time.monotonic() - begun
            route = scope.get("route")
            path: str = getattr(route, "path", "other")
            self._desk.metrics.answered(path, status, seconds)
            _log.info(
                "answered",
                extra={
                    "fields": {
                        "method": scope["method"],
                        "route": path,
                        "status": status,
                        "seconds": round(seconds, 4),
                        "key": scope.get("state", {}).get("key_id", ""),
                    }
                },
            )


async def _known_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return answer_error(error)


async def _unavailable(_request: Request, error: Exception) -> Response:
    return answer_error(
        ApiError(503, "unavailable", f"{error}.", headers={"Retry-After": "5"})
    )


async def _unknown_error(_request: Request, _error: Exception) -> Response:
    # The framework raises it again, so that the log has it whole.
    return answer_error(ApiError(500, "failed", "The ledger failed unexpectedly."))
