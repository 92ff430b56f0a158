"""What one model costs at one moment: ready-made rates for every class of usage."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from math import gcd
from types import MappingProxyType

from cellcost.prices.catalogue import Step
from cellcost.prices.units import CHAINS, UNIT_CHAINS

__all__ = [
    "NO_CHARGE",
    "NO_RATES",
    "Rate",
    "RateCard",
    "Rates",
    "Terms",
    "priced_card",
    "unpriced_card",
]

_TOKEN_NAMES = frozenset(name for chain in CHAINS.values() for name in chain)
# Of our own: a notebook's `decimal.getcontext()` must not change a price.
_CONTEXT = Context(prec=34)

NO_RATES: Mapping[str, Decimal] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one class of usage, as a person reads it and as integers.

    A quantity costs `quantity * numerator / denominator` nano-USD; denominator 0 means
    that no price is known, for the `reason`.
    """

    meter: str
    variant: str
    list_rate: Decimal | None
    contracted_rate: Decimal | None
    numerator: int
    denominator: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates that apply up to some number of input tokens, class by class."""

    tokens: Mapping[tuple[str, str], Rate]
    input: Rate
    cache_read: Rate
    output: Rate
    reasoning: Rate


@dataclass(frozen=True, slots=True)
class RateCard:
    """One model's prices at one moment; `reason` says why there are none.

    `price_id` names the price: provider/model@from+tier+own terms.
    """

    provider: str
    model: str
    price_id: str
    catalogue_version: str
    reason: str
    brackets: tuple[tuple[int, Rates], ...]
    """(start, rates): the last whose start is below the input tokens applies."""
    units: Mapping[str, Rate]
    """Rates of units that are not tokens, by our unit names."""
    written_ttl: bool
    """Whether the list tells cache writes of 5 minutes from those of an hour."""
    minimum: Mapping[str, int]
    per_request: Rate | None
    unit_billed: bool
    """Whether the list has prices of units only (audio hours): tokens are no charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the user pays instead of the list price."""

    endpoint: Mapping[str, Decimal] | None = None
    """The whole price list of a host, by rate name; the catalogue's does not count."""
    rates: Mapping[str, Decimal] = field(default_factory=lambda: NO_RATES)
    discount: Decimal | None = None


_LIST_TERMS = Terms()
_NO_STEPS: Mapping[str, Step] = MappingProxyType({})


def unpriced_card(
    provider: str, model: str, reason: str, *, catalogue_version: str = ""
) -> RateCard:
    """Return a card without any price, for a reason."""
    rates = _rates(
        lambda chain, meter, variant: Rate(meter, variant, None, None, 0, 0, reason)
    )
    return RateCard(
        provider=provider,
        model=model,
        price_id="",
        catalogue_version=catalogue_version,
        reason=reason,
        brackets=((0, rates),),
        units=MappingProxyType({}),
        written_ttl=False,
        minimum=MappingProxyType({}),
        per_request=None,
        unit_billed=False,
    )


def priced_card(
    *,
    provider: str,
    model: str,
    price_id: str,
    catalogue_version: str,
    steps: Mapping[str, Step] = _NO_STEPS,
    terms: Terms = _LIST_TERMS,
    minimum: Mapping[str, int] | None = None,
) -> RateCard:
    """Return the card of list prices `steps` under the user's terms."""
    missing = f"no {{}} price for model {model!r} at {provider or 'this host'}"
    starts = {0} | {start for step in steps.values() for start, _ in step.above}

    def rates_from(start: int) -> Rates:
        at_start = {name: _price(step, start) for name, step in steps.items()}
        per = {name: step.per for name, step in steps.items()}

        def make(chain: Iterable[str], meter: str, variant: str) -> Rate:
            return _rate(chain, meter, variant, at_start, per, terms, missing)

        return _rates(make)

    base = {name: step.base for name, step in steps.items()}
    per = {name: step.per for name, step in steps.items()}
    names = {*steps, *(terms.endpoint or ()), *terms.rates}
    named = names - _TOKEN_NAMES
    units = {
        name: _rate(UNIT_CHAINS.get(name, (name,)), name, "", base, per, terms, missing)
        for name in {*named, *(n for n, c in UNIT_CHAINS.items() if named & {*c})}
    }
    request = units.pop("request", None)
    return RateCard(
        provider=provider,
        model=model,
        price_id=price_id,
        catalogue_version=catalogue_version,
        reason="",
        brackets=tuple((start, rates_from(start)) for start in sorted(starts)),
        units=units,
        written_ttl=bool(names & {"cache_write_1h", "cache_write_5m"}),
        minimum=minimum or {},
        per_request=request,
        unit_billed=bool(units) and not names & _TOKEN_NAMES,
    )


def _rates(make: Callable[[Iterable[str], str, str], Rate]) -> Rates:
    tokens = {
        (meter, variant): make(chain, meter, variant)
        for (meter, variant), chain in CHAINS.items()
    }
    return Rates(
        tokens=tokens,
        input=tokens["input", ""],
        cache_read=tokens["cache_read", ""],
        output=tokens["output", ""],
        reasoning=tokens["reasoning", ""],
    )


def _rate(
    chain: Iterable[str],
    meter: str,
    variant: str,
    prices: Mapping[str, Decimal],
    per: Mapping[str, int],
    terms: Terms,
    missing: str,
) -> Rate:
    """Return the rate of the first name in `chain` that has a price."""
    listed = next(((prices[n], per[n]) for n in chain if n in prices), None)
    base = terms.endpoint
    contracted: tuple[Decimal, int] | None = None
    for name in chain:
        if name in terms.rates:
            contracted = (terms.rates[name], 1_000_000)
        elif base is not None and name in base:
            contracted = _discounted((base[name], 1_000_000), terms.discount)
        elif base is None and name in prices:
            contracted = _discounted((prices[name], per[name]), terms.discount)
        if contracted is not None:
            break
    list_rate = _per_million(listed)
    if contracted is None:
        reason = missing.format(meter.replace("_", " "))
        return Rate(meter, variant, list_rate, None, 0, 0, reason)
    numerator, denominator = _nano(contracted)
    rate = list_rate if contracted == listed else _per_million(contracted)
    return Rate(meter, variant, list_rate, rate, numerator, denominator)


def _price(step: Step, start: int) -> Decimal:
    """Return the price above `start` input tokens: thresholds at or below it count."""
    price = step.base
    for threshold, higher in step.above:
        if threshold <= start and start > 0:
            price = higher
    return price


def _discounted(
    price: tuple[Decimal, int], discount: Decimal | None
) -> tuple[Decimal, int]:
    if discount is None:
        return price
    return _CONTEXT.multiply(price[0], _CONTEXT.subtract(Decimal(1), discount)), price[
        1
    ]


def _per_million(price: tuple[Decimal, int] | None) -> Decimal | None:
    if price is None or price[1] == 1_000_000:
        return price[0] if price else None
    whole = _CONTEXT.multiply(price[0], Decimal(1_000_000))
    return _CONTEXT.divide(whole, Decimal(price[1])).normalize(_CONTEXT)


def _nano(price: tuple[Decimal, int]) -> tuple[int, int]:
    """Return nano-USD a unit as a fraction in lowest terms."""
    top, bottom = price[0].as_integer_ratio()
    top, bottom = top * 1_000_000_000, bottom * price[1]
    shared = gcd(top, bottom)
    return top // shared, bottom // shared


NO_CHARGE = _rates(
    lambda chain, meter, variant: Rate(meter, variant, Decimal(0), Decimal(0), 0, 1)
)
"""Rates of tokens that are not billed because another unit is."""
