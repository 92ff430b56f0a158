"""The floor of bench_lsp: a pygls server that does next to nothing, over stdio.

It keeps documents, publishes no diagnostics on each change, and answers one hint a call
that a search in the asked lines finds.
"""

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("floor", "1")


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def changed(params: types.DidChangeTextDocumentParams) -> None:
    """Publish that nothing was found."""
    found = types.PublishDiagnosticsParams(params.text_document.uri, [])
    server.text_document_publish_diagnostics(found)


@server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
def hints(params: types.InlayHintParams) -> list[types.InlayHint]:
    """Return a hint for each line that seems to call a model."""
    lines = server.workspace.get_text_document(params.text_document.uri).lines
    first, last = params.range.start.line, params.range.end.line
    return [
        types.InlayHint(types.Position(row, len(line) - 1), "a hint")
        for row, line in enumerate(lines[first : last + 1], first)
        if ".create(" in line
    ]


if __name__ == "__main__":
    server.start_io()
