"""What the user says about GPUs: how they are sampled and shared, what they cost."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cellcost.config.off_peak import OffPeak

__all__ = ["Allocation", "GpuSettings", "Market", "OwnGpuRate", "Sample", "amortised"]

Sample = Literal["auto", "on", "off"]
Allocation = Literal["auto", "shared", "exclusive"]
Market = Literal["on-demand", "spot", "community"]

_HOURS_A_YEAR = 8760
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSettings:
    """The `[gpu]` section."""

    sample: Sample = "auto"
    allocation: Allocation = "auto"
    cloud: str = ""
    """Whose list applies where no cloud is recognised."""
    market: Market = "on-demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGpuRate:
    """One `[[gpu_rates]]` entry: what an hour of some GPUs costs us, and when.

    Days are UTC; `valid_to` is the first day on which it no longer holds.
    """

    match: str
    """A pattern as in `fnmatch`, of the names that NVML gives: `*H100*`."""
    usd_per_hour: Decimal
    cloud: str = ""
    instance: str = ""
    off_peak_usd_per_hour: Decimal | None = None
    off_peak: "tuple[OffPeak, ...]" = ()
    valid_from: date | None = None
    valid_to: date | None = None
    basis: str = ""
    """Where the rate comes from a purchase: which."""
    source: str = ""
    """The file that says so."""


def amortised(usd: Decimal, years: Decimal, utilisation: Decimal) -> Decimal:
    """Return USD an hour of a GPU that was bought: price / (hours used in its life).

    Half-even to a nano-USD; exact whatever the `decimal` context of the notebook is.
    """
    from fractions import Fraction  # imported here: few settings buy a GPU

    hours = Fraction(years) * _HOURS_A_YEAR * Fraction(utilisation)
    return Decimal(f"{round(Fraction(usd) / hours * _NANO)}E-9")
