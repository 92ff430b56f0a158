"""The readings of what is open, each as new as its text; read in another thread."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cellcost.analysis import Estimate
from cellcost.config import Settings
from cellcost_lsp.analyst import Analyst
from cellcost_lsp.reading import Reading, later, snapshot
from cellcost_lsp.sheets import CellId, Sheet, Sheets

__all__ = ["Host", "Reached", "Readings"]

T = TypeVar("T")

PATIENCE_SECONDS = 0.5
"""How long a hint waits for a reading; above this people feel it (Doherty, 1982)."""
_REST_SECONDS = 0.15
"""How long typing must rest until all of a file is read."""
_LONGEST_SECONDS = 3.0
"""After how long it is read though typing does not rest."""
_AT_ONCE_SECONDS = 0.02
"""What takes no longer is read on the event loop: two threads would hand over twice."""

Rows = tuple[CellId, int, int]
"""A page, its first row and its last."""

Reached = Mapping[CellId, tuple[Estimate, ...]]
"""What running a file (None) or a notebook's cells calls."""


class Host(Protocol):
    """What readings need of the server."""

    @property
    def settings(self) -> Settings:
        """Return the settings in force."""
        ...

    @property
    def can_refresh(self) -> bool:
        """Say whether the client asks again for hints when it is told to."""
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
        # Trees of its own: a part is read while the thread reads a whole.
        self._glancer = Analyst(root, self._open_text)
        self._glance_thread = ThreadPoolExecutor(1, thread_name_prefix="cellcost-part")
        self._glancing = 0
        self._glance_seconds = 0.0
        self._readings: dict[str, Reading] = {}
        self._reached: dict[str, tuple[int, Reached]] = {}
        self._stale: dict[str, Sheet] = {}
        self._near: dict[str, tuple[Reading, Rows]] = {}
        """Newer than the whole reading, and right for some rows."""
        self._changed: dict[str, bool] = {}
        self._changed_near: dict[str, bool] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._owed: set[str] = set()
        self._work_task: asyncio.Task[None] | None = None
        self._typed = ""
        self._rest: asyncio.TimerHandle | None = None
        self._rest_until = 0.0

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
            if self._work_task is None and sheet.uri not in self._stale:
                return reading  # it could not be read, which was said
            landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(landed)
            await landed
        return None

    async def soon(self, uri: str, first: int, end: int) -> Reading | None:
        """Return a reading that holds for some rows of what is in the editor now.

        Of a long file that is being typed in only these rows are read anew. If even
        that takes long, the last reading is moved with what was typed since. In both
        cases the host is told if the whole then says something else.
        """
        sheet, last = self._sheets.of(uri), self.last(uri)
        if sheet is None or (last is not None and last.version >= sheet.version):
            return last
        if last is None:
            return await self.fresh(uri)
        rows = (sheet.cell_of(uri), first, end)
        patience = PATIENCE_SECONDS if self._host.can_refresh else None
        try:
            async with asyncio.timeout(patience):
                return await self._glance(sheet, last, rows)
        except TimeoutError:
            self._owed.add(sheet.uri)
        except Exception as error:  # noqa: BLE001  # the server must outlive one text
            self._host.failed("reading a part of a file", error)
        last = self._shown(sheet.uri)
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
        found = await self._in_thread(
            partial(
                self._analyst.reached, snapshot(sheet, reading), self._host.settings
            )
        )
        self._reached[sheet.uri] = (version, found)
        return found

    # -- changes -----------------------------------------------------------------------

    def stale(self, sheet: Sheet) -> None:
        """Read a sheet whose version has changed, then what depends on it."""
        self._typed = sheet.uri
        self._stale[sheet.uri] = sheet
        self._depend(sheet.path, moved=False)
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._rest is None:
            self._rest_until = now + _LONGEST_SECONDS
        else:
            self._rest.cancel()
        rest = 0.0 if sheet.uri not in self._readings else _REST_SECONDS
        when = min(now + rest, self._rest_until)
        self._rest = loop.call_at(when, self._begin)

    def all_stale(self) -> None:
        """Read every sheet again, though no text has changed."""
        for sheet in self._sheets:
            sheet.version += 1
            self._stale[sheet.uri] = sheet
        self._begin()

    def file_changed(self, path: str) -> None:
        """Read again what depends on a file that was changed, came or went."""
        self._depend(path, moved=True)
        self._begin()

    def forget(self, sheet: Sheet) -> None:
        """Drop all of a sheet that was closed."""
        for known in (self._readings, self._near, self._reached, self._stale):
            known.pop(sheet.uri, None)
        self._owed.discard(sheet.uri)
        self._thread.submit(self._analyst.forget, sheet.uri)
        self._glance_thread.submit(self._glancer.forget, sheet.uri)
        self._wake()

    def end(self) -> None:
        """Stop the threads."""
        if self._rest is not None:
            self._rest.cancel()
        for thread in (self._thread, self._glance_thread):
            thread.shutdown(wait=False, cancel_futures=True)

    # -- reading -----------------------------------------------------------------------

    def _depend(self, path: str, *, moved: bool) -> None:
        for changed in (self._changed, self._changed_near):
            changed[path] = moved or changed.get(path, False)
        for sheet in self._sheets:
            reading = self._readings.get(sheet.uri)
            if reading is not None and path in reading.imports:
                sheet.version += 1
                self._stale[sheet.uri] = sheet

    def _begin(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        if self._stale and self._work_task is None:
            self._work_task = asyncio.get_running_loop().create_task(self._work())

    def _shown(self, uri: str) -> Reading | None:
        """Return what hints were answered from last: the whole, or a newer part."""
        near = self._near.get(uri)
        return self._readings.get(uri) if near is None else near[0]

    async def _glance(self, sheet: Sheet, whole: Reading, rows: Rows) -> Reading:
        """Return a reading that is right for some rows."""
        near = self._near.get(sheet.uri)
        if near is not None and near[0].version >= sheet.version and near[1] == rows:
            return near[0]
        last = whole if near is None else near[0]
        changed, self._changed_near = self._changed_near, {}
        work = partial(
            self._glancer.glance,
            snapshot(sheet, last),
            last,
            self._host.settings,
            changed,
            [rows],
        )
        if self._glancing or self._glance_seconds > _AT_ONCE_SECONDS:
            found, seconds = await self._glance_aside(work)
        else:
            found, seconds = work()
        self._glance_seconds = seconds
        if self._sheets.of(sheet.uri) is sheet:
            self._near[sheet.uri] = (found, rows)
        return found

    async def _glance_aside(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; the glancer is nobody else's meanwhile."""
        self._glancing += 1
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self._glance_thread, work)
        job.add_done_callback(self._glanced)
        # Who asked may give up; the thread goes on.
        return await asyncio.shield(job)

    def _glanced(self, job: "asyncio.Future[Any]") -> None:
        self._glancing -= 1

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

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
        last = self._shown(sheet.uri)
        seen = snapshot(sheet, last)
        changed, self._changed = self._changed, {}
        work = partial(self._analyst.read, seen, last, self._host.settings, changed)
        try:
            reading, guessed = await self._in_thread(work)
        except Exception as error:  # noqa: BLE001  # the server must outlive one text
            self._host.failed("reading a file", error)
            return
        if self._sheets.of(sheet.uri) is not sheet:
            return
        shown = self._shown(sheet.uri)
        self._readings[sheet.uri] = reading
        if shown is None or shown.version <= reading.version:
            self._near.pop(sheet.uri, None)
            sheet.forget_edits(reading.version)
        self._wake()
        self._host.has_read(sheet, reading, guessed)
        if not self._glancing and not self._glancer.knows(sheet.uri):
            # The first key must not pay for what never changes.
            await self._glance_aside(partial(self._glancer.prepare, seen))
        if sheet.uri in self._owed or _differs_unasked(shown, reading):
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
