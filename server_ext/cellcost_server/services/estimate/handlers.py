"""POST /cellcost/api/estimate: what the cells of a notebook will cost."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from jupyter_server.auth.decorator import authorized
from tornado import web

from cellcost_server.answers import ApiError, CellcostAPIHandler
from cellcost_server.services.estimate.estimator import Estimator, Superseded
from cellcost_server.services.estimate.question import question_of

__all__ = ["EstimateHandler"]

_Post = Callable[["EstimateHandler"], Awaitable[None]]
# jupyter_server types this decorator only for use without an action.
_may_read: Callable[[_Post], _Post] = cast("Any", authorized)("read")


class EstimateHandler(CellcostAPIHandler):
    """Answers with an estimate a cell. It is a POST for its size: nothing changes."""

    @web.authenticated
    @_may_read
    async def post(self) -> None:
        """Return what the given sources will cost; they are not kept beyond memory."""
        question = question_of(self.request.body)
        estimator: Estimator = self.settings["cellcost_estimator"]
        try:
            answer = await estimator.answer(question)
        except Superseded as error:
            raise ApiError(
                409, "superseded", str(error), "Ask again once edits pause."
            ) from error
        self.finish(answer)
