"""CellcostServer: what jupyter_server loads; it wires the journal to the web."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join

from cellcost.clock import utc_now
from cellcost.home import journal_home
from cellcost.sync.watching import Background
from cellcost_server.answers import NotFoundHandler
from cellcost_server.desk import Desk
from cellcost_server.ledger import ledger_json
from cellcost_server.services.cell.handlers import CellHandler
from cellcost_server.services.estimate.estimator import Estimator
from cellcost_server.services.estimate.handlers import EstimateHandler
from cellcost_server.services.notebook.handlers import NotebookHandler
from cellcost_server.services.today.handlers import TodayHandler
from cellcost_server.sessions import Sessions
from cellcost_server.tail import Tail

__all__ = ["API", "CellcostServer"]

API = "/cellcost/api"

_SCHEMAS = Path(__file__).parent / "schemas"
_CONTENTS_SCHEMA = "https://events.jupyter.org/jupyter_server/contents_service/v1"


class CellcostServer(ExtensionApp):
    """Costs of notebooks, cells and calls, live."""

    name = "cellcost_server"
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Open the journal's thread and the event schemas."""
        app = cast("Any", self.serverapp)
        home = journal_home()
        thread = ThreadPoolExecutor(1, thread_name_prefix="cellcost-journal")
        desk = Desk(home, root=str(app.root_dir), log=self.log, clock=utc_now)
        sessions = Sessions(app)
        self.settings["cellcost_thread"] = thread
        self.settings["cellcost_desk"] = desk
        self.settings["cellcost_sessions"] = sessions
        self.settings["cellcost_estimator"] = Estimator(
            str(app.root_dir), home=home, places=lambda: desk.places
        )
        for schema in sorted(_SCHEMAS.glob("*.yaml")):
            app.event_logger.register_event_schema(schema)
        self._tail = Tail(
            home,
            desk=desk,
            sessions=sessions,
            thread=thread,
            emit=lambda schema, body: app.event_logger.emit(
                schema_id=schema, data=body
            ),
            log=self.log,
        )
        # A thread: the ledger may be slow, and no request here waits for it.
        self._sync = Background(home, os.environ)
        desk.show_ledger(lambda: ledger_json(self._sync.condition))
        app.event_logger.add_listener(
            schema_id=_CONTENTS_SCHEMA, listener=self._contents_event
        )
        app.io_loop.add_callback(self._tail.start)
        self._sync.start()

    def initialize_handlers(self) -> None:
        """Add the routes."""
        self.handlers.extend(
            [
                (url_path_join(API, "notebook"), NotebookHandler),
                (url_path_join(API, "cell"), CellHandler),
                (url_path_join(API, "today"), TodayHandler),
                (url_path_join(API, "estimate"), EstimateHandler),
                (API + r"(?:/.*)?", NotFoundHandler),
            ]
        )

    async def stop_extension(self) -> None:
        """Stop the tail and close the journal."""
        await self._tail.stop()
        await asyncio.get_running_loop().run_in_executor(None, self._sync.stop)
        self.settings["cellcost_estimator"].close()
        thread: ThreadPoolExecutor = self.settings["cellcost_thread"]
        thread.submit(self.settings["cellcost_desk"].close)
        thread.shutdown(wait=True)

    async def _contents_event(
        self, logger: Any, schema_id: str, data: dict[str, Any]
    ) -> None:
        if data.get("action") == "rename":
            await self._tail.renamed(str(data["source_path"]), str(data["path"]))
