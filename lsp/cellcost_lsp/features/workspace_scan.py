"""What the whole workspace will cost: read at the start, kept up with what changes."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import to_fs_path

from cellcost.analysis import python_files
from cellcost.analysis.heat import may_spend
from cellcost.analysis.workspace import is_left_out
from cellcost.clock import price_time
from cellcost.config import Settings
from cellcost.money import format_usd
from cellcost.prices import PriceBook, load_book
from cellcost_lsp.counting import Counting
from cellcost_lsp.sheets import Sheet
from cellcost_lsp.survey import FileSpend, file_spend, totals
from cellcost_lsp.survey.spends import from_json
from cellcost_lsp.survey.surveyor import Surveyor

if TYPE_CHECKING:
    from cellcost_lsp.server import CostServer

__all__ = ["WorkspaceScan", "register"]

_LONGEST_SECONDS = 300.0
"""A scan that takes longer is ended, and its totals say that they are not whole."""
_LINE_BYTES = 16_000_000
_CREATE_SECONDS = 10.0
_SMALL_BYTES = 1_000_000
_FEW = 50
"""Up to so many changed files are read here; more by a scan of their own."""


def register(server: "CostServer") -> None:
    """Read the workspace when the client is ready, follow its changes, tell of it."""
    scan = WorkspaceScan(server)
    server.on_start(scan.restart)
    server.on_files(scan.changed)
    server.on_end(scan.stop)

    def closed(sheet: Sheet) -> None:
        scan.changed([sheet.path])

    server.on_close(closed)

    @server.command("cellcost.rescan")
    def rescan() -> None:
        scan.restart()

    @server.command("cellcost.workspaceTotals")
    def workspace_totals() -> dict[str, Any]:
        return scan.totals()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        scan.restart()


class WorkspaceScan:
    """The figures of the workspace's files. Methods belong to the event loop."""

    def __init__(self, server: "CostServer") -> None:
        self._server = server
        self._files: dict[str, FileSpend] = {}
        self._complete = False
        self._scans = 0
        self._scanning = False
        self._process: asyncio.subprocess.Process | None = None
        self._late: set[str] = set()
        self._book: tuple[Settings, PriceBook] | None = None
        # pygls leaves its futures untyped.
        self._progress: Any = server.work_done_progress

    @property
    def folders(self) -> list[Path]:
        """Return the folders that the client has open."""
        uris = self._server.workspace.folders
        found = [Path(path) for uri in uris if (path := to_fs_path(uri))]
        return [path for path in found if path.is_dir()]

    def totals(self) -> dict[str, Any]:
        """Return what running everything once costs; open files as they are now."""
        found = dict(self._files)
        for sheet in self._server.sheets:
            reading = self._server.last(sheet.uri)
            if reading is not None:
                found[sheet.path] = file_spend(sheet.path, reading.estimates)
        return totals(found.values(), complete=self._complete)

    def restart(self) -> None:
        """Read the whole workspace (again)."""
        self.stop()
        if self.folders:
            self._scans += 1
            self._scanning = True
            self._server.start(self._scan(self._scans))

    def stop(self) -> None:
        """End a scan that runs."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    def changed(self, paths: Sequence[str]) -> None:
        """Take that files are not what they were."""
        if self._scanning:
            self._late.update(paths)
            return
        stale = set(paths)
        for path, found in self._files.items():
            if not found.imports.isdisjoint(stale):
                stale.add(path)
        wanted = [path for path in stale if path.endswith((".py", ".ipynb"))]
        if len(wanted) > _FEW:
            self.restart()
        elif wanted and self.folders:
            self._server.start(self._look_again(wanted))

    # -- the whole workspace -----------------------------------------------------------

    async def _scan(self, number: int) -> None:
        folders = self.folders
        self._complete = False
        self._server.tell_state("scanning")
        if await self._server.aside(lambda: _holds_nothing(folders)):
            self._settle(number, {}, complete=True)
            return
        token = await self._begin(f"cellcost-scan-{number}")
        try:
            if number == self._scans:
                files, complete = await self._survey(folders, token)
                self._settle(number, files, complete=complete)
        finally:
            if number == self._scans:
                self._scanning = False
            self._end(token)

    async def _survey(
        self, folders: Sequence[Path], token: str | None
    ) -> tuple[dict[str, FileSpend], bool]:
        """Return what a process finds, and whether it came to its end."""
        # -P: a module of the workspace must not stand in for one of ours.
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", "cellcost_lsp.survey.process", *map(str, folders)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LINE_BYTES,
        )
        files: dict[str, FileSpend] = {}
        complete = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_SECONDS):
                complete = await self._follow(process, token, files)
                if complete:
                    # It ends now. `kill` of one that has ended takes its status from
                    # asyncio, which then warns of an unknown child.
                    await process.wait()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return files, complete

    def _settle(
        self, number: int, files: dict[str, FileSpend], *, complete: bool
    ) -> None:
        """Take what a scan found, unless another has begun since."""
        if number != self._scans:
            return
        self._process, self._scanning = None, False
        self._files, self._complete = files, complete
        late, self._late = self._late, set()
        self.changed(sorted(late))
        self._server.tell_state("ready", _said(self.totals()))

    async def _follow(
        self,
        process: asyncio.subprocess.Process,
        token: str | None,
        files: dict[str, FileSpend],
    ) -> bool:
        """Take what the process says; say whether it said everything."""
        out = process.stdout
        total = done = 0
        while out is not None and (line := await out.readline()):
            said: Any = json.loads(line)
            if "path" in said:
                files[said["path"]] = from_json(said)
            elif "total" in said:
                total = int(said["total"])
            else:
                done = int(said["done"])
                self._report(token, done, total)
            if token is not None and self._is_cancelled(token):
                return False
        return done == total

    # -- single files ------------------------------------------------------------------

    async def _look_again(self, paths: Iterable[str]) -> None:
        folders, settings = self.folders, self._server.settings
        read = await self._server.aside(lambda: self._read(paths, folders, settings))
        for path, found in read.items():
            if found is None:
                self._files.pop(path, None)
            else:
                self._files[path] = found

    def _read(
        self, paths: Iterable[str], folders: Sequence[Path], settings: Settings
    ) -> dict[str, FileSpend | None]:
        kept = self._book
        if kept is None or kept[0] is not settings:
            kept = self._book = (settings, load_book(settings))
        surveyor = Surveyor(folders[0], book=kept[1], count=Counting(), at=price_time())
        return {
            path: None
            if all(is_left_out(Path(path), folder) for folder in folders)
            else surveyor.read(Path(path))
            for path in paths
        }

    # -- progress ----------------------------------------------------------------------

    async def _begin(self, token: str) -> str | None:
        """Show a progress; None where the client has none."""
        server = self._server
        window = server.client_capabilities.window
        if window is None or not window.work_done_progress:
            return None
        try:
            async with asyncio.timeout(_CREATE_SECONDS):
                await self._progress.create_async(token)
        except Exception as error:  # noqa: BLE001  # a scan needs no progress
            server.failed("showing progress", error)
            return None
        self._progress.begin(
            token,
            types.WorkDoneProgressBegin(
                title="cellcost",
                message="looking for model calls",
                cancellable=True,
                percentage=0,
            ),
        )
        return token

    def _report(self, token: str | None, done: int, total: int) -> None:
        if token is not None and total:
            self._progress.report(
                token,
                types.WorkDoneProgressReport(
                    message=f"{done:,} of {total:,} files",
                    percentage=100 * done // total,
                    cancellable=True,
                ),
            )

    def _end(self, token: str | None) -> None:
        if token is not None:
            said = _said(self.totals())
            self._progress.end(token, types.WorkDoneProgressEnd(message=said))
            self._progress.tokens.pop(token, None)

    def _is_cancelled(self, token: str) -> bool:
        tokens: dict[str, Future[Any]] = self._progress.tokens
        future = tokens.get(token)
        return future is not None and future.cancelled()


def _holds_nothing(folders: Sequence[Path]) -> bool:
    """Say whether a few files are all there is, and none can hold a call."""
    files = list(islice(python_files(folders), _FEW + 1))
    if len(files) > _FEW:
        return False
    try:
        if any(path.stat().st_size > _SMALL_BYTES for path in files):
            return False
        return not any(may_spend(path.read_bytes()) for path in files)
    except OSError:
        return False


def _said(found: dict[str, Any]) -> str:
    calls, files = int(found["calls"]), int(found["files"])
    if not calls:
        return "no model calls"
    return (
        f"{calls:,} call{'s' * (calls > 1)} in {files:,} file{'s' * (files > 1)},"
        f" ≈ {format_usd(int(found['typical']), digits=2)} a run"
    )
