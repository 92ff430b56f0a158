"""The price book: whose host a URL is, what a model costs now, what a usage cost."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from cellcost.config.gpu import OwnGpuRate
from cellcost.config.rates import Endpoint, OwnPrice
from cellcost.prices.card import NO_RATES, RateCard, Terms, priced_card, unpriced_card
from cellcost.prices.catalogue import (
    HOST_KINDS,
    Catalogue,
    Model,
    Provider,
    load_catalogue,
)
from cellcost.prices.hosts import (
    find_endpoint,
    known_provider,
    parse_url,
    sort_endpoints,
)
from cellcost.prices.lines import cost
from cellcost.prices.own import OwnPrices
from cellcost.records import Line, Usage

__all__ = ["OwnLayer", "PriceBook", "load_book"]

# Service tiers that providers report for the ordinary price.
_STANDARD_TIERS = frozenset(
    {
        "auto",  # OpenAI, before the tier is known
        "default",  # OpenAI
        "on_demand",  # Groq, Google Vertex
        "standard",  # Anthropic, Google
        "traffic_type_unspecified",  # Google Vertex
        "service_tier_unspecified",  # Google
    }
)

_MEMO_LIMIT = 4096
_NEVER = datetime.max.replace(tzinfo=UTC)
_EVER = datetime.min.replace(tzinfo=UTC)


class OwnLayer(Protocol):
    """What a price book needs of the settings."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the `[[endpoints]]` in force."""
        ...

    @property
    def prices(self) -> tuple[OwnPrice, ...]:
        """Return the `[[prices]]` in force."""
        ...

    @property
    def gpu_rates(self) -> tuple[OwnGpuRate, ...]:
        """Return the `[[gpu_rates]]` in force."""
        ...


class PriceBook:
    """Answers from a catalogue and, above it, the user's own prices. Thread-safe.

    `left_out` says what of the settings could not be read: where a price is missing,
    that is the likely reason. Raises ConfigError when two own entries contradict each
    other.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        endpoints: Iterable[Endpoint] = (),
        own: Iterable[OwnPrice] = (),
        *,
        gpu_rates: Iterable[OwnGpuRate] = (),
        left_out: str = "",
    ) -> None:
        self._gpu_rates = tuple(gpu_rates)
        self._left_out = left_out
        self._catalogue = catalogue
        self._endpoints = sort_endpoints(endpoints)
        self._own = OwnPrices(own, catalogue.provider_id)
        self._hosts: dict[str, tuple[str, Endpoint | None]] = {}
        self._cards: dict[
            tuple[str, str, str, str], tuple[datetime, datetime, RateCard]
        ] = {}

    @property
    def catalogue(self) -> Catalogue:
        """Return the price list itself."""
        return self._catalogue

    @property
    def catalogue_version(self) -> str:
        """Return the version of the price list, as events carry it."""
        return self._catalogue.version

    def gpu_hour(self, at: datetime) -> tuple[Decimal, str] | None:
        """Return USD an hour of the user's GPU, and its pattern, if it is one alone."""
        if not self._gpu_rates:
            return None
        # Imported here: few settings have GPU rates.
        from cellcost.prices.gpu_own import OwnGpuRates, own_hour

        own = OwnGpuRates(self._gpu_rates).only(at.astimezone(UTC).date())
        return None if own is None else (own_hour(own, at)[0], own.match)

    def provider_of(self, url: str) -> tuple[str, Endpoint | None]:
        """Return the provider that a URL belongs to ("": unknown), and its endpoint.

        The longest `[[endpoints]]` prefix wins over the hosts we know; one that waits
        for `cellcost trust` names no provider.
        """
        key = url.partition("?")[0]
        known = self._hosts.get(key)
        if known is not None:
            return known
        found: tuple[str, Endpoint | None] = ("", None)
        address = parse_url(key)
        if address is not None:
            provider = known_provider(address, self._catalogue.providers.values())
            endpoint = find_endpoint(address, self._endpoints)
            if endpoint is not None and endpoint.trusted:
                provider = self._catalogue.provider_id(endpoint.provider)
            elif provider:
                endpoint = None
            found = (provider, endpoint)
        if len(self._hosts) >= _MEMO_LIMIT:
            self._hosts.clear()
        self._hosts[key] = found
        return found

    def rate_card(
        self,
        provider: str,
        model: str,
        *,
        tier: str = "",
        at: datetime,
        endpoint: Endpoint | None = None,
    ) -> RateCard:
        """Return what a model costs at a moment; a card without a price says why.

        The answer is kept until the next moment at which it may change.
        """
        key = (provider, model, tier, endpoint.url if endpoint else "")
        kept = self._cards.get(key)
        if kept is not None and kept[0] <= at < kept[1]:
            return kept[2]
        fresh = self._make(provider, model, _plain_tier(tier), at, endpoint)
        if len(self._cards) >= _MEMO_LIMIT:
            self._cards.clear()
        self._cards[key] = fresh
        return fresh[2]

    def cost(self, card: RateCard, usage: Usage) -> tuple[Line, ...]:
        """Return the lines that a usage costs; see `cellcost.prices.cost`."""
        return cost(card, usage)

    def _make(
        self,
        name: str,
        model: str,
        tier: str,
        at: datetime,
        endpoint: Endpoint | None,
    ) -> tuple[datetime, datetime, RateCard]:
        at = at.astimezone(UTC)
        provider = self._catalogue.provider_id(name)
        seller = self._catalogue.provider(name)
        found = self._catalogue.model(seller, model) if seller and model else None
        moments = list(self._own.boundaries(provider))
        if found:
            moments.extend(found[1].boundaries(at))
        since = max((m for m in moments if m <= at), default=_EVER)
        until = min((m for m in moments if m > at), default=_NEVER)
        card = self._card(provider, model, tier, at, endpoint, seller, found)
        return since, until, card

    def _card(
        self,
        provider: str,
        model: str,
        tier: str,
        at: datetime,
        endpoint: Endpoint | None,
        seller: Provider | None,
        found: tuple[Provider, Model] | None,
    ) -> RateCard:
        version = self._catalogue.version

        def unpriced(reason: str) -> RateCard:
            return unpriced_card(provider, model, reason, catalogue_version=version)

        if endpoint is not None and not endpoint.trusted:
            return unpriced(
                f"the [[endpoints]] entry for {endpoint.url} in"
                # Its name only: the reason goes to the team's ledger with the event.
                f" {Path(endpoint.source).name or 'this project'} waits for"
                " `cellcost trust`"
            )
        names = (model, found[1].id) if found else (model,)
        own = self._own.find(provider, names, at.date())
        priced = found[1].rates_at(at, "") if found else None
        if found and tier:
            # A reseller's tiers are its own: another list's tier prices say nothing.
            same = seller is not None and found[0].id == seller.id
            priced = found[1].rates_at(at, tier) if same else None
        steps, label = priced or ({}, "")
        endpoint_rates = endpoint.rates if endpoint and endpoint.rates else None
        own_rates = own.rates if own and (not tier or not found) else NO_RATES
        if not (steps or endpoint_rates or own_rates):
            why = _why(provider, model, tier, endpoint, seller, found, own)
            if self._left_out:
                why = f"settings are left out: {self._left_out}; without them, {why}"
            return unpriced(why)
        terms = Terms(
            endpoint=endpoint_rates,
            rates=own_rates,
            discount=own.discount if own else None,
        )
        owner = f"{found[0].id}/{found[1].id}" if found else f"{provider}/{model}"
        return priced_card(
            provider=provider,
            model=model,
            price_id=owner + label + (f"+{tier}" if tier else "") + _own_label(terms),
            catalogue_version=version,
            steps=steps,
            terms=terms,
            minimum=found[1].minimum if found else None,
        )


def load_book(settings: OwnLayer, *, left_out: str = "") -> PriceBook:
    """Return the price book of these settings, on the price list that we ship.

    `left_out`: what of the settings could not be read. Raises CatalogueError when that
    file is broken, ConfigError when two own entries contradict each other.
    """
    return PriceBook(
        load_catalogue(),
        settings.endpoints,
        settings.prices,
        gpu_rates=settings.gpu_rates,
        left_out=left_out,
    )


def _plain_tier(tier: str) -> str:
    tier = tier.strip().lower()
    return "" if tier in _STANDARD_TIERS else tier


def _own_label(terms: Terms) -> str:
    """Return a mark that changes whenever the user's own terms do, or ""."""
    if not (terms.endpoint or terms.rates or terms.discount is not None):
        return ""
    said = repr(
        (
            sorted((terms.endpoint or {}).items()),
            sorted(terms.rates.items()),
            terms.discount,
        )
    )
    return f"+own:{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def _why(
    provider: str,
    model: str,
    tier: str,
    endpoint: Endpoint | None,
    seller: Provider | None,
    found: tuple[Provider, Model] | None,
    own: OwnPrice | None,
) -> str:
    """Return why there is no price, and what to do about it."""
    at = f"at {provider}" if provider else ""
    if not provider:
        return (
            "this host is no known provider: say whose prices apply with"
            " [[endpoints]] (url, provider, rates) in cellcost.toml"
        )
    if endpoint is not None and endpoint.gpu_hour is not None:
        return (
            f"{endpoint.url} costs ${endpoint.gpu_hour} per GPU-hour; its share of a"
            " call is not metered: add `rates` to its [[endpoints]] to price tokens"
        )
    if found and tier:
        return (
            f"no price for service tier {tier!r} of model {model!r} {at}:"
            " only its standard price is known"
        )
    if found:
        return (
            f"model {model!r} {at} is listed without a rate;"
            " add [[prices]] (provider, model, rates) to cellcost.toml"
        )
    if own is not None and own.discount is not None:
        return (
            f"the discount for model {model!r} {at} has no list price to lower;"
            " add `rates` to its [[prices]]"
        )
    if provider in HOST_KINDS:
        return (
            f"a {provider} server has no price list;"
            " add `rates` to its [[endpoints]] in cellcost.toml"
        )
    if seller is None:
        return (
            f"provider {provider!r} has no price list;"
            " add `rates` to its [[endpoints]] in cellcost.toml"
        )
    if not model:
        return f"the call {at} names no model"
    return (
        f"no price for model {model!r} {at};"
        " add [[prices]] (provider, model, rates) to cellcost.toml"
    )
