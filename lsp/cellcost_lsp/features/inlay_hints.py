"""`≈ $0.013 · 1.2k→400` at the end of a call."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from cellcost.analysis import Estimate
from cellcost.money import format_usd
from cellcost_lsp.reading import Reading
from cellcost_lsp.sheets import CellId

if TYPE_CHECKING:
    from cellcost_lsp.server import CostServer

__all__ = ["hints", "label", "register"]


def register(server: "CostServer") -> None:
    """Answer for inlay hints."""

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hint(params: types.InlayHintParams) -> list[types.InlayHint]:
        uri = params.text_document.uri
        reading = await server.fresh(uri)
        if reading is None or not server.settings.editor.hints:
            return []
        return list(hints(reading, reading.cell_of(uri), params.range))


def hints(
    reading: Reading, cell: CellId, asked: types.Range
) -> Iterator[types.InlayHint]:
    """Yield the hints of one page that end inside a range."""
    page = reading.pages.get(cell)
    if page is None:
        return
    for item in reading.of(cell):
        area = item.site.area
        if asked.start.line <= area.end_row <= asked.end.line:
            end = len(page.line(area.end_row))
            yield types.InlayHint(
                position=page.position(area.end_row, end),
                label=label(item),
                padding_left=True,
            )


def label(item: Estimate) -> str:
    """Return what stands at the end of a call."""
    if item.site.kind == "load":
        return "GPU time"
    if item.typical_nusd is None:
        return "unpriced"
    return f"≈ {format_usd(item.typical_nusd)}"
