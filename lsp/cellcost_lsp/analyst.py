"""Reads sheets in a thread of its own, so that typing never waits."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cellcost.analysis import (
    CallSite,
    Document,
    Estimate,
    Unit,
    Workspace,
    estimate,
    reached,
    reached_by,
    read_text,
)
from cellcost.analysis.focus import part_of
from cellcost.clock import price_time
from cellcost.config import Settings
from cellcost.prices import PriceBook, load_book
from cellcost_lsp.counting import Counting
from cellcost_lsp.reading import Reading, Snapshot, glance, read, update
from cellcost_lsp.sheets import CellId

__all__ = ["Analyst", "Changed"]

OpenText = Callable[[Path], str | None]
"""From a path to the text of its open buffer; None if it is not open."""
Changed = Mapping[str, bool]
"""Files that are not what they were; True: they may also have come or gone."""


class Analyst:
    """Keeps the trees of what is open. Every method belongs to one thread."""

    def __init__(self, root: Path, open_text: OpenText) -> None:
        self._open_text = open_text
        self._workspace = Workspace(root, read=self._text)
        self._units: dict[str, Unit] = {}
        self._nowhere: set[tuple[str, str]] = set()
        """Imports that mean no file of the workspace, with who imports."""
        self._settings: Settings | None = None
        self._book: PriceBook | None = None

    def read(
        self,
        seen: Snapshot,
        last: Reading | None,
        settings: Settings,
        changed: Changed,
    ) -> tuple[Reading, set[str]]:
        """Return a sheet's reading, and the models whose tokens were only guessed.

        `last` is the sheet's reading before.
        """
        self._forget(changed)
        book = self._book_of(settings)
        unit = self._units[seen.uri] = update(self._units.get(seen.uri), seen)
        counting = Counting()
        reading = read(
            seen,
            unit,
            last,
            find=self._find,
            book=book,
            count=counting,
            at=price_time(),
            settings=settings,
        )
        return reading, counting.guessed

    def glance(
        self,
        seen: Snapshot,
        last: Reading,
        settings: Settings,
        changed: Changed,
        rows: Iterable[tuple[CellId, int, int]],
    ) -> tuple[Reading, float]:
        """Return the last reading with the calls around some rows read anew.

        And the seconds that this took of the processor.
        """
        began = time.thread_time()
        self._forget(changed)
        unit = self._units[seen.uri] = update(self._units.get(seen.uri), seen)
        reading = glance(
            seen,
            unit,
            last,
            rows,
            find=self._find,
            book=self._book_of(settings),
            count=Counting(),
            at=price_time(),
        )
        return reading, time.thread_time() - began

    def knows(self, uri: str) -> bool:
        """Say whether a sheet was read before."""
        return uri in self._units

    def prepare(self, seen: Snapshot) -> None:
        """Cut a sheet into its statements, so that `glance` finds it done."""
        unit = self._units[seen.uri] = update(self._units.get(seen.uri), seen)
        part_of(unit, lambda cell, first, end: False)

    def reached(
        self, seen: Snapshot, settings: Settings
    ) -> dict[CellId, tuple[Estimate, ...]]:
        """Return what running a file (None) or a notebook's cells calls."""
        book, now = self._book_of(settings), price_time()
        unit = self._units[seen.uri] = update(self._units.get(seen.uri), seen)

        def costed(sites: tuple[CallSite, ...]) -> tuple[Estimate, ...]:
            return tuple(
                estimate(site, book=book, count=Counting(), at=now) for site in sites
            )

        if isinstance(unit, Document):
            return {None: costed(reached_by(unit, find=self._find))}
        found = reached(unit, find=self._find)
        return {cell: costed(sites) for cell, sites in found.items()}

    def forget(self, uri: str) -> None:
        """Drop the trees of a sheet that was closed."""
        self._units.pop(uri, None)

    def _forget(self, changed: Changed) -> None:
        for path, moved in changed.items():
            self._workspace.forget(Path(path), moved=moved)
            if moved:
                self._nowhere.clear()

    def _find(self, name: str, importer: str) -> Document | None:
        if (name, importer) in self._nowhere:
            return None
        document = self._workspace.find(name, importer)
        if document is None:
            self._nowhere.add((name, importer))
        return document

    def _text(self, path: Path) -> str | None:
        text = self._open_text(path)
        return read_text(path) if text is None else text

    def _book_of(self, settings: Settings) -> PriceBook:
        if self._book is None or settings is not self._settings:
            self._book = load_book(settings)
            self._settings = settings
        return self._book
