"""GET /cellcost/api/today: what today cost, by model, and what runs now."""

from jupyter_server.auth.decorator import authorized
from tornado import web

from cellcost_server.answers import CellcostAPIHandler

__all__ = ["TodayHandler"]


class TodayHandler(CellcostAPIHandler):
    """Answers with a DayView."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Return today."""
        self.finish(await self.ask(lambda desk: desk.today()))
