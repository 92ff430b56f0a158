"""What some GPU time would have cost off-peak, on spot, on a slice or a smaller GPU.

Figures and what they rest on, for the same time: whether the work would take as long
there, nobody here knows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cellcost.gpu_places import Place
from cellcost.prices.gpu_rates import GpuPrices, GpuRate, cost_nusd, row_basis
from cellcost.prices.gpu_table import Gpu, GpuRow, newest

__all__ = ["GpuAlternative", "cheaper"]

Kind = Literal["off-peak", "spot", "community", "slice", "smaller"]

_MOST_SMALLER = 3
_BYTES_PER_GB = 1_000_000_000
_SAME_TIME = "for the same time; it may take longer there"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuAlternative:
    """One cheaper way, with what the same device time costs there."""

    kind: Kind
    device: str
    usd_per_hour: Decimal
    """Of what is used: of a slice its part of the GPU's rate."""
    cost_nusd: int
    saves_nusd: int
    rests_on: str
    but: str
    """What the figure does not tell."""


def cheaper(
    prices: GpuPrices,
    rate: GpuRate,
    milliseconds: int,
    *,
    at: datetime,
    place: Place,
    held_bytes: int = 0,
) -> tuple[GpuAlternative, ...]:
    """Return the cheaper ways to have had the same device time, cheapest first.

    `held_bytes` is the most memory that was held; where it is 0 (unknown) neither a
    slice nor a smaller GPU is named, for nobody knows whether it would fit.
    """
    now = cost_nusd(rate.usd_per_hour, milliseconds)
    ways = _ways(prices, rate, at, place, held_bytes)
    found = [_priced(way, milliseconds, now) for way in ways]
    return tuple(
        sorted((way for way in found if way.saves_nusd > 0), key=lambda w: w.cost_nusd)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    kind: Kind
    device: str
    usd_per_hour: Decimal
    rests_on: str
    but: str
    fraction: Fraction = Fraction(1)


def _priced(way: _Way, milliseconds: int, now: int) -> GpuAlternative:
    cost = cost_nusd(way.usd_per_hour, milliseconds, way.fraction)
    hour = cost_nusd(way.usd_per_hour, 3_600_000, way.fraction)
    return GpuAlternative(
        kind=way.kind,
        device=way.device,
        usd_per_hour=Decimal(f"{hour}E-9"),
        cost_nusd=cost,
        saves_nusd=now - cost,
        rests_on=way.rests_on,
        but=way.but,
    )


def _ways(
    prices: GpuPrices, rate: GpuRate, at: datetime, place: Place, held_bytes: int
) -> Iterator[_Way]:
    own = prices.own(rate.device, at=at, place=place)
    if own is not None and own.off_peak_usd_per_hour is not None:
        yield _Way(
            kind="off-peak",
            device=rate.device,
            usd_per_hour=own.off_peak_usd_per_hour,
            rests_on=f"off_peak_usd_per_hour of {rate.basis}",
            but="only if it can wait for those hours",
        )
    gpu = prices.table.gpu(rate.device)
    if gpu is None:
        return
    if held_bytes:
        yield from _slices(gpu, rate, held_bytes)
    if not rate.market:  # an own rate: other list prices are no alternative to it
        return
    rows = [r for r in prices.table.rows if r.cloud == rate.cloud]
    yield from _markets(rows, gpu, rate)
    if held_bytes:
        yield from _smaller(rows, prices, gpu, rate, held_bytes)


def _slices(gpu: Gpu, rate: GpuRate, held_bytes: int) -> Iterator[_Way]:
    for profile, slices, memory_gb in gpu.mig:
        if memory_gb * _BYTES_PER_GB >= held_bytes:
            yield _Way(
                kind="slice",
                device=f"{rate.device} MIG {profile}",
                usd_per_hour=rate.usd_per_hour,
                fraction=Fraction(slices, gpu.slices),
                rests_on=f"{slices} of {gpu.slices} slices of {rate.basis}",
                but=f"only if others use the rest; {_SAME_TIME}",
            )
            return


def _markets(rows: list[GpuRow], gpu: Gpu, rate: GpuRate) -> Iterator[_Way]:
    same = [
        row
        for row in rows
        if row.gpu == gpu.id
        and row.instance == rate.instance
        and row.market != rate.market
    ]
    for row in newest(same):
        if row.market == "spot":
            but = "spot prices move, and the machine may be taken away at any time"
        elif row.market == "community":
            but = "a host of other people, without the operator's promises"
        else:
            continue
        yield _Way(
            kind=row.market,
            device=rate.device,
            usd_per_hour=row.usd_per_hour,
            rests_on=row_basis(row),
            but=but,
        )


def _smaller(
    rows: list[GpuRow], prices: GpuPrices, gpu: Gpu, rate: GpuRate, held_bytes: int
) -> Iterator[_Way]:
    # Of a machine with several GPUs nobody rents one.
    fit = [
        row
        for row in rows
        if row.market == rate.market
        and row.gpus == 1
        and row.gpu != gpu.id
        and prices.table.gpus[row.gpu].memory_gb * _BYTES_PER_GB >= held_bytes
        and row.usd_per_hour < rate.usd_per_hour
    ]
    cheapest: dict[str, GpuRow] = {}
    for row in sorted(newest(fit), key=lambda row: row.usd_per_hour):
        cheapest.setdefault(row.gpu, row)
    for row in list(cheapest.values())[:_MOST_SMALLER]:
        memory_gb = prices.table.gpus[row.gpu].memory_gb
        yield _Way(
            kind="smaller",
            device=row.gpu,
            usd_per_hour=row.usd_per_hour,
            rests_on=row_basis(row),
            but=f"its {memory_gb} GB hold what was held; {_SAME_TIME}",
        )
