"""Smaller models of the same provider, and what this very call would cost on them."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from cellcost.analysis.estimate import (
    Book,
    Candidate,
    Estimate,
    output_rate,
    price_of_call,
)
from cellcost.prices import RateCard
from cellcost.prices.smaller import SMALLER, leaves_soon

__all__ = ["Cheaper", "CheaperOf", "cheaper"]

_KINDS = frozenset({"chat", "responses", "messages", "agent"})
# Made for something that a general text model does not do, or made by the user.
_SPECIAL = re.compile(
    r"audio|realtime|live|search|image|tts|transcribe|research|computer|embed|vision"
    r"|robotics|cyber|^ft:|:ft-"
)
_AT_MOST = 3
_WORTH = (3, 4)
"""A model that costs more than three quarters as much is no reason to change."""


@dataclass(frozen=True, slots=True)
class Cheaper:
    """A smaller model for one call."""

    provider: str
    model: str
    written: str
    """Its name as this call's code would write it."""
    output_rate: Decimal
    """USD per 1,000,000 output tokens."""
    own_nusd: int | None
    """This call as it is; None where nothing is known of its prompt."""
    cost_nusd: int | None
    """The same tokens on this model."""


class CheaperOf(Protocol):
    """What `cheaper` is once it has its price book."""

    def __call__(
        self, item: Estimate, candidate: Candidate, suggested: str = "", /
    ) -> tuple[Cheaper, ...]:
        """Return other models for a call; `suggested` is asked for by name."""
        ...


def cheaper(
    item: Estimate, candidate: Candidate, suggested: str = "", /, *, book: Book
) -> tuple[Cheaper, ...]:
    """Return at most three smaller models, the nearest step down first.

    Empty where a price is unknown, or where a smaller model is no fair comparison. One
    that a policy suggests comes before them, whatever it costs.
    """
    own, own_rate = candidate.card, candidate.output_rate
    now = _cost(item, own, book)
    first = _on(suggested, item, candidate, book, now) if suggested else None
    found = [] if first is None else [first[0]]
    if own_rate is None or now is None or not _comparable(item, candidate, book):
        return tuple(found)
    for model in SMALLER.get(candidate.means.provider, ()):
        if leaves_soon(candidate.means.provider, model, item.at) or model == suggested:
            continue
        other = _on(model, item, candidate, book, now)
        if other is not None and (
            other[0].output_rate * _WORTH[1] <= own_rate * _WORTH[0]
            and other[1] * _WORTH[1] <= now * _WORTH[0]
        ):
            found.append(other[0])
    return tuple(found[:_AT_MOST])


def _on(
    model: str, item: Estimate, candidate: Candidate, book: Book, now: int | None
) -> tuple[Cheaper, int] | None:
    """Return this call on another model of its provider, and what its tokens cost.

    None where the model has no price, or cannot be written in this place.
    """
    provider = candidate.means.provider
    written = _rename(candidate, model)
    if written is None:
        return None
    card = book.rate_card(provider, model, at=item.at)
    rate, cost = output_rate(card), _cost(item, card, book)
    if rate is None or cost is None:
        return None
    known = item.input_tokens is not None or item.from_calls > 0
    return (
        Cheaper(
            provider,
            model,
            written,
            rate,
            now if known else None,
            cost if known else None,
        ),
        cost,
    )


def _cost(item: Estimate, card: RateCard, book: Book) -> int | None:
    """Return what the tokens of this very call cost at a card's rates."""
    if card.reason:
        return None
    return price_of_call(
        book, card, item.typical_usage.input_tokens, item.typical_output
    )


def _comparable(item: Estimate, candidate: Candidate, book: Book) -> bool:
    if item.site.kind not in _KINDS or _SPECIAL.search(candidate.means.model):
        return False
    # Behind an endpoint of the user's own, other names may mean nothing.
    return not item.site.url or book.provider_of(item.site.url)[1] is None


def _rename(candidate: Candidate, model: str) -> str | None:
    """Return another model's name written as the candidate's is: `openai:gpt-...`."""
    written, own = candidate.model.written, candidate.means.model
    if not own or not written.endswith(own) or own == model:
        return None
    return written.removesuffix(own) + model
