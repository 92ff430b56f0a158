"""Estimator: answers questions one by one in a thread, and keeps what it has parsed.

The analysis (tree-sitter, prices, vocabularies) is imported by the first question, in
that thread: a server that nobody asks pays nothing.
"""

import asyncio
import itertools
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellcost.errors import CellcostError
from cellcost.journal import Reader
from cellcost_server.places import Places
from cellcost_server.services.estimate.past import PastCalls
from cellcost_server.services.estimate.question import Question

if TYPE_CHECKING:
    from cellcost_server.services.estimate.sheet import Sheet

__all__ = ["Estimator", "Superseded"]

Json = dict[str, Any]

_MOST_NOTEBOOKS = 8
_MOST_CHARACTERS = 2_000_000
"""Of the sources of all notebooks that are kept parsed."""


class Superseded(CellcostError):
    """A newer question about the same notebook came before this one was looked at."""


class Estimator:
    """What cells will cost, for every notebook of one server."""

    def __init__(
        self,
        root: str,
        *,
        home: Path,
        places: Callable[[], Places],
        env: Mapping[str, str] = os.environ,
    ) -> None:
        """`places` tells, from any thread, where the journal's notebooks lie now."""
        self._places = Places(root=root)
        self._home = home
        self._current_places = places
        self._env = env
        self._reader: Reader | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cellcost-estimate")
        self._numbers = itertools.count()
        self._newest: dict[str, int] = {}
        self._sheets: OrderedDict[str, Sheet] = OrderedDict()

    async def answer(self, question: Question) -> Json:
        """Return the estimates of a notebook's cells. Raises Superseded."""
        key = self._places.key(question.path)
        number = self._newest[key] = next(self._numbers)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, self._answer, key, number, question
        )

    def close(self) -> None:
        """Stop the thread once it is done with what it looks at now."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._reader is not None:
            self._reader.close()

    # -- in the thread -----------------------------------------------------------------

    def _answer(self, key: str, number: int, question: Question) -> Json:
        if self._newest.get(key) != number:
            raise Superseded(f"a newer question about {question.path!r} came")
        try:
            sheet = self._sheets.pop(key, None) or self._new_sheet(key)
            cells = sheet.look(question.cells)
            self._sheets[key] = sheet
            self._forget()
        finally:
            if self._newest.get(key) == number:
                del self._newest[key]
        return {"path": question.path, "cells": cells}

    def _new_sheet(self, key: str) -> "Sheet":
        from cellcost_server.services.estimate.sheet import Sheet

        # Imports are looked for in the server's folder, never above it.
        inside = self._places.inside(key)
        root = Path(self._places.root) if inside else Path(key).parent
        if self._reader is None:
            self._reader = Reader(self._home)
        past = PastCalls(self._reader, key, self._current_places)
        return Sheet(Path(key), root, self._env, past)

    def _forget(self) -> None:
        while len(self._sheets) > 1 and (
            len(self._sheets) > _MOST_NOTEBOOKS
            or sum(sheet.size for sheet in self._sheets.values()) > _MOST_CHARACTERS
        ):
            self._sheets.popitem(last=False)
