"""List prices of the usual cloud GPUs that ship with cellcost, with their sources.

The file beside the catalogue is read with the standard library, once.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fnmatch import translate
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import cast

from cellcost.config.gpu import Market
from cellcost.errors import CatalogueError

__all__ = [
    "Gpu",
    "GpuRow",
    "GpuTable",
    "load_gpu_table",
    "newest",
    "read_gpu_table",
    "whole",
]

SHIPPED = Path(__file__).parent / "data" / "gpu_rates.toml"
_MARKETS: Mapping[str, Market] = {
    "on-demand": "on-demand",
    "spot": "spot",
    "community": "community",
}
_SECONDS_AN_HOUR = 3600
_NANO = 1_000_000_000
_SLICE = re.compile(r"\s+MIG\s+\S+$", re.IGNORECASE)
_PROFILE = re.compile(r"(\d+)g\.(\d+)gb")


def whole(device: str) -> str:
    """Return a device's name without the MIG profile of a slice."""
    return _SLICE.sub("", device.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One kind of GPU in the table."""

    id: str
    memory_gb: int
    rules: tuple[re.Pattern[str], ...]
    slices: int = 0
    """Into how many slices MIG cuts it; 0 where no profile is listed."""
    mig: tuple[tuple[str, int, int], ...] = ()
    """(profile, slices, GB), the smallest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuRow:
    """One list price: USD an hour of one whole GPU, as `source` showed it."""

    gpu: str
    cloud: str
    instance: str
    gpus: int
    market: Market
    region: str
    usd_per_hour: Decimal
    source: str
    read: date
    note: str


@dataclass(frozen=True, slots=True)
class GpuTable:
    """The kinds of GPU, and what they cost where."""

    gpus: Mapping[str, Gpu]
    rows: tuple[GpuRow, ...]

    def gpu(self, device: str) -> Gpu | None:
        """Return the kind that a device's name means; None for one not in the table."""
        name = whole(device).lower()
        for gpu in self.gpus.values():
            if name == gpu.id.lower() or any(rule.match(name) for rule in gpu.rules):
                return gpu
        return None


def newest(rows: Iterable[GpuRow]) -> list[GpuRow]:
    """Return of each machine type and market the row that was read last."""
    found: dict[tuple[str, str, str, int, str], GpuRow] = {}
    for row in sorted(rows, key=lambda row: row.read):
        found[row.gpu, row.cloud, row.instance, row.gpus, row.market] = row
    return list(found.values())


@cache
def load_gpu_table() -> GpuTable:
    """Return the table that ships with cellcost."""
    return read_gpu_table(SHIPPED)


def read_gpu_table(path: Path) -> GpuTable:
    """Return the table in a file. Raises CatalogueError naming what is wrong."""
    try:
        tables: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path}: {error}; reinstall cellcost") from None
    try:
        gpus = {gpu.id: gpu for gpu in map(_gpu, _tables(tables, "gpus"))}
        rows = tuple(r for each in _tables(tables, "lists") for r in _rows(each, gpus))
    except _BadTable as error:
        raise CatalogueError(f"{path}: {error}; reinstall cellcost") from None
    return GpuTable(gpus, rows)


class _BadTable(ValueError):
    """What the file holds is no table of prices."""


def _tables(content: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    found = content.get(name)
    if not isinstance(found, list) or not found:
        raise _BadTable(f"has no [[{name}]]")
    for table in cast(list[object], found):
        if not isinstance(table, dict):
            raise _BadTable(f"{name} must be tables")
    return cast(list[Mapping[str, object]], found)


def _gpu(table: Mapping[str, object]) -> Gpu:
    name = _text(table, "id")
    profiles = [_profile(name, text) for text in _texts(table, "mig")]
    return Gpu(
        id=name,
        memory_gb=_count(table, "memory_gb"),
        rules=tuple(re.compile(translate(p.lower())) for p in _texts(table, "match")),
        slices=_count(table, "slices") if profiles else 0,
        mig=tuple(sorted(profiles, key=lambda profile: profile[2])),
    )


def _profile(name: str, text: str) -> tuple[str, int, int]:
    found = _PROFILE.fullmatch(text)
    if found is None:
        raise _BadTable(f"{name}: {text} is no MIG profile")
    return text, int(found[1]), int(found[2])


def _rows(table: Mapping[str, object], gpus: Mapping[str, Gpu]) -> Iterator[GpuRow]:
    cloud, source, per = (_text(table, name) for name in ("cloud", "source", "per"))
    market, read = _MARKETS.get(_text(table, "market")), table.get("read")
    if per not in ("instance", "gpu", "gpu-second") or market is None:
        raise _BadTable(f"{cloud}: unknown market, or per {per}")
    if not isinstance(read, date) or not source.startswith("https://"):
        raise _BadTable(f"{cloud}: needs the day on which an https source was read")
    rows = table.get("rows")
    for row in cast(list[object], rows) if isinstance(rows, list) else [None]:
        instance, gpu, gpus_in_it, price = _cells(cloud, row)
        if gpu not in gpus:
            raise _BadTable(f"{cloud}: [[gpus]] has no {gpu}")
        yield GpuRow(
            gpu=gpu,
            cloud=cloud,
            instance=instance,
            gpus=gpus_in_it,
            market=market,
            region=str(table.get("region", "")),
            usd_per_hour=_hourly(price, per, gpus_in_it),
            source=source,
            read=read,
            note=str(table.get("note", "")),
        )


def _cells(cloud: str, row: object) -> tuple[str, str, int, Decimal]:
    match row:
        case [str(instance), str(gpu), int(gpus), str(price)] if gpus > 0:
            try:
                usd = Decimal(price)
            except InvalidOperation:
                usd = Decimal(0)
            if usd.is_finite() and usd > 0:
                return instance, gpu, gpus, usd
        case _:
            pass
    raise _BadTable(f"{cloud}: {row} is not [instance, GPU, GPUs in it, USD]")


def _hourly(price: Decimal, per: str, gpus: int) -> Decimal:
    """Return USD an hour of one GPU, exact to a nano-USD in any decimal context."""
    usd = Fraction(price)
    if per == "instance":
        usd /= gpus
    elif per == "gpu-second":
        usd *= _SECONDS_AN_HOUR
    return Decimal(f"{round(usd * _NANO)}E-9")


def _text(table: Mapping[str, object], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise _BadTable(f"{table.get('id') or table.get('cloud')}: needs {name}")
    return value


def _texts(table: Mapping[str, object], name: str) -> list[str]:
    values = table.get(name, [])
    if not isinstance(values, list):
        raise _BadTable(f"{table.get('id')}: {name} must be a list")
    return [str(value) for value in cast(list[object], values)]


def _count(table: Mapping[str, object], name: str) -> int:
    value = table.get(name)
    if not isinstance(value, int) or value < 1:
        raise _BadTable(f"{table.get('id')}: needs {name}")
    return value
