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

__all__ = ["OTHERS", "Division", "Observed", "Party", "apportion", "by_party", "divide"]

LONGEST_SAMPLE_US: Final = 1_100_000
"""NVML's samples stand for 1/6 s to 1 s; for what lies further back there is none."""
LONGEST_LOOK_US: Final = 2_500_000
"""How far back a single utilisation counts where the driver keeps no samples."""

_Key = TypeVar("_Key", bound=Hashable)
_FREE: Final = (0, "free")
_UNKNOWN: Final = (0, "unknown")
OTHERS: Final = "others"
"""The party of each process that `parties` does not name."""

Party = int | str
"""A process, or whose it is; 0 is nobody."""
Owed = Mapping[tuple[Party, str], float]
"""Fractions of a millisecond that rounding took from a part before, or gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is known of a device between two times; all times are of one clock."""

    whole_ms: int
    """The bill."""
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
    parties: Mapping[int, str] | None = None
    """Whose each process is; None divides by process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """Whose the milliseconds of a device were: all parts sum to `whole_ms`."""

    whole_ms: int
    busy: Mapping[Party, int]
    """Milliseconds by party while kernels ran."""
    held: Mapping[Party, int]
    """Milliseconds by party while it held memory and none ran."""
    free_ms: int
    unknown_ms: int
    busy_known: bool
    """False where the device does not tell when kernels ran: all is held then."""
    owed: Owed = field(default_factory=dict[tuple[Party, str], float])
    busy_when: Sequence[tuple[int, int, int]] = ()
    """(start, end, percent) of each sample in which kernels ran; by the clock that
    `Observed` has, in a `Stretch` by the monotonic one."""


def divide(observed: Observed, owed: Owed | None = None) -> Division:
    """Return whose the time was; `owed` is what the division before was left with."""
    exact: defaultdict[tuple[Party, str], float] = defaultdict(float)
    segments = _segments(observed)
    by_end, overall = _weights(observed, segments)
    lists = _lists(observed)
    idle_us = busy_us = 0.0
    for start, end, percent in segments:
        length = end - start
        if percent is None:
            exact[_UNKNOWN] += length
            continue
        busy = length * percent / 100
        idle_us += length - busy
        if end in by_end:
            _spread(exact, busy, by_end[end], "busy")
        else:
            busy_us += busy
    if busy_us:
        _spread(exact, busy_us, overall or _alone(lists), "busy")
    if idle_us:
        # Who came or went meanwhile did so halfway, as far as anybody knows.
        idle = [_idle_weights(held, observed.unseen_bytes) for held in lists]
        for weights in idle or [_UNKNOWN]:
            _spread(exact, idle_us / max(1, len(idle)), weights, "held")
    parts, left = apportion(observed.whole_ms, exact, owed)
    return Division(
        whole_ms=observed.whole_ms,
        free_ms=parts.pop(_FREE, 0),
        unknown_ms=parts.pop(_UNKNOWN, 0),
        busy={key[0]: ms for key, ms in parts.items() if ms and key[1] == "busy"},
        held={key[0]: ms for key, ms in parts.items() if ms and key[1] == "held"},
        busy_known=_busy_known(observed),
        owed=left,
        busy_when=[(a, b, percent) for a, b, percent in segments if percent],
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
    wanted: dict[_Key, float] = {}
    parts: dict[_Key, int] = {}
    short = whole
    for key, weight in weights.items():
        value = whole * weight / total + (owed.get(key, 0.0) if owed else 0.0)
        if value < 0:
            value = 0.0
        wanted[key] = value
        parts[key] = int(value)
        short -= parts[key]
    if not short:
        return parts, {key: wanted[key] - parts[key] for key in wanted}
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
    exact: dict[tuple[Party, str], float],
    time: float,
    weights: Mapping[Party, float] | tuple[Party, str],
    kind: str,
) -> None:
    if isinstance(weights, tuple):
        exact[weights] += time
        return
    scale = time / math.fsum(weights.values())
    for pid, weight in weights.items():
        exact[(pid, kind) if pid else _UNKNOWN] += weight * scale


def _lists(observed: Observed) -> list[Mapping[Party, int | None]]:
    """Return who held what at the start and at the end, once if it is the same."""
    before, after = observed.held_before, observed.held_after
    different = [after] if before == after else [before, after]
    return [by_party(held, observed.parties) for held in different if held is not None]


def by_party(
    held: Mapping[int, int | None], parties: Mapping[int, str] | None
) -> dict[Party, int | None]:
    """Return what each party holds; None where of one process nobody tells."""
    if parties is None:
        return dict[Party, int | None](held.items())
    sums: dict[Party, int | None] = {}
    for pid, size in held.items():
        party = parties.get(pid, OTHERS)
        before = sums.get(party, 0)
        sums[party] = None if size is None or before is None else before + size
    return sums


def _alone(
    lists: Sequence[Mapping[Party, int | None]],
) -> Mapping[Party, float] | tuple[Party, str]:
    """Return whose busy time is that nobody tells of: of who is there alone."""
    holders = set(itertools.chain.from_iterable(lists))
    return dict.fromkeys(holders, 1.0) if len(holders) == 1 else _UNKNOWN


def _idle_weights(
    holders: Mapping[Party, int | None], unseen_bytes: int
) -> Mapping[Party, float] | tuple[Party, str]:
    """Return whose idle time is by bytes, or that it is free or unknown."""
    if not holders:
        return _UNKNOWN if unseen_bytes else _FREE
    if len(holders) == 1 and not unseen_bytes:
        return dict.fromkeys(holders, 1.0)
    weights: dict[Party, float] = {0: float(unseen_bytes)} if unseen_bytes else {}
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
    newest = {row[0]: row[2] for row in observed.process_samples or ()}
    return min(100, sum(newest.values()))


_Weights = dict[Party, float]


def _weights(
    observed: Observed, segments: Sequence[tuple[int, int, int | None]]
) -> tuple[Mapping[int, _Weights], _Weights]:
    """Return who used how much of the SMs: by a segment's end, and overall.

    A driver that tells each process once tells its mean: no segment is known then. One
    that tells it for each of its periods is taken at its word where a process's time is
    a segment's end; what is between goes by the overall use.
    """
    overall: _Weights = {}
    by_end: dict[int, _Weights] = {}
    ends = {end for _, end, _ in segments}
    parties = observed.parties
    used = [
        row
        for row in observed.process_samples or ()
        if row[2] and row[1] > observed.start_us
    ]
    several = len({row[0] for row in used}) < len(used)
    for pid, at, percent, _ in used:
        party = pid if parties is None else parties.get(pid, OTHERS)
        overall[party] = overall.get(party, 0) + percent
        if several and at in ends:
            now = by_end.setdefault(at, {})
            now[party] = now.get(party, 0) + percent
    return by_end, overall
