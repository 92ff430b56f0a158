"""divide: whose the time of a device was. Pure; the parts sum to the bill exactly.

While a kernel ran, the time is split by SM share; while none ran, by the memory that
processes hold. Time in which nobody held anything is free, and time that nobody can
tell is unknown: both are shown, and booked to no one.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from cellcost.gpu.devices import ProcessSample

__all__ = ["Division", "Observed", "apportion", "divide"]

LONGEST_SAMPLE_US: Final = 1_100_000
"""NVML's samples stand for 1/6 s to 1 s; for what lies further back there is none."""
LONGEST_LOOK_US: Final = 2_500_000
"""How far back a single utilisation counts where the driver keeps no samples."""

_Pid = int
_Key = TypeVar("_Key", bound=Hashable)
_FREE: Final = (0, "free")
_UNKNOWN: Final = (0, "unknown")
Owed = Mapping[tuple[int, str], float]
"""Fractions of a millisecond that rounding took from a part before, or gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is known of a device between two times; all times are of one clock."""

    start_us: int
    end_us: int
    held_before: Mapping[int, int | None] | None
    """Bytes by process at the start; None where the driver does not list processes."""
    held_after: Mapping[int, int | None] | None
    device_samples: Sequence[tuple[int, int]] | None = None
    busy_percent: int | None = None
    process_samples: Sequence[ProcessSample] | None = None
    unseen_bytes: int = 0
    """Held by processes that the driver counts and does not list."""

    @property
    def whole_ms(self) -> int:
        """The bill: of stretches that follow each other it sums to their time."""
        return self.end_us // 1000 - self.start_us // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """Whose the milliseconds of a device were: all parts sum to `whole_ms`."""

    whole_ms: int
    busy: Mapping[int, int]
    """Milliseconds by process while kernels ran."""
    held: Mapping[int, int]
    """Milliseconds by process while it held memory and none ran."""
    free_ms: int
    unknown_ms: int
    busy_known: bool
    """False where the device does not tell when kernels ran: all is held then."""
    owed: Owed = field(default_factory=dict[tuple[int, str], float])


def divide(observed: Observed, owed: Owed | None = None) -> Division:
    """Return whose the time was; `owed` is what the division before was left with."""
    exact: defaultdict[tuple[int, str], float] = defaultdict(float)
    lists = [
        held for held in (observed.held_before, observed.held_after) if held is not None
    ]
    holders = set(itertools.chain.from_iterable(lists))
    segments = _segments(observed)
    pieces = _pieces(observed, segments)
    whole_weights = _weights(pieces, observed.start_us, observed.end_us)
    alone = next(iter(holders)) if len(holders) == 1 else None
    # Who came or went meanwhile did so halfway, as far as anybody knows.
    idle = [_idle_weights(held, observed.unseen_bytes) for held in lists] or [_UNKNOWN]
    for start, end, percent in segments:
        length = end - start
        if percent is None:
            exact[_UNKNOWN] += length
            continue
        busy = length * percent / 100
        if busy:
            weights = _weights(pieces, start, end) or whole_weights
            if not weights:
                weights = {0 if alone is None else alone: 1.0}
            _spread(exact, busy, weights, "busy")
        if busy < length:
            for holding in idle:
                _spread(exact, (length - busy) / len(idle), holding, "held")
    parts, left = apportion(observed.whole_ms, exact, owed)
    return Division(
        whole_ms=observed.whole_ms,
        busy={pid: ms for (pid, kind), ms in parts.items() if kind == "busy" and ms},
        held={pid: ms for (pid, kind), ms in parts.items() if kind == "held" and ms},
        free_ms=parts.get(_FREE, 0),
        unknown_ms=parts.get(_UNKNOWN, 0),
        busy_known=_busy_known(observed),
        owed=left,
    )


def apportion(
    whole: int,
    weights: Mapping[_Key, float],
    owed: Mapping[_Key, float] | None = None,
) -> tuple[dict[_Key, int], dict[_Key, float]]:
    """Split an integer by weights: exact in sum, and fair over many calls.

    Largest remainders first; what rounding took from a part is added to it at the next
    call (`owed`, the second value), so that a part of 0.3 is not lost for ever.
    """
    total = math.fsum(weights.values())
    if not total:
        return {}, {}
    wanted = {
        key: max(0.0, whole * weight / total + (owed.get(key, 0.0) if owed else 0.0))
        for key, weight in weights.items()
    }
    parts = {key: int(value) for key, value in wanted.items()}
    short = whole - sum(parts.values())
    order = sorted(wanted, key=lambda key: parts[key] - wanted[key])
    for key in itertools.cycle(order):
        if short <= 0:
            break
        parts[key] += 1
        short -= 1
    for key in itertools.cycle(reversed(order)):
        if short >= 0:
            break
        if parts[key]:
            parts[key] -= 1
            short += 1
    return parts, {key: wanted[key] - parts[key] for key in wanted}


def _spread(
    exact: dict[tuple[int, str], float],
    time: float,
    weights: Mapping[int, float] | tuple[int, str],
    kind: str,
) -> None:
    if isinstance(weights, tuple):
        exact[weights] += time
        return
    total = math.fsum(weights.values())
    for pid, weight in weights.items():
        key = (pid, kind) if pid else _UNKNOWN
        exact[key] += time * weight / total


def _idle_weights(
    holders: Mapping[int, int | None], unseen_bytes: int
) -> Mapping[int, float] | tuple[int, str]:
    """Return whose idle time is by bytes, or that it is free or unknown."""
    if not holders:
        return _UNKNOWN if unseen_bytes else _FREE
    if len(holders) == 1 and not unseen_bytes:
        return dict.fromkeys(holders, 1.0)
    weights: dict[int, float] = {0: float(unseen_bytes)} if unseen_bytes else {}
    for pid, size in holders.items():
        if size is None:
            return _UNKNOWN
        weights[pid] = size
    return weights if math.fsum(weights.values()) else _UNKNOWN


def _segments(observed: Observed) -> list[tuple[int, int, int | None]]:
    """Return (start, end, busy percent) stretches; None: nobody knows."""
    start, end = observed.start_us, observed.end_us
    samples = observed.device_samples
    if samples is None or (not samples and observed.busy_percent is not None):
        percent = observed.busy_percent
        if percent is None:
            percent = _percent_of_processes(observed)
        known = max(start, end - LONGEST_LOOK_US)
        return _joined([(start, known, None), (known, end, percent)])
    segments: list[tuple[int, int, int | None]] = []
    for at, percent in sorted(samples):
        if not start < at <= end:
            continue
        known = max(start, at - LONGEST_SAMPLE_US)
        segments += [(start, known, None), (known, at, percent)]
        start = at
    segments.append((start, end, None))
    return _joined(segments)


def _joined(
    segments: Sequence[tuple[int, int, int | None]],
) -> list[tuple[int, int, int | None]]:
    return [segment for segment in segments if segment[0] < segment[1]]


def _busy_known(observed: Observed) -> bool:
    return (
        observed.device_samples is not None
        or observed.busy_percent is not None
        or observed.process_samples is not None
    )


def _percent_of_processes(observed: Observed) -> int:
    """Return how busy the device was by its processes; 0 where nobody tells."""
    newest = {sample.pid: sample for sample in observed.process_samples or ()}
    return min(100, sum(sample.sm_percent for sample in newest.values()))


_Piece = tuple[int, int, int]
"""(start, end, SM percent)"""


def _pieces(
    observed: Observed, segments: Sequence[tuple[int, int, int | None]]
) -> dict[int, list[_Piece]]:
    """Return for each process when it used how much of the SMs."""
    lengths = sorted(end - start for start, end, _ in segments)
    period = lengths[len(lengths) // 2] if lengths else LONGEST_SAMPLE_US
    period = min(period, LONGEST_SAMPLE_US)
    pieces: dict[int, list[_Piece]] = {}
    for sample in sorted(
        observed.process_samples or (), key=lambda sample: sample.at_us
    ):
        if not observed.start_us < sample.at_us or not sample.sm_percent:
            continue
        earlier = pieces.setdefault(sample.pid, [])
        start = max(
            observed.start_us,
            sample.at_us - period,
            earlier[-1][1] if earlier else 0,
        )
        earlier.append((start, sample.at_us, sample.sm_percent))
    return pieces


def _weights(
    pieces: Mapping[int, Sequence[_Piece]], start: int, end: int
) -> dict[int, float]:
    """Return each process's SM percent x time between two times."""
    weights: dict[int, float] = {}
    for pid, parts in pieces.items():
        weight = 0
        for begun, done, percent in parts:
            together = min(done, end) - max(begun, start)
            if together > 0:
                weight += together * percent
        if weight:
            weights[pid] = weight
    return weights
