"""What a model costs, as markdown: prices by class, window, since and until when."""

from collections.abc import Iterator
from datetime import date, datetime

from cellcost.analysis.model_list import rate_text
from cellcost.figures import count_text
from cellcost.prices import PriceBook, RateCard
from cellcost.prices.retirement import retirement
from cellcost_lsp.telling import plain

__all__ = ["model_markdown"]

_CLASSES = (
    ("input", "input"),
    ("cached", "cache_read"),
    ("cache write", "cache_write"),
    ("output", "output"),
)


def model_markdown(
    provider: str,
    model: str,
    *,
    book: PriceBook,
    at: datetime,
    card: RateCard | None = None,
) -> str:
    """Return a model's name, prices by class, and what its maker says of it.

    `card` are the prices of a call, where they are not the provider's.
    """
    card = card or book.rate_card(provider, model, at=at)
    return "\n\n".join(
        part
        for part in (
            f"**{plain(model)}** · {plain(provider or 'unknown provider')}",
            _table(card),
            " · ".join(_notes(provider, model, book, card, at)),
        )
        if part
    )


def _table(card: RateCard) -> str:
    if card.reason or not card.brackets:
        return f"unpriced: {plain(card.reason)}" if card.reason else ""
    tokens = card.brackets[0][1].tokens
    full = tokens["input", ""].contracted_rate
    found = [
        (said, rate.contracted_rate)
        for said, meter in _CLASSES
        if (rate := tokens.get((meter, ""))) is not None
        and rate.contracted_rate is not None
        # Where the list has no price for a cache, its tokens are input like others.
        and not (meter.startswith("cache") and rate.contracted_rate == full)
    ]
    if not found:
        return ""
    return "\n".join(
        (
            f"| USD per 1M | {' | '.join(said for said, _ in found)} |",
            f"|---|{'--:|' * len(found)}",
            f"| tokens | {' | '.join(rate_text(rate) for _, rate in found)} |",
        )
    )


def _notes(
    provider: str, model: str, book: PriceBook, card: RateCard, at: datetime
) -> Iterator[str]:
    listed = book.catalogue.provider(provider)
    found = book.catalogue.model(listed, model) if listed is not None else None
    if found is not None and found[1].window:
        yield f"{count_text(found[1].window)} tokens of context"
    if len(card.brackets) > 1:
        yield f"dearer above {count_text(card.brackets[1][0])} input tokens"
    since = card.price_id.partition("@")[2][:10]
    if _is_day(since):
        yield f"this price since {since}"
    if not card.reason and book.catalogue.compiled is not None:
        yield f"price list of {book.catalogue.compiled.isoformat()}"
    day = retirement(provider, model)
    if day is not None:
        gone = day <= at.date()
        when = "" if day == date.min else f" on {day.isoformat()}"
        yield f"**its maker {'shut it down' if gone else 'shuts it down'}{when}**"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
