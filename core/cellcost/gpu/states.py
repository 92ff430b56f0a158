"""What a look hands out: bookings, and how each device is; plain values."""

from collections.abc import Sequence
from dataclasses import dataclass

from cellcost.gpu.devices import Device
from cellcost.gpu.saturation import Saturation

__all__ = ["Booking", "DeviceState", "Look", "saturation_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What one owner's processes used of one device for a while."""

    owner: str
    device: Device
    start: float
    """Seconds of the monotonic clock."""
    end: float
    busy_ms: int
    """Milliseconds of the whole device (of a slice: of the slice), by share."""
    held_ms: int
    energy_mwh: int | None
    """None where the device has no counter."""
    held_bytes: int | None
    """None where the driver does not tell."""
    busy_when: Sequence[tuple[float, float, int]] = ()
    """When the device was busy, as (start, end, percent of the time)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """One device as the last look found it; milliseconds are those it divided."""

    device: Device
    reason: str = ""
    """Why it cannot be read now; empty where it can."""
    whole_ms: int = 0
    booked_ms: int = 0
    others_ms: int = 0
    """Of processes that are not ours, or that sample for themselves."""
    free_ms: int = 0
    """Nobody held anything."""
    unknown_ms: int = 0
    """Nobody can tell whose it was."""
    busy_percent: int = 0
    sm_percent: int = 0
    """Of our processes."""
    busy_known: bool = True
    energy_mwh: int | None = None
    """Of the whole device, in `whole_ms`."""
    memory_percent: int | None = None
    """How long memory was read or written; read only where something is booked."""
    limit_mw: int | None = None
    held_bytes: int | None = 0
    """By our processes."""
    limits: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found."""

    at: float
    """Seconds of the monotonic clock."""
    bookings: Sequence[Booking]
    states: Sequence[DeviceState]


def saturation_of(states: Sequence[DeviceState]) -> Saturation | None:
    """Return the means of one device over some looks; None if nothing was divided."""
    states = [state for state in states if state.whole_ms]
    if not states:
        return None
    whole_ms = sum(state.whole_ms for state in states)
    last = states[-1]
    energy = [state.energy_mwh for state in states]
    known = [mwh for mwh in energy if mwh is not None]
    return Saturation(
        seconds=whole_ms / 1000,
        busy_percent=_mean([(state.busy_percent, state.whole_ms) for state in states]),
        sm_percent=_mean([(state.sm_percent, state.whole_ms) for state in states]),
        memory_percent=_mean_known(
            [(state.memory_percent, state.whole_ms) for state in states]
        ),
        power_watts=sum(known) * 3600 / whole_ms if len(known) == len(energy) else None,
        limit_watts=None if last.limit_mw is None else last.limit_mw / 1000,
        held_bytes=last.held_bytes,
        memory_bytes=last.device.memory_bytes,
    )


def _mean(values: Sequence[tuple[int, int]]) -> float:
    return sum(value * ms for value, ms in values) / sum(ms for _, ms in values)


def _mean_known(values: Sequence[tuple[int | None, int]]) -> float | None:
    known = [(value, ms) for value, ms in values if value is not None]
    return _mean(known) if known else None
