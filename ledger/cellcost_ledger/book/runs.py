"""What each run of a cell or a script cost, from its events."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cellcost_ledger.book.dimensions import conditions, dimension
from cellcost_ledger.book.events import Position
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.schema import event
from cellcost_ledger.book.spend import SUMS, cost_of, event_sums

__all__ = ["list_runs"]

_ADDED = ("n_unpriced", "input_tokens", "output_tokens")


def list_runs(
    connection: sa.Connection,
    key: Key,
    *,
    where: Mapping[str, Sequence[str]],
    since_us: int,
    until_us: int,
    after: Position | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a page of runs, the last active first; events of no run are left out.

    `where` holds the wanted values of names. `after` is the end of the page before.
    """
    runs = _runs(connection, key, where, since_us, until_us)
    order = (runs.c.last_us, runs.c.installation, runs.c.run_id)
    statement = (
        sa.select(runs).order_by(*(column.desc() for column in order)).limit(limit)
    )
    if after is not None:
        end = (after.time_us, after.installation, after.event_id)
        statement = statement.where(sa.tuple_(*order) < end)
    return [_told(row) for row in connection.execute(statement).mappings()]


def _runs(
    connection: sa.Connection,
    key: Key,
    where: Mapping[str, Sequence[str]],
    since_us: int,
    until_us: int,
) -> sa.Subquery:
    names = ("run_id", "origin", "notebook", "call_file")
    each = (
        sa.select(
            *(dimension(connection, name).label(name) for name in names),
            *(event.c[n] for n in ("installation", "user_name", "time_us", "kind")),
            event.c.cost_nusd,
            *(event.c[name] for name in _ADDED),
        )
        .where(
            *conditions(
                connection, key, where=where, since_us=since_us, until_us=until_us
            )
        )
        .subquery()
    )
    texts = ("origin", "notebook", "call_file", "user_name")
    return (
        sa.select(
            each.c.run_id,
            each.c.installation,
            *(sa.func.max(each.c[name]).label(name) for name in texts),
            sa.func.min(each.c.time_us).label("first_us"),
            sa.func.max(each.c.time_us).label("last_us"),
            *event_sums(each),
        )
        .where(each.c.run_id != "")
        .group_by(each.c.run_id, each.c.installation)
        .subquery()
    )


def _told(row: sa.RowMapping) -> dict[str, Any]:
    notebook: str = row["notebook"]
    return {
        "run_id": row["run_id"],
        "installation": row["installation"],
        "origin": row["origin"],
        "notebook": notebook,
        "script": "" if notebook else row["call_file"],
        "user": row["user_name"],
        "first_us": row["first_us"],
        "last_us": row["last_us"],
        **{name: int(row[name]) for name in SUMS},
        "cost_nusd": cost_of(row),
    }
