"""The statements of one batch's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cellcost_ledger.book.bulk import add_rows, among, insert_rows
from cellcost_ledger.book.schema import (
    ROLLUP_DAY_KEYS,
    ROLLUP_KEYS,
    conflict,
    dead_letter,
    event,
    event_line,
    installation,
    pruned_event,
    rollup_day,
    rollup_hour,
)

__all__ = [
    "add_to_days",
    "add_to_hours",
    "drop_dead_letters",
    "hold_installation",
    "known_dead_letters",
    "known_events",
    "lock_installation",
    "put_conflicts",
    "put_dead_letters",
    "put_events",
    "seqs_after",
    "seqs_taken",
    "settle_installation",
]

Row = Mapping[str, Any]


def lock_installation(connection: sa.Connection, row: Row) -> sa.Row[Any]:
    """Return the installation's row, made if need be and locked until the commit."""
    statement: Any = _insert(connection, installation)
    statement = statement.values(
        **row, received=0, last_contiguous_seq=0, forked=0, writer=0
    ).on_conflict_do_update(
        index_elements=["tenant", "installation"],
        set_={
            name: statement.excluded[name]
            for name in ("team", "client", "last_seen_us")
        },
    )
    columns = installation.c
    return connection.execute(
        statement.returning(
            columns.received,
            columns.last_contiguous_seq,
            columns.forked,
            columns.writer,
        )
    ).one()


def hold_installation(connection: sa.Connection, tenant: str, name: str) -> sa.Row[Any]:
    """Return the row of an installation that is there, locked until the commit."""
    columns = installation.c
    statement: Any = sa.update(installation).where(_of(installation, tenant, name))
    same = statement.values(received=columns.received)
    return connection.execute(
        same.returning(
            columns.received,
            columns.last_contiguous_seq,
            columns.forked,
            columns.writer,
        )
    ).one()


def settle_installation(
    connection: sa.Connection,
    tenant: str,
    name: str,
    *,
    received: int,
    last_contiguous_seq: int,
    forked: bool,
    clock_off: int,
) -> None:
    """Write what the batch changed of the installation."""
    connection.execute(
        sa.update(installation)
        .where(_of(installation, tenant, name))
        .values(
            received=received,
            last_contiguous_seq=last_contiguous_seq,
            forked=int(forked),
            clock_off=installation.c.clock_off + clock_off,
        )
    )


def known_events(
    connection: sa.Connection,
    tenant: str,
    name: str,
    ids: Iterable[str],
    *,
    pruned: bool,
) -> dict[str, str]:
    """Return the core hash of each of `ids` that is stored, or was and is removed."""
    found: dict[str, str] = {}
    wanted = list(ids)
    for table in (event, pruned_event) if pruned else (event,):
        rows = connection.execute(
            sa.select(table.c.event_id, table.c.core_hash).where(
                _of(table, tenant, name), among(connection, table.c.event_id, wanted)
            )
        )
        found.update({row.event_id: row.core_hash for row in rows})
    return found


def known_dead_letters(
    connection: sa.Connection, tenant: str, name: str, ids: Iterable[str]
) -> dict[str, int | None]:
    """Return the seq of each of `ids` that was rejected and is still."""
    rows = connection.execute(
        sa.select(dead_letter.c.event_id, dead_letter.c.seq).where(
            _of(dead_letter, tenant, name),
            among(connection, dead_letter.c.event_id, ids),
        )
    )
    return {row.event_id: row.seq for row in rows}


def seqs_taken(
    connection: sa.Connection,
    tenant: str,
    name: str,
    seqs: Iterable[int],
    *,
    pruned: bool,
) -> set[int]:
    """Return those of `seqs` that some event or dead letter has."""
    wanted = list(seqs)
    taken: set[int] = set()
    for table in _with_seqs(pruned):
        taken.update(
            connection.scalars(
                sa.select(table.c.seq).where(
                    _of(table, tenant, name), among(connection, table.c.seq, wanted)
                )
            )
        )
    return taken


def seqs_after(
    connection: sa.Connection,
    tenant: str,
    name: str,
    seq: int,
    limit: int,
    *,
    pruned: bool,
) -> list[int]:
    """Return the next seqs that some event or dead letter has, in order."""
    both = sa.union(
        *(
            sa.select(table.c.seq).where(_of(table, tenant, name), table.c.seq > seq)
            for table in _with_seqs(pruned)
        )
    ).subquery()
    return list(
        connection.scalars(sa.select(both.c.seq).order_by(both.c.seq).limit(limit))
    )


def _with_seqs(pruned: bool) -> tuple[sa.Table, ...]:
    return (event, dead_letter, pruned_event) if pruned else (event, dead_letter)


def put_events(
    connection: sa.Connection, events: Sequence[Row], lines: Sequence[Row]
) -> None:
    """Insert new events and their lines; an id that is stored already is an error."""
    insert_rows(connection, event, events)
    insert_rows(connection, event_line, lines)


def put_dead_letters(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Insert what was rejected."""
    insert_rows(connection, dead_letter, rows)


def drop_dead_letters(
    connection: sa.Connection, tenant: str, name: str, ids: Iterable[str]
) -> None:
    """Delete the dead letters of events that are stored now."""
    connection.execute(
        sa.delete(dead_letter).where(
            _of(dead_letter, tenant, name),
            among(connection, dead_letter.c.event_id, ids),
        )
    )


def put_conflicts(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Insert second contents; one that is known already is passed over."""
    for row in rows:
        statement: Any = _insert(connection, conflict)
        connection.execute(statement.values(**row).on_conflict_do_nothing())


def add_to_hours(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add deltas, which must be sorted by key, to the hourly sums."""
    add_rows(connection, rollup_hour, rows, keys=ROLLUP_KEYS)


def add_to_days(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add deltas, which must be sorted by key, to the daily sums."""
    add_rows(connection, rollup_day, rows, keys=ROLLUP_DAY_KEYS)


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _of(table: sa.Table, tenant: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.tenant == tenant, table.c.installation == name)
