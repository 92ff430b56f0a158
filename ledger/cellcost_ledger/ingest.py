"""One batch of one installation is one transaction: lock, classify, insert, add up."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cellcost.errors import LedgerUnavailable
from cellcost_ledger.book import Connection, DataError, IntegrityError, batches
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.migrate import NEWEST
from cellcost_ledger.book.seals import WRITER
from cellcost_ledger.clocks import wrong_clock
from cellcost_ledger.received import (
    LINE_NAMES,
    Accepted,
    Malformed,
    known_part,
    read_event,
)
from cellcost_ledger.rollups import day_deltas, deltas
from cellcost_ledger.wire import Batch, Reply, Result

__all__ = ["ingest", "reingest"]

_PAGE = 2000


@dataclass(frozen=True, slots=True)
class _Delivery:
    """Whose events they are and when they came."""

    installation: str
    key: Key
    client: str = ""
    now_us: int = 0
    received_us: Mapping[str, int] | None = None
    """When each id was rejected, of events that come a second time from here."""

    def when(self, event_id: str) -> int:
        """Return when an event came."""
        return self.now_us if self.received_us is None else self.received_us[event_id]

    def lock(self, connection: Connection) -> Any:
        """Return the locked row of the installation."""
        if self.received_us is not None:
            return batches.hold_installation(
                connection, self.key.tenant, self.installation
            )
        return batches.lock_installation(
            connection,
            {
                "tenant": self.key.tenant,
                "installation": self.installation,
                "team": self.key.team,
                "client": self.client,
                "first_seen_us": self.now_us,
                "last_seen_us": self.now_us,
            },
        )


def ingest(database: Database, batch: Batch, key: Key, *, now_us: int) -> Reply:
    """Return what became of each event, once all of it is stored."""
    events = [read_event(bytes(raw), batch.installation) for raw in batch.events]
    delivery = _Delivery(batch.installation, key, batch.client, now_us)
    return _ingest(database, delivery, events)


def reingest(
    database: Database,
    installation: str,
    events: Sequence[Accepted],
    key: Key,
    *,
    received_us: Mapping[str, int],
) -> list[Result]:
    """Return what became of events that were rejected, at the times given by id."""
    delivery = _Delivery(installation, key, received_us=received_us)
    return _ingest(database, delivery, events).results


def _ingest(
    database: Database, delivery: _Delivery, events: Sequence[Accepted | Malformed]
) -> Reply:
    try:
        return database.write(lambda connection: _store(connection, delivery, events))
    except (DataError, IntegrityError):
        # Something that the database does not take and that we did not foresee, or a
        # sum that would leave 64 bits: found by halving, so that it is refused alone.
        if len(events) > 1:
            half = len(events) // 2
            first = _ingest(database, delivery, events[:half])
            rest = _ingest(database, delivery, events[half:])
            return Reply(
                [*first.results, *rest.results], rest.last_contiguous_seq, rest.forked
            )
        if not events or isinstance(events[0], Malformed):
            raise
        (event,) = events
        refused = Malformed(
            event.id, event.seq, "the database does not take it", event.raw
        )
        return _ingest(database, delivery, [refused])


@dataclass(slots=True)
class _Sorted:
    """A batch, classified."""

    results: list[Result] = field(default_factory=list[Result])
    stored: list[Accepted] = field(default_factory=list[Accepted])
    rejected: list[Malformed] = field(default_factory=list[Malformed])
    conflicts: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])


def _store(
    connection: Connection,
    delivery: _Delivery,
    events: Sequence[Accepted | Malformed],
) -> Reply:
    key = delivery.key
    tenant, name = key.tenant, delivery.installation
    before = delivery.lock(connection)
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

    about = {"tenant": tenant, "installation": name, "key_id": key.id}

    def stamp(event_id: str) -> dict[str, Any]:
        return {**about, "received_us": delivery.when(event_id)}

    seqs = [e.seq for e in found.stored if dead.get(e.id) != e.seq]
    seqs += [e.seq for e in found.rejected if e.seq is not None]
    taken = batches.seqs_taken(connection, tenant, name, set(seqs), pruned=pruned)
    forked = bool(before.forked) or bool(taken) or len(set(seqs)) < len(seqs)

    revived = [e.id for e in found.stored if e.id in dead]
    if revived:
        batches.drop_dead_letters(connection, tenant, name, revived)
    new = sorted(found.stored, key=lambda e: e.id)
    rows: list[dict[str, Any]] = [
        {
            **e.row,
            **about,
            "received_us": delivery.when(e.id),
            "team": e.team or key.team,
            "user_name": key.user,
        }
        for e in new
    ]
    lines = [(tenant, name, e.id, *line) for e in new for line in e.line_values]
    batches.put_events(connection, rows, lines, line_names=LINE_NAMES)
    batches.put_dead_letters(
        connection,
        [
            {
                **stamp(e.known_id),
                "event_id": e.known_id,
                "seq": e.seq,
                "reason": e.reason,
                "raw": known_part(e.raw),
            }
            for e in sorted(found.rejected, key=lambda e: e.known_id)
        ],
    )
    batches.put_conflicts(
        connection, [{**stamp(row["event_id"]), **row} for row in found.conflicts]
    )
    hours = deltas(rows)
    batches.add_to_hours(connection, hours)
    batches.add_to_days(connection, day_deltas(hours))

    # A dead letter that came whole with another seq leaves its own one.
    left = [seq - 1 for seq in _left(found.stored, dead)]
    contiguous = min([before.last_contiguous_seq, *left])
    if contiguous + 1 in seqs or contiguous < before.last_contiguous_seq:
        contiguous = _contiguous(connection, tenant, name, contiguous, pruned)
    batches.settle_installation(
        connection,
        tenant,
        name,
        received=before.received + len(new) - len(revived) + len(found.rejected),
        last_contiguous_seq=contiguous,
        forked=forked,
        clock_off=sum(
            wrong_clock(row["time_us"], row["received_us"]) != "" for row in rows
        ),
    )
    return Reply(found.results, contiguous, forked)


def _classify(
    events: Sequence[Accepted | Malformed],
    stored: Mapping[str, str],
    rejected: Collection[str],
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


def _left(stored: Sequence[Accepted], dead: Mapping[str, int | None]) -> Iterator[int]:
    for event in stored:
        seq = dead.get(event.id)
        if seq is not None and seq != event.seq:
            yield seq


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
