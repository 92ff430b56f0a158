"""What events can be told apart by: columns, fields of their body, any tag."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.schema import event, event_line

__all__ = ["FIELDS", "GROUPS", "METER", "TAG", "conditions", "dimension"]

GROUPS = {
    "team": "team",
    "function": "function",
    "environment": "environment",
    "provider": "provider",
    "model": "model",
    "user": "user_name",
    "installation": "installation",
}
"""What the sums keep apart, and its column."""

METER = "meter"
TAG = "tag:"
"""What a tag's name begins with: `tag:project`."""

_COLUMNS = {**GROUPS, "kind": "kind", "confidence": "confidence"}
_BODY = {
    "call_site": ("where", "call_site"),
    "operation": ("call", "operation"),
    "run_id": ("where", "run_id"),
    "notebook": ("where", "notebook"),
    "call_file": ("where", "call_file"),
    "origin": ("where", "origin"),
}
FIELDS = ("kind", "confidence", "call_site", "operation", METER)
"""What only the events themselves keep apart, beside their tags."""


def dimension(connection: sa.Connection, name: str) -> sa.ColumnElement[Any]:
    """Return the text of an event that `name` names; "" where it has none."""
    if name in _COLUMNS:
        return event.c[_COLUMNS[name]]
    if name == METER:
        return sa.func.coalesce(event_line.c.meter, "")
    is_sqlite = connection.dialect.name == "sqlite"
    if name in _BODY:
        path = _BODY[name]
        found: sa.ColumnElement[Any]
        if is_sqlite:
            found = sa.func.json_extract(event.c.body, "$." + ".".join(path))
        else:
            body = sa.cast(event.c.body, sa.JSON)
            found = sa.func.json_extract_path_text(body, *path)
    elif is_sqlite:
        # A path cannot name every tag: quotes and backslashes have no escape in one.
        pairs = sa.func.json_each(event.c.tags).table_valued("key", "value")
        found = (
            sa.select(pairs.c.value)
            .where(pairs.c.key == name.removeprefix(TAG))
            .scalar_subquery()
        )
    else:
        tags = sa.type_coerce(event.c.tags, JSONB)
        found = tags[name.removeprefix(TAG)].astext
    return sa.func.coalesce(found, "")


def conditions(
    connection: sa.Connection,
    key: Key,
    *,
    where: Mapping[str, Sequence[str]],
    since_us: int,
    until_us: int,
) -> list[sa.ColumnElement[bool]]:
    """Return what holds of the events that `key` may read, by their names' values."""
    return [
        *key.rows(event),
        event.c.time_us >= since_us,
        event.c.time_us < until_us,
        *(dimension(connection, name).in_(values) for name, values in where.items()),
    ]
