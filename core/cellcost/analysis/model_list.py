"""The models of the price list, as somebody who chooses one wants to see them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cellcost.analysis.estimate import output_rate
from cellcost.prices import PriceBook, RateCard
from cellcost.prices.retirement import retirement

__all__ = ["Listed", "listed", "prices_text", "rate_text"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One model with its price now."""

    provider: str
    model: str
    card: RateCard
    window: int | None
    """How many tokens it takes in; None where the list does not say."""
    rank: int
    """0 current, 1 a dated version or made for one thing, 2 shut down or leaving."""


# A version that stays as it was on a day, beside the name that moves on.
_DATED = re.compile(r"-(?:20\d{2}-?[01]\d-?[0-3]\d|[01]\d{3}|[01]\d-[0-3]\d)(?:$|-)")
_SPECIAL = re.compile(
    r"audio|realtime|live|search|image|tts|transcribe|research|computer|vision|robotics"
    r"|cyber|moderation|instruct|whisper|preview|ocr|guard|^ft:|:"
)
# The list names a family of fine-tuned models by the start of their names.
_NO_NAME = re.compile(r".*-$|.*\s")


def listed(
    book: PriceBook, providers: Iterable[str], at: datetime
) -> tuple[Listed, ...]:
    """Return every model with a price of some providers, in their order."""
    found: list[Listed] = []
    for name in dict.fromkeys(providers):
        provider = book.catalogue.provider(name)
        if provider is None:
            continue
        for model in provider.models:
            card = book.rate_card(provider.id, model.id, at=at)
            if card.reason or _NO_NAME.fullmatch(model.id):
                continue
            rank = _rank(provider.id, model.id, at)
            found.append(Listed(provider.id, model.id, card, model.window, rank))
    return tuple(found)


def prices_text(card: RateCard) -> str:
    """Return `$5 → $30 per 1M`; "" for what is not billed by tokens."""
    if card.reason or not card.brackets:
        return ""
    given, answered = card.brackets[0][1].input.contracted_rate, output_rate(card)
    if given is None:
        return ""
    after = "" if answered is None else f" → {rate_text(answered)}"
    return f"{rate_text(given)}{after} per 1M"


def rate_text(rate: Decimal) -> str:
    """Return USD per 1,000,000 as people read it: `$2.5`."""
    return f"${rate.normalize():f}"


def _rank(provider: str, model: str, at: datetime) -> int:
    day = retirement(provider, model)
    if day is not None and day <= at.date():
        return 2
    return 1 if _DATED.search(model) or _SPECIAL.search(model) else 0
