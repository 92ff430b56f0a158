"""GET /cellcost/api/cell: what the popover of one badge shows."""

from jupyter_server.auth.decorator import authorized
from tornado import web

from cellcost_server.answers import ApiError, CellcostAPIHandler
from cellcost_server.desk import NoSuchCell, Unreadable

__all__ = ["CellHandler"]


class CellHandler(CellcostAPIHandler):
    """Answers with calls, groups, runs, alternatives, tags and lines of a cell."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Return the cell `cell_id` of `path`: its latest run, or the run `run_id`."""
        path, cell_id = self.needed("path"), self.needed("cell_id")
        run_id = self.get_query_argument("run_id", "") or None
        try:
            answer = await self.ask(lambda desk: desk.cell(path, cell_id, run_id))
        except NoSuchCell as error:
            raise ApiError(
                404,
                "no_such_cell",
                str(error),
                "A cell is known from its first call on.",
            ) from error
        except Unreadable as error:
            raise ApiError(
                503, "journal_unreadable", str(error), "Run `cellcost doctor`."
            ) from error
        self.finish(answer)
