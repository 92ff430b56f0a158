"""GET /healthz, /readyz and /metrics: for load balancers and Prometheus, no key."""

from starlette.requests import Request
from starlette.responses import Response

from cellcost_ledger.book.migrate import require_current
from cellcost_ledger.web.answers import answer
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.operations import Operation
from cellcost_ledger.web.shapes import State

__all__ = ["HEALTH", "METRICS", "READY", "get_health", "get_metrics", "get_ready"]

HEALTH = Operation(path="/healthz", tells="Whether the process lives.", answer=State)
READY = Operation(
    path="/readyz", tells="Whether batches can be stored now.", answer=State
)
METRICS = Operation(
    path="/metrics", tells="Counters of this process, for Prometheus.", answer=None
)


async def get_health(_request: Request) -> Response:
    """Say that the process lives; asks nothing of the database."""
    return answer({"status": "ok"})


async def get_ready(request: Request) -> Response:
    """Say whether batches can be stored now."""
    desk = desk_of(request)
    await desk.ask(lambda: require_current(desk.database))
    return answer({"status": "ready"})


async def get_metrics(request: Request) -> Response:
    """Tell the counters of this process."""
    metrics = desk_of(request).metrics
    return Response(metrics.text(), media_type=metrics.content_type)
