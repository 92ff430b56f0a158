"""The readings of what is open, each as new as its text; read in another thread."""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from cellcost.analysis import Estimate
from cellcost.config import Settings
from cellcost_lsp.analyst import Analyst
from cellcost_lsp.reading import Reading, later, snapshot
from cellcost_lsp.sheets import CellId, Sheet, Sheets

__all__ = ["Host", "Reached", "Readings"]

PATIENCE_SECONDS = 0.5
"""How long a hint waits for a reading; above this people feel it (Doherty, 1982)."""

Reached = Mapping[CellId, tuple[Estimate, ...]]
"""What running a file (None) or a notebook's cells calls."""


class Host(Protocol):
    """What readings need of the server."""

    @property
    def settings(self) -> Settings:
        """Return the settings in force."""
        ...

    def has_read(self, sheet: Sheet, reading: Reading, guessed: set[str]) -> None:
        """Take a new reading, and the models whose tokens were only guessed."""
        ...

    def has_changed_unasked(self) -> None:
        """Take that readings differ though the client changed none of their texts."""
        ...

    def failed(self, what: str, error: BaseException) -> None:
        """Take an error of ours."""
        ...


class Readings:
    """Reads the newest version of what is open. Methods belong to the event loop."""

    def __init__(self, sheets: Sheets, root: Path, host: Host) -> None:
        self._sheets = sheets
        self._host = host
        self._analyst = Analyst(root, self._open_text)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cellcost-read")
        self._readings: dict[str, Reading] = {}
        self._reached: dict[str, tuple[int, Reached]] = {}
        self._stale: dict[str, Sheet] = {}
        self._changed: set[str] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._owed: set[str] = set()
        self._work_task: asyncio.Task[None] | None = None
        self._typed = ""

    # -- answers -----------------------------------------------------------------------

    def last(self, uri: str) -> Reading | None:
        """Return the newest reading of a sheet or cell, which may be an old one."""
        sheet = self._sheets.of(uri)
        return None if sheet is None else self._readings.get(sheet.uri)

    async def fresh(self, uri: str) -> Reading | None:
        """Return the reading of what is in the editor now; None if it is not open."""
        sheet = self._sheets.of(uri)
        if sheet is None:
            return None
        wanted = sheet.version
        while self._sheets.of(uri) is sheet:
            reading = self._readings.get(sheet.uri)
            if reading is not None and reading.version >= wanted:
                return reading
            if self._work_task is None:
                return reading  # it could not be read, which was said
            landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(landed)
            await landed
        return None

    async def soon(self, uri: str) -> Reading | None:
        """Return the reading of what is in the editor now, or what the last says of it.

        The last is moved with what was typed since. Used when reading takes long: the
        host is told when it is done.
        """
        sheet, last = self._sheets.of(uri), self.last(uri)
        if sheet is None or (last is not None and last.version >= sheet.version):
            return last
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self.fresh(uri)
        except TimeoutError:
            self._owed.add(sheet.uri)
        last = self.last(uri)
        return None if last is None else later(last, snapshot(sheet, last))

    async def reached(self, uri: str) -> Reached:
        """Return what running a file or a notebook's cells calls, as it is now."""
        sheet, reading = self._sheets.of(uri), await self.fresh(uri)
        if sheet is None or reading is None:
            return {}
        known = self._reached.get(sheet.uri)
        if known is not None and known[0] >= reading.version:
            return known[1]
        version = sheet.version
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._thread,
            self._analyst.reached,
            snapshot(sheet, reading),
            self._host.settings,
        )
        self._reached[sheet.uri] = (version, found)
        return found

    # -- changes -----------------------------------------------------------------------

    def stale(self, sheet: Sheet) -> None:
        """Read a sheet whose version has changed, then what depends on it."""
        self._typed = sheet.uri
        self._read_soon(sheet)
        self.file_changed(sheet.path)

    def all_stale(self) -> None:
        """Read every sheet again, though no text has changed."""
        for sheet in self._sheets:
            sheet.version += 1
            self._read_soon(sheet)

    def file_changed(self, path: str) -> None:
        """Read again what depends on a file, open or not."""
        self._changed.add(path)
        for sheet in self._sheets:
            reading = self._readings.get(sheet.uri)
            if reading is not None and path in reading.imports:
                sheet.version += 1
                self._read_soon(sheet)

    def forget(self, sheet: Sheet) -> None:
        """Drop all of a sheet that was closed."""
        for known in (self._readings, self._reached, self._stale):
            known.pop(sheet.uri, None)
        self._owed.discard(sheet.uri)
        self._thread.submit(self._analyst.forget, sheet.uri)
        self._wake()

    def end(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    # -- reading -----------------------------------------------------------------------

    def _read_soon(self, sheet: Sheet) -> None:
        self._stale[sheet.uri] = sheet
        if self._work_task is None:
            self._work_task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        """Read what is stale, newest versions only, until nothing is."""
        try:
            while self._stale:
                # Where somebody types comes first.
                uri = (
                    self._typed
                    if self._typed in self._stale
                    else next(iter(self._stale))
                )
                await self._read(self._stale.pop(uri))
        finally:
            self._work_task = None
            self._wake()

    async def _read(self, sheet: Sheet) -> None:
        last = self._readings.get(sheet.uri)
        seen = snapshot(sheet, last)
        changed, self._changed = self._changed, set()
        loop = asyncio.get_running_loop()
        try:
            reading, guessed = await loop.run_in_executor(
                self._thread,
                self._analyst.read,
                seen,
                last,
                self._host.settings,
                changed,
            )
        except Exception as error:  # noqa: BLE001  # the server must outlive one text
            self._host.failed("reading a file", error)
            return
        if self._sheets.of(sheet.uri) is not sheet:
            return
        self._readings[sheet.uri] = reading
        sheet.forget_edits(reading.version)
        self._wake()
        self._host.has_read(sheet, reading, guessed)
        if sheet.uri in self._owed or _differs_unasked(last, reading):
            self._owed.discard(sheet.uri)
            self._host.has_changed_unasked()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for landed in waiting:
            if not landed.done():
                landed.set_result(None)

    def _open_text(self, path: Path) -> str | None:
        sheet = self._sheets.at(str(path))
        page = None if sheet is None else sheet.pages.get(None)
        return None if page is None else page.text


def _differs_unasked(last: Reading | None, new: Reading) -> bool:
    """Say whether figures changed though the client changed no text."""
    return (
        last is not None
        and _same(last.pages.values(), new.pages.values())
        and last.estimates != new.estimates
    )


def _same(one: Iterable[object], other: Iterable[object]) -> bool:
    first, second = list(one), list(other)
    return len(first) == len(second) and all(
        a is b for a, b in zip(first, second, strict=True)
    )
