"""`3 calls · ≈ $0.04 per run · last $0.038 · $2.10 this month` above code."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from lsprotocol import types

from cellcost.analysis import Estimate
from cellcost_lsp.actuals import last_text, learnt, month_text
from cellcost_lsp.costs import about, summed
from cellcost_lsp.reading import Reading
from cellcost_lsp.readings import Reached
from cellcost_lsp.text import Page

if TYPE_CHECKING:
    from cellcost.views import SiteView
    from cellcost_lsp.server import CostServer

__all__ = ["Place", "places", "register", "title"]

_COMMAND = "cellcost.showCall"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a lens stands, and what it is about."""

    kind: Literal["file", "cell", "function"]
    row: int
    name: str = ""
    """The function's qualified name."""


def register(server: "CostServer") -> None:
    """Answer for code lenses."""

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def code_lens(params: types.CodeLensParams) -> list[types.CodeLens]:
        uri = params.text_document.uri
        sheet, reading = server.sheets.of(uri), await server.fresh(uri)
        if sheet is None or reading is None or not server.settings.editor.lenses:
            return []
        reached: Reached = {}
        if sheet.notebook:
            reached = await server.readings.reached(uri)
        page = sheet.page_of(uri)
        view = None if page is None else server.actuals.cell(page, sheet.opened)
        return [
            types.CodeLens(
                range=types.Range(
                    types.Position(place.row, 0), types.Position(place.row, 0)
                ),
                data={"uri": uri, "kind": place.kind, "name": place.name},
            )
            for place in places(reading, uri, reached, ran=view is not None)
        ]

    @server.feature(types.CODE_LENS_RESOLVE)
    async def resolve(lens: types.CodeLens) -> types.CodeLens:
        data: Any = lens.data
        asked = cast(dict[str, Any], data) if isinstance(data, dict) else {}
        uri = str(asked.get("uri", ""))
        text = await _title(server, uri, str(asked.get("kind")), str(asked.get("name")))
        lens.command = types.Command(title=text, command=_COMMAND, arguments=[uri])
        return lens


async def _title(server: "CostServer", uri: str, kind: str, name: str) -> str:
    sheet, reading = server.sheets.of(uri), await server.fresh(uri)
    if sheet is None or reading is None:
        return ""
    known = server.actuals.calls(reading, sheet.opened)
    if kind == "function":
        items = [k.estimate for k in known if _inside(k.estimate, name)]
        view = server.actuals.function(reading.path, name)
        return title(items, view)
    reached = await server.readings.reached(uri)
    cell = reading.cell_of(uri)
    items = learnt(reached.get(cell, ()), known, reading)
    if kind == "cell":
        page = reading.pages.get(cell)
        view = None if page is None else server.actuals.cell(page, sheet.opened)
        return title(items, view)
    return title(
        items or [k.estimate for k in known], server.actuals.file(reading.path)
    )


def places(
    reading: Reading, uri: str, reached: Reached, *, ran: bool = False
) -> Iterator[Place]:
    """Yield where lenses stand on a page: its first line, and functions with calls.

    `ran` says that the journal knows calls of this cell.
    """
    cell = reading.cell_of(uri)
    page = reading.pages.get(cell)
    if page is None or page.uri != uri:
        return
    items = reading.of(cell)
    if cell is None and items:
        yield Place("file", 0)
    elif cell is not None and (ran or reached.get(cell)):
        yield Place("cell", 0)
    seen: set[str] = set()
    for item in items:
        name = item.site.function
        if name and name not in seen:
            seen.add(name)
            row = _head(page, item)
            if row is not None:
                yield Place("function", row, name)


def title(items: Iterable[Estimate], view: "SiteView | None") -> str:
    """Return what a lens says: the calls, one run, and what the journal knows."""
    parts = [*_estimated(items)]
    if view is not None:
        parts.append(f"last {last_text(view)}")
        month = month_text(view)
        if month:
            parts.append(f"{month} this month")
    return " · ".join(parts)


def _estimated(items: Iterable[Estimate]) -> Iterator[str]:
    total = summed(items)
    if not total.calls:
        return
    yield "1 call" if total.calls == 1 else f"{total.calls:,} calls"
    priced = total.calls - total.unpriced - total.loads
    if priced:
        known = about(total.low, total.high)
        if total.unbounded == priced:
            known += " × n"  # noqa: RUF001
        elif total.unpriced or total.unbounded:
            known = known.replace("≈", "≥", 1)
        yield f"{known} per run"
        if 0 < total.unbounded < priced:
            yield f"{total.unbounded:,} × n"  # noqa: RUF001
    if total.unpriced:
        yield f"{total.unpriced:,} unpriced" if priced else "unpriced"
    if total.loads:
        yield "GPU time"


def _inside(item: Estimate, name: str) -> bool:
    function = item.site.function
    return function == name or function.startswith(f"{name}.")


def _head(page: Page, item: Estimate) -> int | None:
    """Return the line of the `def` or `class` that a call stands in."""
    name = re.escape(item.site.function.rpartition(".")[2])
    head = re.compile(rf"\s*(?:(?:async\s+)?def|class)\s+{name}\b")
    rows = range(item.site.area.row, -1, -1)
    return next((row for row in rows if head.match(page.line(row))), None)
