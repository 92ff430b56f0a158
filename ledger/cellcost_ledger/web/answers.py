"""JSON answers, and the figures of one installation."""

from starlette.responses import Response

from cellcost_ledger.wire import encode

__all__ = ["answer"]


def answer(value: object, status: int = 200) -> Response:
    """Return `value` as JSON."""
    return Response(encode(value), status_code=status, media_type="application/json")
