"""The statements of one batch's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cellcost_ledger.book.schema import (
    ROLLUP_DAY_KEYS,
    ROLLUP_KEYS,
    ROLLUP_SUMS,
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


def settle_installation(
    connection: sa.Connection,
    tenant: str,
    name: str,
    *,
    received: int,
    last_contiguous_seq: int,
    forked: bool,
) -> None:
    """Write what the batch changed of the installation."""
    connection.execute(
        sa.update(installation)
        .where(_of(installation, tenant, name))
        .values(
            received=received,
            last_contiguous_seq=last_contiguous_seq,
            forked=int(forked),
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
                _of(table, tenant, name), table.c.event_id.in_(wanted)
            )
        )
        found.update({row.event_id: row.core_hash for row in rows})
    return found


def known_dead_letters(
    connection: sa.Connection, tenant: str, name: str, ids: Iterable[str]
) -> set[str]:
    """Return those of `ids` that were rejected and are still."""
    return set(
        connection.scalars(
            sa.select(dead_letter.c.event_id).where(
                _of(dead_letter, tenant, name), dead_letter.c.event_id.in_(list(ids))
            )
        )
    )


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
                    _of(table, tenant, name), table.c.seq.in_(wanted)
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
    _insert_rows(connection, event, events)
    _insert_rows(connection, event_line, lines)


def put_dead_letters(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Insert what was rejected."""
    _insert_rows(connection, dead_letter, rows)


def drop_dead_letters(
    connection: sa.Connection, tenant: str, name: str, ids: Iterable[str]
) -> None:
    """Delete the dead letters of events that are stored now."""
    connection.execute(
        sa.delete(dead_letter).where(
            _of(dead_letter, tenant, name), dead_letter.c.event_id.in_(list(ids))
        )
    )


def put_conflicts(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Insert second contents; one that is known already is passed over."""
    for row in rows:
        statement: Any = _insert(connection, conflict)
        connection.execute(statement.values(**row).on_conflict_do_nothing())


def add_to_hours(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add deltas, which must be sorted by key, to the hourly sums."""
    _add(connection, rollup_hour, ROLLUP_KEYS, rows)


def add_to_days(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add deltas, which must be sorted by key, to the daily sums."""
    _add(connection, rollup_day, ROLLUP_DAY_KEYS, rows)


def _add(
    connection: sa.Connection,
    table: sa.Table,
    keys: Sequence[str],
    rows: Sequence[Row],
) -> None:
    if not rows:
        return
    names = [*keys, *ROLLUP_SUMS]
    statement: Any = _insert(connection, table)
    if connection.dialect.name == "postgresql":
        statement = statement.from_select(names, _unnest(table, names, rows))
    statement = statement.on_conflict_do_update(
        index_elements=list(keys),
        set_={name: table.c[name] + statement.excluded[name] for name in ROLLUP_SUMS},
    )
    if connection.dialect.name == "postgresql":
        connection.execute(statement)
    else:
        connection.execute(statement, [dict(row) for row in rows])


def _insert_rows(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Row]
) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        # Twice as fast as VALUES, measured on PostgreSQL 15 and 18.
        names = list(rows[0])
        statement = sa.insert(table).from_select(names, _unnest(table, names, rows))
        connection.execute(statement)
    else:
        connection.execute(sa.insert(table), [dict(row) for row in rows])


def _unnest(
    table: sa.Table, names: Sequence[str], rows: Sequence[Row]
) -> sa.Select[Any]:
    arrays = [
        sa.bindparam(
            None,
            [row[name] for row in rows],
            type_=postgresql.ARRAY(table.c[name].type),
        )
        for name in names
    ]
    source = sa.func.unnest(*arrays).table_valued(
        *(sa.column(name, table.c[name].type) for name in names)
    )
    given = source.render_derived(name="given")
    return sa.select(*(given.c[name] for name in names))


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _of(table: sa.Table, tenant: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.tenant == tenant, table.c.installation == name)
