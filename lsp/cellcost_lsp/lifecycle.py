"""What the protocol tells of documents, files and settings, handed to the server."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.uris import to_fs_path

from cellcost_lsp import settings
from cellcost_lsp.settings import ClientLayers

if TYPE_CHECKING:
    from cellcost_lsp.server import CostServer

__all__ = ["register"]

_WATCHED = ("**/*.py", "**/*.ipynb", "**/cellcost.toml", "**/pyproject.toml")


def register(server: "CostServer") -> None:
    """Have the server follow documents, files and settings."""
    _documents(server)
    _session(server)


def _documents(server: "CostServer") -> None:
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


def _session(server: "CostServer") -> None:
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


async def _ask_settings(server: "CostServer") -> None:
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


def _watch(server: "CostServer") -> None:
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
