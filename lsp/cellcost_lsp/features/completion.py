"""Ids of models with their prices, inside texts that name a model."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types

from cellcost.analysis.families import root_of
from cellcost.analysis.magics import python_of
from cellcost.analysis.naming import provider_of_prefix
from cellcost.analysis.source import Source
from cellcost.clock import price_time
from cellcost.prices import PriceBook
from cellcost_lsp.guarding import guarded
from cellcost_lsp.sheets import Sheet
from cellcost_lsp.text import Page

if TYPE_CHECKING:
    from cellcost.analysis.model_list import Listed
    from cellcost.analysis.model_places import ModelPlace
    from cellcost_lsp.server import CostServer

__all__ = ["items", "providers_of", "register"]

_FIRST_HAND = ("openai", "anthropic", "google", "mistral", "cohere", "deepseek", "x-ai")
"""Whose models are offered behind the code's own provider's."""
# What takes `provider:model` or `provider/model`, and how.
_ROUTED = {"init_chat_model": ":", "Agent": ":", "LM": "/"}
_IMPORT = re.compile(r"^\s*(?:from|import)\s+([\w.]+)", re.MULTILINE)
_MOST_KEPT = 16


def register(server: "CostServer") -> None:
    """Answer for completion of model names."""
    sources: dict[str, Source] = {}

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION,
        types.CompletionOptions(
            trigger_characters=['"', "'", "/", ":"], resolve_provider=True
        ),
    )
    @guarded(server, "a completion", _nothing)
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        # Imported when it is asked for: the first hints do not wait for it.
        from cellcost.analysis.model_places import model_place

        uri = params.text_document.uri
        sheet = server.sheets.of(uri)
        page = None if sheet is None else sheet.page_of(uri)
        if sheet is None or page is None or not server.settings.editor.completion:
            return _nothing()
        row, column = page.place(params.position)
        place = model_place(_source(sources, sheet, page), row, column)
        # The last reading will do: what is typed now is told from the text itself.
        reading = server.last(uri) or await server.fresh(uri)
        if place is None or reading is None:
            return _nothing()
        own = providers_of(page, sheet.pages.values())
        call = reading.at(sheet.cell_of(uri), row, column)
        if call is not None and call.provider:
            own = (call.provider, *own)
        found = items(place, page, own, reading.book)
        return types.CompletionList(is_incomplete=False, items=list(found))

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    def resolve(item: types.CompletionItem) -> types.CompletionItem:
        from cellcost_lsp.pricing import model_markdown

        data: Any = item.data
        if isinstance(data, dict):
            asked = cast(dict[str, Any], data)
            reading = server.last(str(asked.get("uri")))
            if reading is not None:
                item.documentation = types.MarkupContent(
                    types.MarkupKind.Markdown,
                    model_markdown(
                        str(asked.get("provider")),
                        str(asked.get("model")),
                        book=reading.book,
                        at=price_time(),
                    ),
                )
        return item

    def forget(sheet: Sheet) -> None:
        for page in sheet.pages.values():
            sources.pop(page.uri, None)

    server.on_close(forget)


def _nothing() -> types.CompletionList:
    return types.CompletionList(is_incomplete=False, items=[])


def items(
    place: "ModelPlace", page: Page, own: Sequence[str], book: PriceBook
) -> Iterator[types.CompletionItem]:
    """Yield the models that may be meant, those of `own` providers first."""
    from cellcost.analysis.model_list import prices_text

    prefix, routed = _prefix(place)
    if routed:
        own = (routed,)
    range_ = page.span(place.row, place.column, place.row, place.end_column)
    order = tuple(dict.fromkeys((*own, *(() if routed else _FIRST_HAND))))
    for number, model in enumerate(_listed(book, order, _this_half_hour())):
        written = f"{prefix}{model.model}"
        if not prefix and (mark := _ROUTED.get(place.callee)):
            written = f"{model.provider}{mark}{model.model}"
        rank = model.rank + 3 * (model.provider not in own)
        yield types.CompletionItem(
            label=written,
            kind=types.CompletionItemKind.Value,
            detail=" · ".join(filter(None, (model.provider, prices_text(model.card)))),
            sort_text=f"{rank}{number:05}",
            filter_text=written,
            text_edit=types.TextEdit(range_, written),
            tags=[types.CompletionItemTag.Deprecated] if model.rank == 2 else None,
            data={
                "uri": page.uri,
                "provider": model.provider,
                "model": model.model,
            },
        )


def providers_of(page: Page, pages: Iterable[Page]) -> tuple[str, ...]:
    """Return whose SDKs are imported, those of this page first."""
    found: dict[str, None] = {}
    for one in (page, *pages):
        for path in _IMPORT.findall(one.text):
            for provider in _providers(path):
                found[provider] = None
    return tuple(found)


@lru_cache(maxsize=256)
def _providers(path: str) -> tuple[str, ...]:
    rooted = root_of(path)
    if rooted is None:
        return ()
    # `langchain_openai` and the like say it themselves.
    own = provider_of_prefix(path.partition(".")[0].removeprefix("langchain_"))
    family = rooted[0]
    kinds = {family.provider, *(kind.provider for kind in family.kinds)} - {""}
    return (own,) if own else tuple(sorted(kinds)) if len(kinds) == 1 else ()


def _prefix(place: "ModelPlace") -> tuple[str, str]:
    """Return the routing prefix that is typed, and the provider that it means."""
    for mark in (":", "/"):
        head, found, _ = place.name.partition(mark)
        provider = provider_of_prefix(head) if found else ""
        if provider:
            return head + mark, provider
    return "", ""


@lru_cache(maxsize=16)
def _listed(
    book: PriceBook, providers: tuple[str, ...], at: datetime
) -> "tuple[Listed, ...]":
    from cellcost.analysis.model_list import listed

    return listed(book, providers, at)


def _this_half_hour() -> datetime:
    """Return when this half hour began: no price of the list changes within one."""
    now = price_time()
    return now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)


def _source(sources: dict[str, Source], sheet: Sheet, page: Page) -> Source:
    """Return a page's statements; those that did not change are not cut again."""
    text = python_of(page.text).text if sheet.notebook else page.text
    source = sources.get(page.uri)
    if source is None:
        if len(sources) >= _MOST_KEPT:
            sources.clear()
        source = sources[page.uri] = Source()
    source.update(text)
    return source
