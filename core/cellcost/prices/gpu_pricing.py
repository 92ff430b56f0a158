"""GpuPricing: the price of a device at a moment, as `cellcost.gpu.book` asks for it."""

from datetime import datetime
from functools import partial

from cellcost.gpu.book import Price
from cellcost.gpu.devices import Device
from cellcost.gpu_places import Place
from cellcost.prices.gpu_rates import GpuPrices, GpuRate, Unpriced, cost_nusd

__all__ = ["GpuPricing"]


class GpuPricing:
    """Remembers each device's price until the moment at which another may hold."""

    def __init__(self, prices: GpuPrices, place: Place) -> None:
        self._prices = prices
        self._place = place
        self._known: dict[str, tuple[Price, datetime | None]] = {}

    def price(self, device: Device, at: datetime) -> Price:
        """Return what the device costs at `at`."""
        known = self._known.get(device.uuid)
        if known is not None and (known[1] is None or at < known[1]):
            return known[0]
        rate = self._prices.rate_of(device.name, at=at, place=self._place)
        price = _price(rate, device)
        if known is not None and known[0] == price:
            price = known[0]
        self._known[device.uuid] = (price, rate.changes_at)
        return price


def _price(rate: GpuRate | Unpriced, device: Device) -> Price:
    if isinstance(rate, Unpriced):
        return Price(None, None, reason=rate.reason)
    return Price(
        rate.usd_per_hour * device.slices / device.slices_of,
        partial(cost_nusd, rate.usd_per_hour, fraction=device.fraction),
        source=rate.price_id,
        estimated=rate.estimated,
    )
