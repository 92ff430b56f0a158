"""The stored events, newest first, within the teams that a key allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from cellcost_ledger.book.dimensions import conditions
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.schema import event, event_line
from cellcost_ledger.clocks import wrong_clock

__all__ = ["Position", "count_events", "events"]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended."""

    time_us: int
    installation: str
    event_id: str


def count_events(
    connection: sa.Connection,
    key: Key,
    *,
    where: Mapping[str, Sequence[str]],
    since_us: int,
    until_us: int,
) -> int:
    """Return how many events of a time there are; `where` holds values of names."""
    taken = conditions(
        connection, key, where=where, since_us=since_us, until_us=until_us
    )
    statement = sa.select(sa.func.count()).select_from(event).where(*taken)
    return int(connection.execute(statement).scalar_one())


def events(
    connection: sa.Connection,
    key: Key,
    *,
    since_us: int,
    until_us: int,
    where: Mapping[str, Sequence[str]],
    after: Position | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a page of events with their lines, the newest first.

    `where` holds the wanted values of columns. `after` is the end of the page before.
    """
    order = (event.c.time_us, event.c.installation, event.c.event_id)
    conditions = [
        *key.rows(event),
        event.c.time_us >= since_us,
        event.c.time_us < until_us,
        *(event.c[name].in_(values) for name, values in where.items()),
    ]
    if after is not None:
        end = (after.time_us, after.installation, after.event_id)
        conditions.append(sa.tuple_(*order) < end)
    rows = connection.execute(
        sa.select(event)
        .where(*conditions)
        .order_by(*(column.desc() for column in order))
        .limit(limit)
    ).all()
    lines = _lines(connection, key.tenant, rows)
    return [_event(row, lines[row.installation, row.event_id]) for row in rows]


def _lines(
    connection: sa.Connection, tenant: str, rows: Sequence[sa.Row[Any]]
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {
        (row.installation, row.event_id): [] for row in rows
    }
    if not found:
        return found
    statement = (
        sa.select(event_line)
        .where(
            event_line.c.tenant == tenant,
            event_line.c.installation.in_({name for name, _ in found}),
            event_line.c.event_id.in_({id_ for _, id_ in found}),
        )
        .order_by(event_line.c.line_no)
    )
    for line in connection.execute(statement):
        of = found.get((line.installation, line.event_id))
        if of is not None:
            of.append(
                {
                    "line_no": line.line_no,
                    "meter": line.meter,
                    "variant": line.variant,
                    "quantity": line.quantity,
                    "list_rate": line.list_rate,
                    "contracted_rate": line.contracted_rate,
                    "cost_nusd": _text(line.cost_nusd),
                    "reason": line.reason,
                }
            )
    return found


def _event(row: sa.Row[Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    body = msgspec.json.decode(row.body)
    body["where"]["tags"] = row.tags
    return {
        **body,
        "id": row.event_id,
        "installation": row.installation,
        "seq": row.seq,
        "time_us": row.time_us,
        "received_us": row.received_us,
        "wrong_clock": wrong_clock(row.time_us, row.received_us),
        "kind": row.kind,
        "confidence": row.confidence,
        "corrects": row.corrects,
        "team": row.team,
        "user": row.user_name,
        "claimed_user": row.claimed_user,
        "provider": row.provider,
        "model": row.model,
        "cost_nusd": _text(row.cost_nusd),
        "n_unpriced": row.n_unpriced,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "lines": lines,
    }


def _text(cost_nusd: int | None) -> str | None:
    return None if cost_nusd is None else str(cost_nusd)
