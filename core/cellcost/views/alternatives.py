"""Alternatives: what the same tokens would have cost on another model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cellcost.prices.smaller import SMALLER, leaves_soon
from cellcost.records import Line, Usage
from cellcost.views.entries import Entry, entry_tally
from cellcost.views.tally import Tally

__all__ = ["Alternative", "CostOf", "alternatives"]

CostOf = Callable[[str, str, Usage, datetime], Sequence[Line]]
"""(provider, model, usage, time) -> the priced lines, as `PriceBook` gives them."""

_CHAT = frozenset({"chat", "responses", "messages"})
_AT_MOST = 3
# Beyond this many calls a popover would take longer to open than anybody waits.
_CALLS_PRICED = 2000


@dataclass(frozen=True, slots=True)
class Alternative:
    """A model, and the cost of these very tokens on it."""

    model: str
    cost_nusd: int


def alternatives(entries: Sequence[Entry], cost_of: CostOf) -> tuple[Alternative, ...]:
    """Return at most three cheaper models and what the same tokens cost there.

    Empty unless the usage is real (measured, all priced, all chat) and text only: on a
    guess, or where another model would count differently, no comparison is honest.
    """
    entries = [entry for entry in entries if entry.kind != "gpu"]
    actual = sum((entry_tally(entry) for entry in entries), Tally())
    if actual.state != "measured" or not actual.calls or len(entries) > _CALLS_PRICED:
        return ()
    usages = [_usage(entry) for entry in entries if entry.lines]
    if any(usage is None for usage in usages):
        return ()
    own = {entry.model for entry in entries}
    home = {entry.call.provider for entry in entries if entry.call is not None}
    found: list[tuple[bool, Alternative]] = []
    now = max((entry.time for entry in entries), default=None)
    for provider, model in ((p, m) for p, models in SMALLER.items() for m in models):
        if any(_same(model, name) for name in own):
            continue
        if now is None or leaves_soon(provider, model, now):
            continue
        cost = _total(entries, provider, model, cost_of)
        if cost is not None and 0 < cost < actual.known_nusd:
            found.append((provider in home, Alternative(model, cost)))
    # The own provider's models first: a change of model is easier than of provider.
    found.sort(key=lambda item: (not item[0], item[1].cost_nusd))
    chosen = [other for _, other in found[:_AT_MOST]]
    return tuple(sorted(chosen, key=lambda other: -other.cost_nusd))


def _total(
    entries: Sequence[Entry], provider: str, model: str, cost_of: CostOf
) -> int | None:
    total = 0
    for entry in entries:
        usage = _usage(entry) if entry.lines else None
        if usage is None:
            continue
        lines = cost_of(provider, model, usage, entry.time)
        for line in lines:
            if line.cost_nusd is None:
                return None
            total += line.cost_nusd
    return total


def _usage(entry: Entry) -> Usage | None:
    """Return the usage that the lines partition; None if it is not plain text chat."""
    if entry.call is None or entry.call.operation not in _CHAT:
        return None
    known = {"input", "cache_read", "cache_write", "output", "reasoning"}
    if any(line.meter not in known for line in entry.lines):
        return None
    tokens = entry_tally(entry)
    return Usage(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write,
        reasoning_tokens=tokens.reasoning,
    )


def _same(candidate: str, name: str) -> bool:
    return name == candidate or name.startswith(candidate + "-20")
