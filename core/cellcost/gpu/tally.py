"""DeviceTally: one device from look to look, each millisecond divided once."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from cellcost.gpu.devices import Device, Reading
from cellcost.gpu.shares import (
    LONGEST_SAMPLE_US,
    Division,
    Observed,
    Owed,
    Party,
    by_party,
    divide,
)

__all__ = ["DeviceTally", "Moment", "Stretch"]

_WAIT_US: Final = 1_500_000
"""How long a device that keeps samples may be without a new one."""
_AHEAD_US: Final = 50_000
"""How far a sample's time may be ahead of ours: the clocks are read one by one."""
_MJ_PER_MWH: Final = 3600
_UNSEEN_BYTES: Final = 512 << 20
"""Less than this is the driver's rounding, not a process that it hides."""


class Moment(NamedTuple):
    """One time on two clocks, in microseconds."""

    steady_us: int
    """Monotonic: it does not run while a laptop is suspended, and is never set."""
    wall_us: int
    """Since 1970: the clock of the driver's samples."""

    @classmethod
    def now(cls) -> "Moment":
        return cls(time.monotonic_ns() // 1000, time.time_ns() // 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A while of one device, divided; stretches follow each other without a gap."""

    start_us: int
    """Of the monotonic clock."""
    end_us: int
    division: Division
    energy_mwh: int | None
    """Of the whole device; None where it has no counter."""
    held_bytes: Mapping[Party, int | None]
    """What each party holds at the end."""
    busy_percent: int
    sm_percent: int
    """Of all parties but OTHERS, as it was last told."""


class DeviceTally:
    """What of one device was divided so far; for one thread."""

    def __init__(self, device: Device, moment: Moment) -> None:
        self.device = device
        self._until_us = moment.steady_us
        self._held: Mapping[int, int | None] | None = None
        self._owed: Owed = {}
        self._energy_mj: int | None = None
        self._energy_left_mj = 0
        self._started = False

    def since_us(self, moment: Moment) -> int:
        """Return from when on samples are wanted, on the driver's clock.

        By the distance of the clocks now: one that was set since the last look would
        ask for an hour, or for nothing.
        """
        return max(0, self._until_us + moment.wall_us - moment.steady_us)

    def pids(self, reading: Reading) -> set[int]:
        """Return each process that is spoken of, now or at the last look."""
        found = set(reading.processes or ())
        found.update(self._held or ())
        found.update([row[0] for row in reading.process_samples or ()])
        return found

    def take(
        self, reading: Reading, moment: Moment, parties: Mapping[int, str]
    ) -> Stretch | None:
        """Divide the time until the newest sample; None where there is none yet."""
        if not self._started:
            self._started = True
            self._held = reading.processes
            self._energy_mj = reading.energy_mj
            return None
        shift = moment.wall_us - moment.steady_us
        latest = moment.steady_us + _AHEAD_US
        samples = reading.device_samples
        if samples is not None:
            first, last = self._until_us + shift, latest + shift
            samples = [sample for sample in samples if first < sample[0] <= last]
        end_us = moment.steady_us
        if samples:
            newest = max(samples)[0] - shift
            if moment.steady_us - newest <= LONGEST_SAMPLE_US:
                end_us = newest
        elif samples is not None and end_us - self._until_us < _WAIT_US:
            return None
        if end_us <= self._until_us:
            return None
        return self._divide(reading, parties, samples, shift, end_us)

    def _divide(
        self,
        reading: Reading,
        parties: Mapping[int, str],
        samples: list[tuple[int, int]] | None,
        shift: int,
        end_us: int,
    ) -> Stretch:
        observed = Observed(
            # Of stretches that follow each other these sum to the time they took.
            whole_ms=end_us // 1000 - self._until_us // 1000,
            start_us=self._until_us + shift,
            end_us=end_us + shift,
            held_before=self._held,
            held_after=reading.processes,
            device_samples=samples,
            busy_percent=reading.busy_percent,
            unseen_bytes=_unseen(reading),
            process_samples=reading.process_samples,
            parties=parties,
        )
        division = divide(observed, self._owed)
        division = replace(
            division,
            busy_when=[(a - shift, b - shift, c) for a, b, c in division.busy_when],
        )
        self._owed = division.owed
        stretch = Stretch(
            start_us=self._until_us,
            end_us=end_us,
            division=division,
            energy_mwh=self._energy(reading),
            held_bytes=by_party(reading.processes or {}, parties),
            busy_percent=_mean_percent(observed, reading),
            sm_percent=_percent_of(parties, reading),
        )
        self._until_us = end_us
        self._held = reading.processes
        return stretch

    def _energy(self, reading: Reading) -> int | None:
        """Return what the counter went up by, whole mWh; the rest is kept."""
        before, self._energy_mj = self._energy_mj, reading.energy_mj
        if reading.energy_mj is None or before is None:
            return None
        # A driver that was loaded again counts from 0.
        self._energy_left_mj += max(0, reading.energy_mj - before)
        whole, self._energy_left_mj = divmod(self._energy_left_mj, _MJ_PER_MWH)
        return whole


def _percent_of(parties: Mapping[int, str], reading: Reading) -> int:
    newest = {
        row[0]: row[2] for row in reading.process_samples or () if row[0] in parties
    }
    return sum(newest.values())


def _unseen(reading: Reading) -> int:
    """Return what hidden processes hold: those of other containers, mostly."""
    if reading.used_bytes is None or reading.processes is None:
        return 0
    sizes = reading.processes.values()
    if None in sizes:
        return 0
    unseen = reading.used_bytes - sum(filter(None, sizes))
    return unseen if unseen > max(_UNSEEN_BYTES, reading.used_bytes // 20) else 0


def _mean_percent(observed: Observed, reading: Reading) -> int:
    if observed.device_samples:
        values = [percent for _, percent in observed.device_samples]
        return round(sum(values) / len(values))
    return reading.busy_percent or 0
