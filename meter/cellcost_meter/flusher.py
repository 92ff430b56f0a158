"""The meter's one background thread: live figures, counting, housekeeping.

It starts with the first call, is forgotten after a fork (the next call starts a new
one), and works off what waits when the process ends. Whatever fails in it is logged and
never stops it.
"""

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Protocol

from cellcost.records import Live
from cellcost_meter.at_exit import at_exit
from cellcost_meter.faults import place_of

__all__ = ["Flusher", "LiveSource"]

_LIVE_SECONDS = 0.25
"""UX: live figures move at most four times a second."""
_HOUSEKEEPING_SECONDS = 1.0
_RETRY_SECONDS = 5.0
"""How soon records that a full disk keeps in memory are tried again."""

_log = logging.getLogger("cellcost")

Job = Callable[[], object]


class LiveSource(Protocol):
    """A call in flight that can say what it has used so far."""

    def sample(self) -> Live | None:
        """Return the figure if it moved since the last sample."""
        ...

    def finish(self) -> None:
        """Settle on what is known: the process ends."""
        ...


class Journal(Protocol):
    """What the flusher asks of the journal's writer."""

    def update_live(self, rows: Sequence[Live]) -> None: ...

    def checkpoint(self) -> bool:
        """Bring home what waits; return whether nothing does any more."""
        ...

    def say_lost(self) -> None:
        """Say what could be kept nowhere: the process ends."""
        ...


class Flusher:
    """Runs jobs off the call path and samples the calls in flight."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._forget()
        alive = weakref.ref(self)

        def before_fork() -> None:
            flusher = alive()
            if flusher is not None:
                flusher._pause()  # noqa: SLF001 - our own instance

        def after_in_parent() -> None:
            flusher = alive()
            if flusher is not None:
                flusher._go_on()  # noqa: SLF001 - our own instance

        def after_in_child() -> None:
            flusher = alive()
            if flusher is not None:
                flusher._forget()  # noqa: SLF001 - our own instance

        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=before_fork,
                after_in_parent=after_in_parent,
                after_in_child=after_in_child,
            )

    def _pause(self) -> None:
        """Wait until the thread is between two jobs.

        A fork in the middle of one would leave the child the locks that it held: the
        tokeniser's, say.
        """
        self._paused = self._working.acquire(timeout=_FINISH_SECONDS)

    def _go_on(self) -> None:
        if self._paused:
            self._working.release()

    def _forget(self) -> None:
        """Start with nothing: a forked child must not do its parent's work."""
        # SimpleQueue.put is reentrant: a destructor may call it at any moment.
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._sources: dict[int, LiveSource] = {}
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._working = threading.Lock()
        self._paused = False
        self._touched = False
        self._asleep = False
        self._ended = False

    # -- called on the user's path ----------------------------------------------------

    def touch(self) -> None:
        """Say that something was written: the journal wants housekeeping soon."""
        self._touched = True
        if self._asleep:
            self._jobs.put(None)
        elif self._thread is None:
            self._start()

    def soon(self, job: Job) -> None:
        """Run `job` in the background; at once where there is none any more."""
        if self._ended:
            self._run(job)
            return
        self._jobs.put(job)
        self._start()

    def from_destructor(self, job: Job) -> None:
        """Run `job` in the background; safe wherever the collector may strike."""
        self._jobs.put(job)

    def watch(self, source: LiveSource) -> None:
        """Sample `source` until `unwatch`."""
        self._sources[id(source)] = source
        self._jobs.put(None)
        self._start()

    def unwatch(self, source: LiveSource) -> None:
        """Stop sampling `source`."""
        self._sources.pop(id(source), None)

    def finish(self) -> None:
        """Work off what waits, on this thread; for the end of the process."""
        self._ended = True
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            self._jobs.put(None)
            thread.join(timeout=_FINISH_SECONDS)
        for source in list(self._sources.values()):
            self._safely(source.finish)
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            self._run(job)
        self._safely(self._journal.checkpoint)
        self._safely(self._journal.say_lost)

    # -- the thread -------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is not None:
            return
        with self._starting:
            if self._thread is not None or self._ended:
                return
            thread = threading.Thread(
                target=self._loop, name="cellcost-flusher", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                return  # the interpreter ends: `finish` does what waits
            self._thread = thread
            at_exit(self, Flusher.finish)

    def _loop(self) -> None:
        next_live = next_housekeeping = 0.0
        while not self._ended:
            now = time.monotonic()
            if self._sources and now >= next_live:
                with self._working:
                    self._safely(self._sample)
                next_live = time.monotonic() + _LIVE_SECONDS
            if self._touched and now >= next_housekeeping:
                self._touched = False
                with self._working:
                    self._safely(self._tidy)
                pause = _RETRY_SECONDS if self._touched else _HOUSEKEEPING_SECONDS
                next_housekeeping = time.monotonic() + pause
            wake = [next_live] if self._sources else []
            wake += [next_housekeeping] if self._touched else []
            timeout = max(0.0, min(wake) - time.monotonic()) if wake else None
            if timeout is None:
                self._asleep = True
                # Between the look at `_touched` and this line it may have been set.
                timeout = 0.0 if self._touched else _IDLE_SECONDS
            try:
                job = self._jobs.get(timeout=timeout)
            except Empty:
                job = None
            self._asleep = False
            with self._working:
                self._run(job)

    def _tidy(self) -> None:
        if not self._journal.checkpoint():
            # No further call may come to remind us, and a kill would lose them.
            self._touched = True

    def _sample(self) -> None:
        rows: list[Live] = []
        for source in list(self._sources.values()):
            try:
                row = source.sample()
            except Exception as error:  # noqa: BLE001 - one bad stream must not stop the others
                _log.debug("cellcost: a live figure failed: %s", place_of(error))
                self.unwatch(source)
                continue
            if row is not None:
                rows.append(row)
        if rows:
            self._journal.update_live(rows)
            self._touched = True

    def _run(self, job: Job | None) -> None:
        if job is not None:
            self._safely(job)

    def _safely(self, job: Job) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - the thread must go on
            _log.debug("cellcost: background work failed: %s", place_of(error))


_IDLE_SECONDS = 60.0
_FINISH_SECONDS = 2.0
"""A daemon thread that hangs in foreign code must not hold up the end of a process."""
