"""What is worth a word about a call site: COST001 to COST006, as pure functions."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cellcost.analysis.estimate import Candidate, Estimate

__all__ = ["CODES", "LARGE_OUTPUT_RATE", "Finding", "Severity", "findings", "ignored"]

Severity = Literal["error", "warning", "information"]

LARGE_OUTPUT_RATE = Decimal(20)
"""USD per 1,000,000 output tokens from which a model is large (issue 3)."""

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

# Models that their maker has shut down or will by a date it published (2026-11).
_RETIRED = re.compile(
    r"^(?:text-davinci-00[123]|text-(?:curie|babbage|ada)-001|code-davinci-00[12]"
    r"|gpt-3\.5-turbo-(?:0301|0613|16k(?:-0613)?)|gpt-4-(?:0314|32k.*|vision-preview)"
    r"|claude-(?:1|2|instant).*|claude-3-(?:sonnet|opus)-.*|palm-2|text-bison.*"
    r"|chat-bison.*|gemini-1\.0-.*|gemini-pro)$"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One code at one call site."""

    code: str
    severity: Severity
    message: str
    estimate: Estimate


def findings(
    estimates: Sequence[Estimate],
    *,
    environment: str = "dev",
    large_output_rate: Decimal = LARGE_OUTPUT_RATE,
    off: Iterable[str] = OFF_BY_DEFAULT,
) -> tuple[Finding, ...]:
    """Return what is worth a word, call site by call site."""
    skipped = frozenset(off)
    found: list[Finding] = []
    for number, item in enumerate(estimates):
        found += (
            *_large(item, environment, large_output_rate),
            *_uncapped(item),
            *_endless(item),
            *_resent(item, estimates[:number]),
            *_huge(item),
            *_retired(item),
        )
    return tuple(f for f in found if f.code not in skipped)


def _large(item: Estimate, environment: str, limit: Decimal) -> Iterator[Finding]:
    large = [c for c in item.candidates if _is_large(c, limit)]
    if not large:
        return
    names = " or ".join(dict.fromkeys(c.means.model for c in large))
    rate = max(c.output_rate for c in large if c.output_rate is not None)
    severity: Severity = "warning" if environment == "dev" else "information"
    yield Finding(
        "COST001",
        severity,
        f"{names} is a large model (${rate:f} per 1M output tokens) in {environment};"
        " a smaller one may do here",
        item,
    )


def _is_large(candidate: Candidate, limit: Decimal) -> bool:
    return candidate.output_rate is not None and candidate.output_rate >= limit


_TEXT_KINDS = frozenset({"chat", "responses", "messages", "completion", "agent"})


def _uncapped(item: Estimate) -> Iterator[Finding]:
    if item.site.kind in _TEXT_KINDS and not item.site.capped:
        yield Finding(
            "COST002",
            "information",
            "nothing caps the output of this call: give it max_tokens",
            item,
        )


def _endless(item: Estimate) -> Iterator[Finding]:
    if any(loop.endless for loop in item.site.loops):
        yield Finding(
            "COST003",
            "warning",
            "this call is in a loop that only a break or return ends:"
            " bound it, or what it costs has no bound either",
            item,
        )


def _resent(item: Estimate, before: Sequence[Estimate]) -> Iterator[Finding]:
    """Yield when the same long prompt is sent more than once."""
    size = item.input_tokens
    if size is None or size.low < _CACHE_FROM_TOKENS:
        return
    texts = {t for p in item.site.prompts for t in p.texts if len(t) >= 4000}
    if not texts or any("cache_control" in t for t in texts):
        return
    again = item.site.in_loop or any(
        t in texts for other in before for p in other.site.prompts for t in p.texts
    )
    if again and item.provider == "anthropic":
        yield Finding(
            "COST004",
            "information",
            f"about {size.low:,} tokens are sent again each time:"
            " mark them with cache_control",
            item,
        )


def _huge(item: Estimate) -> Iterator[Finding]:
    size = item.input_tokens
    if size is not None and size.low >= HUGE_PROMPT_TOKENS:
        yield Finding(
            "COST005",
            "information",
            f"the prompt holds about {size.low:,} tokens of literal text",
            item,
        )


def _retired(item: Estimate) -> Iterator[Finding]:
    if item.site.kind == "load":
        return
    for candidate in item.candidates:
        name = candidate.means.model
        if _RETIRED.match(name):
            yield Finding("COST006", "warning", f"{name} is retired", item)
        elif candidate.card.reason:
            yield Finding("COST006", "information", candidate.card.reason, item)


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
