"""All that is known of a call, as markdown: tooltips and hovers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cellcost.analysis import Candidate, Estimate, Range
from cellcost.figures import cost_text, notes_text, tokens_text
from cellcost.money import format_usd
from cellcost.prices import PriceBook, Rate
from cellcost_lsp.costs import about, loop_text, price_of, typical

if TYPE_CHECKING:
    from cellcost.views import SiteView, Tally

__all__ = ["call_markdown", "plain"]


def call_markdown(
    item: Estimate, book: PriceBook, view: "SiteView | None" = None
) -> str:
    """Return a table of the models that a call may use, its tokens, range, sources."""
    return "\n\n".join((*_past(view), *_parts(item, book)))


def _past(view: "SiteView | None") -> Iterator[str]:
    if view is None:
        return
    yield f"Last run: {_spent(view.last.tally)}."
    if view.month is not None and view.month.calls:
        yield f"This month: {_spent(view.month)}."


def _spent(tally: "Tally") -> str:
    """Return `$0.0121 (12,100,000 nano-dollars) · 2 calls · 1.2k → 350`."""
    cost, notes = cost_text(tally), notes_text(tally)
    if tally.cost_nusd is not None:
        cost += f" ({tally.cost_nusd:,} nano-dollars)"
    calls = "1 call" if tally.calls == 1 else f"{tally.calls:,} calls"
    return " · ".join(filter(None, (cost, calls, tokens_text(tally.tokens), notes)))


def _parts(item: Estimate, book: PriceBook) -> Iterator[str]:
    if item.candidates:
        yield _table(item)
    tokens = _tokens(item)
    if tokens:
        yield tokens
    yield from _costs(item)
    if item.reasons:
        yield "".join(f"- {plain(reason)}\n" for reason in item.reasons).rstrip()
    yield f"Estimated from the source; prices of catalogue {book.catalogue_version}."


def _table(item: Estimate) -> str:
    rows = [
        "| model | in, per 1M | out, per 1M | one call |",
        "|---|--:|--:|--:|",
        *(_row(item, candidate) for candidate in item.candidates),
    ]
    return "\n".join(rows)


def _row(item: Estimate, candidate: Candidate) -> str:
    card = candidate.card
    name = plain(candidate.model.written)
    if card.reason or not card.brackets:
        return f"| {name} |  |  | unpriced |"
    rates = card.brackets[0][1]
    cost = price_of(item, candidate)
    one = "not known" if cost is None else about(cost, cost)
    return f"| {name} | {_rate(rates.input)} | {_rate(rates.output)} | {one} |"


def _rate(rate: Rate) -> str:
    return "" if rate.contracted_rate is None else f"${rate.contracted_rate:f}"


def _tokens(item: Estimate) -> str:
    said: list[str] = []
    if item.input_tokens is not None:
        said.append(f"{_span(item.input_tokens)} in")
    if item.output_tokens is not None and item.output_tokens != Range(0, 0):
        said.append(
            f"{_span(item.output_tokens)} out, taken as {item.typical_output:,}"
        )
    return f"Tokens: {'; '.join(said)}." if said else ""


def _costs(item: Estimate) -> Iterator[str]:
    prices = typical(item)
    if item.cost_nusd is not None:
        yield f"One call: {_cost_span(item.cost_nusd)}."
    if prices is not None and item.site.in_loop:
        times = item.site.loop_count
        if times is None:
            yield f"In a loop of unknown length ({loop_text(None)})."
        else:
            yield (
                f"{loop_text(times)} in its loops:"
                f" {about(prices[0] * times, prices[1] * times)} a run."
            )


def _span(found: Range) -> str:
    if found.high is None:
        return f"{found.low:,} or more"
    return f"{found.low:,}" + ("" if found.high == found.low else f"–{found.high:,}")  # noqa: RUF001


def _cost_span(found: Range) -> str:
    if found.high is None:
        return f"{format_usd(found.low)} or more; no limit is known"
    if found.high == found.low:
        return format_usd(found.low)
    return f"{format_usd(found.low)} to {format_usd(found.high)}"


def plain(text: str) -> str:
    """Return text without what markdown would read."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+!|~$" else c for c in text)
