"""Smaller models of the same provider, and what this very call would cost on them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from cellcost.analysis.estimate import (
    Book,
    Candidate,
    Estimate,
    output_rate,
    price_of_call,
)
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


CheaperOf = Callable[[Estimate, Candidate], tuple[Cheaper, ...]]
"""What `cheaper` is once it has its price book."""


def cheaper(item: Estimate, candidate: Candidate, *, book: Book) -> tuple[Cheaper, ...]:
    """Return at most three smaller models, the nearest step down first.

    Empty where a price is unknown, or where a smaller model is no fair comparison.
    """
    own, own_rate = candidate.card, candidate.output_rate
    if own.reason or own_rate is None or not _comparable(item, candidate, book):
        return ()
    known = item.input_tokens is not None or item.from_calls > 0
    inputs = item.typical_usage.input_tokens
    now = price_of_call(book, own, inputs, item.typical_output)
    found: list[Cheaper] = []
    for model in SMALLER.get(candidate.means.provider, ()):
        written = _rename(candidate, model)
        if written is None or leaves_soon(candidate.means.provider, model, item.at):
            continue
        card = book.rate_card(candidate.means.provider, model, at=item.at)
        rate = output_rate(card)
        cost = price_of_call(book, card, inputs, item.typical_output)
        if card.reason or rate is None or now is None or cost is None:
            continue
        if (
            rate * _WORTH[1] > own_rate * _WORTH[0]
            or cost * _WORTH[1] > now * _WORTH[0]
        ):
            continue
        found.append(
            Cheaper(
                candidate.means.provider,
                model,
                written,
                rate,
                now if known else None,
                cost if known else None,
            )
        )
    return tuple(found[:_AT_MOST])


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
