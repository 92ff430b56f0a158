"""The language server: what is open, its readings, and who is told about them."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from cellcost import __version__
from cellcost.config import Settings
from cellcost_lsp import features, lifecycle, settings
from cellcost_lsp.actuals import Actuals
from cellcost_lsp.counting import load_for
from cellcost_lsp.places import Places
from cellcost_lsp.reading import Reading
from cellcost_lsp.readings import Readings
from cellcost_lsp.settings import ClientLayers
from cellcost_lsp.sheets import Sheet, Sheets
from cellcost_lsp.text import Encoding

__all__ = ["CostServer", "OnReading"]

T = TypeVar("T")
OnReading = Callable[[Sheet, Reading], object]
"""Called on the event loop with a sheet and its new reading."""

_log = logging.getLogger("cellcost_lsp")
_PYTHON_CELLS = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithCells(
            notebook="*", cells=[types.NotebookCellLanguage(language="python")]
        )
    ],
    save=True,
)


class CostServer(LanguageServer):
    """Everything that the features share. All methods belong to the event loop."""

    def __init__(self) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # pygls's *args
            "cellcost",
            __version__,
            notebook_document_sync=_PYTHON_CELLS,
        )
        self.sheets = Sheets()
        self.places = Places(self.sheets, "utf-16")
        self.root = Path.cwd()
        self.layers = ClientLayers()
        self.settings = Settings(home=Path())
        self._on_reading: list[OnReading] = []
        self._on_close: list[Callable[[Sheet], object]] = []
        self._on_start: list[Callable[[], None]] = []
        self._on_files: list[Callable[[Sequence[str]], None]] = []
        self._on_end: list[Callable[[], None]] = []
        self._said: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._uncountable: set[str] = set()
        self.readings = Readings(self.sheets, self.root, self)
        self.actuals = Actuals()
        self._notifies = False
        self._trouble = ""
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="cellcost-aside")
        lifecycle.register(self)
        features.register(self)

    # -- what features ask -------------------------------------------------------------

    def last(self, uri: str) -> Reading | None:
        """Return the newest reading of a sheet or cell, which may be an old one."""
        return self.readings.last(uri)

    async def fresh(self, uri: str) -> Reading | None:
        """Return the reading of what is in the editor now; None if it is not open."""
        return await self.readings.fresh(uri)

    def on_reading(self, call: OnReading) -> None:
        """Have `call` be told of every new reading."""
        self._on_reading.append(call)

    def on_close(self, call: Callable[[Sheet], object]) -> None:
        """Have `call` be told of every sheet that was closed."""
        self._on_close.append(call)

    def on_start(self, call: Callable[[], None]) -> None:
        """Have `call` be told when the client is ready."""
        self._on_start.append(call)

    def on_files(self, call: Callable[[Sequence[str]], None]) -> None:
        """Have `call` be told of the paths of files that changed on disk."""
        self._on_files.append(call)

    def on_end(self, call: Callable[[], None]) -> None:
        """Have `call` be told when the client shuts the server down."""
        self._on_end.append(call)

    def from_thread(self, call: Callable[[T], None]) -> Callable[[T], None]:
        """Return what another thread may call: `call` then runs on the event loop."""
        loop = asyncio.get_running_loop()

        def guarded(value: T) -> None:
            try:
                call(value)
            except Exception as error:  # noqa: BLE001  # told, and gone on
                self.failed("news from a thread", error)

        def hand_over(value: T) -> None:
            # The loop may have ended while the thread was at work.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(guarded, value)

        return hand_over

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification of our own, if the client is one that wants them."""
        if self._notifies:
            self.protocol.notify(method, dict(params))

    async def aside(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; it runs in a thread for slow things."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, work)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside everything else; its error is said once."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def refresh_hints(self) -> None:
        """Have the client ask for hints again, where it can."""
        if self.can_refresh:
            self.workspace_inlay_hint_refresh(None)

    def refresh_lenses(self) -> None:
        """Have the client ask for lenses again, where it can."""
        workspace = self.client_capabilities.workspace
        lenses = workspace.code_lens if workspace else None
        if lenses is not None and lenses.refresh_support:
            self.workspace_code_lens_refresh(None)

    def say(self, message: str, kind: types.MessageType) -> None:
        """Write a line into the client's log; the same line only once."""
        if message not in self._said:
            self._said.add(message)
            self.window_log_message(types.LogMessageParams(kind, message))

    def tell_state(self, state: str, message: str = "") -> None:
        """Tell what the server is at; trouble stays until it is over."""
        if not self._trouble:
            self.tell("cellcost/state", {"state": state, "message": message})

    def trouble(self, message: str) -> None:
        """Say that figures are missing, and why."""
        self._trouble = message
        self.say(message, types.MessageType.Warning)
        self.tell("cellcost/state", {"state": "trouble", "message": message})

    def well(self) -> None:
        """Say that no figure is missing any more."""
        if self._trouble:
            self._trouble = ""
            self.tell("cellcost/state", {"state": "ready", "message": ""})

    def failed(self, what: str, error: BaseException) -> None:
        """Log an error of ours, once."""
        message = f"{what} failed ({type(error).__name__})"
        if message not in self._said:
            _log.error(message, exc_info=error)
        self.say(message, types.MessageType.Error)

    # -- what readings ask and tell ----------------------------------------------------

    @property
    def can_refresh(self) -> bool:
        """Say whether the client asks again for hints when it is told to."""
        workspace = self.client_capabilities.workspace
        hints = workspace.inlay_hint if workspace else None
        return hints is not None and bool(hints.refresh_support)

    def has_read(self, sheet: Sheet, reading: Reading, guessed: set[str]) -> None:
        """Tell the features of a new reading; count what was only guessed."""
        for call in self._on_reading:
            try:
                call(sheet, reading)
            except Exception as error:  # noqa: BLE001  # one feature, not all
                self.failed("showing a reading", error)
        if guessed - self._uncountable:
            self._uncountable |= guessed
            self.start(self._count(guessed))

    def has_changed_unasked(self) -> None:
        """Have the client ask again for what it shows."""
        self.refresh_hints()
        self.refresh_lenses()

    async def _count(self, models: set[str]) -> None:
        """Load vocabularies, then read again what was guessed."""
        if await self.aside(lambda: load_for(models)):
            self.readings.all_stale()

    # -- what the protocol tells -------------------------------------------------------

    def opened(self, sheet: Sheet) -> None:
        """Read a sheet that was opened."""
        self.readings.stale(sheet)
        self.readings.file_changed(sheet.path)

    def edited(self, sheet: Sheet | None) -> None:
        """Read a sheet that was changed."""
        if sheet is not None:
            self.readings.stale(sheet)

    def closed(self, sheet: Sheet | None) -> None:
        """Forget a sheet that was closed."""
        if sheet is None:
            return
        self.readings.forget(sheet)
        self.actuals.forget(sheet.uri)
        self.readings.file_changed(sheet.path)
        for call in self._on_close:
            call(sheet)

    def files_changed(self, paths: Iterable[str]) -> None:
        """Take that files changed on disk."""
        changed = tuple(paths)
        for path in changed:
            self.readings.file_changed(path)
        for call in self._on_files:
            call(changed)

    def settings_changed(self) -> None:
        """Load the settings again and read every sheet with them."""
        self.settings, problems = settings.load(self.root, os.environ, self.layers)
        for problem in problems:
            self.say(problem, types.MessageType.Warning)
        self.readings.all_stale()
        self.has_changed_unasked()

    def begin(self, params: types.InitializeParams) -> None:
        """Take what the client says of itself."""
        encoding: Any = self.protocol.workspace.position_encoding or "utf-16"
        self.root = _root(params) or Path.cwd()
        used = _encoding(str(getattr(encoding, "value", encoding)))
        self.sheets = Sheets(used, self.root)
        self.places = Places(self.sheets, used)
        self.readings.end()
        self.readings = Readings(self.sheets, self.root, self)
        options: Any = params.initialization_options
        given: Any = None
        if isinstance(options, Mapping):
            given = cast(Mapping[str, Any], options).get("cellcost")
        if isinstance(given, Mapping):
            wanted: Any = cast(Mapping[str, Any], given).get("notifications")
            self._notifies = wanted is True
        initial, problems = settings.checked(given, "initializationOptions.cellcost")
        self.layers = ClientLayers(initial=initial)
        self.settings, more = settings.load(self.root, os.environ, self.layers)
        for problem in (*problems, *more):
            self.say(problem, types.MessageType.Warning)

    def started(self) -> None:
        """Take that the client is ready."""
        self.tell("cellcost/state", {"state": "ready", "message": ""})
        for call in self._on_start:
            call()

    def end(self) -> None:
        """Stop the tasks and threads."""
        for call in self._on_end:
            call()
        for task in self._tasks:
            task.cancel()
        self.readings.end()
        self._aside.shutdown(wait=False, cancel_futures=True)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log an error that pygls met; no popup."""
        self.failed("a message", error)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed("a task", error)


def _root(params: types.InitializeParams) -> Path | None:
    folders = params.workspace_folders or ()
    uri = folders[0].uri if folders else params.root_uri
    path = to_fs_path(uri) if uri else params.root_path
    return Path(path) if path else None


def _encoding(name: str) -> Encoding:
    return "utf-8" if name == "utf-8" else "utf-32" if name == "utf-32" else "utf-16"
