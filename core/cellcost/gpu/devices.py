"""Devices and what the driver says of one: plain values, without a driver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

__all__ = ["Device", "NoGpu", "ProcessSample", "Reading", "Trouble", "visible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A GPU, or a MIG slice of one."""

    index: int
    """The driver's number; of a slice that of its parent."""
    uuid: str
    name: str
    memory_bytes: int
    parent: str = ""
    """The UUID of the GPU that a slice is part of."""
    slices: int = 1
    slices_of: int = 1

    @property
    def fraction(self) -> Fraction:
        """How much of a whole GPU this is: 1/7 of the smallest slice of an A100."""
        return Fraction(self.slices, self.slices_of)


@dataclass(frozen=True, slots=True)
class NoGpu:
    """Why no device can be read on this machine."""

    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why one device cannot be read now."""

    reason: str
    code: int = 0


ProcessSample = tuple[int, int, int, int]
"""(pid, microseconds since 1970, SM percent, percent of the time with memory traffic).

What a process used in the time before; a plain tuple, because there may be thousands.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at a device; None is what the driver does not tell."""

    processes: Mapping[int, int | None] | None
    """Bytes held by each process that the driver lists."""
    device_samples: Sequence[tuple[int, int]] | None = None
    """(microseconds since 1970, percent of the time with a kernel running)."""
    process_samples: Sequence[ProcessSample] | None = None
    used_bytes: int | None = None
    """Held by all processes, those too that the driver does not list."""
    energy_mj: int | None = None
    busy_percent: int | None = None
    """Of the last moment; read only where there are no `device_samples`."""
    limits: Sequence[str] = field(default=())
    """What this device does not tell, in words."""


def visible(text: str | None, devices: Sequence[Device]) -> tuple[Device, ...]:
    """Return what CUDA_VISIBLE_DEVICES lets a process use, in its order.

    Ordinals count in the driver's order (CUDA_DEVICE_ORDER=PCI_BUS_ID). As in CUDA, the
    list ends before the first entry that names nothing, so `-1` and an empty text name
    no device, and a device named twice means none at all.
    """
    wholes = [device for device in devices if not device.parent]
    if text is None:
        return tuple(found for whole in wholes for found in _usable(whole, devices))
    chosen: list[Device] = []
    for entry in text.split(","):
        found = _named(entry.strip(), wholes, devices)
        if found is None:
            break
        if found in chosen:
            return ()
        chosen.append(found)
    return tuple(chosen)


def _usable(whole: Device, devices: Sequence[Device]) -> list[Device]:
    """Return a GPU, or the slices that it is cut into."""
    slices = [device for device in devices if device.parent == whole.uuid]
    return slices or [whole]


def _named(
    entry: str, wholes: Sequence[Device], devices: Sequence[Device]
) -> Device | None:
    if entry.isdecimal():
        number = int(entry)
        # CUDA gives a process one slice: the first of the GPU that the ordinal names.
        return _usable(wholes[number], devices)[0] if number < len(wholes) else None
    if not entry.startswith(("GPU-", "MIG-")):
        return None
    found = [device for device in devices if device.uuid.startswith(entry)]
    return found[0] if len(found) == 1 else None
