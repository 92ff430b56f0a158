"""Proves the law from the rows, one installation at a time.

received = events + rejected; every event is what its hash says; the sums of the events
are the hourly rollups, and those the daily ones, key by key, to the nano-dollar.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from cellcost_ledger.book import Connection, proof
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.schema import ROLLUP_DAY_KEYS, ROLLUP_KEYS, ROLLUP_SUMS
from cellcost_ledger.received import core_hash, sums_of
from cellcost_ledger.rollups import day_deltas, deltas

__all__ = ["Proof", "verify"]

_SHOWN = 20
"""How many gaps, forks and broken rows are named."""


@dataclass(slots=True, kw_only=True)
class Proof:
    """What one installation's rows say."""

    tenant: str
    installation: str
    received: int = 0
    events: int = 0
    rejected: int = 0
    sum_nusd: int = 0
    rollup_sum_nusd: int = 0
    conflicts: int = 0
    last_contiguous_seq: int = 0
    gaps: int = 0
    """How many seqs below the highest have not come."""
    gap_ranges: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    forks: int = 0
    """How many seqs have two events."""
    forked_seqs: list[int] = field(default_factory=list[int])
    broken: list[str] = field(default_factory=list[str])

    @property
    def holds(self) -> bool:
        """Whether the law holds. A gap may still close; a fork and a conflict are told
        and break nothing."""
        return not self.broken


def verify(database: Database, *, tenant: str | None = None) -> list[Proof]:
    """Return the proof of every installation, each read in one transaction.

    One for all would read torn states on a cluster, and hold a snapshot for long.
    """
    names = database.read(proof.installations)
    return [
        database.read(partial(_prove, tenant=of, name=name))
        for of, name in names
        if tenant in (None, of)
    ]


def _prove(connection: Connection, *, tenant: str, name: str) -> Proof:
    found = Proof(tenant=tenant, installation=name)
    seqs: Counter[int] = Counter()
    sums: dict[tuple[Any, ...], list[int]] = {}
    ids: set[str] = set()
    n_lines = 0
    for events in _pages(proof.events_with_lines(connection, tenant, name)):
        for event, lines in events:
            found.events += 1
            found.sum_nusd += event["cost_nusd"] or 0
            n_lines += len(lines)
            seqs[event["seq"]] += 1
            ids.add(event["event_id"])
            wrong = _wrong(event, lines)
            if wrong:
                _break(found, f"event {event['event_id']}: {wrong}")
        for row in deltas(event for event, _ in events):
            key, values = _split(row, ROLLUP_KEYS)
            total = sums.setdefault(key, [0] * len(values))
            sums[key] = [a + b for a, b in zip(total, values, strict=True)]
    stored = proof.count_of(connection, "event_line", tenant, name)
    if stored != n_lines:
        _break(found, f"{stored - n_lines} lines are of no event")
    for event_id, seq in proof.dead_letters(connection, tenant, name):
        found.rejected += 1
        if event_id in ids:
            _break(found, f"event {event_id} is both stored and rejected")
        if seq is not None:
            seqs[seq] += 1
    found.conflicts = proof.count_of(connection, "conflict", tenant, name)
    hours = proof.hours(connection, tenant, name)
    found.rollup_sum_nusd = sum(row["cost_nusd"] for row in hours)
    _compare(found, ROLLUP_KEYS, sums, hours)
    days = dict(_split(row, ROLLUP_DAY_KEYS) for row in day_deltas(hours))
    _compare(found, ROLLUP_DAY_KEYS, days, proof.days(connection, tenant, name))
    _read_seqs(found, seqs)
    _compare_installation(found, proof.installation_row(connection, tenant, name), seqs)
    return found


def _pages(
    events: Iterator[tuple[dict[str, Any], list[dict[str, Any]]]],
) -> Iterator[list[tuple[dict[str, Any], list[dict[str, Any]]]]]:
    while page := list(islice(events, 1000)):
        yield page


def _wrong(event: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """Return what of an event is not as its lines and its hash say; "" for nothing."""
    hashed = core_hash(
        event["event_id"],
        event["seq"],
        event["kind"],
        event["time_us"],
        event["corrects"],
        lines,
    )
    if hashed != event["core_hash"]:
        return "it is not what its hash says"
    for name, value in sums_of(lines).items():
        if event[name] != value:
            return f"its {name} is {event[name]}, its lines say {value}"
    return ""


def _compare(
    found: Proof,
    keys: Sequence[str],
    sums: Mapping[tuple[Any, ...], Sequence[int]],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    left = dict(sums)
    for row in rows:
        key, values = _split(row, keys)
        if left.pop(key, None) != values:
            what = "events" if keys == ROLLUP_KEYS else "hours"
            name = _named(keys, key)
            _break(found, f"the rollup of {name} is not the sum of its {what}")
    for key in left:
        _break(found, f"the rollup of {_named(keys, key)} is missing")


def _read_seqs(found: Proof, seqs: Mapping[int, int]) -> None:
    """Fill in gaps, forks and how far everything has come."""
    last = 0
    for seq in sorted(seqs):
        if seq != last + 1:
            found.gaps += seq - last - 1
            if len(found.gap_ranges) < _SHOWN:
                found.gap_ranges.append((last + 1, seq - 1))
        elif found.last_contiguous_seq == last:
            found.last_contiguous_seq = seq
        last = seq
    forked = sorted(seq for seq, count in seqs.items() if count > 1)
    found.forks = len(forked)
    found.forked_seqs = forked[:_SHOWN]


def _compare_installation(found: Proof, row: Any, seqs: Mapping[int, int]) -> None:
    if row is None:
        _break(found, "its own row is missing")
        return
    found.received = row.received
    if row.received != found.events + found.rejected:
        _break(
            found,
            f"{row.received} were received, {found.events} are stored and"
            f" {found.rejected} rejected",
        )
    if row.last_contiguous_seq != found.last_contiguous_seq:
        _break(
            found,
            f"it says that all came up to seq {row.last_contiguous_seq}, the rows say"
            f" {found.last_contiguous_seq}",
        )
    if found.forks and not row.forked:
        _break(found, "it is forked and does not say so")


def _break(found: Proof, what: str) -> None:
    if len(found.broken) < _SHOWN:
        found.broken.append(what)


def _split(
    row: Mapping[str, Any], keys: Sequence[str]
) -> tuple[tuple[Any, ...], list[int]]:
    return tuple(row[n] for n in keys), [row[n] for n in ROLLUP_SUMS]


def _named(keys: Sequence[str], key: tuple[Any, ...]) -> str:
    return " ".join(
        f"{name}={value}"
        for name, value in zip(keys[2:], key[2:], strict=True)
        if value != ""
    )
