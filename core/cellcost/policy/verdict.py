"""What the policies say of one call: a pure function of the question and the time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

from cellcost.money import format_usd
from cellcost.policy.actions import LARGE_OUTPUT_RATE, Action, PolicyLayer, stricter

if TYPE_CHECKING:  # most people have no policy: editors start without its classes
    from cellcost.policy.rules import Cap, Match, Policy, Rule

__all__ = [
    "Basis",
    "Option",
    "PriceOf",
    "Question",
    "Verdict",
    "decide",
    "large_from",
    "matching",
]

Basis = Literal["rule", "cap", "unpriced", "default", "nothing"]
"""Whose word a verdict is; `default` is cellcost's own."""

_NO_TAGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call that is about to be made, or that stands in source."""

    model: str
    """Its name as a person reads it."""
    names: tuple[str, ...] = ()
    """Every name that it is known by; rules may use any of them."""
    provider: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: _NO_TAGS)
    user: str = ""
    output_rate: Decimal | None = None
    """USD per 1,000,000 output tokens; None if unknown, or not billed so."""
    unpriced: str = ""
    """Why there is no price; "" where there is one."""
    cost_nusd: int | None = None
    """What it may cost at most, as far as that is known; else what is usual."""
    tokens: int | None = None
    """Of that same figure, input and output."""
    gpu: str = ""

    @property
    def environment(self) -> str:
        """Return where it runs."""
        return self.tags.get("environment", "dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Another model for the same call."""

    model: str
    output_rate: Decimal | None = None
    own_nusd: int | None = None
    """The call as it is."""
    cost_nusd: int | None = None
    """The same tokens on this model."""


PriceOf = Callable[[str], Option | None]
"""From a model's name ("": the nearest smaller one) to what the call costs there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What holds for a call, who says so, and what to do instead."""

    action: Action
    basis: Basis
    message: str = ""
    """What holds, in a sentence; "" where nothing is to be said."""
    rule: "Rule | None" = None
    cap: "Cap | None" = None
    source: str = ""
    """The file that says so, where one does."""
    line: int | None = None
    layer: PolicyLayer | None = None
    large: bool = False
    suggest: Option | None = None
    missing: tuple[str, ...] = ()
    """Tags that a policy requires and the call has not."""


def decide(
    ask: Question,
    policies: "Sequence[Policy]",
    now: datetime,
    *,
    price_of: PriceOf = lambda model: None,
) -> Verdict:
    """Return the strictest of all that the policies say of a call.

    The order of rules and files does not matter, so that another rule never makes a
    verdict milder. Only where nothing at all is said does cellcost's own word hold: a
    large model in dev is a warning. `now` is local time, for rules with `hours`.
    `price_of` is asked for what to suggest, once, if a word is worth saying.
    """
    large = ask.output_rate is not None and ask.output_rate >= large_from(policies)
    found: _Said | None = None
    for said in _all_said(ask, policies, now):
        if found is None or stricter(said[0], found[0]):
            found = said
    return _told(found or _own_word(ask, large), ask, policies, large, price_of)


def _own_word(ask: Question, large: bool) -> "_Said":
    if ask.unpriced or (large and ask.environment == "dev"):
        return "warn", "default", None
    return "allow", "nothing", None


_Said = tuple[Action, Basis, "Rule | Cap | Policy | None"]
"""A word, whose it is, and what says it."""


def _all_said(
    ask: Question, policies: "Sequence[Policy]", now: datetime
) -> Iterator[_Said]:
    """Yield all that is said, in the order in which equals are told."""
    for rule in matching(ask, policies, now):
        yield rule.action, "rule", rule
    if ask.cost_nusd is not None:
        for policy in policies:
            for cap in policy.caps:
                action = _capped(cap, ask.cost_nusd)
                if action is not None:
                    yield action, "cap", cap
    if ask.unpriced:
        for policy in policies:
            if policy.unpriced is not None:
                yield policy.unpriced, "unpriced", policy


def _told(
    said: _Said,
    ask: Question,
    policies: "Sequence[Policy]",
    large: bool,
    price_of: PriceOf,
) -> Verdict:
    """Return a word as a verdict, with what people are told of it."""
    action, basis, who = said
    rule = cast("Rule", who) if basis == "rule" else None
    cap = cast("Cap", who) if basis == "cap" else None
    named = cast("Policy | None", who) if basis == "unpriced" else None
    source = rule or cap or named
    line = named.unpriced_line if named is not None else None
    option = None
    if action != "allow" or (large and basis == "nothing"):
        option = price_of(rule.suggest if rule is not None else "")
    return Verdict(
        action=action,
        basis=basis,
        message=_sentence(action, basis, ask, rule, cap),
        rule=rule,
        cap=cap,
        source=source.source if source is not None else "",
        line=rule.line if rule is not None else cap.line if cap is not None else line,
        layer=source.layer if source is not None else None,
        large=large,
        suggest=option,
        missing=_missing(ask, policies),
    )


def _capped(cap: "Cap", cost_nusd: int | None) -> Action | None:
    """Return what a cap says of a call that alone may cost more; None: nothing."""
    if cost_nusd is None:
        return None
    if cap.hard_nusd is not None and cost_nusd > cap.hard_nusd:
        return "block"
    if cap.soft_nusd is not None and cost_nusd > cap.soft_nusd:
        return "warn"
    return None


def large_from(policies: "Iterable[Policy]") -> Decimal:
    """Return USD per 1,000,000 output tokens from which cellcost says large.

    The lowest that a host, team or user file sets, else $20. A project's file can only
    lower it: a cloned repository must not silence a warning for everybody.
    """
    owners: Decimal | None = None
    project: Decimal | None = None
    for policy in policies:
        rate = policy.large_output_rate
        if rate is None:
            continue
        if policy.layer == "project":
            project = rate if project is None else min(rate, project)
        else:
            owners = rate if owners is None else min(rate, owners)
    limit = LARGE_OUTPUT_RATE if owners is None else owners
    return limit if project is None else min(limit, project)


def matching(
    ask: Question, policies: "Iterable[Policy]", now: datetime
) -> "Iterator[Rule]":
    """Yield every rule that is about this call, the most general file's first."""
    names = _folded(ask)
    for policy in policies:
        limit = policy.large_from
        for rule in policy.rules:
            if _holds(rule.match, names, ask, now, limit):
                yield rule


_Names = tuple[
    list[str], list[str], list[str], list[str], list[str], list[str], list[str]
]


def _folded(ask: Question) -> _Names:
    """Return what rules match by name, its case folded, in the order of `_holds`."""
    tags = ask.tags
    return (
        [name.casefold() for name in (ask.model, *ask.names)],
        [ask.provider.casefold()],
        [ask.environment.casefold()],
        [tags.get("team", "").casefold()],
        [tags.get("function", "").casefold()],
        [ask.user.casefold()],
        [ask.gpu.casefold()],
    )


def _holds(
    match: "Match", names: _Names, ask: Question, now: datetime, limit: Decimal
) -> bool:
    model, provider, environment, team, function, user, gpu = names
    return (
        (match.model is None or match.model.match_folded(model))
        and (match.provider is None or match.provider.match_folded(provider))
        and (match.environment is None or match.environment.match_folded(environment))
        and (match.team is None or match.team.match_folded(team))
        and (match.function is None or match.function.match_folded(function))
        and (match.user is None or match.user.match_folded(user))
        and (match.gpu is None or (bool(ask.gpu) and match.gpu.match_folded(gpu)))
        and (
            not match.large
            or (ask.output_rate is not None and ask.output_rate >= limit)
        )
        and (match.call_nusd is None or _reaches(ask.cost_nusd, match.call_nusd))
        and (match.tokens is None or _reaches(ask.tokens, match.tokens))
        and (match.hours is None or match.hours.hold(now))
    )


def _reaches(known: int | None, limit: int) -> bool:
    return known is not None and known >= limit


def _missing(ask: Question, policies: "Iterable[Policy]") -> tuple[str, ...]:
    wanted = dict.fromkeys(tag for policy in policies for tag in policy.require_tags)
    return tuple(tag for tag in wanted if not ask.tags.get(tag))


# -- what is said ----------------------------------------------------------------------


def _sentence(
    action: Action, basis: Basis, ask: Question, rule: "Rule | None", cap: "Cap | None"
) -> str:
    if rule is not None:
        said = _rule_says(action, rule.message)
        return said.replace("{model}", ask.model).replace(
            "{environment}", ask.environment
        )
    if cap is not None:
        return _cap_sentence(cap, action, ask.cost_nusd or 0)
    if action == "allow":
        return ""
    if ask.unpriced:
        reason = ask.unpriced.rstrip(".")
        blocked = action == "block"
        ends = "the policy blocks that" if blocked else "the cost is not known"
        return f"{reason[:1].upper()}{reason[1:]}: {ends}."
    if ask.output_rate is not None:
        return (
            f"{ask.model} is a large model in {ask.environment}"
            f" (${ask.output_rate.normalize():f} per 1M output tokens)."
        )
    return ""


_RULE_SAYS: Mapping[Action, str] = MappingProxyType(
    {
        "allow": "",
        "warn": "The policy advises against {model} in {environment}.",
        "ask": "The policy asks before {model} is used in {environment}.",
        "approve": "The policy wants an approval for {model} in {environment}.",
        "block": "The policy does not allow {model} in {environment}.",
    }
)


def _rule_says(action: Action, message: str) -> str:
    """Return what a rule does, and its own message: a warning is its message alone."""
    if action in ("allow", "warn"):
        return message or _RULE_SAYS[action]
    return f"{_RULE_SAYS[action][:-1]}: {message}" if message else _RULE_SAYS[action]


def _cap_sentence(cap: "Cap", action: Action, cost_nusd: int) -> str:
    limit = cap.hard_nusd if action == "block" else cap.soft_nusd
    kind = "cap" if action == "block" else "soft cap"
    return (
        f"One call may cost {format_usd(cost_nusd, digits=2)}:"
        f" over the {kind} of {format_usd(limit or 0)} a {_OF[cap.scope]}."
    )


_OF: Mapping[str, str] = MappingProxyType(
    {
        "call": "call",
        "cell": "cell",
        "notebook": "notebook",
        "session": "session",
        "user_day": "user and day",
        "team_day": "team and day",
        "team_month": "team and month",
        "feature": "feature",
    }
)
