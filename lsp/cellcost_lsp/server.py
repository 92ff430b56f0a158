"""The language server: what is open, its readings, and who is told about them."""

import asyncio
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
from cellcost_lsp import features, settings
from cellcost_lsp.analyst import Analyst
from cellcost_lsp.counting import load_for
from cellcost_lsp.places import Places
from cellcost_lsp.reading import Reading, later, snapshot
from cellcost_lsp.settings import ClientLayers
from cellcost_lsp.sheets import Sheet, Sheets
from cellcost_lsp.text import Encoding

__all__ = ["CostServer", "OnReading"]

T = TypeVar("T")
OnReading = Callable[[Sheet, Reading], None]
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
_PATIENCE_SECONDS = 0.5
"""How long a hint waits for a reading; above this people feel it (Doherty, 1982)."""
_WATCHED = ("**/*.py", "**/*.ipynb", "**/cellcost.toml", "**/pyproject.toml")


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
        self._readings: dict[str, Reading] = {}
        self._stale: dict[str, Sheet] = {}
        self._changed: set[str] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._on_reading: list[OnReading] = []
        self._on_close: list[Callable[[Sheet], None]] = []
        self._on_start: list[Callable[[], None]] = []
        self._on_files: list[Callable[[Sequence[str]], None]] = []
        self._said: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._working = False
        self._uncountable: set[str] = set()
        self._owed: set[str] = set()
        self._analyst = Analyst(self.root, self._open_text)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="cellcost-read")
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="cellcost-aside")
        _documents(self)
        _lifecycle(self)
        features.register(self)

    # -- what features ask -------------------------------------------------------------

    def last(self, uri: str) -> Reading | None:
        """Return the newest reading of a sheet or cell, which may be an old one."""
        sheet = self.sheets.of(uri)
        return None if sheet is None else self._readings.get(sheet.uri)

    async def fresh(self, uri: str) -> Reading | None:
        """Return the reading of what is in the editor now; None if it is not open."""
        sheet = self.sheets.of(uri)
        if sheet is None:
            return None
        wanted = sheet.version
        while self.sheets.of(uri) is sheet:
            reading = self._readings.get(sheet.uri)
            if reading is not None and reading.version >= wanted:
                return reading
            if sheet.uri not in self._stale and not self._working:
                return reading  # it could not be read, which was said
            landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(landed)
            await landed
        return None

    async def soon(self, uri: str) -> Reading | None:
        """Return the reading of what is in the editor now, or what the last says of it.

        The last is moved with what was typed since. Used when reading takes long: the
        client is asked to ask again when it is done.
        """
        reading = asyncio.ensure_future(self.fresh(uri))
        try:
            return await asyncio.wait_for(asyncio.shield(reading), _PATIENCE_SECONDS)
        except TimeoutError:
            self._owed.add(uri)
        finally:
            reading.cancel()
        sheet, last = self.sheets.of(uri), self.last(uri)
        if sheet is None or last is None:
            return None
        return later(last, snapshot(sheet, last))

    def on_reading(self, call: OnReading) -> None:
        """Have `call` be told of every new reading."""
        self._on_reading.append(call)

    def on_close(self, call: Callable[[Sheet], None]) -> None:
        """Have `call` be told of every sheet that was closed."""
        self._on_close.append(call)

    def on_start(self, call: Callable[[], None]) -> None:
        """Have `call` be told when the client is ready."""
        self._on_start.append(call)

    def on_files(self, call: Callable[[Sequence[str]], None]) -> None:
        """Have `call` be told of the paths of files that changed on disk."""
        self._on_files.append(call)

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
        workspace = self.client_capabilities.workspace
        hints = workspace.inlay_hint if workspace else None
        if hints is not None and hints.refresh_support:
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

    def failed(self, what: str, error: BaseException) -> None:
        """Log an error of ours, once."""
        message = f"{what} failed ({type(error).__name__})"
        if message not in self._said:
            _log.error(message, exc_info=error)
        self.say(message, types.MessageType.Error)

    # -- what the protocol tells -------------------------------------------------------

    def opened(self, sheet: Sheet) -> None:
        """Read a sheet that was opened."""
        self._file_changed(sheet.path)
        self._read_soon(sheet)

    def edited(self, sheet: Sheet | None) -> None:
        """Read a sheet that was changed."""
        if sheet is not None:
            self._changed.add(sheet.path)
            self._read_soon(sheet)

    def closed(self, sheet: Sheet | None) -> None:
        """Forget a sheet that was closed."""
        if sheet is None:
            return
        self._readings.pop(sheet.uri, None)
        self._stale.pop(sheet.uri, None)
        self._reader.submit(self._analyst.forget, sheet.uri)
        self._file_changed(sheet.path)
        self._wake()
        for call in self._on_close:
            call(sheet)

    def files_changed(self, paths: Iterable[str]) -> None:
        """Take that files changed on disk."""
        changed = tuple(paths)
        for path in changed:
            self._file_changed(path)
        for call in self._on_files:
            call(changed)

    def settings_changed(self) -> None:
        """Load the settings again and read every sheet with them."""
        self.settings, problems = settings.load(self.root, os.environ, self.layers)
        for problem in problems:
            self.say(problem, types.MessageType.Warning)
        for sheet in self.sheets:
            sheet.version += 1
            self._read_soon(sheet)

    def begin(self, params: types.InitializeParams) -> None:
        """Take what the client says of itself."""
        encoding: Any = self.protocol.workspace.position_encoding or "utf-16"
        self.root = _root(params) or Path.cwd()
        used = _encoding(str(getattr(encoding, "value", encoding)))
        self.sheets = Sheets(used, self.root)
        self.places = Places(self.sheets, used)
        self._analyst = Analyst(self.root, self._open_text)
        options: Any = params.initialization_options
        given: Any = None
        if isinstance(options, Mapping):
            given = cast(Mapping[str, Any], options).get("cellcost")
        initial, problems = settings.checked(given, "initializationOptions.cellcost")
        self.layers = ClientLayers(initial=initial)
        self.settings, more = settings.load(self.root, os.environ, self.layers)
        for problem in (*problems, *more):
            self.say(problem, types.MessageType.Warning)

    def started(self) -> None:
        """Take that the client is ready."""
        for call in self._on_start:
            call()

    def end(self) -> None:
        """Stop the threads."""
        self._reader.shutdown(wait=False, cancel_futures=True)
        self._aside.shutdown(wait=False, cancel_futures=True)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log an error that pygls met; no popup."""
        self.failed("a message", error)

    # -- reading -----------------------------------------------------------------------

    def _read_soon(self, sheet: Sheet) -> None:
        self._stale[sheet.uri] = sheet
        if not self._working:
            self._working = True
            self.start(self._work())

    async def _work(self) -> None:
        """Read what is stale, newest versions only, until nothing is."""
        try:
            while self._stale:
                uri = next(iter(self._stale))
                await self._read(self._stale.pop(uri))
        finally:
            self._working = False
            self._wake()

    async def _read(self, sheet: Sheet) -> None:
        last = self._readings.get(sheet.uri)
        seen = snapshot(sheet, last)
        changed, self._changed = self._changed, set()
        loop = asyncio.get_running_loop()
        try:
            reading, guessed = await loop.run_in_executor(
                self._reader, self._analyst.read, seen, last, self.settings, changed
            )
        except Exception as error:  # noqa: BLE001  # the server must outlive one text
            self.failed("reading a file", error)
            return
        if self.sheets.of(sheet.uri) is not sheet:
            return
        self._readings[sheet.uri] = reading
        sheet.forget_edits(reading.version)
        self._wake()
        for call in self._on_reading:
            try:
                call(sheet, reading)
            except Exception as error:  # noqa: BLE001  # one feature, not all
                self.failed("showing a reading", error)
        if any(self.sheets.of(uri) is sheet for uri in self._owed):
            self._owed.clear()
            self.refresh_hints()
        if guessed - self._uncountable:
            self._uncountable |= guessed
            self.start(self._count(guessed))

    async def _count(self, models: set[str]) -> None:
        """Load vocabularies, then read again what was guessed."""
        if await self.aside(lambda: load_for(models)):
            self.settings_changed()
            self.refresh_hints()
            self.refresh_lenses()

    def _file_changed(self, path: str) -> None:
        """Read again what depends on a file."""
        self._changed.add(path)
        for sheet in self.sheets:
            reading = self._readings.get(sheet.uri)
            if reading is not None and path in reading.imports:
                sheet.version += 1
                self._read_soon(sheet)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for landed in waiting:
            if not landed.done():
                landed.set_result(None)

    def _open_text(self, path: Path) -> str | None:
        sheet = self.sheets.at(str(path))
        page = None if sheet is None else sheet.pages.get(None)
        return None if page is None else page.text

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed("a task", error)


def _documents(server: CostServer) -> None:
    """Keep documents ourselves: pygls's own lines end where the protocol's do not."""

    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.opened(server.sheets.open_file(params.text_document))

    def edited(params: types.DidChangeTextDocumentParams) -> None:
        server.edited(server.sheets.change_file(params))

    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.closed(server.sheets.close(params.text_document.uri))

    def notebook_opened(params: types.DidOpenNotebookDocumentParams) -> None:
        server.opened(server.sheets.open_notebook(params))

    def notebook_edited(params: types.DidChangeNotebookDocumentParams) -> None:
        server.edited(server.sheets.change_notebook(params))

    def notebook_closed(params: types.DidCloseNotebookDocumentParams) -> None:
        cells = [item.uri for item in params.cell_text_documents]
        server.closed(server.sheets.close(params.notebook_document.uri, cells))

    keep = cast(
        Callable[[str, Callable[[Any], None]], None],
        server.protocol.fm.add_builtin_feature,  # pyright: ignore[reportUnknownMemberType]  # untyped
    )
    keep(types.TEXT_DOCUMENT_DID_OPEN, opened)
    keep(types.TEXT_DOCUMENT_DID_CHANGE, edited)
    keep(types.TEXT_DOCUMENT_DID_CLOSE, closed)
    keep(types.NOTEBOOK_DOCUMENT_DID_OPEN, notebook_opened)
    keep(types.NOTEBOOK_DOCUMENT_DID_CHANGE, notebook_edited)
    keep(types.NOTEBOOK_DOCUMENT_DID_CLOSE, notebook_closed)


def _lifecycle(server: CostServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.begin(params)

    @server.feature(types.INITIALIZED)
    def initialized(params: types.InitializedParams) -> None:
        _watch(server)
        server.start(_ask_settings(server))
        server.started()

    @server.feature(types.SHUTDOWN)
    def shutdown(params: None) -> None:
        server.end()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configuration(params: types.DidChangeConfigurationParams) -> None:
        server.start(_ask_settings(server))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(params: types.DidChangeWatchedFilesParams) -> None:
        paths = [path for c in params.changes if (path := to_fs_path(c.uri))]
        server.files_changed(paths)
        if any(path.endswith(".toml") for path in paths):
            server.settings_changed()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        path = to_fs_path(params.text_document.uri)
        if path:
            server.files_changed([path])
            if path.endswith(".toml"):
                server.settings_changed()


async def _ask_settings(server: CostServer) -> None:
    """Ask the client for its settings, where it answers that."""
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return
    asked = types.ConfigurationParams([types.ConfigurationItem(section="cellcost")])
    answer = await server.workspace_configuration_async(asked)
    given: Any = answer[0] if answer else None
    values, problems = settings.checked(given, "the client's setting cellcost")
    for problem in problems:
        server.say(problem, types.MessageType.Warning)
    if values != server.layers.configured:
        server.layers = ClientLayers(initial=server.layers.initial, configured=values)
        server.settings_changed()
        server.refresh_hints()
        server.refresh_lenses()


def _watch(server: CostServer) -> None:
    """Have the client tell of files that change on disk, where it can."""
    workspace = server.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace else None
    if watched is None or not watched.dynamic_registration:
        return
    options = types.DidChangeWatchedFilesRegistrationOptions(
        [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
    )
    server.client_register_capability(
        types.RegistrationParams(
            [
                types.Registration(
                    "cellcost-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options
                )
            ]
        )
    )


def _root(params: types.InitializeParams) -> Path | None:
    folders = params.workspace_folders or ()
    uri = folders[0].uri if folders else params.root_uri
    path = to_fs_path(uri) if uri else params.root_path
    return Path(path) if path else None


def _encoding(name: str) -> Encoding:
    return "utf-8" if name == "utf-8" else "utf-32" if name == "utf-32" else "utf-16"
