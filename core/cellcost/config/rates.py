"""What the user says about prices: hosts and their rates, own prices of models.

Rates are USD per 1,000,000 units of a meter (`input`, `output`, `cache_read`, ...).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType

__all__ = ["Endpoint", "OwnPrice"]

_NOTHING: Mapping[str, Decimal] = MappingProxyType({})


def _no_rates() -> Mapping[str, Decimal]:
    return _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One `[[endpoints]]` entry: whose price list applies at a URL prefix."""

    url: str
    provider: str
    """A catalogue id, one of its aliases, or a host kind such as `vllm`."""
    gpu_hour: Decimal | None = None
    rates: Mapping[str, Decimal] = field(default_factory=_no_rates)
    source: str = ""
    """The file (or variable) that says so."""
    trusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrice:
    """One `[[prices]]` entry: what we really pay for a model, and when.

    Days are UTC; `valid_to` is the first day on which it no longer holds. `rates`
    replace the list's rates meter by meter; `discount` (0.2 = 20% off) lowers those
    that `rates` does not name.
    """

    provider: str
    model: str
    """A pattern as in `fnmatch`: `gpt-5*`."""
    valid_from: date | None = None
    valid_to: date | None = None
    rates: Mapping[str, Decimal] = field(default_factory=_no_rates)
    discount: Decimal | None = None
    source: str = ""
