"""`cellcost prices --gpu`: what an hour of a GPU costs here, and what clouds list."""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cellcost.cli.output import Column, complain, print_line, styled, table
from cellcost.config import Settings
from cellcost.errors import PriceUnknown
from cellcost.gpu_places import Place, find_place, read_firmware
from cellcost.prices.gpu_rates import GpuPrices, GpuRate, Unpriced
from cellcost.prices.gpu_table import GpuRow, newest

__all__ = ["show_gpu_prices"]

_Here = tuple[str, GpuRate | Unpriced]


def show_gpu_prices(
    name: str, settings: Settings, *, at: datetime, as_json: bool
) -> None:
    """Print the prices of the GPUs that `name` is part of; "" is all of them."""
    prices = GpuPrices.of(settings)
    place = find_place(read_firmware(), os.environ)
    kinds = _kinds(name, prices)
    rows = [row for row in prices.table.rows if row.gpu in kinds]
    here = [(kind, prices.rate_of(kind, at=at, place=place)) for kind in kinds]
    if not kinds:
        here = [(name, prices.rate_of(name, at=at, place=place))]
    if as_json:
        print_line(json.dumps(_json(place, here, rows)))
    else:
        _print(place, here, rows)
        for path in settings.untrusted:
            complain(f"{path} sets prices and waits for `cellcost trust`")
    for _, rate in here:
        if not kinds and isinstance(rate, Unpriced):
            raise PriceUnknown(rate.reason)


def _kinds(name: str, prices: GpuPrices) -> list[str]:
    exact = prices.table.gpu(name)
    if exact is not None:
        return [exact.id]
    wanted = name.lower()
    return [kind for kind in prices.table.gpus if wanted in kind.lower()]


def _print(place: Place, here: Sequence[_Here], rows: Sequence[GpuRow]) -> None:
    where = " ".join(filter(None, (place.service, place.cloud, place.instance)))
    because = f" ({'; '.join(place.because)})" if place.because else ""
    print_line(
        styled("here", "bold") + f": {where or 'no cloud is recognised'}{because}"
    )
    columns = (Column("GPU"), Column("USD per hour", "right"), Column("from"))
    for line in table(columns, [_here_row(*each) for each in here]):
        print_line(line)
    if not rows:
        return
    print_line()
    print_line(styled("list prices", "bold") + ": of one GPU; --json names the pages")
    heads = (
        Column("GPU"),
        Column("cloud"),
        Column("machine"),
        Column("USD per hour", "right"),
        Column("market"),
        Column("region"),
        Column("read", "right"),
    )
    cells = [
        (
            row.gpu,
            row.cloud,
            row.instance or (f"{row.gpus} GPUs" if row.gpus > 1 else ""),
            f"{row.usd_per_hour.normalize():f}",
            row.market,
            row.region,
            row.read.isoformat(),
        )
        for row in sorted(newest(rows), key=lambda r: (r.gpu, r.usd_per_hour, r.cloud))
    ]
    for line in table(heads, cells):
        print_line(line)


def _here_row(name: str, rate: GpuRate | Unpriced) -> tuple[str, str, str]:
    if isinstance(rate, Unpriced):
        return name, "unpriced", rate.reason
    said = "; ".join(filter(None, (rate.basis, rate.source)))
    return name, f"{rate.usd_per_hour.normalize():f}", said


def _json(
    place: Place, here: Sequence[_Here], rows: Sequence[GpuRow]
) -> dict[str, Any]:
    return {
        "place": {
            "cloud": place.cloud,
            "instance": place.instance,
            "service": place.service,
            "because": list(place.because),
        },
        "here": [_here_json(name, rate) for name, rate in here],
        "list": [
            {
                "gpu": row.gpu,
                "cloud": row.cloud,
                "instance": row.instance,
                "gpus": row.gpus,
                "market": row.market,
                "region": row.region,
                "usd_per_hour": f"{row.usd_per_hour.normalize():f}",
                "read": row.read.isoformat(),
                "source": row.source,
                "note": row.note,
            }
            for row in rows
        ],
    }


def _here_json(name: str, rate: GpuRate | Unpriced) -> dict[str, Any]:
    if isinstance(rate, Unpriced):
        return {"gpu": name, "usd_per_hour": None, "reason": rate.reason}
    return {
        "gpu": name,
        "usd_per_hour": f"{rate.usd_per_hour.normalize():f}",
        "reason": "",
        "off_peak": rate.off_peak,
        "estimated": rate.estimated,
        "price_id": rate.price_id,
        "basis": rate.basis,
        "source": rate.source,
    }
