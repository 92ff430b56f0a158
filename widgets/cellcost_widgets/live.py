"""Live: one background thread that tells the meters on the page what is new.

It reads the journal, as every view does, and never waits for the kernel: a cell that
computes for an hour delays nothing. It ends when no meter is left.
"""

import contextvars
import logging
import os
import threading
import weakref
from collections import deque
from pathlib import Path
from typing import Protocol

from cellcost.home import journal_home
from cellcost.records import Where
from cellcost_widgets.reading import Report, Tail, not_known

__all__ = ["Live", "Meter", "live_of"]

_LIVE_SECONDS = 0.25
"""UX: live figures move at most four times a second."""
_IDLE_SECONDS = 0.5
_MOST_METERS = 16
"""Cells that are run again leave meters behind that nobody closes: the newest stay
live, the others keep their last figures."""

_log = logging.getLogger("cellcost")


class Meter(Protocol):
    """Something on the page that shows a report."""

    def show(self, report: Report) -> bool:
        """Show it; return whether there is still somebody to show it to."""
        ...


class Live:
    """The figures of one kernel and the meters that show them."""

    def __init__(self, home: Path, where: Where) -> None:
        self._tail = Tail(home, where)
        self._meters: deque[weakref.ref[Meter]] = deque(maxlen=_MOST_METERS)
        self._forget()
        alive = weakref.ref(self)

        def before_fork() -> None:
            live = alive()
            if live is not None:
                # Between two polls: a connection is never closed under the thread.
                live._lock.acquire()  # noqa: SLF001 - our own instance

        def after_in_parent() -> None:
            live = alive()
            if live is not None:
                live._lock.release()  # noqa: SLF001 - our own instance

        def after_in_child() -> None:
            live = alive()
            if live is not None:
                live._forget()  # noqa: SLF001 - our own instance

        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=before_fork,
                after_in_parent=after_in_parent,
                after_in_child=after_in_child,
            )

    def _forget(self) -> None:
        """Start with no meter: a forked child must not speak to its parent's page."""
        self._lock = threading.Lock()
        self._meters.clear()
        self._thread: threading.Thread | None = None

    def report(self) -> Report:
        """Return the figures at this moment."""
        with self._lock:
            self._tail.poll()
            return self._tail.report()

    def add(self, meter: Meter) -> None:
        """Keep `meter` up to date from now on."""
        with self._lock:
            self._meters.append(weakref.ref(meter))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="cellcost widgets", daemon=True
                )
                # In an empty context: this thread is no work of the cell.
                contextvars.Context().run(self._thread.start)

    def _run(self) -> None:
        pause = threading.Event()
        while self._beat():
            pause.wait(_LIVE_SECONDS if self._tail.is_live else _IDLE_SECONDS)

    def _beat(self) -> bool:
        """Tell the meters what is new; return whether any is left."""
        with self._lock:
            meters = [meter for ref in self._meters if (meter := ref()) is not None]
            if not meters:
                self._thread = None
                self._tail.close()
                return False
            report: Report | None = None
            try:
                if self._tail.poll():
                    report = self._tail.report()
            except Exception as error:  # noqa: BLE001 - the thread must go on
                _log.warning("cellcost: the meter cannot be updated", exc_info=True)
                report = not_known("kernel", f"{type(error).__name__}: {error}")
        if report is not None:
            gone = [meter for meter in meters if not meter.show(report)]
            with self._lock:
                for ref in list(self._meters):
                    if ref() in gone:
                        self._meters.remove(ref)
        return True


_lives: list[Live] = []


def live_of(where: Where) -> Live:
    """Return the one that follows this kernel."""
    if not _lives:
        _lives.append(Live(journal_home(os.environ), where))
    return _lives[0]
