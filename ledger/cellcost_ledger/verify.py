"""Proves the law from the rows, one installation at a time.

received = events + rejected; every event is what its hash says; the events are the
seals and the live rows, their sums are the hourly rollups, and those the daily ones,
key by key, to the nano-dollar.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from cellcost_ledger.book import Connection, proof, seals
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.schema import ROLLUP_DAY_KEYS, ROLLUP_KEYS, ROLLUP_SUMS
from cellcost_ledger.received import core_hash, sums_of
from cellcost_ledger.rollups import DAY_US, HOURS_A_DAY, day_deltas, deltas
from cellcost_ledger.seals import Contents, Member, check_chain, hours_digest

__all__ = ["Proof", "prove", "verify"]

_Key = tuple[Any, ...]

_SHOWN = 20
"""How many gaps, forks and broken rows are named."""


@dataclass(slots=True, kw_only=True)
class Proof:
    """What one installation's rows say."""

    tenant: str
    installation: str
    received: int = 0
    events: int = 0
    sealed: int = 0
    """Events of closed days, removed ones among them."""
    pruned: int = 0
    """Events whose rows are removed: `events` and `sum_nusd` count them."""
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
        database.read(partial(prove, tenant=of, name=name))
        for of, name in names
        if tenant in (None, of)
    ]


@dataclass(slots=True)
class _Rows:
    """What the events of an installation add up to."""

    seqs: Counter[int] = field(default_factory=Counter[int])
    ids: set[str] = field(default_factory=set[str])
    hours: dict[_Key, list[int]] = field(default_factory=dict[_Key, list[int]])
    """The hourly sums of all whose rows are there."""
    unsealed: dict[_Key, list[int]] = field(default_factory=dict[_Key, list[int]])
    """The same of those without a seal."""
    live: dict[int, Contents] = field(default_factory=dict[int, Contents])
    pruned: dict[int, list[Member]] = field(default_factory=dict[int, list[Member]])
    n_lines: int = 0


def prove(connection: Connection, *, tenant: str, name: str) -> Proof:
    """Return what one installation's rows say."""
    found = Proof(tenant=tenant, installation=name)
    rows = _Rows()
    for events in _pages(proof.events_with_lines(connection, tenant, name)):
        _read_events(found, rows, events)
    stored = proof.count_of(connection, "event_line", tenant, name)
    if stored != rows.n_lines:
        _break(found, f"{stored - rows.n_lines} lines are of no event")
    hours = proof.hours(connection, tenant, name)
    _read_seals(connection, found, rows, hours)
    for event_id, seq in proof.dead_letters(connection, tenant, name):
        found.rejected += 1
        if event_id in rows.ids:
            _break(found, f"event {event_id} is both stored and rejected")
        if seq is not None:
            rows.seqs[seq] += 1
    found.conflicts = proof.count_of(connection, "conflict", tenant, name)
    found.rollup_sum_nusd = sum(row["cost_nusd"] for row in hours)
    days = dict(_split(row, ROLLUP_DAY_KEYS) for row in day_deltas(hours))
    _compare(found, ROLLUP_DAY_KEYS, days, proof.days(connection, tenant, name))
    _read_seqs(found, rows.seqs)
    row = proof.installation_row(connection, tenant, name)
    _compare_installation(found, row)
    return found


def _read_events(
    found: Proof,
    rows: _Rows,
    events: Sequence[tuple[dict[str, Any], list[dict[str, Any]]]],
) -> None:
    for event, lines in events:
        found.events += 1
        found.sum_nusd += event["cost_nusd"] or 0
        rows.n_lines += len(lines)
        rows.seqs[event["seq"]] += 1
        rows.ids.add(event["event_id"])
        if event["seal"]:
            found.sealed += 1
            contents = rows.live.setdefault(event["seal"], Contents())
            contents.add(event, event["time_us"] // DAY_US)
        wrong = _wrong(event, lines)
        if wrong:
            _break(found, f"event {event['event_id']}: {wrong}")
    _add(rows.hours, (event for event, _ in events))
    _add(rows.unsealed, (event for event, _ in events if not event["seal"]))


def _add(sums: dict[_Key, list[int]], events: Iterable[Mapping[str, Any]]) -> None:
    for row in deltas(events):
        key, values = _split(row, ROLLUP_KEYS)
        total = sums.setdefault(key, [0] * len(values))
        sums[key] = [a + b for a, b in zip(total, values, strict=True)]


def _read_seals(
    connection: Connection,
    found: Proof,
    rows: _Rows,
    hours: Sequence[Mapping[str, Any]],
) -> None:
    """Hold the seals to their events, and the hourly sums to both."""
    tenant, name = found.tenant, found.installation
    chain = seals.seals_of(connection, tenant, name)
    for row in seals.pruned_members(connection, tenant, name):
        event_id, seq = row["event_id"], row["seq"]
        member = Member(event_id, seq, row["core_hash"])
        rows.pruned.setdefault(row["seal"], []).append(member)
        found.events += 1
        found.sealed += 1
        found.pruned += 1
        rows.seqs[seq] += 1
        if event_id in rows.ids:
            _break(found, f"event {event_id} is both stored and removed")
        rows.ids.add(event_id)
    for what in check_chain(chain, rows.live, rows.pruned):
        _break(found, what)
    gone = [seal for seal in chain if seal["pruned_us"] is not None]
    found.sum_nusd += sum(seal["cost_nusd"] for seal in gone)
    # Of a day that is partly removed the keys are in the digest of its hours alone.
    partly = {seal["day"] for seal in gone}
    kept = [row for row in hours if row["hour"] // HOURS_A_DAY not in partly]
    sums = {k: v for k, v in rows.hours.items() if k[2] // HOURS_A_DAY not in partly}
    _compare(found, ROLLUP_KEYS, sums, kept)
    left = _without(hours, rows.unsealed)
    for day, seal in {seal["day"]: seal for seal in chain}.items():
        of_day = [row for row in left if row["hour"] // HOURS_A_DAY == day]
        if hours_digest(of_day) != seal["hours"]:
            number = seal["number"]
            _break(
                found,
                f"the rollups of day={day} are not seal {number} and what came since",
            )


def _without(
    hours: Sequence[Mapping[str, Any]], sums: Mapping[_Key, Sequence[int]]
) -> list[dict[str, Any]]:
    """Return hourly sums less some events'; those of nothing else are left out."""
    left: list[dict[str, Any]] = []
    for row in hours:
        key, values = _split(row, ROLLUP_KEYS)
        less = sums.get(key, [0] * len(values))
        rest = [a - b for a, b in zip(values, less, strict=True)]
        if any(rest):
            left.append({**row, **dict(zip(ROLLUP_SUMS, rest, strict=True))})
    return left


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


def _compare_installation(found: Proof, row: Any) -> None:
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
