"""What the policies say of a call site: a question for each model that it may use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from cellcost.analysis.cheaper import Cheaper, CheaperOf
from cellcost.analysis.estimate import Candidate, Estimate
from cellcost.policy import Option, Question, Verdict, decide
from cellcost.prices import cost
from cellcost.records import Usage, known_cost, unpriced_lines

if TYPE_CHECKING:
    from cellcost.policy.rules import Policy

__all__ = ["Judged", "judge"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One model of a call, with what holds for it."""

    candidate: Candidate
    ask: Question
    verdict: Verdict
    cheaper: tuple[Cheaper, ...]
    """What to use instead; asked for only where something is to be said."""


def judge(
    item: Estimate,
    *,
    tags: Mapping[str, str],
    user: str = "",
    policies: "Sequence[Policy]" = (),
    gpu: str = "",
    instead: CheaperOf,
) -> tuple[Judged, ...]:
    """Return the verdict of each model that a call may use."""
    asked = (_question(item, c, tags, user, gpu, policies) for c in item.candidates)
    return tuple(
        _judged(item, candidate, ask, policies, instead)
        for candidate, ask in zip(item.candidates, asked, strict=True)
    )


def _question(
    item: Estimate,
    candidate: Candidate,
    tags: Mapping[str, str],
    user: str,
    gpu: str,
    policies: "Sequence[Policy]",
) -> Question:
    tokens, cost_nusd = _most(item, candidate) if policies else (None, None)
    return Question(
        model=candidate.means.model,
        names=_names(candidate),
        provider=candidate.means.provider,
        tags=MappingProxyType(dict(tags)),
        user=user,
        gpu=gpu,
        output_rate=candidate.output_rate,
        # Weights are paid for by GPU time: a price of tokens is not what they lack.
        unpriced="" if item.site.kind == "load" else candidate.card.reason,
        cost_nusd=cost_nusd,
        tokens=tokens,
    )


def _judged(
    item: Estimate,
    candidate: Candidate,
    ask: Question,
    policies: "Sequence[Policy]",
    instead: CheaperOf,
) -> Judged:
    others: tuple[Cheaper, ...] = ()
    now = item.at.astimezone()

    def price_of(model: str) -> Option | None:
        nonlocal others
        others = tuple(
            other
            for other in instead(item, candidate, model)
            if other.model == model or _is_permitted(other, ask, policies, now)
        )
        best = others[0] if others else None
        if best is None or (model and best.model != model):
            return Option(model=model) if model else None
        return Option(
            model=best.model,
            output_rate=best.output_rate,
            own_nusd=best.own_nusd,
            cost_nusd=best.cost_nusd,
        )

    verdict = decide(ask, policies, now, price_of=price_of)
    return Judged(candidate, ask, verdict, others)


def _is_permitted(
    other: Cheaper, ask: Question, policies: "Sequence[Policy]", now: datetime
) -> bool:
    """Say whether the policies let another model be used in the call's place."""
    asked = replace(
        ask,
        model=other.model,
        names=(other.written,),
        output_rate=other.output_rate,
        cost_nusd=other.cost_nusd,
    )
    stopped = ("approve", "block")
    return not policies or decide(asked, policies, now).action not in stopped


def _names(candidate: Candidate) -> tuple[str, ...]:
    """Return what else the model is called: as written, and in the price list."""
    listed = candidate.card.price_id.partition("@")[0].partition("/")[2]
    return tuple(name for name in (candidate.model.written, listed) if name)


def _most(item: Estimate, candidate: Candidate) -> tuple[int | None, int | None]:
    """Return the most tokens and nano-USD of one call, as far as they are known."""
    if item.output_tokens is None:
        return None, None
    usual = item.typical_usage
    inputs = item.input_tokens.high if item.input_tokens is not None else None
    usage = Usage(
        input_tokens=usual.input_tokens if inputs is None else inputs,
        output_tokens=usual.output_tokens
        if item.output_tokens.high is None
        else item.output_tokens.high,
    )
    tokens = usage.input_tokens + usage.output_tokens
    if candidate.card.reason:
        return tokens, None
    lines = cost(candidate.card, usage)
    return tokens, None if unpriced_lines(lines) else known_cost(lines)
