"""Around every answer: security headers, a count, a log line, and no bare failure."""

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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

_FULL = ApiError(
    503,
    "busy",
    "Too many requests at once.",
    headers={"Retry-After": "2"},
)


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
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        self._open += 1
        try:
            if self._open > _MOST_OPEN:
                await answer_error(_FULL)(scope, receive, watched)
            else:
                await self._app(scope, receive, watched)
        except Exception:
            # The application has answered 500 already, and then raises it once more.
            _log.exception("failed")
            if not status:
                raise
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
