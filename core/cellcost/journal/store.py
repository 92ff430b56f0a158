"""The journal's transactions on an open connection: what becomes durable together.

Each function that writes is called inside `transaction(connection)`. Fault points are
named by `at(...)`, so that tests can kill the process between any two steps.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cellcost.clock import from_microseconds, to_microseconds
from cellcost.errors import JournalTooNew
from cellcost.ids import new_id
from cellcost.journal import codec
from cellcost.journal.differences import correcting_lines
from cellcost.journal.statements import MIGRATIONS, SCHEMA_VERSION, SQL
from cellcost.records import (
    Event,
    Intent,
    Line,
    Live,
    known_cost,
    unpriced_lines,
)

__all__ = [
    "JOURNAL_FILE",
    "FaultPoint",
    "add_intent",
    "add_live",
    "connect",
    "no_fault",
    "partial_event",
    "read_pending",
    "restore",
    "rollback",
    "settle",
    "transaction",
]

JOURNAL_FILE: Final = "journal.db"
_BUSY_SECONDS: Final = 0.009
"""How long one of a call's two transactions waits for a busy journal before its record
is spooled: 20 ms for the call, spooling included."""


FaultPoint = Callable[[str], None]


def no_fault(step: str) -> None:
    """Do nothing at a named step of the protocol (the fault point of real life)."""


def connect(
    home: Path, *, wal: bool = True, busy_seconds: float = _BUSY_SECONDS
) -> sqlite3.Connection:
    """Return a writing connection to the journal in `home`, created and migrated.

    Raises sqlite3.Error or OSError when it cannot be opened, JournalTooNew when a newer
    cellcost says that this one must not write.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(
        home / JOURNAL_FILE,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        if wal:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    version = _user_version(connection)
    if version < SCHEMA_VERSION:
        with transaction(connection):
            version = _user_version(connection)  # another process may have been first
            for number in range(version, SCHEMA_VERSION):
                for statement in _split(MIGRATIONS[number]):
                    connection.execute(statement)
            if version == 0:
                connection.execute(
                    SQL["create_counter"], {"installation": new_id(), "min_writer": 1}
                )
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION:d}")
    elif version > SCHEMA_VERSION:
        needed: int = connection.execute(SQL["identity"]).fetchone()[1]
        if needed > SCHEMA_VERSION:
            raise JournalTooNew(
                f"the journal was migrated by a newer cellcost (schema {version}); "
                "this one keeps its records in the spool: upgrade cellcost here"
            )


def _user_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _split(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


class transaction:  # noqa: N801  # used like a function; a generator costs 3 us more
    """Run the block as one write transaction; undone on any exception."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            # An interrupt after BEGIN would leave the journal locked for everybody.
            rollback(self._connection)
            raise

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            rollback(self._connection)


def rollback(connection: sqlite3.Connection) -> None:
    """Undo the open transaction, if there is one."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def next_rev(connection: sqlite3.Connection) -> int:
    """Return a new rev; views tail it."""
    connection.execute(SQL["bump_rev"])
    return int(connection.execute(SQL["last_rev"]).fetchone()[0])


def add_intent(
    connection: sqlite3.Connection,
    intent: Intent,
    writer: str,
    at: FaultPoint = no_fault,
) -> None:
    """Store an intent, unless it is there already."""
    at("intent.begun")
    connection.execute(SQL["bump_rev"])
    connection.execute(
        SQL["put_intent"],
        {
            "id": intent.id,
            "writer": writer,
            "time_us": to_microseconds(intent.time),
            "worst_nusd": intent.worst_nusd,
            "body": codec.intent_body(intent),
        },
    )
    at("intent.written")


def add_live(connection: sqlite3.Connection, rows: Iterable[Live]) -> None:
    """Store what calls in flight have used so far; settled calls are skipped."""
    rev = next_rev(connection)
    connection.executemany(
        SQL["put_live"],
        [
            {
                "id": row.id,
                "rev": rev,
                "time_us": to_microseconds(row.time),
                "lines": codec.lines_to_json(row.lines),
            }
            for row in rows
        ],
    )


def settle(
    connection: sqlite3.Connection, event: Event, at: FaultPoint = no_fault
) -> None:
    """Store an event and end its intent.

    If the id is stored already (recovered as partial, or a spool read twice), a
    correction with the difference is stored instead; nothing if there is none.
    """
    key = {"id": event.id}
    # An intent goes in the transaction that stores its event, so where there was one
    # there is no event yet; without one (it was recovered, or is spooled) we look.
    first = connection.execute(SQL["drop_intent"], key).rowcount == 1
    if first or connection.execute(SQL["has_event"], key).fetchone() is None:
        _put_event(connection, event, at)
    else:
        correction = _correction(connection, event)
        if correction is not None:
            _put_event(connection, correction, at)
    # A call that is not streamed has no live figure.
    if event.kind != "llm" or event.call is None or event.call.streamed:
        connection.execute(SQL["drop_live"], key)
    at("settle.intent_dropped")


def restore(connection: sqlite3.Connection, event: Event) -> bool:
    """Store an event of another journal as it was there; False if it is here."""
    if connection.execute(SQL["has_event"], {"id": event.id}).fetchone() is not None:
        return False
    connection.execute(SQL["bump_rev"])
    own = {"installation": event.installation, "seq": event.seq}
    connection.execute(SQL["put_restored"], {**_columns(event), **own})
    return True


def _put_event(connection: sqlite3.Connection, event: Event, at: FaultPoint) -> None:
    at("settle.begun")
    connection.execute(SQL["bump_seq"])
    at("settle.seq_taken")
    connection.execute(SQL["put_event"], _columns(event))
    at("settle.event_written")


def _columns(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "time_us": to_microseconds(event.time),
        "kind": event.kind,
        "run_id": event.where.run_id,
        "notebook": event.where.notebook,
        "confidence": event.confidence,
        "corrects": event.corrects,
        "cost_nusd": known_cost(event.lines),
        "n_unpriced": unpriced_lines(event.lines),
        "lines": codec.lines_to_json(event.lines),
        "body": codec.event_body(event),
    }


def _correction(connection: sqlite3.Connection, event: Event) -> Event | None:
    rows = connection.execute(SQL["lines_of_call"], {"id": event.id}).fetchall()
    stored = [line for (text,) in rows for line in _lines(text)]
    lines = correcting_lines(stored, event.lines)
    if not lines:
        return None
    return Event(
        id=new_id(),
        time=event.time,
        kind="correction",
        where=event.where,
        call=event.call,
        lines=lines,
        confidence=event.confidence,
        duration_seconds=event.duration_seconds,
        note=event.note or "settled after it had been recovered",
        corrects=event.id,
        price_id=event.price_id,
        catalogue_version=event.catalogue_version,
        detail=event.detail,
    )


def partial_event(intent: Intent, live: Live | None, note: str) -> Event:
    """Return what is known of a call whose process died before it settled."""
    lines = live.lines if live else intent.expected
    if not lines:
        lines = (
            Line(
                line_no=1, meter="request", quantity=1, reason=f"usage unknown: {note}"
            ),
        )
    end = live.time if live else intent.time
    return Event(
        id=intent.id,
        time=intent.time,
        kind=intent.kind,
        where=intent.where,
        call=intent.call,
        lines=lines,
        confidence="partial",
        duration_seconds=max(0.0, (end - intent.time).total_seconds()),
        note=note,
    )


def read_pending(
    rows: Iterable[tuple[Any, ...]],
) -> list[tuple[Intent, Live | None, str]]:
    """Return (intent, live, writer) of rows of the `pending` statements."""
    found: list[tuple[Intent, Live | None, str]] = []
    for id_, writer, time_us, worst, body, live_us, lines in rows:
        wire = codec.loads(body)
        wire.update(id=id_, time_us=time_us, worst_nusd=worst)
        live = None
        if live_us is not None:
            live = Live(
                id=id_,
                time=from_microseconds(live_us),
                lines=_lines(lines),
            )
        found.append((codec.intent_from_wire(wire), live, writer))
    return found


def event_from_row(row: tuple[Any, ...]) -> Event:
    """Return the event of a row of the `event_by_id` shape."""
    *known, lines, body = row
    names = ("rev", "id", "installation", "seq", "time_us", "kind", "confidence")
    columns: Mapping[str, Any] = dict(zip((*names, "corrects"), known, strict=True))
    return codec.event_from_parts(columns, codec.loads(body), _lines(lines))


def _lines(text: str) -> tuple[Line, ...]:
    return codec.lines_from_wire(codec.loads_list(text))
