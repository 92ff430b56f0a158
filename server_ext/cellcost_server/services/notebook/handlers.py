"""GET /cellcost/api/notebook: everything that is shown inside one notebook."""

from jupyter_server.auth.decorator import authorized
from tornado import web

from cellcost_server.answers import CellcostAPIHandler

__all__ = ["NotebookHandler"]


class NotebookHandler(CellcostAPIHandler):
    """Answers with a NotebookView."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Return the notebook at `path`, as it is open with kernel `kernel_id`."""
        path = self.needed("path")
        kernel_id = self.get_query_argument("kernel_id", "")
        kernels = await self.sessions.look()
        self.finish(await self.ask(lambda d: d.notebook(path, kernel_id, kernels)))
