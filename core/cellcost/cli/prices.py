"""`cellcost prices`: what a model or a GPU costs, and which list or file says so."""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellcost.cli.output import Column, complain, print_line, styled, table
from cellcost.clock import price_time
from cellcost.config import Endpoint, OwnPrice, Settings, load_settings
from cellcost.errors import PriceUnknown
from cellcost.figures import percent_text
from cellcost.prices import Catalogue, PriceBook, RateCard, load_catalogue
from cellcost.prices.own import OwnPrices
from cellcost.prices.units import CHAINS

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["register"]


@dataclass(frozen=True, slots=True)
class _Quote:
    """One rate of one card: what is paid, what the list says, and who says so."""

    meter: str
    over: int
    """The rate applies to requests with more input tokens than this."""
    list_rate: Decimal | None
    contracted_rate: Decimal
    source: str


def register(subparsers: "SubParsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "prices",
        help="what a model or a GPU costs, and where each rate comes from",
        description="What a model costs in USD per 1,000,000 units, or a GPU by the"
        " hour, and who says so.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "model", metavar="MODEL", nargs="?", help="the name that calls use"
    )
    what.add_argument(
        "--gpu",
        metavar="NAME",
        nargs="?",
        const="",
        help="an hour of this GPU, or of all: here, and as clouds list it",
    )
    parser.add_argument(
        "--provider",
        metavar="NAME",
        help="whose model (default: every provider that lists it by this name)",
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        help="as called at this address: its provider, or its [[endpoints]] entry",
    )
    parser.add_argument(
        "--at",
        type=_day,
        metavar="DATE",
        help="on this day (UTC) or at this time (default: now, or CELLCOST_NOW)",
    )
    parser.add_argument("--json", action="store_true", help="a JSON array of cards")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    settings = load_settings(cwd=Path.cwd(), env=os.environ)
    if arguments.gpu is not None:
        # Imported here: most ask for a model.
        from cellcost.cli.gpu_prices import show_gpu_prices

        at = arguments.at or price_time()
        show_gpu_prices(arguments.gpu, settings, at=at, as_json=arguments.json)
        return 0
    catalogue = load_catalogue()
    book = PriceBook(catalogue, settings.endpoints, settings.prices)
    at = arguments.at or price_time()
    cards = [
        (card, _quotes(card, _says(card, endpoint, settings, catalogue, at)))
        for card, endpoint in _cards(arguments, book, catalogue, settings, at)
    ]
    if arguments.json:
        print_line(json.dumps([_card_json(card, quotes) for card, quotes in cards]))
    else:
        for number, (card, quotes) in enumerate(cards):
            if number:
                print_line()
            _print_card(card, quotes)
        for path in settings.untrusted:
            complain(f"{path} sets endpoints or prices and waits for `cellcost trust`")
    if not any(not card.reason for card, _ in cards):
        reasons = {card.reason: None for card, _ in cards}
        raise PriceUnknown("; ".join(reasons) or _unknown(arguments.model))
    return 0


def _cards(
    arguments: argparse.Namespace,
    book: PriceBook,
    catalogue: Catalogue,
    settings: Settings,
    at: datetime,
) -> Iterator[tuple[RateCard, Endpoint | None]]:
    model: str = arguments.model
    if arguments.url:
        provider, endpoint = book.provider_of(arguments.url)
        provider = arguments.provider or provider
        yield book.rate_card(provider, model, at=at, endpoint=endpoint), endpoint
        return
    if arguments.provider:
        yield book.rate_card(arguments.provider, model, at=at), None
        return
    own = {catalogue.provider_id(price.provider) for price in settings.prices}
    for seller in catalogue.providers.values():
        lists_it = seller.model(model.lower()) is not None
        if lists_it or seller.id in own:
            card = book.rate_card(seller.id, model, at=at)
            if lists_it or not card.reason:
                yield card, None
    for name in sorted(own - catalogue.providers.keys()):
        card = book.rate_card(name, model, at=at)
        if not card.reason:
            yield card, None


def _quotes(card: RateCard, says: "_Says") -> list[_Quote]:
    """Return the rates of a card; a class that pays its parent's rate is left out."""
    quotes: list[_Quote] = []
    before: dict[str, Decimal] = {}
    for start, rates in card.brackets:
        for (meter, variant), rate in rates.tokens.items():
            name = f"{meter}_{variant}" if variant else meter
            paid = rate.contracted_rate
            source = says.source(CHAINS[meter, variant])
            if paid is None or not source or before.get(name) == paid:
                continue
            before[name] = paid
            quotes.append(_Quote(name, start, rate.list_rate, paid, source))
    units = dict(card.units)
    if card.per_request is not None:
        units["request"] = card.per_request
    for name, rate in units.items():
        source = says.source((name,))
        if rate.contracted_rate is not None and source:
            quotes.append(_Quote(name, 0, rate.list_rate, rate.contracted_rate, source))
    return quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Says:
    """Who has a say in the rates of one card."""

    listed: frozenset[str]
    list_name: str
    endpoint: Endpoint | None
    own: OwnPrice | None

    def source(self, chain: Sequence[str]) -> str:
        """Return who gives the rate of a class its own price; "" if its parent does."""
        name = chain[0]
        own, endpoint = self.own, self.endpoint
        discount = own is not None and own.discount is not None
        if own is not None and name in own.rates:
            return own.source
        if endpoint is not None and endpoint.rates:
            said = endpoint.source if name in endpoint.rates else ""
        else:
            said = self.list_name if name in self.listed else ""
        if said and discount and own is not None and own.discount is not None:
            return f"{said}, less {percent_text(own.discount)} by {own.source}"
        return said


def _says(
    card: RateCard,
    endpoint: Endpoint | None,
    settings: Settings,
    catalogue: Catalogue,
    at: datetime,
) -> _Says:
    seller = catalogue.provider(card.provider)
    found = catalogue.model(seller, card.model) if seller else None
    steps = found[1].rates_at(at, "") if found else None
    names = (card.model, found[1].id) if found else (card.model,)
    own = OwnPrices(settings.prices, catalogue.provider_id)
    return _Says(
        listed=frozenset(steps[0]) if steps else frozenset(),
        list_name=f"{card.catalogue_version} {card.price_id.partition('+')[0]}",
        endpoint=endpoint,
        own=own.find(card.provider, names, at.astimezone(UTC).date()),
    )


def _print_card(card: RateCard, quotes: Sequence[_Quote]) -> None:
    if card.reason:
        return
    print_line(styled(f"{card.provider} {card.model}", "bold"))
    columns = (
        Column("meter"),
        Column("USD per 1M", "right"),
        Column("list", "right"),
        Column("from"),
    )
    rows = [
        (
            quote.meter + (f" over {quote.over:,} input tokens" if quote.over else ""),
            f"{quote.contracted_rate:f}",
            ""
            if quote.list_rate in (None, quote.contracted_rate)
            else f"{quote.list_rate:f}",
            quote.source,
        )
        for quote in quotes
    ]
    for line in table(columns, rows):
        print_line(line)


def _card_json(card: RateCard, quotes: Sequence[_Quote]) -> dict[str, Any]:
    return {
        "provider": card.provider,
        "model": card.model,
        "price_id": card.price_id,
        "catalogue_version": card.catalogue_version,
        "reason": card.reason,
        "rates": [
            {
                "meter": quote.meter,
                "over_input_tokens": quote.over,
                "list_rate": _text(quote.list_rate),
                "contracted_rate": _text(quote.contracted_rate),
                "source": quote.source,
            }
            for quote in quotes
        ],
    }


def _text(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate:f}"


def _unknown(model: str) -> str:
    return (
        f"no price list has a model {model!r}; add [[prices]] (provider, model, rates)"
        " to cellcost.toml, or name the provider with --provider"
    )


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        pass
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day; write it like 2026-11-24"
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
