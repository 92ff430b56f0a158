"""GPUs: how many the driver shows, what an hour of each costs, or why none is seen."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cellcost.cli.doctor.finding import Finding, note, ok
from cellcost.clock import price_time
from cellcost.config import Settings, load_settings_or_default
from cellcost.gpu import Device, NoGpu, open_driver
from cellcost.gpu_places import Place, allocation_of, find_place, read_firmware
from cellcost.prices.gpu_rates import GpuPrices, Unpriced

__all__ = ["findings"]


def findings(cwd: Path, env: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is to say about GPUs."""
    settings, _ = load_settings_or_default(cwd=cwd, env=env)
    if settings.gpu.sample == "off":
        yield note("gpu", "gpu.sample is off: no GPU time is measured")
        return
    driver = open_driver()
    if isinstance(driver, NoGpu):
        yield ok("gpu", f"none to measure: {driver.reason}")
        return
    try:
        devices = driver.devices()
        troubles = list(dict.fromkeys(driver.troubles.values()))
        version = driver.version
    finally:
        driver.close()
    place = find_place(read_firmware(), env)
    wholes = [device for device in devices if not device.parent]
    place = replace(place, gpus=len(wholes))
    shared = allocation_of(settings.gpu.allocation, place)
    many = f"{len(wholes)} device{'' if len(wholes) == 1 else 's'}"
    yield ok("gpu", f"{many}, driver {version or 'unknown'}, allocation {shared}")
    for reason in troubles:
        yield note("gpu", f"a device cannot be read: {reason}")
    yield from _rates(wholes, settings, place, price_time(env))


def _rates(
    devices: list[Device], settings: Settings, place: Place, at: datetime
) -> Iterator[Finding]:
    prices = GpuPrices.of(settings)
    for name in dict.fromkeys(device.name for device in devices):
        rate = prices.rate_of(name, at=at, place=place)
        if isinstance(rate, Unpriced):
            yield note("gpu", f"{name}: time is measured, not priced", rate.reason)
        else:
            yield ok("gpu", f"{name}: ${rate.usd_per_hour:f} an hour, {rate.basis}")
