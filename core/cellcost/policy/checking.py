"""What is odd in a policy that can be read: each may be meant, and is worth a look."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cellcost.config.rates import OwnPrice
from cellcost.money import format_usd
from cellcost.policy.rules import Patterns, Policy, Rule
from cellcost.policy.verdict import large_from
from cellcost.prices import PriceBook
from cellcost.prices.smaller import SMALLER
from cellcost.records import Usage, known_cost, unpriced_lines

__all__ = ["Oddity", "oddities"]

_SMALLEST = Usage(input_tokens=10, output_tokens=10)
"""Less than any question and answer that is worth a call."""

_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that a policy says and hardly means."""

    source: str
    line: int | None
    text: str


def oddities(
    policies: Iterable[Policy],
    *,
    book: PriceBook,
    own: Iterable[OwnPrice] = (),
    at: datetime,
) -> Iterator[Oddity]:
    """Yield what is odd, file by file; `own` are the prices that settings give."""
    chosen = tuple(policies)
    model, least = _smallest(book, at)
    known = _Models(book, Patterns.of(price.model for price in own))
    for policy in chosen:
        for cap in policy.caps:
            if cap.scope != "call":
                yield Oddity(
                    cap.source,
                    cap.line,
                    f"policy.caps.{cap.scope} is read but not counted yet: nothing is"
                    " warned about or stopped by it",
                )
                continue
            limit = cap.hard_nusd if cap.hard_nusd is not None else cap.soft_nusd
            if limit is not None and limit < least:
                yield Oddity(
                    cap.source,
                    cap.line,
                    f"policy.caps.{cap.scope} is below the smallest call"
                    f" ({model}, {_SMALLEST.input_tokens} tokens in and"
                    f" {_SMALLEST.output_tokens} out: {format_usd(least)}):"
                    " it holds for every call",
                )
        for rule in policy.rules:
            yield from _of_rule(rule, known)
        yield from _raised(policy, chosen)


@dataclass(frozen=True, slots=True)
class _Models:
    """Which models have a price, as far as their names tell."""

    book: PriceBook
    own: Patterns

    def has(self, text: str) -> bool:
        """Say whether a name, or a pattern, means a model that has a price."""
        sellers = self.book.catalogue.providers.values()
        if self.own.texts and self.own.match(text):
            return True
        if _WILD.isdisjoint(text):
            return any(seller.model(text) is not None for seller in sellers)
        pattern = Patterns.of([text])
        return any(
            pattern.match(
                model.id, f"{seller.id}/{model.id}", f"{seller.id}:{model.id}"
            )
            for seller in sellers
            for model in seller.models
        )


def _of_rule(rule: Rule, known: _Models) -> Iterator[Oddity]:
    for text in rule.match.model.texts if rule.match.model is not None else ():
        if not known.has(text.removeprefix("!")):
            said = f'policy.rules.match.model "{text}" means no model of the price list'
            yield Oddity(rule.source, rule.line, said)
    if rule.suggest and not known.has(rule.suggest.casefold()):
        said = f'policy.rules.suggest "{rule.suggest}" is no model of the price list'
        yield Oddity(rule.source, rule.line, said)


def _raised(policy: Policy, policies: tuple[Policy, ...]) -> Iterator[Oddity]:
    rate = policy.large_output_rate
    if policy.layer != "project" or rate is None:
        return
    limit = large_from(other for other in policies if other.layer != "project")
    if rate > limit:
        yield Oddity(
            policy.source,
            None,
            f"policy.large_output_rate {rate:f} is above {limit:f}: a project can only"
            " lower it for cellcost's own warning; for the rules of this file it holds",
        )


def _smallest(book: PriceBook, at: datetime) -> tuple[str, int]:
    """Return the model on which the smallest call is cheapest, and what it costs."""
    found: list[tuple[int, str]] = []
    for provider, models in SMALLER.items():
        for model in models:
            lines = book.cost(book.rate_card(provider, model, at=at), _SMALLEST)
            cost = known_cost(lines)
            if not unpriced_lines(lines) and cost is not None:
                found.append((cost, model))
    cost, model = min(found, default=(0, ""))
    return model, cost
