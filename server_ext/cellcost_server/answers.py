"""Answers: the one shape of every JSON answer and error under /cellcost/api."""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from cellcost_server.desk import Desk
from cellcost_server.sessions import Sessions

__all__ = ["RESOURCE", "ApiError", "CellcostAPIHandler", "NotFoundHandler"]

RESOURCE = "cellcost"
"""What an authorizer is asked about."""

_T = TypeVar("_T")

_HINTS = {
    401: "Log in to this Jupyter server.",
    403: "Log in to this Jupyter server, or send its token; a POST also needs _xsrf.",
    404: "The routes are listed in docs/api.md.",
    405: "The routes are listed in docs/api.md.",
    500: "The server's log has the details; `cellcost doctor` checks the set-up.",
}


class ApiError(web.HTTPError):
    """An error that says what happened and what to do."""

    def __init__(self, status: int, error: str, message: str, hint: str) -> None:
        super().__init__(status, message.replace("%", "%%"))
        self.error = error
        self.message = message
        self.hint = hint


class CellcostAPIHandler(APIHandler):
    """A handler that answers from the desk, in the journal's thread."""

    auth_resource = RESOURCE
    # Views ask on their own: that must not keep an idle server from being culled.
    _track_activity = False

    @property
    def sessions(self) -> Sessions:
        """The running kernels."""
        sessions: Sessions = self.settings["cellcost_sessions"]
        return sessions

    async def ask(self, question: Callable[[Desk], _T]) -> _T:
        """Return what the desk answers; never blocks the event loop."""
        thread, desk = self.settings["cellcost_thread"], self.settings["cellcost_desk"]
        return await asyncio.get_running_loop().run_in_executor(thread, question, desk)

    def needed(self, name: str) -> str:
        """Return a query argument. Raises ApiError when it is missing."""
        value = self.get_query_argument(name, "")
        if not value:
            raise ApiError(
                400,
                "missing_argument",
                f"The query argument {name!r} is missing.",
                f"Add ?{name}=... to the address.",
            )
        return value

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write every error in the one shape."""
        found = kwargs.get("exc_info")
        error = found[1] if found else None
        phrase = _phrase(status_code)
        message = phrase
        if isinstance(error, ApiError):
            message = error.message
        elif isinstance(error, web.HTTPError) and error.log_message:
            message = (
                error.log_message % error.args if error.args else error.log_message
            )
        body = {
            "error": getattr(error, "error", phrase.lower().replace(" ", "_")),
            "message": message,
            "hint": getattr(error, "hint", _HINTS.get(status_code, "")),
            "status": status_code,
        }
        self.finish(json.dumps(body))


class NotFoundHandler(CellcostAPIHandler):
    """Answers for addresses that are no route."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Refuse in the one shape."""
        raise ApiError(
            404, "no_such_route", f"There is no {self.request.path}.", _HINTS[404]
        )

    post = put = patch = delete = get


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
