"""RunLog: which runs of cells were at work when, for what is measured from outside.

A call knows its run from its context. GPU time is only seen from beside the code, by
the clock: it belongs to the runs that were at work in that time.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from weakref import WeakSet

from cellcost_meter.attribution import RunContext
from cellcost_meter.forks import in_forked_child

__all__ = ["LINGER_SECONDS", "Owned", "RunLog"]

LINGER_SECONDS = 2.0
"""How long after its end what a cell queued may still run, with nothing left to see."""
_KEPT = 64
"""Ended runs that are remembered (and at most twice as many)."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A stretch of time, in seconds of the monotonic clock, and whose it is."""

    start: float
    end: float
    runs: tuple[RunContext, ...]
    """Those whose code ran, in the order they began; none: the kernel itself."""
    running: bool
    """False where the runs have ended and something of them may go on."""


class RunLog:
    """The runs of one process by the monotonic clock; safe from any thread.

    Time in which the code of cells ran is theirs. Where none did it is that of the
    last run of which something may go on: a thread that is alive or, for a moment after
    the end, what it queued on a device; else nobody's. A thread that ended between two
    questions counts as ended when a question last saw it alive.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[_Span] = []
        in_forked_child(self, RunLog._forked)

    def _forked(self) -> None:
        self._lock = threading.Lock()

    def began(self, run: RunContext, now: float) -> None:
        """Take that the code of `run` begins."""
        with self._lock:
            self._spans.append(_Span(run, now))
            if len(self._spans) > 2 * _KEPT:
                old = self._spans[:-_KEPT]
                self._spans = [
                    *(span for span in old if span.end is None or span.has_worker()),
                    *self._spans[-_KEPT:],
                ]

    def ended(self, run: RunContext, now: float) -> None:
        """Take that the code of `run` has come to its end."""
        with self._lock:
            for span in reversed(self._spans):
                if span.run is run and span.end is None:
                    span.end = now
                    return

    def started(self, worker: threading.Thread, run: RunContext) -> None:
        """Take that `run` starts a thread."""
        with self._lock:
            for span in reversed(self._spans):
                if span.run.run_id == run.run_id:
                    if span.workers is None:
                        span.workers = WeakSet()
                    span.workers.add(worker)
                    return

    def busy(self) -> bool:
        """Say whether the code of a run is running now."""
        with self._lock:
            return any(span.end is None for span in self._spans)

    def owners(self, start: float, end: float) -> list[Owned]:
        """Return whose the time from `start` to `end` is, in stretches without a gap.

        `end` is taken for now.
        """
        with self._lock:
            claims = [span.claim(end) for span in self._spans]
        bounds = {
            bound
            for claim in claims
            for bound in (claim.start, claim.ran, claim.worked, claim.lingered)
            if start < bound < end
        }
        cuts = sorted({start, *bounds, end})
        return list(_joined(_stretch(claims, a, b) for a, b in pairwise(cuts)))


@dataclass(slots=True, eq=False)
class _Span:
    run: RunContext
    start: float
    end: float | None = None
    workers: WeakSet[threading.Thread] | None = None
    seen_working: float = 0.0
    """When a question last found a thread of it alive."""

    def has_worker(self) -> bool:
        return any(worker.is_alive() for worker in self.workers or ())

    def claim(self, now: float) -> "_Claim":
        if self.end is None:
            return _Claim(self.run, self.start, inf, inf, inf)
        worked = inf
        if self.has_worker():
            self.seen_working = now
        else:
            worked = max(self.end, self.seen_working)
        return _Claim(self.run, self.start, self.end, worked, worked + LINGER_SECONDS)


@dataclass(frozen=True, slots=True)
class _Claim:
    """Until when a run's code ran, its threads worked, its queue may have lasted."""

    run: RunContext
    start: float
    ran: float
    worked: float
    lingered: float


def _stretch(claims: Sequence[_Claim], start: float, end: float) -> Owned:
    began = [claim for claim in claims if claim.start <= start]
    running = tuple(claim.run for claim in began if start < claim.ran)
    if running:
        return Owned(start, end, running, running=True)
    going_on = [claim.run for claim in began if start < claim.lingered]
    return Owned(start, end, tuple(going_on[-1:]), running=False)


def _joined(stretches: Iterator[Owned]) -> Iterator[Owned]:
    last: Owned | None = None
    for stretch in stretches:
        if last is not None and (last.runs, last.running) == (
            stretch.runs,
            stretch.running,
        ):
            last = replace(last, end=stretch.end)
            continue
        if last is not None:
            yield last
        last = stretch
    if last is not None:
        yield last
