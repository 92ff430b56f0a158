"""GPU time of this process and its children, sampled beside the user's code.

Nothing of it is imported, and no thread runs, before a GPU library is imported or a
device's file is there and code runs. A child whose parent samples leaves it to the
parent, which books its whole tree.
"""

import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellcost.gpu_libraries import GPU_LIBRARIES
from cellcost.records import Where
from cellcost_meter import attribution
from cellcost_meter.at_exit import at_exit
from cellcost_meter.attribution import RunContext
from cellcost_meter.faults import place_of
from cellcost_meter.forks import in_forked_child
from cellcost_meter.imports import when_imported
from cellcost_meter.runs import Owned, RunLog

if TYPE_CHECKING:
    from cellcost.config import Settings
    from cellcost.gpu import Device, Look, Sampler
    from cellcost.gpu.book import GpuBook, Price
    from cellcost.gpu_places import Place
    from cellcost.prices.gpu_pricing import GpuPricing

__all__ = ["GpuMeter"]

_log = logging.getLogger("cellcost")

_DEVICE_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg")
_SAMPLE_VARIABLE = "CELLCOST_GPU_SAMPLE"
"""Looked at here, because the settings' files are not read before they are needed."""
_LOOK_AGAIN_SECONDS = 5.0
_END_SECONDS = 3.0


class GpuMeter:
    """Starts a sampler when it is needed, and books what it finds.

    `announce(stack, state)` says how it goes.
    """

    def __init__(
        self,
        *,
        home: Path,
        journal: Any,
        runs: RunLog,
        where: Callable[[RunContext | None], Where],
        settings: "Callable[[], Settings]",
        announce: Callable[[str, str], object],
    ) -> None:
        self._claims_folder = home / "gpu" / _machine()
        self._journal = journal
        self._runs = runs
        self._where = where
        self._settings = settings
        self._announce = announce
        self._lock = threading.Lock()
        self._sampler: Sampler | None = None
        self._book: GpuBook[RunContext] | None = None
        self._place: Place | None = None
        self._pricing: GpuPricing | None = None
        self._next_look = 0.0
        self._looking: threading.Thread | None = None
        self._wanted = threading.Event()
        self._said = ""
        self._stops: list[Callable[[], None]] = []

    def start(self) -> Callable[[], None]:
        """Be told when a GPU library is imported; return how to stop."""
        for name in GPU_LIBRARIES:
            self._stops.append(when_imported(name, self._imported))
        in_forked_child(self, GpuMeter._forked)
        return self.stop

    def stop(self) -> None:
        """Look once more, settle everything and end the thread."""
        for stop in self._stops:
            stop()
        self._end()

    def _end(self) -> None:
        # A driver that hangs must not hold up the end of the process.
        if not self._lock.acquire(timeout=_END_SECONDS):
            return
        try:
            sampler, self._sampler = self._sampler, None
        finally:
            self._lock.release()
        try:
            if sampler is not None:
                sampler.stop()  # looks once more, into the book
            book, self._book = self._book, None
            if book is not None:
                book.finish()
        except Exception as error:  # noqa: BLE001 - what has an intent is recovered
            _log.warning("cellcost: the last GPU time: %s", place_of(error))

    def before_run(self, now: float) -> None:
        """Take that the user's code runs next: it may start what uses a device."""
        if now < self._next_look:
            return
        sampler = self._sampler
        if (sampler is None or not sampler.running) and self._could_be_used():
            self._next_look = now + _LOOK_AGAIN_SECONDS
            self._look_soon()

    def new_settings(self) -> None:
        """Price what is used from now on by the settings as they are now."""
        self._pricing = None

    # -- inside ------------------------------------------------------------------------

    def _imported(self, _: Any) -> None:
        self._look_soon()

    def _could_be_used(self) -> bool:
        return (
            any(name in sys.modules for name in GPU_LIBRARIES)
            or os.environ.get(_SAMPLE_VARIABLE) == "on"
            or any(map(os.path.exists, _DEVICE_FILES))
        )

    def _look_soon(self) -> None:
        """Consider sampling, beside the user's code, and again while code runs.

        A child that uses a device may come later. In a thread of its own, because a
        driver may take seconds to start.
        """
        self._wanted.set()
        if self._looking is not None and self._looking.is_alive():
            return
        looking = threading.Thread(
            target=self._look, name="cellcost-gpu-look", daemon=True
        )
        with suppress(RuntimeError):  # the interpreter ends
            looking.start()
            self._looking = looking

    def _look(self) -> None:
        while True:
            self._wanted.clear()
            try:
                if self._consider():
                    return
            except Exception as error:  # noqa: BLE001 - no GPU time beats a broken cell
                _log.warning("cellcost: no GPU time: %s", place_of(error))
                return
            if not self._runs.busy() and not self._wanted.is_set():
                return
            self._wanted.wait(_LOOK_AGAIN_SECONDS)

    def _consider(self) -> bool:
        """Start sampling if a device is used by now; return whether that is settled."""
        with self._lock:
            if self._sampler is None:
                if self._is_sampled_by_a_parent():
                    return True
                self._sampler = self._new_sampler()
            running = self._sampler.consider()
            state = "sampled" if running else self._sampler.reason
        if state and state != self._said:
            self._said = state
            self._announce("gpu", state if running else f"not sampled: {state}")
        return running

    def _new_sampler(self) -> "Sampler":
        from cellcost.gpu import Claims, Sampler
        from cellcost.gpu.book import GpuBook
        from cellcost.gpu_places import allocation_of

        # Before the flusher's, which was there first: what is settled must be stored.
        at_exit(self, GpuMeter._end, priority=1)
        settings = self._settings()
        self._book = GpuBook(
            journal=self._journal,
            runs=lambda _, start, end: self._owners(start, end),
            where=lambda owner, run: self._where(run),
            price=self._price,
        )
        return Sampler(
            self._take,
            sample=settings.gpu.sample,
            allocation=allocation_of(settings.gpu.allocation, self._here()),
            claims=Claims(self._claims_folder),
        )

    def _owners(self, start: float, end: float) -> list[Owned]:
        """Return whose the time was; of a script or a child it is all its one run's."""
        owned = self._runs.owners(start, end)
        home = attribution.home()
        if not home.run_id:
            return owned
        return [replace(one, runs=one.runs or (home,)) for one in owned]

    def _here(self) -> "Place":
        """Return where this machine is, found once."""
        if self._place is None:
            from cellcost.gpu_places import find_place, read_firmware

            self._place = find_place(read_firmware(), os.environ)
        return self._place

    def _price(self, device: "Device", at: datetime) -> "Price":
        pricing = self._pricing
        if pricing is None:
            from cellcost.prices.gpu_pricing import GpuPricing
            from cellcost.prices.gpu_rates import GpuPrices

            prices = GpuPrices.of(self._settings())
            pricing = self._pricing = GpuPricing(prices, self._here())
        return pricing.price(device, at)

    def _take(self, look: "Look") -> None:
        book = self._book
        if book is None:
            return
        try:
            book.take(look.bookings, look.at)
        except Exception as error:  # noqa: BLE001 - the next look books the next second
            _log.warning("cellcost: GPU time was not stored: %s", place_of(error))

    def _is_sampled_by_a_parent(self) -> bool:
        from cellcost.gpu import Claims
        from cellcost.gpu.trees import process_of

        own = process_of(os.getpid())
        return own is not None and Claims(self._claims_folder).by_parent_of(own)

    def _forked(self) -> None:
        """Start with nothing in a forked child: its parent samples the tree."""
        self._lock = threading.Lock()
        self._sampler = self._book = None
        self._looking = None
        self._wanted = threading.Event()
        self._next_look = 0.0
        self._said = ""


def _machine() -> str:
    """Return a name of all processes that see each other's pids, and of no others."""
    try:
        namespace = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        namespace = "machine"
    return f"{socket.gethostname()}-{namespace}"
