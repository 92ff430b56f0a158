"""What was really spent, told to our own clients: today, and under each cell."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cellcost.call_sites import file_key
from cellcost.figures import cost_text, notes_text, tokens_text
from cellcost.money import nano_to_text
from cellcost_lsp.sheets import Sheet
from cellcost_lsp.telling import plain

if TYPE_CHECKING:
    from cellcost.views import DayView, ModelKey, SiteView, Tally
    from cellcost_lsp.history import History, News
    from cellcost_lsp.server import CostServer

__all__ = ["cell_json", "register", "today_json"]

Json = dict[str, Any]

_AFTER_SECONDS = 1.0
"""How long the journal waits for the first hints, if no file is opened."""
_MEANWHILE_SECONDS = 0.1
"""In which hints that are known are sent, before another thread takes its share."""


def register(server: "CostServer") -> None:
    """Follow the journal; tell the client what it shows of it."""
    read = asyncio.Event()
    sent: dict[str, list[Json]] = {}
    today: list[Json] = []

    def heard(news: "News") -> None:
        """Take news of the journal, on the event loop."""
        if news.trouble:
            server.trouble(news.trouble)
            return
        server.well()
        # A kernel may not know its notebook: its cells are looked at each time.
        told_cells = [tell_cells(sheet) for sheet in server.sheets]
        if any(told_cells) or any(_concerns(news, s) for s in server.sheets):
            server.has_changed_unasked()
        if news.today is not None:
            told = today_json(news.today)
            if today != [told]:
                today[:] = [told]
                server.tell("cellcost/today", told)

    def tell_cells(sheet: Sheet) -> bool:
        """Send a notebook's cells where they changed; say whether they did."""
        if not sheet.notebook:
            return False
        cells = [
            cell_json(page.uri, view)
            for page in sheet.pages.values()
            if (view := server.actuals.cell(page, sheet.opened)) is not None
        ]
        if cells == sent.get(sheet.uri, []):
            return False
        sent[sheet.uri] = cells
        server.tell("cellcost/cells", {"notebook": sheet.uri, "cells": cells})
        return True

    def has_read(sheet: Sheet, _: object) -> None:
        read.set()
        tell_cells(sheet)

    async def follow() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(read.wait(), _AFTER_SECONDS)
        await asyncio.sleep(_MEANWHILE_SECONDS)
        made = await server.aside(_history)
        history = made(server.settings.home, server.from_thread(heard))
        server.actuals.history = history
        history.start()
        server.on_end(history.stop)

    server.on_start(lambda: server.start(follow()))
    server.on_reading(has_read)
    server.on_close(lambda sheet: sent.pop(sheet.uri, None))


def _history() -> "type[History]":
    # It takes a while to import, which no hint may wait for.
    from cellcost_lsp.history import History

    return History


def today_json(day: "DayView") -> Json:
    """Return what the status bar says of a day."""
    total = day.total
    return {
        "text": cost_text(total),
        "tooltip": "\n".join(_by_model(day)),
        "costNusd": nano_to_text(total.cost_nusd),
        "unpriced": total.n_unpriced,
    }


def cell_json(uri: str, view: "SiteView") -> Json:
    """Return what stands under a cell: its last run."""
    tally = view.last.tally
    tokens = tokens_text(tally.tokens).replace(" → ", "→")
    return {
        "uri": uri,
        "text": " · ".join(filter(None, (cost_text(tally), tokens))),
        "tooltip": "\n".join(_of_run(view)),
        "state": tally.state,
        "costNusd": nano_to_text(tally.cost_nusd),
    }


def _concerns(news: "News", sheet: Sheet) -> bool:
    return news.everything or file_key(sheet.path) in news.touched


def _by_model(day: "DayView") -> Iterator[str]:
    yield f"**{_said(day.total)} today**\n"
    if day.by_model:
        yield from _rows((row.key, row.tally) for row in day.by_model)


def _of_run(view: "SiteView") -> Iterator[str]:
    yield f"**{_said(view.last.tally)}** in the last run\n"
    yield from _rows(view.last.by_model)
    if view.month is not None and view.month.calls:
        yield f"\n{_said(view.month)} this month"


def _rows(models: "Iterable[tuple[ModelKey, Tally]]") -> Iterator[str]:
    yield "| model | calls | tokens | cost |"
    yield "|---|--:|--:|--:|"
    for key, tally in models:
        yield (
            f"| {plain(key.model)} | {tally.calls:,} | {tokens_text(tally.tokens)} "
            f"| {_said(tally)} |"
        )


def _said(tally: "Tally") -> str:
    """Return a cost with why it is not exact."""
    notes = notes_text(tally)
    return f"{cost_text(tally)} ({notes})" if notes else cost_text(tally)
