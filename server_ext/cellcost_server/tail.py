"""Tail: one asyncio task that watches the journal and tells Jupyter's event bus."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from cellcost.errors import CellcostError
from cellcost.journal import recover
from cellcost_server.desk import Desk, News
from cellcost_server.kernels import KernelFact
from cellcost_server.sessions import Sessions

__all__ = ["CELLS_SCHEMA", "TODAY_SCHEMA", "Tail"]

CELLS_SCHEMA = "https://schema.cellcost.dev/cells/v1"
TODAY_SCHEMA = "https://schema.cellcost.dev/today/v1"

_BEAT_SECONDS = 0.1
_IDLE_BEAT_SECONDS = 0.5
"""Without a kernel here nothing of this server can change: other servers' calls only
move today's figure."""
_LOOK_SECONDS = 1.0
_TROUBLE_SECONDS = 1.0
_RECOVER_SECONDS = 60.0
_RECOVER_AT_ONCE_SECONDS = 1.0

Emit = Callable[[str, dict[str, Any]], object]


class Tail:
    """Runs until it is stopped; nothing that goes wrong here reaches the server."""

    def __init__(
        self,
        home: Path,
        *,
        desk: Desk,
        sessions: Sessions,
        thread: Executor,
        emit: Emit,
        log: logging.Logger,
    ) -> None:
        self._home = home
        self._desk = desk
        self._sessions = sessions
        self._thread = thread
        self._emit = emit
        self._log = log
        self._looked_at = float("-inf")
        self._recovered_at = float("-inf")
        self._kernels = 0
        self._failure = ""
        self._unrecovered = ""
        self._task: asyncio.Task[None] | None = None
        self._recovery: asyncio.Task[None] | None = None
        # Recovery may wait for the journal: never in the thread that answers.
        self._recoverer = ThreadPoolExecutor(1, thread_name_prefix="cellcost-recover")

    def start(self) -> None:
        """Begin, on the running event loop."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop; when this returns nothing of it runs any more."""
        tasks = [task for task in (self._task, self._recovery) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._recoverer.shutdown(wait=True)

    async def _run(self) -> None:
        while True:
            began = time.monotonic()
            pause = _BEAT_SECONDS if self._kernels else _IDLE_BEAT_SECONDS
            try:
                news = await self._beat()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - must not end; told once
                self._failed(error)
                pause = _TROUBLE_SECONDS
            else:
                self._failure = ""
                self._send(news)
                self._perhaps_recover(news)
                if news.trouble:
                    pause = _TROUBLE_SECONDS
            await asyncio.sleep(max(0.01, pause - (time.monotonic() - began)))

    async def _beat(self) -> News:
        kernels: tuple[KernelFact, ...] | None = None
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = time.monotonic()
            kernels = await self._sessions.look()
            self._kernels = len(kernels)
            for old, new in await self._sessions.moved():
                await self.renamed(old, new, by_session=True)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._desk.beat, kernels)

    async def renamed(
        self, old_path: str, new_path: str, *, by_session: bool = False
    ) -> None:
        """Take that a document moved (contents paths)."""
        told = partial(self._desk.renamed, old_path, new_path, by_session=by_session)
        await asyncio.get_running_loop().run_in_executor(self._thread, told)

    def _send(self, news: News) -> None:
        for body in news.cells:
            self._emit(CELLS_SCHEMA, body)
        if news.today is not None:
            self._emit(TODAY_SCHEMA, news.today)

    def _perhaps_recover(self, news: News) -> None:
        if self._recovery is not None and not self._recovery.done():
            return
        every = _RECOVER_AT_ONCE_SECONDS if news.needs_recovery else _RECOVER_SECONDS
        if time.monotonic() - self._recovered_at < every:
            return
        self._recovered_at = time.monotonic()
        self._recovery = asyncio.get_running_loop().create_task(self._recover())

    async def _recover(self) -> None:
        loop = asyncio.get_running_loop()
        trouble = ""
        try:
            await loop.run_in_executor(self._recoverer, recover, self._home)
        except (sqlite3.Error, OSError, CellcostError) as error:
            trouble = f"The journal in {self._home} cannot be written: {error}."
        if trouble and trouble != self._unrecovered:
            self._log.warning("cellcost: %s", trouble)
        self._unrecovered = trouble
        await loop.run_in_executor(self._thread, self._desk.recovered, trouble)

    def _failed(self, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}"
        if said != self._failure:
            self._failure = said
            self._log.warning("cellcost: figures are late: %s", said, exc_info=True)
