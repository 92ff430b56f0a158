"""The compiled price list: providers, their models, and the prices of a moment."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeGuard, cast

from cellcost.errors import CatalogueError
from cellcost.prices.units import SOURCE_UNITS

__all__ = [
    "HOST_KINDS",
    "SHIPPED",
    "Catalogue",
    "Model",
    "Provider",
    "Step",
    "load_catalogue",
]

SHIPPED = Path(__file__).parent / "data" / "catalogue.json"
FORMAT = 1

HOST_KINDS = frozenset(
    {"ollama", "vllm", "llama.cpp", "lmstudio", "sglang", "tgi", "self-hosted"}
)
"""Kinds of servers that have no price list: tokens are counted, cost is unknown."""

# Names of providers that the catalogue's own rules miss or take for another one.
# OTel: https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/
# (2026-11): genai-prices takes `azure.ai.openai` for openai.
_ALIASES = {
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure_openai": "azure",
    "azure-openai": "azure",
    "gcp.gen_ai": "google",
    "x_ai": "x-ai",
    "moonshot": "moonshotai",
    "llamacpp": "llama.cpp",
    "llama-cpp": "llama.cpp",
    "llama_cpp": "llama.cpp",
    "lm-studio": "lmstudio",
    "lm_studio": "lmstudio",
    "self_hosted": "self-hosted",
}


@dataclass(frozen=True, slots=True)
class Step:
    """The price of one unit: `base`, and another one above each input threshold.

    Each price buys `per` units. A request with more than `start` input tokens pays the
    step's price for ALL of its tokens.
    """

    per: int
    base: Decimal
    above: tuple[tuple[int, Decimal], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    """Prices that hold from a day on, or within hours of the day (UTC)."""

    rates: Mapping[str, Step]
    when: Mapping[str, str] = field(default_factory=dict[str, str])
    start: date | None = None
    hours: tuple[time, time] | None = None

    def holds(self, at: datetime) -> bool:
        if self.start is not None:
            return at.date() >= self.start
        if self.hours is not None:
            first, last = self.hours
            now = at.time()
            if last < first:
                return now >= first or now < last
            return first <= now < last
        return True

    def boundaries(self, at: datetime) -> Iterator[datetime]:
        """Yield the moments around `at` when this begins or ceases to hold."""
        if self.start is not None:
            yield datetime.combine(self.start, time(), UTC)
        elif self.hours is not None:
            for days in (-1, 0, 1):
                day = at.date() + timedelta(days=days)
                for moment in self.hours:
                    yield datetime.combine(day, moment, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of a price list."""

    id: str
    window: int | None
    matches: Callable[[str], bool]
    """Whether a lower-case model name means this model."""
    prices: tuple[_Dated, ...]
    variants: tuple[_Dated, ...]
    minimum: Mapping[str, int]
    """Least quantities billed a request: `{"audio_second": 10}`."""

    def rates_at(
        self, at: datetime, tier: str
    ) -> tuple[Mapping[str, Step], str] | None:
        """Return the rates of a service tier at a moment, and the day they began.

        "" is the standard tier. None: the list has no price for this tier.
        """
        standard = self.prices[0]
        for dated in reversed(self.prices):
            if dated.holds(at):
                standard = dated
                break
        label = _label(standard)
        if not tier:
            return standard.rates, label
        context = {"service_tier": tier, "processing": tier, "speed": tier}
        known = False
        rates = dict(standard.rates)
        changed: set[str] = set()
        for variant in self.variants:
            asked = variant.when.items()
            if not variant.holds(at) or any(context.get(k) != v for k, v in asked):
                continue
            known = True
            for name, step in variant.rates.items():
                if name not in changed:
                    changed.add(name)
                    rates[name] = step
        return (rates, label) if known else None

    def boundaries(self, at: datetime) -> Iterator[datetime]:
        """Yield the moments around `at` when the price may change."""
        for dated in (*self.prices, *self.variants):
            yield from dated.boundaries(at)


@dataclass(slots=True)
class Provider:
    """One provider and its models, parsed when first asked for."""

    id: str
    name: str
    url: re.Pattern[str]
    fallback: tuple[str, ...]
    _named: Callable[[str], bool]
    _raw: list[Any]
    _where: str
    _models: tuple[Model, ...] | None = None

    def is_named(self, name: str) -> bool:
        """Return whether a lower-case name means this provider."""
        return name == self.id or self._named(name)

    @property
    def models(self) -> tuple[Model, ...]:
        """The models, in the order in which they are matched."""
        if self._models is None:
            self._models = tuple(
                _model(raw, f"{self._where}, provider {self.id!r}") for raw in self._raw
            )
            self._raw = []
        return self._models

    def model(self, name: str) -> Model | None:
        """Return the first model that a lower-case name means."""
        return next((model for model in self.models if model.matches(name)), None)


class Catalogue:
    """A price list. Values in it never change; parsing is put off until needed."""

    __slots__ = ("compiled", "providers", "version")

    def __init__(
        self,
        providers: tuple[Provider, ...],
        version: str,
        compiled: date | None = None,
    ) -> None:
        self.providers = {provider.id: provider for provider in providers}
        self.version = version
        self.compiled = compiled
        """The day on which the list was taken from its source."""

    def provider(self, name: str) -> Provider | None:
        """Return the provider that `name` (an id, an OTel name) means."""
        name = name.strip().lower()
        name = _ALIASES.get(name, name)
        if not name or name in HOST_KINDS:
            return None
        if name in self.providers:
            return self.providers[name]
        named = (p for p in self.providers.values() if p.is_named(name))
        return next(named, None)

    def provider_id(self, name: str) -> str:
        """Return the id that `name` means; itself, lower case, if it is no known name.

        Host kinds (`vllm`) are ids too.
        """
        name = name.strip().lower()
        found = self.provider(name)
        return found.id if found else _ALIASES.get(name, name)

    def model(self, provider: Provider, name: str) -> tuple[Provider, Model] | None:
        """Return the model that `name` means there, and whose list holds it.

        A provider that resells others' models (Azure) falls back on their lists.
        """
        name = name.lower()
        dashed = _dash_date(name)
        for candidate in (name, dashed) if dashed != name else (name,):
            for seller in (provider.id, *provider.fallback):
                owner = self.providers.get(seller)
                if owner and (model := owner.model(candidate)):
                    return owner, model
        return None


def load_catalogue(path: Path = SHIPPED) -> Catalogue:
    """Return the catalogue in a file.

    Raises CatalogueError, with the file and the place, when it is malformed.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogueError(
            f"cannot read the price catalogue {path}: {error.strerror};"
            " reinstall cellcost"
        ) from error
    except ValueError as error:  # JSONDecodeError says line and column
        raise CatalogueError(
            f"{path}: not JSON: {error}; reinstall cellcost"
        ) from error
    where = str(path)
    if not isinstance(raw, dict):
        raise CatalogueError(f"{where}: a catalogue is an object, this is not")
    document = cast(dict[str, Any], raw)
    if document.get("format") != FORMAT:
        raise CatalogueError(
            f"{where}: format {document.get('format')!r}, this cellcost reads {FORMAT};"
            " update cellcost"
        )
    version, providers = document.get("version"), document.get("providers")
    if not isinstance(version, str) or not _is_list(providers):
        raise CatalogueError(f"{where}: lacks `version` or `providers`")
    rows = enumerate(providers)
    return Catalogue(
        tuple(_provider(row, f"{where}, provider {n}") for n, row in rows),
        version,
        _compiled(document.get("compiled"), where),
    )


def _compiled(raw: Any, where: str) -> date | None:
    try:
        return None if raw is None else date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise CatalogueError(f"{where}: `compiled` is {raw!r}, not a day") from None


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _provider(raw: Any, where: str) -> Provider:
    try:
        return Provider(
            id=str(raw["id"]),
            name=str(raw["name"]),
            url=re.compile(raw["url"], re.IGNORECASE),
            fallback=tuple(raw.get("fallback", ())),
            _named=_matcher(raw.get("names", [])),
            _raw=list(raw["models"]),
            _where=where.partition(", provider")[0],
        )
    except _MALFORMED as error:
        raise _broken(where, error) from error


def _model(raw: Any, where: str) -> Model:
    try:
        where = f"{where}, model {raw['id']!r}"
        prices = tuple(_dated(item) for item in raw["prices"])
        if not prices:
            raise ValueError("`prices` is empty")
        return Model(
            id=str(raw["id"]),
            window=raw.get("window"),
            matches=_matcher(raw["match"]),
            prices=prices,
            variants=tuple(_dated(item) for item in raw.get("variants", ())),
            minimum={str(k): int(v) for k, v in raw.get("minimum", {}).items()},
        )
    except _MALFORMED as error:
        raise _broken(where, error) from error


_MALFORMED = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    InvalidOperation,
    re.error,
)


def _broken(where: str, error: Exception) -> CatalogueError:
    what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
    return CatalogueError(f"{where}: {what or type(error).__name__}")


def _dated(raw: Any) -> _Dated:
    hours = raw.get("hours")
    return _Dated(
        rates={
            SOURCE_UNITS[key].rate: _step(value, SOURCE_UNITS[key].per)
            for key, value in raw["rates"].items()
        },
        when=raw.get("when", {}),
        start=date.fromisoformat(raw["from"]) if "from" in raw else None,
        hours=(time.fromisoformat(hours[0]), time.fromisoformat(hours[1]))
        if hours
        else None,
    )


def _step(raw: Any, per: int) -> Step:
    if isinstance(raw, str):
        return Step(per, _price(raw))
    above = tuple((int(start), _price(price)) for start, price in raw[1:])
    return Step(per, _price(raw[0]), above)


def _price(text: Any) -> Decimal:
    if not isinstance(text, str):
        raise TypeError(f"a price is text, this is {text!r}")
    price = Decimal(text)
    if not price.is_finite() or price < 0:
        raise ValueError(f"{text!r} is no price")
    return price


def _label(dated: _Dated) -> str:
    if dated.start is not None:
        return f"@{dated.start.isoformat()}"
    if dated.hours is not None:
        return f"@{dated.hours[0]:%H:%M}-{dated.hours[1]:%H:%M}"
    return ""


def _matcher(clauses: list[Any]) -> Callable[[str], bool]:
    """Return the test of a match rule; see `compile._clauses` for its form."""
    equal = frozenset(c[1:] for c in clauses if isinstance(c, str) and c[:1] == "=")
    starts = tuple(c[1:] for c in clauses if isinstance(c, str) and c[:1] == "^")
    others = tuple(
        _clause(c) for c in clauses if not (isinstance(c, str) and c[:1] in ("=", "^"))
    )

    def matches(name: str) -> bool:
        if name in equal or (starts and name.startswith(starts)):
            return True
        return any(test(name) for test in others)

    return matches


def _clause(clause: Any) -> Callable[[str], bool]:
    if _is_list(clause):
        tests = [_clause(part) for part in clause]
        return lambda name: all(test(name) for test in tests)
    if not isinstance(clause, str) or not clause:
        raise TypeError(f"{clause!r} is no match clause")
    sign, text = clause[0], clause[1:]
    if sign == "=":
        return lambda name: name == text
    if sign == "^":
        return lambda name: name.startswith(text)
    if sign == "$":
        return lambda name: name.endswith(text)
    if sign == "*":
        return lambda name: text in name
    if sign == "~":
        search = re.compile(text).search
        return lambda name: search(name) is not None
    raise ValueError(f"{clause!r} is no match clause")


_COMPACT_DATE = re.compile(r"(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


def _dash_date(name: str) -> str:
    """Rewrite `-20251211` as `-2025-12-11`: gateways use the compact form."""

    def rewrite(match: re.Match[str]) -> str:
        year, month, day = (int(match.group(n)) for n in (2, 3, 4))
        try:
            return f"-{date(year, month, day).isoformat()}"
        except ValueError:
            return match.group(0)

    return _COMPACT_DATE.sub(rewrite, name)
