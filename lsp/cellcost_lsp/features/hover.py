"""What a model costs, on its name; what a call will cost on it, and on smaller ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from lsprotocol import types

from cellcost.analysis import Area, Candidate, Estimate, cheaper, load_text, named
from cellcost.analysis.callsyntax import call_at
from cellcost.analysis.magics import python_of
from cellcost.analysis.source import Source
from cellcost.clock import price_time
from cellcost.money import format_usd
from cellcost_lsp.actuals import Known, last_text, month_text
from cellcost_lsp.costs import about, loop_text, price_of, tokens_text
from cellcost_lsp.features.completion import providers_of
from cellcost_lsp.guarding import guarded
from cellcost_lsp.places import Places, span
from cellcost_lsp.reading import Reading
from cellcost_lsp.sheets import CellId
from cellcost_lsp.telling import plain
from cellcost_lsp.text import Page

if TYPE_CHECKING:
    from cellcost.views import SiteView
    from cellcost_lsp.server import CostServer

__all__ = ["Use", "call_text", "named_at", "register"]

_MOST_CALLS = 3


@dataclass(frozen=True, slots=True)
class Use:
    """A call, one of the models that it may use, and the reading that knows it."""

    item: Estimate
    candidate: Candidate
    reading: Reading
    view: "SiteView | None"
    """What the call really cost; None where nobody knows."""


Learnt = tuple[Reading, Sequence[Known]]
"""A reading with what the journal knows of its calls."""


def register(server: "CostServer") -> None:
    """Answer for hovers."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    @guarded(server, "a hover", _nothing)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        uri = params.text_document.uri
        sheet, reading = server.sheets.of(uri), await server.fresh(uri)
        if sheet is None or reading is None:
            return None
        own = (reading, server.actuals.calls(reading, sheet.opened))
        cell = reading.cell_of(uri)
        page = reading.pages.get(cell)
        if page is None or page.uri != uri:
            return None
        row, column = page.place(params.position)
        others = [
            (last, server.actuals.calls(last, other.opened))
            for other in server.sheets
            if other is not sheet and (last := server.last(other.uri)) is not None
        ]
        area, uses = named_at((own, *others), reading.path, cell, row, column)
        if area is None:
            area, uses = _call_at(own, cell, row, column, server.places)
        if area is not None:
            text = "\n\n---\n\n".join(_texts(uses, reading.path))
            return _hover(text, span(page, area))
        return _name_alone(reading, page, cell, row, column)


def named_at(
    learnt: Sequence[Learnt], path: str, cell: CellId, row: int, column: int
) -> tuple[Area | None, list[Use]]:
    """Return the model's name that is at a place, and the calls that use it."""
    area: Area | None = None
    uses: list[Use] = []
    for reading, known in learnt:
        for call in known:
            item = call.estimate
            for candidate in item.candidates:
                for found in candidate.model.areas:
                    if (found.path, found.cell) != (path, cell):
                        continue
                    if _holds(found, row, column) and area in (None, found):
                        area = found
                        uses.append(Use(item, candidate, reading, call.view))
    return area, uses


def call_text(use: Use) -> Iterator[str]:
    """Yield what one call costs on a model, and on smaller ones."""
    item, candidate = use.item, use.candidate
    cost = price_of(item, candidate)
    if item.site.kind == "load":
        size = "" if item.gpu_bytes is None else f" · {load_text(item)}"
        yield f"This loads weights: it costs GPU time, not tokens{size}."
        return
    if cost is None:
        return
    said = f"This call: {about(cost, cost)} · {tokens_text(item)} tokens"
    if item.site.in_loop:
        times = item.site.loop_count
        said += f" · {loop_text(times)}"
        if times is not None and times > 1:
            said += f" = {about(cost * times, cost * times)}"
    if use.view is not None:
        said += f" · **{last_text(use.view)} last run**"
        month = month_text(use.view)
        said += f" · {month} this month" if month else ""
    yield said
    rows = [
        f"| {plain(other.model)} | ≈ {format_usd(other.cost_nusd, digits=2)}"
        f" | {format_usd(other.own_nusd - other.cost_nusd, digits=2)} |"
        for other in cheaper(item, candidate, book=use.reading.book)
        if other.cost_nusd is not None and other.own_nusd is not None
    ]
    if rows:
        yield "\n".join(("| same tokens on | cost | saves |", "|---|--:|--:|", *rows))


def _texts(uses: Sequence[Use], path: str) -> Iterator[str]:
    """Yield each model once, with the calls that use it."""
    from cellcost_lsp.pricing import model_markdown

    by_model: dict[tuple[str, str], list[Use]] = {}
    for use in uses:
        means = use.candidate.means
        by_model.setdefault((means.provider, means.model), []).append(use)
    for (provider, model), of in by_model.items():
        first = of[0]
        parts = [
            model_markdown(
                provider,
                model,
                book=first.reading.book,
                at=first.item.at,
                card=first.candidate.card,
            )
        ]
        calls = list(
            {id(use.item): use for use in of if not use.item.site.wraps}.values()
        )
        calls = calls or of[:1]
        if len(calls) == 1:
            parts += call_text(calls[0])
        else:
            parts += _list(calls, path)
        yield "\n\n".join(parts)


def _list(calls: Sequence[Use], path: str) -> Iterator[str]:
    """Yield the calls that use a model, the first few of them."""
    rows: list[str] = []
    for use in calls[:_MOST_CALLS]:
        cost = price_of(use.item, use.candidate)
        where = f"line {use.item.site.area.row + 1}"
        if use.reading.path != path:
            where = f"{PurePath(use.reading.path).name}, {where}"
        said = "unpriced" if cost is None else f"{about(cost, cost)} a call"
        rows.append(f"- {plain(where)}: {said} · {tokens_text(use.item)} tokens")
    left = len(calls) - len(rows)
    if left > 0:
        rows.append(f"- and {left} more")
    yield f"Used by {len(calls)} calls:\n\n" + "\n".join(rows)


def _call_at(
    own: Learnt, cell: CellId, row: int, column: int, places: Places
) -> tuple[Area | None, list[Use]]:
    """Return what is called at a place, and the call itself."""
    reading, known = own
    item = reading.at(cell, row, column)
    if item is None:
        return None, []
    area = item.site.area
    lines = places.lines(area.path, area.cell, reading)
    call = call_at(area, lines) if lines is not None else None
    called = call.callee_area(area.path, area.cell) if call is not None else None
    if called is None or not _holds(called, row, column):
        return None, []
    return called, [
        Use(found.estimate, candidate, reading, found.view)
        for found in known
        if found.estimate.site == item.site
        for candidate in found.estimate.candidates
    ]


def _name_alone(
    reading: Reading, page: Page, cell: CellId, row: int, column: int
) -> types.Hover | None:
    """Return the prices of a model that no known call uses."""
    from cellcost.analysis.model_places import model_place
    from cellcost_lsp.pricing import model_markdown

    text = python_of(page.text).text if cell is not None else page.text
    place = model_place(Source(text), row, column)
    if place is None or not place.name:
        return None
    means = named(place.name)
    providers = (means.provider,) if means.provider else ()
    for provider in (*providers, *providers_of(page, reading.pages.values())):
        card = reading.book.rate_card(provider, means.model, at=price_time())
        if not card.reason:
            found = model_markdown(
                provider, means.model, book=reading.book, at=price_time()
            )
            range_ = page.span(row, place.column, row, place.end_column)
            return _hover(found, range_)
    return None


def _nothing() -> types.Hover | None:
    return None


def _hover(text: str, range_: types.Range) -> types.Hover:
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), range_)


def _holds(area: Area, row: int, column: int) -> bool:
    start, end = (area.row, area.column), (area.end_row, area.end_column)
    return start <= (row, column) <= end
