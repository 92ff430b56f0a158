"""Sampler: a look at every device each second, handed out as bookings."""

import logging
import os
import threading
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from cellcost.gpu.claims import Claims
from cellcost.gpu.devices import Device, NoGpu, Reading, Trouble, visible
from cellcost.gpu.driver import Driver, open_driver
from cellcost.gpu.need import uses_gpu
from cellcost.gpu.owners import SERVER, Allocation, energies, portions
from cellcost.gpu.states import Booking, DeviceState, Look
from cellcost.gpu.tally import DeviceTally, Moment, Stretch
from cellcost.gpu.trees import (
    Family,
    Process,
    foreign_names,
    names_of_self,
    process_of,
)

__all__ = ["OURS", "Sampler"]

OURS: Final = "ours"
"""The owner of what the sampling process and its children use."""
_CLAIMED: Final = "claimed"
_RELIST_LOOKS: Final = 60
_LONGEST_BACK_OFF: Final = 60.0
_MOST_FAILURES: Final = 5
_END_SECONDS: Final = 3.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Watched:
    """A device, its tally, and how long it is left alone after it failed."""

    tally: DeviceTally
    limit_mw: int | None = None
    reason: str = ""
    retry_us: int = 0
    back_off: float = 0.5
    state: DeviceState | None = None
    divided_us: int = -1
    """At which look there was something to divide."""
    owed: Mapping[str, float] = field(default_factory=dict[str, float])
    """Fractions of a mWh that rounding took from an owner, or gave it."""


class Sampler:
    """Samples while it is needed; every method may be called from any thread.

    `deliver` gets each look, in the sampling thread. `kernels` names the processes that
    a server samples for, by pid; without it only our own tree is booked, as OURS. What
    `claims` says that others sample is never booked here.
    """

    def __init__(
        self,
        deliver: Callable[[Look], None],
        *,
        sample: Literal["auto", "on", "off"] = "auto",
        allocation: Allocation = "shared",
        books_rest: bool = False,
        kernels: Callable[[], Mapping[int, str]] | None = None,
        claims: Claims | None = None,
        every: float = 1.0,
        open_gpu: Callable[[], Driver | NoGpu] = open_driver,
        moment: Callable[[], Moment] = Moment.now,
        needed: Callable[[], bool] = uses_gpu,
        foreign: Callable[[Collection[int]], bool] = foreign_names,
    ) -> None:
        self._deliver = deliver
        self._sample = sample
        self._allocation: Allocation = allocation
        self._books_rest = books_rest
        self._kernels = kernels
        self._claims = claims
        self._every = every
        self._open_gpu = open_gpu
        self._moment = moment
        self._needed = needed
        self._foreign = foreign
        self._lock = threading.RLock()
        self._start_anew()
        if hasattr(os, "register_at_fork"):
            # A dead sampler must not be kept alive by the hook, which stays for ever.
            ours: weakref.ref[Sampler] = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: _forked(ours))

    def _start_anew(self) -> None:
        self._driver: Driver | None = None
        self._watched: dict[str, _Watched] = {}
        self._family = Family()
        self._own: Process | None = None
        self._claimed: frozenset[Process] = frozenset()
        self._looks = 0
        self._failures = 0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._retry_us = 0
        self.reason = ""
        """Why nothing is sampled; empty while it is, or when it was never tried."""

    # -- the thread --------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """True while the thread samples."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def consider(self) -> bool:
        """Start the thread if a GPU is used by now; return whether it runs.

        Cheap enough to be asked after every cell. What failed is tried again after a
        minute.
        """
        if self.running:
            return True
        if self._sample == "off":
            self.reason = "gpu.sample is off"
            return False
        if self._sample == "auto" and not self._needed():
            return False
        with self._lock:
            moment = self._moment()
            if self.running or moment.steady_us < self._retry_us:
                return self.running
            if not self._open(moment):
                return False
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name="cellcost-gpu", daemon=True
            )
            self._thread.start()
        return True

    def stop(self) -> None:
        """Look once more, let the driver go and end the thread."""
        thread, self._thread = self._thread, None
        self._stop.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=_END_SECONDS)
        # A driver that hangs must not hold up the end of the process.
        if not self._lock.acquire(timeout=_END_SECONDS):
            return
        try:
            if self._driver is not None:
                self._try_look()
            self._close()
        finally:
            self._lock.release()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(self._every):
            if not self._try_look():
                return

    def _try_look(self) -> bool:
        """Look and deliver; return False when that fails time and again."""
        try:
            self._deliver(self.look())
        except Exception as error:  # noqa: BLE001 - the thread must not die in a traceback
            self._failures += 1
            if self._failures == 1:
                _log.warning("a look at the GPUs failed", exc_info=error)
            if self._failures >= _MOST_FAILURES:
                with self._lock:
                    self._close()
                    self._fail(self._moment(), f"{type(error).__name__}: {error}")
                return False
        else:
            self._failures = 0
        return True

    # -- one look ----------------------------------------------------------------------

    def look(self) -> Look:
        """Read every device now and return what it gave; opens the driver if needed."""
        with self._lock:
            moment = self._moment()
            if self._driver is None and not self._open(moment):
                return Look(moment.steady_us / 1e6, (), ())
            if self._looks % _RELIST_LOOKS == 0:
                self._list(moment)
            self._looks += 1
            return self._look(moment)

    def _look(self, moment: Moment) -> Look:
        readings: list[tuple[_Watched, Reading]] = []
        pids: set[int] = set()
        listed: set[int] = set()
        for watched in list(self._watched.values()):
            reading = self._read(watched, moment)
            if reading is not None:
                readings.append((watched, reading))
                pids |= watched.tally.pids(reading)
                listed.update(reading.processes or ())
        # The driver's names mean nothing here: what has one is nobody's we know.
        nameless = self._foreign(listed)
        parties = {} if nameless else self._owners(pids)
        bookings: list[Booking] = []
        for watched, reading in readings:
            stretch = watched.tally.take(reading, moment, parties)
            if stretch is not None:
                watched.divided_us = moment.steady_us
                bookings += self._book(
                    watched, stretch, reading.limits, nameless=nameless
                )
        return Look(
            moment.steady_us / 1e6,
            bookings,
            [self._state(watched, moment) for watched in self._watched.values()],
        )

    def _read(self, watched: _Watched, moment: Moment) -> Reading | None:
        if watched.reason and moment.steady_us < watched.retry_us:
            return None
        if watched.reason:
            self._list(moment)  # a device that comes back may have another handle
        assert self._driver is not None  # noqa: S101 - `look` opened it
        tally = watched.tally
        reading = self._driver.read(tally.device, tally.since_us(moment))
        if isinstance(reading, Trouble):
            watched.reason = reading.reason
            watched.back_off = min(_LONGEST_BACK_OFF, watched.back_off * 2)
            watched.retry_us = moment.steady_us + int(watched.back_off * 1e6)
            return None
        watched.reason, watched.back_off = "", 0.5
        return reading

    def _owners(self, pids: set[int]) -> dict[int, str]:
        """Return whose processes these are; nearest root wins."""
        roots: dict[Process, str] = {}
        if self._own is not None:
            roots[self._own] = OURS
        if self._kernels is not None:
            for pid, name in self._kernels().items():
                kernel = process_of(pid)
                if kernel is not None:
                    roots[kernel] = name
        claimed: frozenset[Process] = frozenset()
        if self._claims is not None:
            claimed = self._claims.others()
        # A claim holds for one look more: its holder's last second was its own.
        for process in claimed | self._claimed:
            roots[process] = _CLAIMED
        self._claimed = claimed
        return self._family.look(roots, pids)

    def _book(
        self,
        watched: _Watched,
        stretch: Stretch,
        limits: Sequence[str],
        *,
        nameless: bool,
    ) -> list[Booking]:
        division = stretch.division
        found = portions(
            division,
            allocation=self._allocation,
            held_bytes=stretch.held_bytes,
        )
        ours = {
            owner: portion
            for owner, portion in found.items()
            if owner != _CLAIMED and (owner != SERVER or self._books_rest)
        }
        booked_ms = sum(portion.ms for portion in ours.values())
        energy, watched.owed = energies(
            stretch.energy_mwh, division.whole_ms, ours, watched.owed
        )
        free_ms, unknown_ms = division.free_ms, division.unknown_ms
        if nameless:
            unknown_ms = division.whole_ms - free_ms
        if SERVER in ours:
            free_ms = unknown_ms = 0
        device = watched.tally.device
        watched.state = DeviceState(
            device=device,
            whole_ms=division.whole_ms,
            booked_ms=booked_ms,
            others_ms=division.whole_ms - booked_ms - free_ms - unknown_ms,
            free_ms=free_ms,
            unknown_ms=unknown_ms,
            busy_percent=stretch.busy_percent,
            sm_percent=stretch.sm_percent,
            busy_known=division.busy_known,
            energy_mwh=stretch.energy_mwh,
            memory_percent=self._memory_percent(device) if booked_ms else None,
            limit_mw=watched.limit_mw,
            held_bytes=_total([portion.held_bytes for portion in ours.values()]),
            limits=limits,
        )
        busy_when = [(a / 1e6, b / 1e6, part) for a, b, part in division.busy_when]
        return [
            Booking(
                owner=owner,
                device=device,
                start=stretch.start_us / 1e6,
                end=stretch.end_us / 1e6,
                busy_ms=portion.busy_ms,
                held_ms=portion.held_ms,
                energy_mwh=energy.get(owner),
                held_bytes=portion.held_bytes,
                busy_when=busy_when,
            )
            for owner, portion in ours.items()
            if portion.ms
        ]

    def _state(self, watched: _Watched, moment: Moment) -> DeviceState:
        state = watched.state
        if watched.reason or state is None:
            return DeviceState(device=watched.tally.device, reason=watched.reason)
        if watched.divided_us == moment.steady_us:
            return state
        # Nothing new: its milliseconds were told by the look before.
        return replace(
            state, whole_ms=0, booked_ms=0, others_ms=0, free_ms=0, unknown_ms=0
        )

    def _memory_percent(self, device: Device) -> int | None:
        return None if self._driver is None else self._driver.memory_percent(device)

    # -- the driver --------------------------------------------------------------------

    def _open(self, moment: Moment) -> bool:
        driver = self._open_gpu()
        if isinstance(driver, NoGpu):
            self._fail(moment, driver.reason)
            return False
        self._driver = driver
        self._list(moment)
        if not self._watched:
            troubles = "; ".join(dict.fromkeys(driver.troubles.values()))
            self._close()
            self._fail(moment, troubles or "the driver lists no device")
            return False
        self._looks = 1
        self.reason = ""
        self._own = process_of(names_of_self()[0])
        if self._claims is not None and self._own is not None:
            try:
                self._claims.stake(self._own)
            except OSError as error:
                # Without it a child would book again what we book of it.
                self._close()
                self._fail(moment, f"the folder of claims cannot be written: {error}")
                return False
        # Now, and not after the first second: from here on time is divided.
        self._look(moment)
        return True

    def _list(self, moment: Moment) -> None:
        """Follow the driver's list: new devices are watched, gone ones named."""
        if self._driver is None:
            return
        devices = self._driver.devices()
        if self._allocation == "exclusive" and self._books_rest:
            devices = visible(os.environ.get("CUDA_VISIBLE_DEVICES"), devices)
        else:
            devices = visible(None, devices)
        listed = {device.uuid for device in devices}
        for device in devices:
            if device.uuid not in self._watched:
                self._watched[device.uuid] = _Watched(
                    DeviceTally(device, moment), self._driver.limit_mw(device)
                )
        for uuid in self._watched.keys() - listed:
            watched = self._watched[uuid]
            if not watched.reason:
                watched.reason = "the driver lists it no longer"
                watched.retry_us = moment.steady_us + int(_LONGEST_BACK_OFF * 1e6)

    def _close(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()
        if self._claims is not None:
            self._claims.drop()
        self._watched = {}

    def _fail(self, moment: Moment, reason: str) -> None:
        self.reason = reason
        self._retry_us = moment.steady_us + int(_LONGEST_BACK_OFF * 1e6)

    def forget(self) -> None:
        """Start with nothing: this is a fork, and the parent samples its tree."""
        self._lock = threading.RLock()
        if self._claims is not None:
            self._claims.forget()
        self._start_anew()


def _forked(sampler: "weakref.ref[Sampler]") -> None:
    found = sampler()
    if found is not None:
        found.forget()


def _total(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None
