"""Quick fixes of findings: in cells, in files, and in the file that defines a model."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from cellcost_lsp.features.diagnostics import diagnostics
from cellcost_lsp.guarding import guarded
from cellcost_lsp.places import Places, span
from cellcost_lsp.reading import Reading

if TYPE_CHECKING:
    from cellcost.analysis.fixes import Fix
    from cellcost_lsp.server import CostServer

__all__ = ["actions", "register"]

_KIND = types.CodeActionKind.QuickFix


def register(server: "CostServer") -> None:
    """Answer for code actions."""

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[_KIND]),
    )
    @guarded(server, "a quick fix", list[types.CodeAction])
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        if not (server.settings.editor.diagnostics and _asked(params.context.only)):
            return []
        reading = await server.fresh(uri)
        if reading is None:
            return []
        versioned = _versions(server.client_capabilities)
        # Parsing a long file for its fixes takes a while.
        return await server.aside(
            lambda: list(
                actions(reading, uri, params.range, server.places, versioned=versioned)
            )
        )


def actions(
    reading: Reading,
    uri: str,
    asked: types.Range,
    places: Places,
    *,
    versioned: bool = True,
) -> Iterator[types.CodeAction]:
    """Yield the fixes of the findings that a range touches."""
    # Imported when they are asked for: the first hints do not wait for it.
    from cellcost.analysis.fixes import fixes

    for finding, diagnostic in diagnostics(reading, uri, places):
        if not _touch(diagnostic.range, asked):
            continue
        found = fixes(finding, lambda path, cell: places.lines(path, cell, reading))
        for fix in found:
            edit = workspace_edit(fix, reading, places, versioned=versioned)
            if edit is not None:
                yield types.CodeAction(
                    title=fix.title,
                    kind=_KIND,
                    diagnostics=[diagnostic],
                    is_preferred=fix.best or None,
                    edit=edit,
                )


def workspace_edit(
    fix: "Fix", reading: Reading, places: Places, *, versioned: bool
) -> types.WorkspaceEdit | None:
    """Return a fix as the client applies it; None if a place of it is gone."""
    edits: dict[str, list[types.TextEdit]] = {}
    versions: dict[str, int | None] = {}
    for edit in fix.edits:
        area = edit.area
        page = places.page(area.path, area.cell, reading)
        if page is None:
            return None
        edits.setdefault(page.uri, []).append(
            types.TextEdit(span(page, area), edit.text)
        )
        versions[page.uri] = page.version if places.is_open(area.path) else None
    if not versioned:
        return types.WorkspaceEdit(changes=edits)
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(
                types.OptionalVersionedTextDocumentIdentifier(uri, versions[uri]),
                list(changes),
            )
            for uri, changes in edits.items()
        ]
    )


def _asked(kinds: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Say whether quick fixes are among the kinds that the client wants."""
    if kinds is None:
        return True
    names = (str(getattr(kind, "value", kind)) for kind in kinds)
    return any(name in ("", _KIND.value) for name in names)


def _versions(client: types.ClientCapabilities) -> bool:
    workspace = client.workspace
    edit = workspace.workspace_edit if workspace else None
    return bool(edit and edit.document_changes)


def _touch(one: types.Range, other: types.Range) -> bool:
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
