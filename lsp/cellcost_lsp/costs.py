"""What a call will cost, as text: the same in hints, lenses and tooltips."""

from collections.abc import Iterable
from dataclasses import dataclass

from cellcost.analysis import Candidate, Estimate, Range
from cellcost.figures import count_text
from cellcost.money import format_usd
from cellcost.prices import cost
from cellcost.records import known_cost, unpriced_lines

__all__ = ["Sum", "about", "loop_text", "price_of", "summed", "tokens_text", "typical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What some calls cost together in one run."""

    calls: int
    low: int
    """Nano-USD of the cheapest models that they may use."""
    high: int
    """Nano-USD of the dearest."""
    unpriced: int
    """Calls without a price: they are in neither figure."""
    unbounded: int
    """Calls with a price in loops of unknown length: they are counted once."""
    loads: int
    """Calls that load weights, which cost GPU time."""


def price_of(item: Estimate, candidate: Candidate) -> int | None:
    """Return the typical nano-USD of one call on one of its models; None: unpriced."""
    if candidate.card.reason or item.output_tokens is None:
        return None
    lines = cost(candidate.card, item.typical_usage)
    return None if unpriced_lines(lines) else known_cost(lines)


def typical(item: Estimate) -> tuple[int, int] | None:
    """Return the typical nano-USD of one call on its cheapest and dearest model."""
    if item.typical_nusd is None:
        return None
    if len(item.candidates) == 1:
        return item.typical_nusd, item.typical_nusd
    prices = [price_of(item, candidate) for candidate in item.candidates]
    known = [price for price in prices if price is not None]
    return (min(known), max(known)) if known else None


def summed(items: Iterable[Estimate]) -> Sum:
    """Return what calls cost together: a wrapper's call is the call inside it.

    Where only the wrapper's call is among them, it counts.
    """
    chosen = _without_wrappers(list(items))
    low = high = unpriced = unbounded = loads = 0
    for item in chosen:
        times = item.site.loop_count
        if item.site.kind == "load":
            loads += 1
            continue
        prices = typical(item)
        if prices is None:
            unpriced += 1
            continue
        if times is None:
            unbounded += 1
            times = 1
        low += prices[0] * times
        high += prices[1] * times
    return Sum(
        calls=len(chosen),
        low=low,
        high=high,
        unpriced=unpriced,
        unbounded=unbounded,
        loads=loads,
    )


def about(low: int, high: int) -> str:
    """Return an estimate: `≈ $0.013`, `≈ $0.01–0.03`."""  # noqa: RUF002
    first, last = format_usd(low, digits=2), format_usd(high, digits=2)
    if first == last:
        return first if first.startswith("<") else f"≈ {first}"
    return f"≈ {first}–{last.removeprefix('$')}"  # noqa: RUF001


def tokens_text(item: Estimate) -> str:
    """Return `1.2k→400`; `1.2k+` where only a part is known, `?` where nothing is.

    Embeddings have no output: `1.2k`.
    """
    inputs = item.input_tokens
    known = count_text(item.typical_usage.input_tokens)
    if not item.from_calls and inputs is None:
        known = "?"
    elif not item.from_calls and inputs is not None and inputs.high is None:
        known += "+"
    if item.output_tokens == Range(0, 0):
        return known
    return f"{known}→{count_text(item.typical_output)}"


def loop_text(count: int | None) -> str:
    """Return how often a loop runs a call: `×100`, `× n`."""  # noqa: RUF002
    return "× n" if count is None else f"×{count:,}"  # noqa: RUF001


def _without_wrappers(items: list[Estimate]) -> list[Estimate]:
    """Return the calls without those of wrappers whose inner calls are among them."""
    areas = {item.site.area for item in items if not item.site.wraps}
    return [
        item
        for item in items
        if not (item.site.inside and areas.issuperset(item.site.inside))
    ]
