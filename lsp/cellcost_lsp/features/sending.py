"""The journal's events, sent to the team's ledger while an editor is open."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cellcost.sync.watching import Background
    from cellcost_lsp.server import CostServer

__all__ = ["register"]

_AFTER_SECONDS = 5.0
"""The first hints come before, and with them what a look at a file is worth."""
_FLUSH_SECONDS = 0.5
"""An editor that closes does not wait; what is left goes with whoever runs next."""


def register(server: "CostServer") -> None:
    """Send in a thread of its own to the ledger that the user is logged in to."""

    async def send() -> None:
        await asyncio.sleep(_AFTER_SECONDS)
        home = server.settings.home
        # The HTTP client takes a while to import, which no key may wait for.
        background = await server.aside(lambda: _opened(home))
        background.start()
        server.on_end(background.stop)

    server.on_start(lambda: server.start(send()))


def _opened(home: Path) -> "Background":
    from cellcost.sync.watching import Background

    return Background(home, os.environ, flush_seconds=_FLUSH_SECONDS)
