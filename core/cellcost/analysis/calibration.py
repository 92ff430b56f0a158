"""An estimate whose token counts come from what the same call used before."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cellcost.analysis.estimate import Book, Candidate, Estimate, Range
from cellcost.records import Usage, known_cost, unpriced_lines

if TYPE_CHECKING:
    from cellcost.views.site_figures import Past

__all__ = ["calibrated"]

_ENOUGH = 5
"""Calls from which on ranges are observed ones; below, only the typical figure."""
_MANY = 20
"""Calls from which on the lowest and highest twentieth are left out of a range."""
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def calibrated(item: Estimate, past: "Past", *, book: Book, at: datetime) -> Estimate:
    """Return `item` with the lengths that its past calls had, at the prices of `at`.

    The models are the source's, and so is the prompt's length where the source tells
    it exactly. An observed range is no limit; `reasons` says where it comes from.
    """
    if item.output_tokens is None:
        return item
    if not past.outputs:
        return _not_calibrated(item, past)
    usages = _usages(item, past)
    typical = _mean(usages)
    priced = [c for c in item.candidates if not c.card.reason]
    usual = [cost for c in priced if (cost := _cost(book, c, typical)) is not None]
    found = replace(
        item,
        typical_usage=typical,
        typical_nusd=max(usual) if usual else None,
        reasons=(_said(past, at), *item.reasons),
        at=at,
        from_calls=len(usages),
    )
    if len(usages) < _ENOUGH:
        return found
    return replace(
        found,
        input_tokens=_span(usage.input_tokens for usage in usages),
        output_tokens=_span(usage.output_tokens for usage in usages),
        cost_nusd=_cost_range(item, priced, usages, book),
    )


def _not_calibrated(item: Estimate, past: "Past") -> Estimate:
    if not past.stopped:
        return item
    calls = "its only call" if past.stopped == 1 else f"all its {past.stopped} calls"
    said = f"{calls} stopped early: that tells no length"
    return replace(item, reasons=(*item.reasons, said))


def _usages(item: Estimate, past: "Past") -> list[Usage]:
    """Return what one pass of the call site would have used, call by call."""
    requests = max((prompt.requests for prompt in item.site.prompts), default=1)
    told = item.prompt_tokens
    exact = told.low if told is not None and told.low == told.high else None
    cap = item.output_tokens.high if item.output_tokens else None
    usages: list[Usage] = []
    rows = zip(past.inputs, past.cached, past.outputs, strict=True)
    for seen, cached, output in rows:
        inputs = seen * requests if exact is None else exact
        answer = output * requests
        usages.append(
            Usage(
                input_tokens=inputs,
                cache_read_tokens=min(cached * requests, inputs),
                output_tokens=answer if cap is None else min(answer, cap),
            )
        )
    return usages


def _mean(usages: Sequence[Usage]) -> Usage:
    count = len(usages)
    return Usage(
        input_tokens=round(sum(u.input_tokens for u in usages) / count),
        cache_read_tokens=round(sum(u.cache_read_tokens for u in usages) / count),
        output_tokens=round(sum(u.output_tokens for u in usages) / count),
    )


def _span(counts: Iterable[int]) -> Range:
    ordered = sorted(counts)
    left_out = len(ordered) // 20 if len(ordered) >= _MANY else 0
    return Range(ordered[left_out], ordered[-1 - left_out])


def _cost_range(
    item: Estimate, priced: Sequence[Candidate], usages: Sequence[Usage], book: Book
) -> Range | None:
    spans: list[Range] = []
    for candidate in priced:
        costs = [_cost(book, candidate, usage) for usage in usages]
        known = [cost for cost in costs if cost is not None]
        if len(known) == len(costs):
            spans.append(_span(known))
    highs = [span.high for span in spans if span.high is not None]
    if not spans:
        return None
    whole = len(spans) == len(item.candidates) and not item.site.open
    return Range(min(span.low for span in spans), max(highs) if whole else None)


def _cost(book: Book, candidate: Candidate, usage: Usage) -> int | None:
    lines = book.cost(candidate.card, usage)
    return None if unpriced_lines(lines) else known_cost(lines)


def _said(past: "Past", at: datetime) -> str:
    calls = len(past)
    first = past.times[0].astimezone(UTC)
    day = f"{first.day} {_MONTHS[first.month - 1]}"
    if first.year != at.astimezone(UTC).year:
        day += f" {first.year}"
    noun = "call" if calls == 1 else "calls"
    text = f"from {'its latest ' if past.more else ''}{calls} {noun} since {day}"
    guessed = calls - past.certain
    if guessed:
        text += ", counts estimated" if guessed == calls else f", {guessed} estimated"
    if past.stopped:
        text += f", without {past.stopped} that stopped early"
    return text
