"""What an hour of a GPU costs here and now, who says so, and what its time costs.

Own rates win; else the list price of the cloud that this machine is known to be in.
A GPU in a place that nobody knows has no price: a reason, never a guess.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction

from cellcost.config.gpu import GpuSettings, OwnGpuRate
from cellcost.config.settings import Settings
from cellcost.gpu_places import Place
from cellcost.money import format_usd, usd_to_nano
from cellcost.prices.gpu_own import OwnGpuRates, own_hour
from cellcost.prices.gpu_table import Gpu, GpuRow, GpuTable, load_gpu_table, whole

__all__ = [
    "GpuPrices",
    "GpuRate",
    "Unpriced",
    "cost_nusd",
    "row_basis",
    "split_nusd",
]

_NANO_PER_USD = 1_000_000_000
_MS_PER_HOUR = 3_600_000
_WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuRate:
    """What an hour of one whole GPU costs at one moment, and who says so."""

    device: str
    usd_per_hour: Decimal
    list_usd_per_hour: Decimal | None
    """The public price of the place; None where it has none."""
    off_peak: bool
    price_id: str
    source: str
    """The settings file, or the page."""
    basis: str
    """What the figure rests on, in words."""
    read: date | None = None
    """The day on which the page said so; None for own rates."""
    cloud: str = ""
    instance: str = ""
    region: str = ""
    market: str = ""
    estimated: bool = False
    """Whether it is a list price: region and discounts may differ."""
    changes_at: datetime | None = None
    """From this moment on another rate may hold."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Why an hour of a GPU has no price here. Its time is counted all the same."""

    reason: str
    changes_at: datetime | None = None
    """From this moment on a rate may hold."""


class GpuPrices:
    """Own GPU rates above the table of list prices."""

    def __init__(
        self,
        own: Iterable[OwnGpuRate] = (),
        *,
        gpu: GpuSettings | None = None,
        table: GpuTable | None = None,
    ) -> None:
        self._own = OwnGpuRates(own)
        self._settings = gpu or GpuSettings()
        self._table = table

    @classmethod
    def of(cls, settings: Settings) -> "GpuPrices":
        """Return the prices that hold by the settings in force."""
        return cls(settings.gpu_rates, gpu=settings.gpu)

    @property
    def table(self) -> GpuTable:
        """The list prices; read when they are first asked for."""
        return self._table if self._table is not None else load_gpu_table()

    def rate_of(self, device: str, *, at: datetime, place: Place) -> GpuRate | Unpriced:
        """Return what an hour of the device that NVML names so costs at `at`.

        The name of a MIG slice gives the rate of the whole GPU.
        """
        name = whole(device)
        own = self.own(name, at=at, place=place)
        listed = self.listed(name, at=at, place=place)
        if own is None:
            return replace(listed, changes_at=self._change(at, listed.changes_at))
        rate, off_peak = own_hour(own, at)
        return GpuRate(
            device=name,
            usd_per_hour=rate,
            list_usd_per_hour=None
            if isinstance(listed, Unpriced)
            else listed.usd_per_hour,
            off_peak=off_peak,
            price_id=f"gpu+own:{own.match}" + (":off-peak" if off_peak else ""),
            source=own.source,
            basis=own.basis or f'[[gpu_rates]] match = "{own.match}"',
            cloud=place.cloud,
            instance=place.instance,
            changes_at=self._change(at, _next_window(own, at)),
        )

    def own(self, device: str, *, at: datetime, place: Place) -> OwnGpuRate | None:
        """Return the `[[gpu_rates]]` entry that holds for a device."""
        return self._own.find(whole(device), place, at.astimezone(UTC).date())

    def listed(self, device: str, *, at: datetime, place: Place) -> GpuRate | Unpriced:
        """Return the list price of a device in a place."""
        name = whole(device)
        gpu = self.table.gpu(name)
        if gpu is None:
            return Unpriced(f"no price list has {name}; {_ADD}")
        if place.service:
            return Unpriced(
                f"{place.service} bills by prices of its own, which are not listed;"
                f" {_ADD}"
            )
        cloud = place.cloud or self._settings.cloud
        if not cloud:
            return Unpriced(self._nowhere(gpu))
        rows = self._rows(gpu, cloud, place)
        if not rows:
            what = " ".join(filter(None, (cloud, place.instance, gpu.id)))
            return Unpriced(f"no {self._settings.market} list price of {what}; {_ADD}")
        row, types = _choose(rows, place), len({row.instance for row in rows})
        return self._rate(name, row, types, rows, at)

    def _rows(self, gpu: Gpu, cloud: str, place: Place) -> list[GpuRow]:
        rows = [
            row
            for row in self.table.rows
            if (row.gpu, row.cloud, row.market)
            == (gpu.id, cloud, self._settings.market)
        ]
        if place.instance and any(row.instance for row in rows):
            wanted = place.instance.lower()
            return [row for row in rows if row.instance.lower() == wanted]
        return rows

    def _rate(
        self, name: str, row: GpuRow, types: int, rows: list[GpuRow], at: datetime
    ) -> GpuRate:
        day = at.astimezone(UTC).date()
        dated = sorted(
            (r for r in rows if (r.instance, r.gpus) == (row.instance, row.gpus)),
            key=lambda r: r.read,
        )
        row = next((r for r in reversed(dated) if r.read <= day), dated[0])
        later = [r.read for r in dated if r.read > max(day, row.read)]
        return GpuRate(
            device=name,
            usd_per_hour=row.usd_per_hour,
            list_usd_per_hour=row.usd_per_hour,
            off_peak=False,
            price_id=f"gpu:{row.cloud}:{row.instance or row.gpu}:{row.market}"
            f":{row.read}",
            source=row.source,
            basis=row_basis(row, types),
            read=row.read,
            cloud=row.cloud,
            instance=row.instance,
            region=row.region,
            market=row.market,
            estimated=True,
            changes_at=datetime.combine(later[0], time(), UTC) if later else None,
        )

    def _change(self, at: datetime, other: datetime | None) -> datetime | None:
        """Return when an own rate begins or ends, or `other` if that is sooner."""
        moments = [m for m in self._own.boundaries() if m > at]
        return min((*moments, *([other] if other else ())), default=None)

    def _nowhere(self, gpu: Gpu) -> str:
        rates = sorted(r.usd_per_hour for r in self.table.rows if r.gpu == gpu.id)
        listed = ""
        if rates:
            low, high = (
                format_usd(usd_to_nano(rate)) for rate in (rates[0], rates[-1])
            )
            spread = low if low == high else f"{low} to {high}"
            listed = f" (clouds list {gpu.id} at {spread} an hour)"
        return f"no cloud is recognised here{listed}; {_ADD}, or set gpu.cloud"


_ADD = "add [[gpu_rates]] (match, usd_per_hour) to cellcost.toml"


def _next_window(own: OwnGpuRate, at: datetime) -> datetime | None:
    if not own.off_peak:
        return None
    # Imported here: few rates know the time of day.
    from cellcost.config.off_peak import next_change

    return next_change(own.off_peak, at)


def _choose(rows: list[GpuRow], place: Place) -> GpuRow:
    """Return the row of the machine with as many GPUs, else the smallest, cheapest."""
    same = [row for row in rows if row.gpus == place.gpus] or rows
    return min(same, key=lambda row: (row.gpus, row.usd_per_hour))


def row_basis(row: GpuRow, types: int = 1) -> str:
    """Return what a list price rests on, in words."""
    where = " ".join(filter(None, (row.cloud, row.instance)))
    parts = [f"{row.market} list price of {where}", row.region, row.note]
    if types > 1:
        parts.append(f"the cheapest of {types} machine types with this GPU")
    if row.gpus > 1:
        parts.append(f"1 of {row.gpus} GPUs")
    return ", ".join([*filter(None, parts), f"read {row.read}"])


def cost_nusd(
    usd_per_hour: Decimal,
    milliseconds: int,
    fraction: Fraction = _WHOLE,
    *,
    after: int = 0,
) -> int:
    """Return the cost of device time in nano-USD, rounded once, half to even.

    `fraction` is the part of the GPU that a MIG slice is. `after` is the time that was
    booked before at this rate: costs of pieces that follow each other then sum to the
    cost of the whole, exactly.
    """
    return _cost(usd_per_hour, after + milliseconds, fraction) - _cost(
        usd_per_hour, after, fraction
    )


def split_nusd(
    usd_per_hour: Decimal, parts: Sequence[int], fraction: Fraction = _WHOLE
) -> tuple[int, ...]:
    """Return the costs of parts of one device's time, which sum to its bill exactly.

    The bill (of the sum of `parts`, in milliseconds) is rounded once; what the parts
    lose by rounding down goes to those that lost most, the first of equals first.
    """
    per_ms = Fraction(usd_per_hour) * _NANO_PER_USD * fraction / _MS_PER_HOUR
    exact = [part * per_ms for part in parts]
    costs = [int(cost // 1) for cost in exact]
    missing = round(per_ms * sum(parts)) - sum(costs)
    most = sorted(range(len(parts)), key=lambda n: costs[n] - exact[n])
    for n in most[:missing]:
        costs[n] += 1
    return tuple(costs)


def _cost(usd_per_hour: Decimal, milliseconds: int, fraction: Fraction) -> int:
    nano = Fraction(usd_per_hour) * _NANO_PER_USD * milliseconds * fraction
    return round(nano / _MS_PER_HOUR)
