"""What is worth a word about a call site: COST001 to COST006, as pure functions."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from cellcost.analysis.cheaper import Cheaper, CheaperOf
from cellcost.analysis.estimate import Candidate, Estimate
from cellcost.money import format_usd
from cellcost.prices.retirement import retirement

__all__ = [
    "CODES",
    "LARGE_OUTPUT_RATE",
    "OFF_BY_DEFAULT",
    "Finding",
    "Severity",
    "findings",
    "ignored",
    "silenced",
]

Severity = Literal["error", "warning", "information"]

LARGE_OUTPUT_RATE = Decimal(20)
"""USD per 1,000,000 output tokens from which a model is large."""

HUGE_PROMPT_TOKENS = 4000
"""Input tokens of literal text from which a prompt is huge."""

CODES: Mapping[str, str] = {
    "COST001": "a large model",
    "COST002": "no cap on the output",
    "COST003": "a call in a loop without an end of its own",
    "COST004": "the same prompt sent again, uncached",
    "COST005": "a huge literal prompt",
    "COST006": "a retired or unpriced model",
}
OFF_BY_DEFAULT = frozenset({"COST002"})
_CACHE_FROM_TOKENS = 1024
"""OpenAI and Anthropic cache no prefix that is shorter (documentation, 2026-11)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One code at one call site."""

    code: str
    severity: Severity
    message: str
    """What, why it matters here, what to do."""
    estimate: Estimate
    candidate: Candidate | None = None
    """The model that it is about; None if it is about the call."""
    cheaper: tuple[Cheaper, ...] = ()
    """What to use instead, the nearest step down first."""


def _nothing_cheaper(item: Estimate, candidate: Candidate) -> tuple[Cheaper, ...]:
    return ()


def findings(
    estimates: Sequence[Estimate],
    *,
    environment: str = "dev",
    large_output_rate: Decimal = LARGE_OUTPUT_RATE,
    off: Iterable[str] = OFF_BY_DEFAULT,
    instead: CheaperOf = _nothing_cheaper,
) -> tuple[Finding, ...]:
    """Return what is worth a word, call site by call site.

    `instead` names smaller models for a call: `cheaper` with its price book.
    """
    skipped = frozenset(off)
    found: list[Finding] = []
    for number, item in enumerate(estimates):
        found += (
            *_large(item, environment, large_output_rate, instead),
            *_uncapped(item),
            *_endless(item),
            *_resent(item, estimates[:number]),
            *_huge(item),
            *_retired(item, instead),
        )
    return tuple(f for f in found if f.code not in skipped)


def _large(
    item: Estimate, environment: str, limit: Decimal, instead: CheaperOf
) -> Iterator[Finding]:
    large = [c for c in item.candidates if (c.output_rate or 0) >= limit]
    if not large:
        return
    names = " or ".join(dict.fromkeys(c.means.model for c in large))
    dearest = max(large, key=lambda c: c.output_rate or 0)
    other = instead(item, dearest)
    said = (
        f"{names} is a large model in {environment}"
        f" ({_rate(dearest.output_rate)} per 1M output tokens)."
    )
    severity: Severity = "warning" if environment == "dev" else "information"
    advice = _compared(dearest, other[0]) if other else "A smaller one may do here."
    yield Finding("COST001", severity, f"{said} {advice}", item, dearest, other)


def _compared(own: Candidate, other: Cheaper) -> str:
    if other.cost_nusd is None or other.own_nusd is None:
        return (
            f"{other.model} costs {_rate(other.output_rate)}"
            f" instead of {_rate(own.output_rate)}."
        )
    return (
        f"The same call on {other.model}: ≈ {format_usd(other.cost_nusd, digits=2)}"
        f" instead of {format_usd(other.own_nusd, digits=2)}."
    )


def _rate(rate: Decimal | None) -> str:
    return "an unknown price" if rate is None else f"${rate.normalize():f}"


_TEXT_KINDS = frozenset({"chat", "responses", "messages", "completion", "agent"})


def _uncapped(item: Estimate) -> Iterator[Finding]:
    if item.site.kind not in _TEXT_KINDS or item.site.capped:
        return
    rates = [c.output_rate for c in item.candidates if c.output_rate is not None]
    price = f" at {_rate(max(rates))} per 1M tokens" if rates else ""
    yield Finding(
        "COST002",
        "information",
        f"Nothing caps the output of this call{price}: one long answer may cost many"
        " times the usual. Give it the most tokens that an answer needs.",
        item,
    )


def _endless(item: Estimate) -> Iterator[Finding]:
    if any(loop.endless for loop in item.site.loops):
        turn = (
            f" ≈ {format_usd(item.typical_nusd, digits=2)} a turn:"
            if item.typical_nusd
            else ""
        )
        yield Finding(
            "COST003",
            "warning",
            f"This call is in a loop that only a break or return ends.{turn}"
            f"{' b' if turn else ' B'}ound it, or what it costs has no bound either.",
            item,
        )


def _resent(item: Estimate, before: Sequence[Estimate]) -> Iterator[Finding]:
    """Yield when the same long prompt is sent more than once."""
    size = item.prompt_tokens
    if size is None or size.low < _CACHE_FROM_TOKENS:
        return
    texts = {t for p in item.site.prompts for t in p.texts if len(t) >= 4000}
    if not texts or any(prompt.cached for prompt in item.site.prompts):
        return
    again = item.site.in_loop or any(
        t in texts for other in before for p in other.site.prompts for t in p.texts
    )
    if again and item.provider == "anthropic":
        yield Finding(
            "COST004",
            "information",
            f"About {size.low:,} tokens are sent again each time. Marked with"
            f" cache_control{_cached_price(item)}.",
            item,
        )


def _cached_price(item: Estimate) -> str:
    for candidate in item.candidates:
        if not candidate.card.reason:
            rates = candidate.card.brackets[0][1]
            full, cached = rates.input.contracted_rate, rates.cache_read.contracted_rate
            if full is not None and cached is not None and cached < full:
                return (
                    f" they cost {_rate(cached)} instead of {_rate(full)} per 1M from"
                    " the second call on"
                )
    return " they cost less from the second call on"


def _huge(item: Estimate) -> Iterator[Finding]:
    size = item.prompt_tokens
    if size is not None and size.low >= HUGE_PROMPT_TOKENS:
        cost = ""
        if item.cost_nusd is not None and item.cost_nusd.low:
            cost = f", ≈ {format_usd(item.cost_nusd.low, digits=2)} each time"
        yield Finding(
            "COST005",
            "information",
            f"The prompt holds about {size.low:,} tokens of literal text{cost}."
            " Send only the part that this call needs.",
            item,
        )


def _retired(item: Estimate, instead: CheaperOf) -> Iterator[Finding]:
    if item.site.kind == "load":
        return
    for candidate in item.candidates:
        name = candidate.means.model
        day = retirement(candidate.means.provider, name)
        if day is not None and day <= item.at.date():
            when = "" if day == date.min else f" on {day.isoformat()}"
            other = instead(item, candidate)
            advice = _compared(candidate, other[0]) if other else "Use a newer model."
            said = f"{name} is retired: its maker shut it down{when}. {advice}"
            yield Finding("COST006", "warning", said, item, candidate, other)
        elif candidate.card.reason:
            reason = candidate.card.reason
            said = f"{reason[:1].upper()}{reason[1:]}."
            yield Finding("COST006", "information", said, item, candidate)


_IGNORE = re.compile(r"#\s*cellcost:\s*ignore(?:\[(?P<codes>[A-Z0-9,\s]*)\])?")


def ignored(line: str) -> frozenset[str] | None:
    """Return the codes that a line's comment silences; None if it silences none.

    `# cellcost: ignore` alone silences every code: an empty set.
    """
    found = _IGNORE.search(line)
    if found is None:
        return None
    codes = found["codes"] or ""
    return frozenset(code.strip() for code in codes.split(",") if code.strip())


def silenced(finding: Finding, lines: Sequence[str]) -> bool:
    """Say whether a comment on a line of the call silences a finding.

    `lines` are those of the call's file or cell.
    """
    area = finding.estimate.site.area
    for line in lines[area.row : area.end_row + 1]:
        codes = ignored(line)
        if codes is not None and (not codes or finding.code in codes):
            return True
    return False
