"""What the routes share: the book, its threads, the metrics, and who asks."""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from starlette.requests import Request

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.keys import Key, Scope, find_key, key_hash
from cellcost_ledger.pages.session import COOKIE, unseal
from cellcost_ledger.pages.signing import Refusals
from cellcost_ledger.web.errors import ApiError
from cellcost_ledger.web.metrics import Metrics
from cellcost_ledger.web.pace import Pace

__all__ = ["Desk", "desk_of"]

_T = TypeVar("_T")


class Desk:
    """Answers from the book in threads of its own; refuses when too many wait."""

    def __init__(
        self,
        database: Database,
        *,
        rate: float,
        threads: int = 8,
        most_waiting: int = 64,
    ) -> None:
        self.database = database
        self.metrics = Metrics(database)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="ledger")
        self.refusals = Refusals()
        self._pace = Pace(rate)
        self._most = most_waiting
        self._waiting = 0

    async def ask(self, question: Callable[[], _T]) -> _T:
        """Return what `question` returns; it may block. Raises ApiError when full."""
        if self._waiting >= self._most:
            raise ApiError(
                503,
                "busy",
                f"{self._waiting} requests are waiting already.",
                headers={"Retry-After": "2"},
            )
        self._waiting += 1
        self.metrics.waiting.set(self._waiting)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, question)
        finally:
            self._waiting -= 1
            self.metrics.waiting.set(self._waiting)

    async def authorize(self, request: Request, *scopes: Scope) -> Key:
        """Return the key that came with a request and that has one of `scopes`."""
        now_us = to_microseconds(utc_now())
        key = await self.ask(lambda: self._find(request, now_us))
        if key is None:
            raise ApiError(
                401,
                "no_key",
                "No key, or one that is unknown, expired or revoked.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        request.state.key_id = key.id
        seconds = self._pace.take(key.id, time.monotonic())
        if seconds:
            raise ApiError(
                429,
                "too_fast",
                "This key asks more often than it may.",
                hint="Wait for the seconds in Retry-After.",
                headers={"Retry-After": str(math.ceil(seconds))},
            )
        if not set(scopes) & set(key.scopes):
            raise ApiError(
                403,
                "wrong_scope",
                f"This key may {' and '.join(key.scopes)}; here it must have the scope"
                f" {' or '.join(scopes)}.",
            )
        return key

    def _find(self, request: Request, now_us: int) -> Key | None:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return find_key(self.database, text.strip(), now_us=now_us)
        session = request.cookies.get(COOKIE)
        # A browser's session reads: what another site makes it send changes nothing.
        if kind or not session or request.method not in ("GET", "HEAD"):
            return None
        found = unseal(session, partial(key_hash, self.database), now_us=now_us)
        if found is None:
            return None
        return find_key(self.database, found, now_us=now_us)

    def close(self) -> None:
        """Wait for what runs, then close the book."""
        self._threads.shutdown()
        self.database.close()


def desk_of(request: Request) -> Desk:
    """Return the desk of the server that answers `request`."""
    desk: Desk = request.app.state.desk
    return desk
