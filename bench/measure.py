"""What a bench module hands to `run.py`: paths to time, with their floors and goals."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["BenchPath", "Sample", "each_us", "per_call_us"]

Sample = Callable[[], float | Sequence[float]]
"""One measurement: a number of microseconds, or one number for each call it timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPath:
    """One row of the table: a path through cellcost beside the floor it stands on.

    `floor` does the same work without cellcost. At least one goal is set, each an upper
    limit: `goal_us` of the figure, `goal_added_us` of figure - floor, `goal_ratio` of
    figure / floor. A path that cannot run here gives `skip`, the reason.
    """

    name: str
    figure: Sample
    floor: Sample | None = None
    goal_us: float | None = None
    goal_added_us: float | None = None
    goal_ratio: float | None = None
    statistic: Literal["median", "p95", "p99"] = "median"
    rounds: int = 7
    close: Callable[[], None] | None = None
    skip: str = ""


def per_call_us(call: Callable[[], object], *, calls: int) -> float:
    """Return the mean microseconds of one `call` over `calls` of them, run in a row."""
    started = time.perf_counter_ns()
    for _ in range(calls):
        call()
    return (time.perf_counter_ns() - started) / calls / 1000


def each_us(call: Callable[[], object], *, calls: int) -> list[float]:
    """Return the microseconds of each of `calls` calls, for percentiles."""
    clock = time.perf_counter_ns
    samples: list[float] = []
    for _ in range(calls):
        started = clock()
        call()
        samples.append((clock() - started) / 1000)
    return samples
