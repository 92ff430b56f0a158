"""GpuBook: stretches of device time become events, each of one run and device.

What kernels on a device cost belongs to the run whose code ran (`RunLog`); what is only
held belongs to the process, in an event every five minutes. Each event has an intent
from its first second on and a live figure since, so that a kill loses a second.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from cellcost.clock import utc_now
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
from cellcost_meter.attribution import RunContext
from cellcost_meter.runs import Owned, RunLog

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["GpuBook", "Price", "Used"]

HELD_SECONDS = 300.0
"""How long one event of a process collects what it holds."""
IDLE_SECONDS = 5.0
"""After how long without device time a process is done with a device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What the processes of one tree used of one device for a while."""

    device: str
    """The name that the driver gives it."""
    uuid: str
    start: float
    """Seconds of the monotonic clock."""
    end: float
    busy_ms: int
    """Milliseconds of the whole device, by the tree's share of it."""
    held_ms: int
    energy_mwh: int = 0
    held_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour of a device costs, or why nobody knows."""

    usd_per_hour: "Decimal | None"
    cost_nusd: Callable[[int], int] | None
    """Milliseconds of the device to nano-USD; None where there is no rate."""
    source: str = ""
    reason: str = ""


class Journal(Protocol):
    """What the book asks of `cellcost.journal.Writer`."""

    def begin(self, intent: Intent) -> None: ...

    def settle(self, event: Event) -> None: ...

    def update_live(self, rows: Sequence[Live]) -> None: ...


class GpuBook:
    """Keeps the open events; all methods may be called from any thread."""

    def __init__(
        self,
        *,
        journal: Journal,
        runs: RunLog,
        where: Callable[[RunContext | None], Where],
        price: Callable[[str, datetime], Price],
    ) -> None:
        self._journal = journal
        self._runs = runs
        self._where = where
        self._price = price
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], _Open] = {}

    def take(self, used: Sequence[Used], at: float) -> None:
        """Book what was used of each device until `at`; settle what is over."""
        now = utc_now()
        working: set[str] = set()
        with self._lock:
            # Before more is held, so that what is held is never without an event.
            self._settle(
                lambda entry: not entry.run_id and entry.lasts >= HELD_SECONDS, now
            )
            for part in used:
                owned = self._runs.owners(part.start, part.end)
                working.update(run.run_id for run in owned[-1].runs)
                self._book(part, owned, now)
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

    def forget(self) -> None:
        """Start with nothing: this is a fork, and the parent books what it had."""
        self._lock = threading.Lock()
        self._open = {}

    def _settle(self, over: "Callable[[_Open], bool]", now: datetime) -> None:
        for key, entry in list(self._open.items()):
            if over(entry):
                del self._open[key]
                self._journal.settle(entry.event(now))

    def _book(self, part: Used, owned: Sequence[Owned], now: datetime) -> None:
        price = self._price(part.device, now)
        energy = _split(part.energy_mwh, [part.busy_ms, part.held_ms])
        shares = _shares(part.busy_ms, owned)
        energies = _split(energy[0], [busy for _, busy in shares])
        for (run, busy_ms), mwh in zip(shares, energies, strict=True):
            if busy_ms:
                entry = self._entry(run, part, now)
                entry.add(GPU_BUSY, busy_ms, price, part, mwh)
        if part.held_ms:
            entry = self._entry(None, part, now)
            entry.add(GPU_HELD, part.held_ms, price, part, energy[1])

    def _begin(self) -> None:
        for entry in self._open.values():
            if not entry.begun:
                entry.begun = True
                entry.changed = False
                self._journal.begin(entry.intent())

    def _entry(self, run: RunContext | None, part: Used, now: datetime) -> "_Open":
        key = (run.run_id if run is not None else "", part.uuid)
        entry = self._open.get(key)
        if entry is None:
            entry = self._open[key] = _Open(
                id=new_id(),
                run_id=key[0],
                device=part.device,
                uuid=part.uuid,
                where=self._where(run),
                time=now,
                start=part.start,
            )
        return entry


@dataclass(slots=True, kw_only=True)
class _Open:
    """An event that still grows."""

    id: str
    run_id: str
    device: str
    uuid: str
    where: Where
    time: datetime
    start: float
    begun: bool = False
    changed: bool = False
    last: float = 0.0
    energy_mwh: int = 0
    held_bytes: int = 0
    used: dict[tuple[str, Price], int] = field(
        default_factory=dict[tuple[str, Price], int]
    )

    def add(self, meter: str, ms: int, price: Price, part: Used, mwh: int) -> None:
        key = (meter, price)
        self.used[key] = self.used.get(key, 0) + ms
        self.energy_mwh += mwh
        self.held_bytes = max(self.held_bytes, part.held_bytes)
        self.last = part.end
        self.changed = True

    @property
    def lasts(self) -> float:
        return self.last - self.start

    def is_over(self, working: set[str], at: float) -> bool:
        """Say whether the run has ended, or nothing was held for a while."""
        if self.run_id:
            return self.run_id not in working
        return at - self.last >= IDLE_SECONDS

    def lines(self) -> tuple[Line, ...]:
        return tuple(
            Line(
                line_no=number,
                meter=meter,
                variant=self.device,
                quantity=ms,
                list_rate=price.usd_per_hour,
                cost_nusd=None if price.cost_nusd is None else price.cost_nusd(ms),
                reason=price.reason,
            )
            for number, ((meter, price), ms) in enumerate(self.used.items(), start=1)
        )

    def call(self) -> Call:
        return Call(provider="gpu", operation="gpu", request_model=self.device)

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
            duration_seconds=round(self.lasts, 3),
            price_id="; ".join(sources),
            detail={
                "gpu": self.uuid,
                "energy_mwh": self.energy_mwh,
                "held_bytes": self.held_bytes,
            },
        )


def _shares(
    milliseconds: int, owned: Sequence[Owned]
) -> list[tuple[RunContext | None, int]]:
    """Split device time over who ran meanwhile, by time; exact in sum."""
    owners: list[RunContext | None] = []
    weights: list[float] = []
    for stretch in owned:
        lasted = stretch.end - stretch.start
        for run in stretch.runs or (None,):
            owners.append(run)
            weights.append(lasted / max(1, len(stretch.runs)))
    return list(zip(owners, _split(milliseconds, weights), strict=True))


def _split(whole: int, weights: Sequence[float]) -> list[int]:
    """Split an integer by weights, the largest remainders first; exact in sum."""
    total = sum(weights)
    if not total:
        return [whole if n == 0 else 0 for n in range(len(weights))]
    exact = [whole * weight / total for weight in weights]
    parts = [int(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda n: parts[n] - exact[n])
    for n in order[: whole - sum(parts)]:
        parts[n] += 1
    return parts
