"""NVML behind one room: devices, what each process used of them, and whose that is."""

from cellcost.gpu.claims import Claims
from cellcost.gpu.devices import (
    Device,
    NoGpu,
    ProcessSample,
    Reading,
    Trouble,
    visible,
)
from cellcost.gpu.driver import Driver, open_driver
from cellcost.gpu.need import uses_gpu
from cellcost.gpu.owners import SERVER, Allocation, Portion, portions
from cellcost.gpu.sampler import OURS, Sampler
from cellcost.gpu.saturation import Hint, Saturation, hints
from cellcost.gpu.shares import Division, Observed, apportion, divide
from cellcost.gpu.states import Booking, DeviceState, Look, saturation_of
from cellcost.gpu.tally import DeviceTally, Moment, Stretch

__all__ = [
    "OURS",
    "SERVER",
    "Allocation",
    "Booking",
    "Claims",
    "Device",
    "DeviceState",
    "DeviceTally",
    "Division",
    "Driver",
    "Hint",
    "Look",
    "Moment",
    "NoGpu",
    "Observed",
    "Portion",
    "ProcessSample",
    "Reading",
    "Sampler",
    "Saturation",
    "Stretch",
    "Trouble",
    "apportion",
    "divide",
    "hints",
    "open_driver",
    "portions",
    "saturation_of",
    "uses_gpu",
    "visible",
]
