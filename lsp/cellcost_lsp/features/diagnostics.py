"""Findings beside the code: pulled for files where the client can, pushed for cells."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from cellcost.analysis import Area, Finding
from cellcost.analysis.report import docs_of
from cellcost_lsp.guarding import guarded
from cellcost_lsp.places import Places
from cellcost_lsp.reading import Reading
from cellcost_lsp.sheets import Sheet

if TYPE_CHECKING:
    from cellcost_lsp.server import CostServer

__all__ = ["Placed", "diagnostics", "register"]

Placed = tuple[Finding, types.Diagnostic]
"""A finding, and how the client is told of it."""

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
}
_OPTIONS = types.DiagnosticOptions(
    identifier="cellcost", inter_file_dependencies=True, workspace_diagnostics=False
)


def register(server: "CostServer") -> None:
    """Answer for diagnostics, and send those that the client does not ask for."""
    pushed: dict[str, list[types.Diagnostic]] = {}
    pulled: dict[str, tuple[int, list[types.Diagnostic]]] = {}

    def found(reading: Reading, uri: str) -> list[types.Diagnostic]:
        if not server.settings.editor.diagnostics:
            return []
        return [said for _, said in diagnostics(reading, uri, server.places)]

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, _OPTIONS)
    @guarded(server, "a finding", lambda: _report([]))
    async def pull(
        params: types.DocumentDiagnosticParams,
    ) -> types.RelatedFullDocumentDiagnosticReport:
        uri = params.text_document.uri
        sheet = server.sheets.of(uri)
        items: list[types.Diagnostic] = []
        if sheet is not None and not _is_pushed(server, sheet):
            reading = await server.fresh(uri)
            if reading is not None:
                items = found(reading, uri)
                pulled[uri] = (reading.pages[None].version, items)
        return _report(items)

    def tell(sheet: Sheet, reading: Reading) -> None:
        if not _is_pushed(server, sheet):
            # The client asks again when its text changes, not when other things do.
            before, page = pulled.get(sheet.uri), reading.pages.get(None)
            same = before and page and page.version == before[0]
            if same and before and found(reading, sheet.uri) != before[1]:
                _refresh(server)
            return
        open_now = {page.uri: page.version for page in reading.pages.values()}
        for uri, version in open_now.items():
            items = found(reading, uri)
            if items != pushed.get(uri, []):
                _publish(server, uri, items, version)
            pushed[uri] = items
        for uri in [u for u in pushed if server.sheets.of(u) is None]:
            if pushed.pop(uri):
                _publish(server, uri, [], None)

    def forget(sheet: Sheet) -> None:
        for page in sheet.pages.values():
            pulled.pop(page.uri, None)
            if pushed.pop(page.uri, None):
                _publish(server, page.uri, [], None)

    server.on_reading(tell)
    server.on_close(forget)


def diagnostics(reading: Reading, uri: str, places: Places) -> Iterator[Placed]:
    """Yield the findings of one page; one place has a code once."""
    cell = reading.cell_of(uri)
    page = reading.pages.get(cell)
    if page is None or page.uri != uri:
        return
    seen: set[tuple[str, int, int]] = set()
    for finding in reading.findings:
        if finding.estimate.site.area.cell != cell:
            continue
        area = _area(finding, reading)
        key = (finding.code, area.row, area.column)
        if key not in seen:
            seen.add(key)
            yield finding, _diagnostic(finding, area, reading, places)


def _diagnostic(
    finding: Finding, area: Area, reading: Reading, places: Places
) -> types.Diagnostic:
    page = reading.pages[area.cell]
    return types.Diagnostic(
        range=page.span(area.row, area.column, area.end_row, area.end_column),
        message=_message(finding, reading, places),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(docs_of(finding.code)),
        source="cellcost",
        related_information=_related(finding, area, reading, places) or None,
    )


def _area(finding: Finding, reading: Reading) -> Area:
    """Return the model's name where it stands here, else the call's first line."""
    call = finding.estimate.site.area
    for area in _defined(finding):
        if (area.path, area.cell) == (call.path, call.cell):
            return area
    if call.row == call.end_row:
        return call
    end = len(reading.pages[call.cell].line(call.row))
    return Area(call.path, call.cell, call.row, call.column, call.row, end)


def _defined(finding: Finding) -> Sequence[Area]:
    return () if finding.candidate is None else finding.candidate.model.areas


def _message(finding: Finding, reading: Reading, places: Places) -> str:
    # Imported here: most files have nothing to fix, and hints come first.
    from cellcost.analysis.fixes import swaps

    fixes = swaps(finding, lambda path, cell: places.lines(path, cell, reading))
    names = [f"use {other.model}" for other in finding.cheaper[: len(fixes)]]
    if not names:
        return finding.message
    offered = " · ".join([*names, "ignore with a reason"])
    return f"{finding.message} Quick fixes: {offered}"


def _related(
    finding: Finding, here: Area, reading: Reading, places: Places
) -> list[types.DiagnosticRelatedInformation]:
    candidate = finding.candidate
    if candidate is None:
        return []
    found = [places.location(a, reading) for a in candidate.model.areas if a != here]
    said = f"{candidate.model.written} is defined here"
    return [
        types.DiagnosticRelatedInformation(location, said)
        for location in found
        if location is not None
    ]


def _is_pushed(server: "CostServer", sheet: Sheet) -> bool:
    """Say whether diagnostics are sent unasked: no client asks for those of cells."""
    documents = server.client_capabilities.text_document
    return sheet.notebook or documents is None or documents.diagnostic is None


def _report(
    items: list[types.Diagnostic],
) -> types.RelatedFullDocumentDiagnosticReport:
    return types.RelatedFullDocumentDiagnosticReport(items=items)


def _publish(
    server: "CostServer", uri: str, items: list[types.Diagnostic], version: int | None
) -> None:
    server.text_document_publish_diagnostics(
        types.PublishDiagnosticsParams(uri, items, version)
    )


def _refresh(server: "CostServer") -> None:
    workspace = server.client_capabilities.workspace
    asks = workspace.diagnostics if workspace else None
    if asks is not None and asks.refresh_support:
        server.workspace_diagnostic_refresh(None)
