"""GpuBook: bookings of device time become events, each of one run and device.

What kernels on a device cost belongs to the run whose code ran; what is only held
belongs to the process. An event ends with its run, and after five minutes. It has an
intent from its first second on and a live figure since, so that a kill loses a second.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from cellcost.clock import utc_now
from cellcost.gpu.devices import Device
from cellcost.gpu.shares import apportion
from cellcost.gpu.states import Booking
from cellcost.ids import new_id
from cellcost.records import (
    GPU_BUSY,
    GPU_HELD,
    Call,
    Event,
    Intent,
    Line,
    Live,
    Where,
)

__all__ = ["EVENT_SECONDS", "IDLE_SECONDS", "GpuBook", "Owned", "Price", "Run"]

EVENT_SECONDS = 300.0
"""How long one event collects: a day's figures must not wait for a long cell's end."""
IDLE_SECONDS = 5.0
"""After how long without device time a process is done with a device."""


class Run(Protocol):
    """A run of code that device time can belong to."""

    @property
    def run_id(self) -> str: ...


R = TypeVar("R", bound=Run)
R_co = TypeVar("R_co", bound=Run, covariant=True)


class Owned(Protocol[R_co]):
    """A stretch of time, in seconds of the monotonic clock, and whose it is."""

    @property
    def start(self) -> float: ...

    @property
    def end(self) -> float: ...

    @property
    def runs(self) -> tuple[R_co, ...]:
        """Those whose code ran; none: the process itself."""
        ...

    @property
    def running(self) -> bool:
        """False where the runs have ended and something of them may go on."""
        ...


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour of a device costs, or why nobody knows."""

    usd_per_hour: Decimal | None
    cost_nusd: Callable[[int], int] | None = field(compare=False)
    """Milliseconds of the device to nano-USD; None where there is no rate."""
    source: str = ""
    reason: str = ""
    estimated: bool = False
    """Whether it is a list price, which this machine may not be billed by."""


class Journal(Protocol):
    """What the book asks of `cellcost.journal.Writer`."""

    def begin(self, intent: Intent) -> None: ...

    def settle(self, event: Event) -> None: ...

    def update_live(self, rows: Sequence[Live]) -> None: ...


class GpuBook(Generic[R]):
    """Keeps the open events; all methods may be called from any thread.

    `runs(owner, start, end)` tells whose the time of a booking's owner was, `where` who
    an owner is, or a run of it, and `price` what a device costs at a moment.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        runs: Callable[[str, float, float], Sequence[Owned[R]]],
        where: Callable[[str, R | None], Where],
        price: Callable[[Device, datetime], Price],
    ) -> None:
        self._journal = journal
        self._runs = runs
        self._where = where
        self._price = price
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str, str], _Open] = {}

    def take(self, bookings: Sequence[Booking], at: float) -> None:
        """Book what was used until `at`; settle what is over."""
        now = utc_now()
        working: set[tuple[str, str]] = set()
        with self._lock:
            # Before more is booked, so that what goes on is never without an event.
            self._settle(lambda entry: entry.lasts >= EVENT_SECONDS, now)
            for booking in bookings:
                owned = self._runs(booking.owner, booking.start, booking.end)
                working.update((booking.owner, run.run_id) for run in owned[-1].runs)
                self._book(booking, owned, now)
            self._begin()
            rows = [entry.live(now) for entry in self._open.values() if entry.changed]
            if rows:
                self._journal.update_live(rows)
            self._settle(lambda entry: entry.is_over(working, at), now)

    def finish(self) -> None:
        """Settle everything: the meter stops."""
        now = utc_now()
        with self._lock:
            self._settle(lambda _: True, now)

    def _settle(self, over: "Callable[[_Open], bool]", now: datetime) -> None:
        for key, entry in list(self._open.items()):
            if over(entry):
                del self._open[key]
                self._journal.settle(entry.event(now))

    def _book(self, booking: Booking, owned: Sequence[Owned[R]], now: datetime) -> None:
        price = self._price(booking.device, now)
        times: list[tuple[R | None, str, int]] = [
            (run, GPU_BUSY, ms) for run, ms in _shares(booking, owned) if ms
        ]
        if booking.held_ms:
            times.append((None, GPU_HELD, booking.held_ms))
        weights = {number: ms for number, (_, _, ms) in enumerate(times)}
        energy, _ = apportion(booking.energy_mwh or 0, weights)
        for number, (run, meter, ms) in enumerate(times):
            entry = self._entry(run, booking, now)
            entry.add(meter, ms, price, booking, energy.get(number, 0))

    def _begin(self) -> None:
        for entry in self._open.values():
            if not entry.begun:
                entry.begun = True
                entry.changed = False
                self._journal.begin(entry.intent())

    def _entry(self, run: R | None, booking: Booking, now: datetime) -> "_Open":
        run_id = run.run_id if run is not None else ""
        key = (booking.owner, run_id, booking.device.uuid)
        entry = self._open.get(key)
        if entry is None:
            entry = self._open[key] = _Open(
                id=new_id(),
                owner=booking.owner,
                run_id=run_id,
                device=booking.device,
                where=self._where(booking.owner, run),
                time=now,
                start=booking.start,
            )
        return entry


@dataclass(slots=True, kw_only=True)
class _Open:
    """An event that still grows."""

    id: str
    owner: str
    run_id: str
    device: Device
    where: Where
    time: datetime
    start: float
    begun: bool = False
    changed: bool = False
    last: float = 0.0
    energy_mwh: int | None = None
    held_bytes: int | None = None
    used: dict[tuple[str, Price], int] = field(
        default_factory=dict[tuple[str, Price], int]
    )

    def add(
        self, meter: str, ms: int, price: Price, booking: Booking, mwh: int
    ) -> None:
        key = (meter, price)
        self.used[key] = self.used.get(key, 0) + ms
        if booking.energy_mwh is not None:
            self.energy_mwh = (self.energy_mwh or 0) + mwh
        if booking.held_bytes is not None:
            self.held_bytes = max(self.held_bytes or 0, booking.held_bytes)
        self.last = booking.end
        self.changed = True

    @property
    def lasts(self) -> float:
        return self.last - self.start

    def is_over(self, working: set[tuple[str, str]], at: float) -> bool:
        """Say whether the run has ended, or nothing was held for a while."""
        if self.run_id:
            return (self.owner, self.run_id) not in working
        return at - self.last >= IDLE_SECONDS

    def lines(self) -> tuple[Line, ...]:
        return tuple(
            Line(
                line_no=number,
                meter=meter,
                variant=self.device.name,
                quantity=ms,
                list_rate=price.usd_per_hour,
                cost_nusd=None if price.cost_nusd is None else price.cost_nusd(ms),
                reason=price.reason,
            )
            for number, ((meter, price), ms) in enumerate(self.used.items(), start=1)
        )

    def call(self) -> Call:
        return Call(provider="gpu", operation="gpu", request_model=self.device.name)

    def intent(self) -> Intent:
        return Intent(
            id=self.id,
            time=self.time,
            where=self.where,
            call=self.call(),
            expected=self.lines(),
            kind="gpu",
        )

    def live(self, now: datetime) -> Live:
        self.changed = False
        return Live(id=self.id, time=now, lines=self.lines())

    def event(self, now: datetime) -> Event:
        sources = sorted({price.source for _, price in self.used if price.source})
        return Event(
            id=self.id,
            time=self.time,
            kind="gpu",
            where=self.where,
            call=self.call(),
            lines=self.lines(),
            confidence="estimated"
            if any(price.estimated for _, price in self.used)
            else "measured",
            duration_seconds=round(self.lasts, 3),
            price_id="; ".join(sources),
            detail={
                "gpu": self.device.uuid,
                **_known(energy_mwh=self.energy_mwh, held_bytes=self.held_bytes),
            },
        )


def _known(**amounts: int | None) -> dict[str, int]:
    return {name: amount for name, amount in amounts.items() if amount is not None}


def _shares(booking: Booking, owned: Sequence[Owned[R]]) -> list[tuple[R | None, int]]:
    """Split device time over who ran meanwhile; exact in sum.

    A sample tells how busy the device was for a while, not when in it: it goes to whose
    code ran most of that while. Where there are no samples the time is all that tells.
    """
    runs: dict[str, R | None] = {}
    weights: dict[str, float] = {}

    def give(stretch: Owned[R], amount: float) -> None:
        for run in stretch.runs or (None,):
            key = "" if run is None else run.run_id
            runs[key] = run
            share = amount / max(1, len(stretch.runs))
            weights[key] = weights.get(key, 0.0) + share

    for start, end, percent in booking.busy_when:
        most = _most(owned, start, end)
        give(most, (end - start) * percent)
    if not weights:
        for stretch in owned:
            give(stretch, stretch.end - stretch.start)
    parts, _ = apportion(booking.busy_ms, weights)
    return [(runs[key], parts.get(key, 0)) for key in weights]


def _most(owned: Sequence[Owned[R]], start: float, end: float) -> Owned[R]:
    there = [one for one in owned if _overlap(one, start, end) > 0] or list(owned)
    return max(there, key=lambda one: (one.running, _overlap(one, start, end)))


def _overlap(stretch: Owned[R], start: float, end: float) -> float:
    return max(0.0, min(stretch.end, end) - max(stretch.start, start))
