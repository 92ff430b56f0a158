"""What is worth a word about a call site: COST001 to COST008, as pure functions."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from cellcost.analysis.cheaper import Cheaper, CheaperOf
from cellcost.analysis.estimate import Candidate, Estimate
from cellcost.money import format_usd
from cellcost.prices.retirement import retirement

if TYPE_CHECKING:
    from cellcost.analysis.judging import Judged
    from cellcost.policy import Option, Verdict
    from cellcost.policy.rules import Policy

__all__ = [
    "CODES",
    "OFF_BY_DEFAULT",
    "Finding",
    "Severity",
    "findings",
    "ignored",
    "silenced",
]

Severity = Literal["error", "warning", "information"]

HUGE_PROMPT_TOKENS = 4000
"""Input tokens of literal text from which a prompt is huge."""

CODES: Mapping[str, str] = {
    "COST001": "a large model",
    "COST002": "no cap on the output",
    "COST003": "a call in a loop without an end of its own",
    "COST004": "the same prompt sent again, uncached",
    "COST005": "a huge literal prompt",
    "COST006": "a retired or unpriced model",
    "COST007": "a call that the policy advises against, asks about or stops",
    "COST008": "a tag that the policy requires is missing",
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


def _nothing_cheaper(
    item: Estimate, candidate: Candidate, suggested: str = "", /
) -> tuple[Cheaper, ...]:
    return ()


def findings(
    estimates: Sequence[Estimate],
    *,
    environment: str = "dev",
    tags: Mapping[str, str] = MappingProxyType({}),
    user: str = "",
    policies: "Sequence[Policy]" = (),
    lines: Iterable[str] = (),
    off: Iterable[str] = OFF_BY_DEFAULT,
    instead: CheaperOf = _nothing_cheaper,
) -> tuple[Finding, ...]:
    """Return what is worth a word, call site by call site.

    `tags` are those that the calls have; `environment` is the one among them that
    holds. `lines` are the source, which may set more. `instead` names smaller models
    for a call: `cheaper` with its price book.
    """
    if not estimates:
        return ()
    # Imported here: most files have no call, and editors start in milliseconds.
    from cellcost.analysis.judging import judge

    skipped = frozenset(off)
    found: list[Finding] = []
    untagged: tuple[str, ...] | None = None
    for number, item in enumerate(estimates):
        judged = judge(
            item,
            tags={**tags, "environment": environment},
            user=user,
            policies=policies,
            instead=instead,
        )
        missing: tuple[str, ...] = ()
        if untagged is None and judged:
            missing = untagged = _without(judged[0].verdict.missing, lines)
        found += (
            *_policy(item, judged, environment),
            *_uncapped(item),
            *_endless(item),
            *_resent(item, estimates[:number]),
            *_huge(item),
            *_retired(item, judged, instead),
            *_untagged(item, missing),
        )
    return tuple(f for f in found if f.code not in skipped)


def _policy(
    item: Estimate, judged: "Sequence[Judged]", environment: str
) -> Iterator[Finding]:
    """Yield one finding for all models of a call of which the same word holds."""
    groups: dict[object, list[Judged]] = {}
    for one in judged:
        verdict = one.verdict
        key = (verdict.action, verdict.basis, verdict.large, verdict.source)
        groups.setdefault((*key, verdict.line), []).append(one)
    for group in groups.values():
        dearest = max(group, key=lambda one: one.candidate.output_rate or 0)
        verdict = dearest.verdict
        code, severity = _code(verdict)
        if code:
            names = " or ".join(dict.fromkeys(o.candidate.means.model for o in group))
            said = _said(verdict, names, dearest.candidate, environment)
            yield Finding(
                code, severity, said, item, dearest.candidate, dearest.cheaper
            )


def _code(verdict: "Verdict") -> tuple[str, Severity]:
    """Return the code and severity of a verdict, "" where there is nothing to say."""
    if verdict.basis == "nothing":
        return ("COST001" if verdict.large else ""), "information"
    if verdict.action == "allow" or verdict.basis not in ("rule", "cap", "default"):
        return "", "information"
    if verdict.basis == "default":
        return ("COST001" if verdict.large else ""), "warning"
    severity: Severity = "error" if verdict.action == "block" else "warning"
    # Who must answer or approve is not told by the model being large.
    asks = verdict.basis == "cap" or verdict.action in ("ask", "approve")
    return ("COST001" if verdict.large and not asks else "COST007"), severity


def _said(verdict: "Verdict", names: str, dearest: Candidate, environment: str) -> str:
    parts: list[str] = []
    if verdict.large:
        parts.append(
            f"{names} is a large model in {environment}"
            f" ({_rate(dearest.output_rate)} per 1M output tokens)."
        )
    if verdict.basis not in ("default", "nothing"):
        parts.append(f"{verdict.message} [{_who(verdict)}]")
    other = verdict.suggest
    if other is None:
        if verdict.large:
            parts.append("A smaller one may do here.")
    elif other.output_rate is None:
        parts.append(f"Use {other.model} instead.")
    else:
        parts.append(_compared(dearest, other))
    return " ".join(parts)


def _who(verdict: "Verdict") -> str:
    """Return who says so: `host policy, cellcost.toml:12, "no large models"`."""
    where = PurePath(verdict.source).name
    if verdict.line is not None:
        where += f":{verdict.line}"
    name = verdict.rule.name if verdict.rule is not None else ""
    named = f', "{name}"' if name else ""
    return f"{verdict.layer} policy, {where}{named}"


def _without(missing: tuple[str, ...], lines: Iterable[str]) -> tuple[str, ...]:
    """Return the tags that are missing and that the source does not set itself."""
    if not missing:
        return ()
    from cellcost.analysis.tagging import tags_in

    there = tags_in(lines)
    return tuple(name for name in missing if name not in there)


def _untagged(item: Estimate, missing: Sequence[str]) -> Iterator[Finding]:
    """Yield, at the first call of a file, which tags its calls have not."""
    if missing:
        names = ", ".join(missing)
        yield Finding(
            "COST008",
            "warning",
            f"Calls here have no tag {names}, which the policy requires: nobody can say"
            " what they were for. Set it in [tags] or CELLCOST_TAGS, or with"
            " cellcost.tags(...).",
            item,
        )


def _compared(own: Candidate, other: "Cheaper | Option") -> str:
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


_UNPRICED: Mapping[str, Severity] = MappingProxyType(
    {"block": "error", "warn": "warning", "allow": "information"}
)


def _retired(
    item: Estimate, judged: "Sequence[Judged]", instead: CheaperOf
) -> Iterator[Finding]:
    if item.site.kind == "load":
        return
    for one in judged:
        candidate = one.candidate
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
            severity: Severity = "information"
            if one.verdict.basis == "unpriced":
                severity = _UNPRICED[one.verdict.action]
                said += f" [{_who(one.verdict)}]"
            yield Finding("COST006", severity, said, item, candidate)


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
