"""What of the journal a ledger has not answered for yet, and what it said of the rest.

Sync sends in the order of `rev`: within one installation that is the order of `seq`,
and a journal can hold events of several installations (after a fork, or a repair).
"""

import sqlite3
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cellcost.clock import from_microseconds, to_microseconds
from cellcost.ids import new_id
from cellcost.journal import codec
from cellcost.journal.filesystems import is_network
from cellcost.journal.forks import watch_forks
from cellcost.journal.statements import SQL
from cellcost.journal.store import connect, rollback, transaction

__all__ = ["Answered", "Held", "Outbox", "Outgoing", "Progress", "Refusal"]

_BUSY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event on its way: its place in the journal, and its wire form."""

    rev: int
    installation: str
    wire: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """What a ledger said that it holds of one installation."""

    contiguous: int
    """The seq up to which it has every event."""
    events: int

    def is_behind(self, earlier: "Held") -> bool:
        """Say whether the ledger now holds less than it did."""
        return self.contiguous < earlier.contiguous or self.events < earlier.events


@dataclass(frozen=True, slots=True)
class Refusal:
    """Events that a ledger did not take, and why."""

    status: str
    reason: str
    events: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a ledger answered to one batch."""

    upto_rev: int
    installation: str
    held: Held
    refused: Mapping[str, Refusal]
    """By event id."""
    taken: tuple[str, ...]
    """Ids of the events that it stored, or had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a ledger has been told."""

    waiting: int
    reached: datetime | None
    failing_since: datetime | None
    error: str
    refused: tuple[Refusal, ...]


class Outbox:
    """The events of one journal as one ledger is to get them; thread-safe, fork-safe.

    Opens (and migrates) the journal when first asked. Its methods raise sqlite3.Error,
    OSError or JournalTooNew when the journal cannot be used; nothing is lost then.
    """

    def __init__(self, home: Path, url: str) -> None:
        self._home = home
        self._url = url
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        watch_forks(self)

    def __enter__(self) -> "Outbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the journal; the next question opens it anew."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def before_fork(self) -> None:
        """Close the connection, see `cellcost.journal.forks`."""
        self._lock.acquire()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Start with a lock of its own."""
        self._lock = threading.RLock()

    # -- what waits -------------------------------------------------------------------

    @property
    def installation(self) -> str:
        """The id under which new events are stored."""
        with self._open() as connection:
            return str(connection.execute(SQL["counter"]).fetchone()[2])

    def position(self) -> int:
        """Return the rev up to which the ledger has answered for every event."""
        with self._open() as connection:
            return _ledger(connection, self._url)[0]

    def waiting(self) -> int:
        """Return how many events the ledger has not answered for."""
        with self._open() as connection:
            return _waiting(connection, _ledger(connection, self._url)[0])

    def batch(self, after: int, *, most: int, most_bytes: int) -> tuple[Outgoing, ...]:
        """Return the next events after a rev, all of one installation; () for none.

        At most `most` of them, and of about `most_bytes` of JSON, but at least one.
        """
        with self._open() as connection:
            rows = connection.execute(SQL["outgoing"], {"after": after, "limit": most})
            found: list[Outgoing] = []
            size = 0
            for row in rows:
                size += len(row[8]) + len(row[9])
                full = found and size > most_bytes
                if full or (found and row[2] != found[0].installation):
                    break
                found.append(_outgoing(row))
            rows.close()
        return tuple(found)

    # -- what the ledger said ---------------------------------------------------------

    def held(self) -> dict[str, Held]:
        """Return what the ledger last said that it holds, by installation."""
        with self._open() as connection:
            rows = connection.execute(SQL["ledger_installations"], {"url": self._url})
            return {name: Held(upto, n) for name, upto, n in rows.fetchall()}

    def answered(self, answer: Answered, *, now: datetime) -> None:
        """Keep what the ledger answered to a batch; the next one begins after it."""
        with self._write() as connection:
            self._keep_refusals(connection, answer)
            self._keep_held(connection, answer.installation, answer.held)
            connection.execute(
                SQL["ledger_sent"],
                {
                    "url": self._url,
                    "rev": answer.upto_rev,
                    "now_us": to_microseconds(now),
                },
            )

    def reached(self, installation: str, held: Held, *, now: datetime) -> None:
        """Keep what the ledger said that it holds."""
        with self._write() as connection:
            self._keep_held(connection, installation, held)
            connection.execute(
                SQL["ledger_reached"],
                {"url": self._url, "now_us": to_microseconds(now)},
            )

    def go_back(self, installation: str, held: Held, *, now: datetime) -> None:
        """Have everything sent again that a ledger lost; it holds what `held` says."""
        with self._write() as connection:
            sent = _ledger(connection, self._url)[0]
            (first,) = connection.execute(
                SQL["rev_before_seq"],
                {"installation": installation, "seq": held.contiguous},
            ).fetchone()
            self._keep_held(connection, installation, held)
            connection.execute(
                SQL["ledger_sent"],
                {
                    "url": self._url,
                    "rev": sent if first is None else min(sent, first),
                    "now_us": to_microseconds(now),
                },
            )

    def failed(self, error: str, *, now: datetime) -> None:
        """Keep why the ledger cannot be told now; the time is that of the first."""
        with self._write() as connection:
            connection.execute(
                SQL["ledger_failed"],
                {"url": self._url, "error": error, "now_us": to_microseconds(now)},
            )

    def renew_installation(self, forked: str) -> bool:
        """Store later events under a new id, because two journals use this one.

        Says whether it was still in use here.
        """
        with self._write() as connection:
            done = connection.execute(
                SQL["renew_installation"], {"old": forked, "new": new_id()}
            )
            return done.rowcount == 1

    def progress(self) -> Progress:
        """Return how far the ledger has been told."""
        with self._open() as connection:
            sent, reached_us, failing_us, error = _ledger(connection, self._url)
            rows = connection.execute(SQL["refusals"], {"url": self._url}).fetchall()
            return Progress(
                waiting=_waiting(connection, sent),
                reached=_moment(reached_us),
                failing_since=_moment(failing_us),
                error=error,
                refused=tuple(Refusal(*row) for row in rows),
            )

    # -- inside -----------------------------------------------------------------------

    def _keep_held(
        self, connection: sqlite3.Connection, installation: str, held: Held
    ) -> None:
        connection.execute(
            SQL["put_ledger_installation"],
            {
                "url": self._url,
                "installation": installation,
                "contiguous": held.contiguous,
                "events": held.events,
            },
        )

    def _keep_refusals(self, connection: sqlite3.Connection, answer: Answered) -> None:
        url = {"url": self._url}
        if connection.execute(SQL["has_refusals"], url).fetchone()[0]:
            connection.executemany(
                SQL["drop_refusal"], [{**url, "id": id_} for id_ in answer.taken]
            )
        connection.executemany(
            SQL["put_refusal"],
            [
                {**url, "id": id_, "status": refusal.status, "reason": refusal.reason}
                for id_, refusal in answer.refused.items()
            ],
        )

    @contextmanager
    def _write(self) -> Generator[sqlite3.Connection]:
        with self._open() as connection, transaction(connection):
            connection.execute(SQL["put_ledger"], {"url": self._url})
            yield connection

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            if self._connection is None:
                wal = not is_network(self._home)
                self._connection = connect(
                    self._home, wal=wal, busy_seconds=_BUSY_SECONDS
                )
            try:
                yield self._connection
            except BaseException:
                rollback(self._connection)
                raise


def _ledger(
    connection: sqlite3.Connection, url: str
) -> tuple[int, int | None, int | None, str]:
    row = connection.execute(SQL["ledger"], {"url": url}).fetchone()
    return (0, None, None, "") if row is None else tuple(row)


def _waiting(connection: sqlite3.Connection, sent: int) -> int:
    _, seq, installation = connection.execute(SQL["counter"]).fetchone()
    last = connection.execute(SQL["last_sent"], {"rev": sent}).fetchone()
    if last is not None and last[0] == installation:
        # Without a gap within an installation: no need to look at every event.
        return int(seq) - int(last[1])
    return int(connection.execute(SQL["count_after"], {"after": sent}).fetchone()[0])


def _outgoing(row: tuple[Any, ...]) -> Outgoing:
    """Return a row of `outgoing` as `codec.event_to_wire` would, without the event."""
    rev, id_, installation, seq, time_us, kind, confidence, corrects, lines, body = row
    wire = codec.loads(body)
    wire.update(
        id=id_,
        installation=installation,
        seq=seq,
        time_us=time_us,
        kind=kind,
        confidence=confidence,
        lines=codec.loads_list(lines),
    )
    if corrects:
        wire["corrects"] = corrects
    return Outgoing(rev, installation, wire)


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_microseconds(value)
