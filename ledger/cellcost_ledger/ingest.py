"""One batch of one installation is one transaction: lock, classify, insert, add up."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cellcost.errors import LedgerUnavailable
from cellcost_ledger.book import Connection, DataError, IntegrityError, batches
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.migrate import NEWEST
from cellcost_ledger.book.seals import WRITER
from cellcost_ledger.received import Accepted, Malformed, known_part, read_event
from cellcost_ledger.rollups import day_deltas, deltas
from cellcost_ledger.wire import Batch, Reply, Result

__all__ = ["ingest"]

_PAGE = 2000


def ingest(database: Database, batch: Batch, key: Key, *, now_us: int) -> Reply:
    """Return what became of each event, once all of it is stored."""
    events = [read_event(bytes(raw), batch.installation) for raw in batch.events]
    return _ingest(database, batch, events, key, now_us)


def _ingest(
    database: Database,
    batch: Batch,
    events: Sequence[Accepted | Malformed],
    key: Key,
    now_us: int,
) -> Reply:
    try:
        return database.write(
            lambda connection: _store(connection, batch, events, key, now_us)
        )
    except (DataError, IntegrityError):
        # Something that the database does not take and that we did not foresee, or a
        # sum that would leave 64 bits: found by halving, so that it is refused alone.
        if len(events) > 1:
            half = len(events) // 2
            first = _ingest(database, batch, events[:half], key, now_us)
            rest = _ingest(database, batch, events[half:], key, now_us)
            return Reply(
                [*first.results, *rest.results], rest.last_contiguous_seq, rest.forked
            )
        if not events or isinstance(events[0], Malformed):
            raise
        (event,) = events
        refused = Malformed(
            event.id, event.seq, "the database does not take it", event.raw
        )
        return _ingest(database, batch, [refused], key, now_us)


@dataclass(slots=True)
class _Sorted:
    """A batch, classified."""

    results: list[Result] = field(default_factory=list[Result])
    stored: list[Accepted] = field(default_factory=list[Accepted])
    rejected: list[Malformed] = field(default_factory=list[Malformed])
    conflicts: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])


def _store(
    connection: Connection,
    batch: Batch,
    events: Sequence[Accepted | Malformed],
    key: Key,
    now_us: int,
) -> Reply:
    tenant, name = key.tenant, batch.installation
    before = batches.lock_installation(
        connection,
        {
            "tenant": tenant,
            "installation": name,
            "team": key.team,
            "client": batch.client,
            "first_seen_us": now_us,
            "last_seen_us": now_us,
        },
    )
    if before.writer > NEWEST:
        raise LedgerUnavailable(
            "this server is older than what was done to the book: restart it with the"
            " newer cellcost; try again later"
        )
    ids = {e.id if isinstance(e, Accepted) else e.known_id for e in events}
    pruned = before.writer >= WRITER
    hashes = batches.known_events(connection, tenant, name, ids, pruned=pruned)
    dead = batches.known_dead_letters(connection, tenant, name, ids)
    found = _classify(events, hashes, dead, key)
    stamp = {"tenant": tenant, "installation": name, "received_us": now_us}
    stamp |= {"key_id": key.id}

    seqs = [e.seq for e in found.stored if e.id not in dead]
    seqs += [e.seq for e in found.rejected if e.seq is not None]
    taken = batches.seqs_taken(connection, tenant, name, set(seqs), pruned=pruned)
    forked = bool(before.forked) or bool(taken) or len(set(seqs)) < len(seqs)

    revived = [e.id for e in found.stored if e.id in dead]
    if revived:
        batches.drop_dead_letters(connection, tenant, name, revived)
    new = sorted(found.stored, key=lambda e: e.id)
    rows = [
        {**e.row, **stamp, "team": e.team or key.team, "user_name": key.user}
        for e in new
    ]
    lines = [
        {**line, "tenant": tenant, "installation": name, "event_id": e.id}
        for e in new
        for line in e.lines
    ]
    batches.put_events(connection, rows, lines)
    batches.put_dead_letters(
        connection,
        [
            {
                **stamp,
                "event_id": e.known_id,
                "seq": e.seq,
                "reason": e.reason,
                "raw": known_part(e.raw),
            }
            for e in sorted(found.rejected, key=lambda e: e.known_id)
        ],
    )
    batches.put_conflicts(connection, [{**stamp, **row} for row in found.conflicts])
    hours = deltas(rows)
    batches.add_to_hours(connection, hours)
    batches.add_to_days(connection, day_deltas(hours))

    contiguous = before.last_contiguous_seq
    if contiguous + 1 in seqs:
        contiguous = _contiguous(connection, tenant, name, contiguous, pruned)
    batches.settle_installation(
        connection,
        tenant,
        name,
        received=before.received + len(new) - len(revived) + len(found.rejected),
        last_contiguous_seq=contiguous,
        forked=forked,
    )
    return Reply(found.results, contiguous, forked)


def _classify(
    events: Sequence[Accepted | Malformed],
    stored: Mapping[str, str],
    rejected: set[str],
    key: Key,
) -> _Sorted:
    """Sort a batch by what is stored already and by what came earlier in it."""
    found = _Sorted()
    hashes, dead = dict(stored), set(rejected)
    for event in events:
        if isinstance(event, Accepted) and event.id not in hashes:
            team = event.team or key.team
            if key.allows(team):
                hashes[event.id] = event.core_hash
                # Malformed and then whole, in one batch: it is stored after all.
                found.rejected = [e for e in found.rejected if e.id != event.id]
                found.stored.append(event)
                found.results.append(Result(event.id, "stored"))
                continue
            reason = f"this key may not charge team {team!r}"
            event = Malformed(event.id, event.seq, reason, event.raw)
        if isinstance(event, Accepted):
            if hashes[event.id] == event.core_hash:
                found.results.append(Result(event.id, "duplicate"))
            else:
                reason = "this id is stored with another content"
                found.conflicts.append(
                    _conflict(event.id, event.core_hash, reason, event.raw)
                )
                found.results.append(Result(event.id, "conflict", reason))
        elif event.id in hashes:
            reason = f"this id is stored with another content; {event.reason}"
            digest = hashlib.sha256(event.raw).hexdigest()
            found.conflicts.append(_conflict(event.id, digest, reason, event.raw))
            found.results.append(Result(event.id, "conflict", reason))
        else:
            if event.known_id not in dead:
                dead.add(event.known_id)
                found.rejected.append(event)
            found.results.append(Result(event.id, "rejected", event.reason))
    return found


def _conflict(id_: str, digest: str, reason: str, raw: bytes) -> dict[str, Any]:
    return {"event_id": id_, "digest": digest, "reason": reason, "raw": known_part(raw)}


def _contiguous(
    connection: Connection, tenant: str, name: str, last: int, pruned: bool
) -> int:
    """Return the seq up to which everything has come, from `last` on."""
    while True:
        page = batches.seqs_after(connection, tenant, name, last, _PAGE, pruned=pruned)
        for seq in page:
            if seq != last + 1:
                return last
            last = seq
        if len(page) < _PAGE:
            return last
