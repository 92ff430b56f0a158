"""`≈ $0.013 · 1.2k→400` at the end of a call; its tooltip when somebody asks."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types

from cellcost.analysis import load_text
from cellcost_lsp.actuals import Known, last_text
from cellcost_lsp.costs import about, loop_text, tokens_text, typical
from cellcost_lsp.reading import Reading
from cellcost_lsp.telling import call_markdown

if TYPE_CHECKING:
    from cellcost_lsp.server import CostServer

__all__ = ["hints", "label", "register"]

_WIDTH = 4
"""Labels are filled up to a multiple of this, so that a digit moves nothing."""
_FILL = "\N{NO-BREAK SPACE}"


def register(server: "CostServer") -> None:
    """Answer for inlay hints."""

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hint(params: types.InlayHintParams) -> list[types.InlayHint]:
        uri = params.text_document.uri
        if not server.settings.editor.hints:
            return []
        first, end = params.range.start.line, params.range.end.line
        sheet = server.sheets.of(uri)
        reading = await server.readings.soon(uri, first, end)
        if sheet is None or reading is None:
            return []
        known = server.actuals.calls(reading, sheet.opened)
        return list(hints(reading, known, uri, params.range))

    @server.feature(types.INLAY_HINT_RESOLVE)
    async def resolve(hint: types.InlayHint) -> types.InlayHint:
        data: Any = hint.data
        if isinstance(data, dict):
            asked = cast(dict[str, Any], data)
            uri = str(asked.get("uri"))
            sheet, reading = server.sheets.of(uri), await server.fresh(uri)
            if sheet is not None and reading is not None:
                known = server.actuals.calls(reading, sheet.opened)
                hint.tooltip = _tooltip(reading, known, asked)
        return hint


def hints(
    reading: Reading, known: Iterable[Known], uri: str, asked: types.Range
) -> Iterator[types.InlayHint]:
    """Yield the hints of one page that end inside a range."""
    cell = reading.cell_of(uri)
    page = reading.pages.get(cell)
    if page is None or page.uri != uri:
        return
    for call in known:
        area = call.estimate.site.area
        if area.cell == cell and asked.start.line <= area.end_row <= asked.end.line:
            yield types.InlayHint(
                position=page.position(area.end_row, len(page.line(area.end_row))),
                label=padded(label(call)),
                padding_left=True,
                data={"uri": uri, "row": area.row, "column": area.column},
            )


def label(call: Known) -> str:
    """Return what stands at the end of a call: its last run, or what it will cost."""
    if call.view is not None:
        running = call.view.last.tally.live_calls
        return f"{last_text(call.view)} {'so far' if running else 'last run'}"
    item = call.estimate
    if item.site.kind == "load":
        return load_text(item)
    prices = typical(item)
    if prices is None:
        return "unpriced"
    times = item.site.loop_count if item.site.in_loop else 1
    text = about(prices[0] * (times or 1), prices[1] * (times or 1))
    if times == 0:
        text = about(0, 0)
    parts = [text, loop_text(times) if item.site.in_loop else tokens_text(item)]
    if any(candidate.card.reason for candidate in item.candidates):
        parts.append("or unpriced")
    return " · ".join(parts)


def padded(text: str) -> str:
    """Return a label filled up to its width class."""
    return text.ljust(-(-len(text) // _WIDTH) * _WIDTH, _FILL)


def _tooltip(
    reading: Reading, known: Iterable[Known], asked: Mapping[str, Any]
) -> types.MarkupContent | None:
    cell = reading.cell_of(str(asked.get("uri")))
    place = (cell, asked.get("row"), asked.get("column"))
    for call in known:
        area = call.estimate.site.area
        if (area.cell, area.row, area.column) == place:
            text = call_markdown(call.estimate, reading.book, call.view)
            return types.MarkupContent(types.MarkupKind.Markdown, text)
    return None
