"""Figures: what running one cell will cost, as JSON, from the calls that it reaches.

Money is for the whole cell: a call in a loop counts as often as the loop turns. Where
that is not known the call counts once and `calls` is null: the figure is for one turn.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from cellcost.money import nano_to_text
from cellcost.prices import cost
from cellcost.records import known_cost, unpriced_lines

if TYPE_CHECKING:
    from cellcost.analysis import Estimate, Finding

__all__ = ["cell_estimate"]

Json = dict[str, Any]

_MOST_ROWS = 20
_NAMED_MODELS = 2
"""A call of more candidates is said as `3 models`."""


def cell_estimate(
    cell: int,
    items: Sequence["Estimate"],
    plain: Sequence["Estimate"],
    found: Iterable["Finding"],
) -> Json | None:
    """Return what running a cell will cost; None if it calls no model.

    `cell` is the index that the call sites know it by; `plain` are the same calls
    without what past calls tell.
    """
    spending = [item for item in items if _spends(item)]
    if not spending:
        return None
    source = [item for item in plain if _spends(item)]
    priced = [item for item in spending if item.typical_nusd is not None]
    lows = [_once(item, _cheapest(item)) for item in priced]
    highs = [_once(item, item.typical_nusd or 0) for item in priced]
    return {
        "typical_nusd": _text(sum(highs) if priced else None),
        "typical_low_nusd": _text(sum(lows) if priced else None),
        # What past calls spent at most is no limit.
        "high_nusd": _text(_high(source)),
        "n_unpriced": len(spending) - len(priced),
        "calls": _calls(spending),
        "input_tokens": sum(_once(item, _input(item)) for item in spending),
        "input_open": any(_is_open(item) for item in spending),
        "output_tokens": sum(_once(item, item.typical_output) for item in spending),
        "models": _models(spending),
        "rows": [_row(item, cell) for item in spending[:_MOST_ROWS]],
        "rows_left_out": max(0, len(spending) - _MOST_ROWS),
        "chips": _chips(found),
        "basis": _basis(source),
    }


def _spends(item: "Estimate") -> bool:
    return item.site.kind != "load" and _times(item) != 0


def _basis(source: Iterable["Estimate"]) -> str:
    """Return a mark that changes when the source promises other figures."""
    said = repr(
        [
            (_name(item), _times(item), item.input_tokens, item.output_tokens)
            for item in source
        ]
    )
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def _times(item: "Estimate") -> int | None:
    return item.site.loop_count


def _once(item: "Estimate", amount: int) -> int:
    """Return an amount for all turns of a call's loops; for one if nobody knows."""
    times = _times(item)
    return amount if times is None else amount * times


def _cheapest(item: "Estimate") -> int:
    """Return a typical call's cost on the cheapest model that it may use."""
    usual = item.typical_nusd or 0
    for candidate in item.candidates:
        lines = cost(candidate.card, item.typical_usage)
        known = known_cost(lines)
        if known is not None and not unpriced_lines(lines):
            usual = min(usual, known)
    return usual


def _high(items: Sequence["Estimate"]) -> int | None:
    """Return the most that all calls can cost together; None if nothing limits it."""
    total = 0
    for item in items:
        price, times = item.cost_nusd, _times(item)
        if price is None or price.high is None or times is None:
            return None
        total += price.high * times
    return total


def _calls(items: Sequence["Estimate"]) -> int | None:
    total = 0
    for item in items:
        times = _times(item)
        if times is None:
            return None
        total += times
    return total


def _input(item: "Estimate") -> int:
    return item.typical_usage.input_tokens


def _is_open(item: "Estimate") -> bool:
    """Tell whether a prompt has parts that only the run will show."""
    if item.from_calls:
        return False
    return item.input_tokens is None or item.input_tokens.high is None


def _models(items: Sequence["Estimate"]) -> list[Json]:
    by_model: dict[tuple[str, str], list[Estimate]] = {}
    for item in items:
        by_model.setdefault((_name(item), item.provider), []).append(item)
    return [
        {"model": model, "provider": provider, "calls": _calls(found)}
        for (model, provider), found in by_model.items()
    ]


def _name(item: "Estimate") -> str:
    names = list(dict.fromkeys(c.means.model for c in item.candidates))
    if len(names) > _NAMED_MODELS:
        return f"{len(names)} models"
    return " or ".join(names)


def _row(item: "Estimate", cell: int) -> Json:
    price = item.cost_nusd
    outputs = item.output_tokens
    return {
        "place": _place(item, cell),
        "model": _name(item),
        "calls": _times(item),
        "input_tokens": _input(item),
        "input_open": _is_open(item),
        "output_tokens": item.typical_output,
        "output_high": outputs.high if outputs else None,
        "typical_nusd": _text(item.typical_nusd),
        "low_nusd": _text(price.low if price else None),
        "high_nusd": _text(price.high if price else None),
        "reasons": list(item.reasons),
    }


def _place(item: "Estimate", cell: int) -> str:
    """Return where a call stands, as people say it."""
    site = item.site
    parts = [f"line {site.area.row + 1}"]
    if site.function:
        parts.insert(0, site.function)
    if site.area.cell is None:
        parts.insert(0, PurePath(site.area.path).name)
    elif site.area.cell != cell:
        parts.append("another cell")
    return ", ".join(parts)


_CHIPS = {"COST001": "large", "COST007": "policy"}


def _chips(found: Iterable["Finding"]) -> list[Json]:
    """Return what is worth a word before the run: a large model, a policy's word."""
    said: dict[str, dict[str, None]] = {}
    for finding in found:
        text = _CHIPS.get(finding.code)
        if text is not None and finding.severity != "information":
            said.setdefault(text, {})[finding.message] = None
    return [
        {"kind": "warn", "text": text, "hint": "\n".join(hints)}
        for text, hints in said.items()
    ]


def _text(amount: int | None) -> str | None:
    return nano_to_text(amount)
