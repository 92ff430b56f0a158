"""The one shape of every error: `error`, `message`, `hint`, `status`."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.wire import encode

__all__ = ["ApiError", "answer_error", "answer_http_error"]

_HINTS = {
    401: "Send `Authorization: Bearer KEY`; `cellcost ledger key create` makes a key.",
    403: "Ask whoever runs the ledger for a key with that scope.",
    404: "The routes are listed in docs/ledger.md.",
    405: "The routes are listed in docs/ledger.md.",
    413: "Send fewer events in a batch.",
    422: "docs/ledger.md says what a batch and an event hold.",
    500: "The server's log has the details.",
    503: "Try again after the seconds in Retry-After.",
}


class ApiError(Exception):
    """An error that says what happened and what to do."""

    def __init__(
        self,
        status: int,
        error: str,
        message: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.hint = hint or _HINTS.get(status, "")
        self.headers = dict(headers or {})


def answer_error(error: ApiError) -> Response:
    """Return the answer that says `error`."""
    body = {
        "error": error.error,
        "message": error.message,
        "hint": error.hint,
        "status": error.status,
    }
    return Response(
        encode(body),
        status_code=error.status,
        headers=error.headers,
        media_type="application/json",
    )


def answer_http_error(request: Request, error: Exception) -> Response:
    """Return the answer for what the framework refuses: no route, a wrong method."""
    if not isinstance(error, HTTPException):
        raise error
    status = error.status_code
    name = HTTPStatus(status).phrase
    message = (
        f"There is no {request.url.path}."
        if status == 404
        else f"{request.method} {request.url.path}: {name}."
    )
    return answer_error(
        ApiError(
            status,
            name.lower().replace(" ", "_"),
            message,
            headers=error.headers,
        )
    )
