"""The statements of one batch's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cellcost_ledger.book.bulk import (
    add_rows,
    among,
    among_later,
    carried,
    insert_rows,
    insert_values,
)
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
    given = {**row, "received": 0, "last_contiguous_seq": 0, "forked": 0, "writer": 0}
    return connection.execute(_lock(connection.dialect.name), given).one()


@cache
def _lock(dialect: str) -> Any:
    statement: Any = _insert(dialect, installation)
    columns = installation.c
    return statement.on_conflict_do_update(
        index_elements=["tenant", "installation"],
        set_={
            name: statement.excluded[name]
            for name in ("team", "client", "last_seen_us")
        },
    ).returning(
        columns.received,
        columns.last_contiguous_seq,
        columns.forked,
        columns.writer,
    )


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
        _settle(),
        {
            "of_tenant": tenant,
            "of_name": name,
            "now_received": received,
            "now_contiguous": last_contiguous_seq,
            "now_forked": int(forked),
            "more_off": clock_off,
        },
    )


@cache
def _settle() -> sa.Update:
    columns = installation.c
    return (
        sa.update(installation)
        .where(_named(installation))
        .values(
            received=sa.bindparam("now_received"),
            last_contiguous_seq=sa.bindparam("now_contiguous"),
            forked=sa.bindparam("now_forked"),
            clock_off=columns.clock_off + sa.bindparam("more_off"),
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
    dialect = connection.dialect.name
    given = {"of_tenant": tenant, "of_name": name, "wanted": carried(dialect, ids)}
    for table in (event, pruned_event) if pruned else (event,):
        statement = _chosen(dialect, table, "event_id", "core_hash")
        rows = connection.execute(statement, given)
        found.update({row.event_id: row.core_hash for row in rows})
    return found


def known_dead_letters(
    connection: sa.Connection, tenant: str, name: str, ids: Iterable[str]
) -> dict[str, int | None]:
    """Return the seq of each of `ids` that was rejected and is still."""
    dialect = connection.dialect.name
    given = {"of_tenant": tenant, "of_name": name, "wanted": carried(dialect, ids)}
    statement = _chosen(dialect, dead_letter, "event_id", "seq")
    rows = connection.execute(statement, given)
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
    taken: set[int] = set()
    dialect = connection.dialect.name
    given = {"of_tenant": tenant, "of_name": name, "wanted": carried(dialect, seqs)}
    for table in _with_seqs(pruned):
        taken.update(connection.scalars(_chosen(dialect, table, "seq"), given))
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
    given = {"of_tenant": tenant, "of_name": name, "seq": seq, "most": limit}
    return list(connection.scalars(_after(pruned), given))


@cache
def _after(pruned: bool) -> sa.Select[Any]:
    both = sa.union(
        *(
            sa.select(table.c.seq).where(
                _named(table), table.c.seq > sa.bindparam("seq", type_=sa.BigInteger)
            )
            for table in _with_seqs(pruned)
        )
    ).subquery()
    most = sa.bindparam("most", type_=sa.BigInteger)
    return sa.select(both.c.seq).order_by(both.c.seq).limit(most)


@cache
def _chosen(dialect: str, table: sa.Table, column: str, *more: str) -> sa.Select[Any]:
    """Return, of an installation, the rows whose `column` is one of `wanted`.

    Made once: SQLAlchemy takes longer to make it than the database to answer it.
    """
    return sa.select(*(table.c[name] for name in (column, *more))).where(
        _named(table), among_later(dialect, table.c[column], "wanted")
    )


def _named(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.tenant == sa.bindparam("of_tenant", type_=sa.Text),
        table.c.installation == sa.bindparam("of_name", type_=sa.Text),
    )


def _with_seqs(pruned: bool) -> tuple[sa.Table, ...]:
    return (event, dead_letter, pruned_event) if pruned else (event, dead_letter)


def put_events(
    connection: sa.Connection,
    events: Sequence[Row],
    lines: Sequence[tuple[Any, ...]],
    *,
    line_names: tuple[str, ...],
) -> None:
    """Insert new events and their lines; an id that is stored already is an error.

    A line is tenant, installation and event id, then what `line_names` says.
    """
    insert_rows(connection, event, events)
    names = ("tenant", "installation", "event_id", *line_names)
    insert_values(connection, event_line, names, lines)


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
        statement: Any = _insert(connection.dialect.name, conflict)
        connection.execute(statement.values(**row).on_conflict_do_nothing())


def add_to_hours(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add deltas, which must be sorted by key, to the hourly sums."""
    add_rows(connection, rollup_hour, rows, keys=ROLLUP_KEYS)


def add_to_days(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add deltas, which must be sorted by key, to the daily sums."""
    add_rows(connection, rollup_day, rows, keys=ROLLUP_DAY_KEYS)


def _insert(dialect: str, table: sa.Table) -> Any:
    if dialect == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _of(table: sa.Table, tenant: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.tenant == tenant, table.c.installation == name)
