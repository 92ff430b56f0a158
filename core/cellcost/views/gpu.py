"""GpuUse: the device time of some entries, and what it cost."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from cellcost.records import GPU_BUSY, GPU_HELD, Line, known_cost, unpriced_lines
from cellcost.views.entries import Entry

__all__ = ["GpuUse", "device_name", "gpu_lines", "gpu_use"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuUse:
    """What some runs or kernels used and held of devices.

    Times are milliseconds of a whole device: half of one for two seconds is 1000.
    """

    devices: tuple[str, ...]
    """The names of the devices, most used first."""
    busy_ms: int
    held_ms: int
    cost_nusd: int | None
    """None where no device has a rate."""
    n_unpriced: int
    """Lines of devices without a rate."""

    @property
    def name(self) -> str:
        """The device in a word: `H100`; of several the most used: `H100 + 1`."""
        first, *others = map(device_name, self.devices)
        return f"{first} + {len(others)}" if others else first


_NOISE = re.compile(
    r"^(NVIDIA\s+)?((GeForce|Tesla|Quadro)\s+)?"
    r"|\s+Generation$|-[A-Z0-9-]*\d+GB\b|[ -](SXM\d*|PCIe|NVL)\b|\s+\d+GB(\s+HBM\w+)?"
)


def device_name(name: str) -> str:
    """Return a device without its maker and memory: `H100`, `A100 MIG 1g.5gb`."""
    return _NOISE.sub("", name).strip() or name


def gpu_lines(entry: Entry) -> tuple[Line, ...]:
    """Return the lines of an entry that count device time."""
    return tuple(line for line in entry.lines if line.meter in (GPU_BUSY, GPU_HELD))


def gpu_use(entries: Iterable[Entry]) -> GpuUse | None:
    """Return the sum of the GPU lines of `entries`; None if there are none."""
    lines = [line for entry in entries for line in gpu_lines(entry)]
    if not lines:
        return None
    devices, meters = Counter[str](), Counter[str]()
    for line in lines:
        devices[line.variant] += line.quantity
        meters[line.meter] += line.quantity
    return GpuUse(
        devices=tuple(sorted(devices, key=lambda name: (-devices[name], name))),
        busy_ms=meters[GPU_BUSY],
        held_ms=meters[GPU_HELD],
        cost_nusd=known_cost(lines),
        n_unpriced=unpriced_lines(lines),
    )
