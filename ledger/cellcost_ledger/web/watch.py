"""Around every answer: security headers, a count, a log line, and no bare failure."""

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cellcost.errors import LedgerUnavailable
from cellcost_ledger.web.desk import Desk
from cellcost_ledger.web.errors import ApiError, answer_error

__all__ = ["Watch"]

_log = logging.getLogger(__name__)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_MOST_OPEN = 512
"""Requests at once: each may hold a body in memory."""


class Watch:
    """The outermost layer. Its log names no body, no key's secret and no address."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.monotonic()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        self._open += 1
        try:
            if self._open > _MOST_OPEN:
                raise LedgerUnavailable("too many requests at once")
            await self._app(scope, receive, watched)
        except Exception as error:  # the last resort of a request
            if status:
                _log.exception("answer cut off")
                raise
            await answer_error(_told(error))(scope, receive, watched)
        finally:
            self._open -= 1
            self._note(scope, status, time.monotonic() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route: str = getattr(scope.get("route"), "path", "other")
        self._desk.metrics.answered(route, status, seconds)
        fields = {
            "method": scope["method"],
            "route": route,
            "status": status,
            "seconds": round(seconds, 4),
            "key": scope.get("state", {}).get("key_id", ""),
        }
        _log.info("answered", extra={"fields": fields})


def _told(error: Exception) -> ApiError:
    """Return what a client may know of a failure; the log has the rest."""
    if isinstance(error, LedgerUnavailable):
        _log.warning("unavailable", extra={"fields": {"why": str(error)}})
        return ApiError(
            503,
            "unavailable",
            "The ledger cannot answer now.",
            headers={"Retry-After": "5"},
        )
    _log.error("failed", exc_info=error)
    return ApiError(500, "failed", "The ledger failed unexpectedly.")
