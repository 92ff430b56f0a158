"""Random policies and questions, and what each of them says, worked out naively."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import combinations
from random import Random

from cellcost.policy import Action, Question
from cellcost.policy.actions import ACTIONS
from cellcost.policy.rules import Cap, Hours, Match, Patterns, Policy, Rule

__all__ = ["Table", "naive_action", "random_policy", "random_rule", "random_table"]

LAYERS = ("host", "team", "user", "project")
NAMES = {
    "environment": ("dev", "prod", "d*", "!dev"),
    "team": ("search", "ads", "!ads"),
    "function": ("chat", "eval*"),
    "user": ("ann", "bob"),
    "provider": ("openai", "anthropic", "!openai"),
    "model": ("gpt-5*", "*-pro", "o1-pro", "!o1-pro", "claude-*"),
    "gpu": ("*H100*", "!*H100*"),
}
# Made once: compiling patterns would be most of what ten thousand tables take.
POOL = {
    name: [Patterns.of(few) for n in (1, 2) for few in combinations(texts, n)]
    for name, texts in NAMES.items()
}


@dataclass(frozen=True)
class Table:
    """A question, and who has a say in it."""

    ask: Question
    policies: tuple[Policy, ...]
    now: datetime


def random_table(random: Random) -> Table:
    """Return a question and up to four files."""
    layers = [layer for layer in LAYERS if random.random() < 0.6]
    return Table(
        random_question(random),
        tuple(random_policy(random, layer) for layer in layers),
        datetime(2026, 11, 25, random.randrange(24), 30, tzinfo=UTC),
    )


def random_question(random: Random) -> Question:
    tags = {
        "environment": random.choice(("dev", "prod", "staging")),
        "team": random.choice(("search", "ads", "")),
        "function": random.choice(("chat", "evaluation", "")),
    }
    model = random.choice(("gpt-5.5", "o1-pro", "claude-opus-4-8", "mine-7b"))
    priced = model != "mine-7b"
    return Question(
        model=model,
        names=random.choice(((), ("gpt-5.5-2026-04",), (f"openai/{model}",))),
        provider=random.choice(("openai", "anthropic", "")),
        tags={name: value for name, value in tags.items() if value},
        user=random.choice(("ann", "bob", "")),
        output_rate=random.choice((Decimal(10), Decimal(20), Decimal(600)))
        if priced
        else None,
        unpriced="" if priced else "no list has it",
        cost_nusd=random.choice((None, 0, 5, 500, 50_000)) if priced else None,
        tokens=random.choice((None, 0, 10, 1000)),
        gpu=random.choice(("", "NVIDIA H100", "NVIDIA A10")),
    )


def random_policy(random: Random, layer: str) -> Policy:
    """Return what one file says."""
    return Policy(
        layer=layer,  # type: ignore[arg-type]
        source=f"{layer}.toml",
        rules=tuple(
            random_rule(random, line, layer) for line in range(random.randrange(5))
        ),
        caps=tuple(_cap(random) for _ in range(random.randrange(3))),
        unpriced=random.choice((None, None, "allow", "warn", "block")),
        large_output_rate=random.choice((None, None, Decimal(5), Decimal(100))),
        require_tags=random.choice(((), ("team",), ("team", "function"))),
    )


def random_rule(random: Random, line: int = 1, layer: str = "project") -> Rule:
    """Return a rule that often matches."""
    names = {
        name: random.choice(pool)
        for name, pool in POOL.items()
        if random.random() < 0.2
    }
    hours = random.choice((None, None, None, Hours(20, 7), Hours(9, 17)))
    return Rule(
        action=random.choice(ACTIONS),
        match=Match(
            **names,
            large=random.random() < 0.2,
            call_nusd=random.choice((None, None, None, 400)),
            tokens=random.choice((None, None, None, 10)),
            hours=hours,
        ),
        source=f"{layer}.toml",
        line=line,
        layer=layer,  # type: ignore[arg-type]
    )


def _cap(random: Random) -> Cap:
    soft, hard = sorted(random.sample((1, 100, 10_000, 1_000_000), 2))
    return Cap(
        scope=random.choice(("call", "cell", "user_day")),
        hard_nusd=random.choice((None, hard)),
        soft_nusd=random.choice((None, soft)),
    )


def naive_action(table: Table) -> Action:
    """Return the action that the page's words give, one after the other."""
    ask, said = table.ask, list[Action]()
    for policy in table.policies:
        limit = policy.large_output_rate or Decimal(20)
        for rule in policy.rules:
            if _matches(rule.match, ask, limit, table.now.hour):
                said.append(rule.action)
        for cap in policy.caps:
            cost = ask.cost_nusd or 0
            if cap.hard_nusd is not None and cost > cap.hard_nusd:
                said.append("block")
            elif cap.soft_nusd is not None and cost > cap.soft_nusd:
                said.append("warn")
        if ask.unpriced and policy.unpriced is not None:
            said.append(policy.unpriced)
    if said:
        return max(said, key=ACTIONS.index)
    own = [
        policy.large_output_rate
        for policy in table.policies
        if policy.layer != "project" and policy.large_output_rate
    ]
    limits = [min(own) if own else Decimal(20)]
    limits += [
        policy.large_output_rate
        for policy in table.policies
        if policy.layer == "project" and policy.large_output_rate
    ]
    dev = ask.tags.get("environment", "dev") == "dev"
    large = ask.output_rate is not None and ask.output_rate >= min(limits)
    return "warn" if ask.unpriced or (large and dev) else "allow"


def _matches(match: Match, ask: Question, limit: Decimal, hour: int) -> bool:
    things = {
        "environment": [ask.tags.get("environment", "dev")],
        "team": [ask.tags.get("team", "")],
        "function": [ask.tags.get("function", "")],
        "user": [ask.user],
        "provider": [ask.provider],
        "model": [ask.model, *ask.names],
        "gpu": [ask.gpu],
    }
    for name, values in things.items():
        patterns: Patterns | None = getattr(match, name)
        if patterns is None:
            continue
        lower = [value.lower() for value in values]
        wanted = [text for text in patterns.texts if not text.startswith("!")]
        unwanted = [text[1:] for text in patterns.texts if text.startswith("!")]
        if any(fnmatchcase(value, text) for value in lower for text in unwanted):
            return False
        if wanted and not any(
            fnmatchcase(value, text) for value in lower for text in wanted
        ):
            return False
        if name == "gpu" and not ask.gpu:
            return False
    if match.large and (ask.output_rate is None or ask.output_rate < limit):
        return False
    if match.call_nusd is not None and (ask.cost_nusd or 0) < match.call_nusd:
        return False
    if match.tokens is not None and (ask.tokens or 0) < match.tokens:
        return False
    hours = match.hours
    if hours is None:
        return True
    span = range(hours.start, hours.end + (24 if hours.end <= hours.start else 0))
    return hour in span or hour + 24 in span
