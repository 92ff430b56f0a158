"""What the money bought: outcomes as users' code said them, and what each cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, InvalidOperation
from math import fsum, isfinite
from typing import Any

import msgspec
import sqlalchemy as sa

from cellcost_ledger.book.dimensions import conditions, dimension
from cellcost_ledger.book.events import Position
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.schema import event

__all__ = ["Bought", "TooManyOutcomes", "bought", "list_outcomes"]

MOST_OUTCOMES = 500_000
"""Read for one answer."""
_MOST_COUNT = 10**15
_MOST_DIGITS = 40
# Wide enough that no sum of such values is rounded.
_EXACT = Context(prec=200)


class TooManyOutcomes(Exception):
    """More outcomes than one answer may read."""


@dataclass(slots=True)
class Bought:
    """What some outcomes of one name add up to."""

    events: int = 0
    priced: int = 0
    """Events with a known cost: of an outcome alone it is 0."""
    count: int = 0
    worth: Decimal | None = None
    """Σ count x value in USD; None where no value was said."""
    scores: list[float] = field(default_factory=list[float])

    @property
    def quality(self) -> float | None:
        """The mean of the scores that were given."""
        return fsum(self.scores) / len(self.scores) if self.scores else None


def list_outcomes(
    connection: sa.Connection,
    key: Key,
    *,
    where: Mapping[str, Sequence[str]],
    since_us: int,
    until_us: int,
    after: Position | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a page of outcomes, the newest first.

    `where` holds the wanted values of names. `after` is the end of the page before.
    """
    order = (event.c.time_us, event.c.installation, event.c.event_id)
    taken = conditions(
        connection, key, where=where, since_us=since_us, until_us=until_us
    )
    if after is not None:
        end = (after.time_us, after.installation, after.event_id)
        taken.append(sa.tuple_(*order) < end)
    statement = (
        sa.select(event)
        .where(event.c.kind == "outcome", *taken)
        .order_by(*(column.desc() for column in order))
        .limit(limit)
    )
    return [_told(row) for row in connection.execute(statement)]


def bought(
    connection: sa.Connection,
    key: Key,
    *,
    groups: Sequence[str],
    where: Mapping[str, Sequence[str]],
    since_us: int,
    until_us: int,
) -> dict[tuple[str, ...], dict[str, Bought]]:
    """Return what was bought, by the values of `groups` and the outcome's name.

    Raises TooManyOutcomes.
    """
    columns = [
        dimension(connection, name).label(f"group_{place}")
        for place, name in enumerate(groups)
    ]
    taken = conditions(
        connection, key, where=where, since_us=since_us, until_us=until_us
    )
    statement: sa.Select[Any] = (
        sa.select(event.c.body, event.c.cost_nusd, *columns)
        .where(event.c.kind == "outcome", *taken)
        .limit(MOST_OUTCOMES + 1)
    )
    found: dict[tuple[str, ...], dict[str, Bought]] = {}
    rows: Iterable[sa.Row[Any]] = connection.execute(statement)
    for read, row in enumerate(rows):
        if read == MOST_OUTCOMES:
            raise TooManyOutcomes
        said = _said(row.body)
        values = tuple(map(str, row[2:]))
        named = found.setdefault(values, {})
        one = named.setdefault(said["name"], Bought())
        one.events += 1
        one.priced += row.cost_nusd is not None
        _add(one, said)
    return found


def _add(to: Bought, said: Mapping[str, Any]) -> None:
    to.count += said["count"]
    if said["quality"] is not None:
        to.scores.append(said["quality"])
    if said["value"] is not None:
        worth = _EXACT.multiply(Decimal(said["value"]), said["count"])
        to.worth = _EXACT.add(to.worth or Decimal(), worth)


def _told(row: sa.Row[Any]) -> dict[str, Any]:
    where = msgspec.json.decode(row.body)["where"]
    return {
        "id": row.event_id,
        "installation": row.installation,
        "time_us": row.time_us,
        "team": row.team,
        "function": row.function,
        "environment": row.environment,
        "user": row.user_name,
        "run_id": where.get("run_id", ""),
        **_said(row.body),
        "tags": row.tags,
    }


def _said(body: str) -> dict[str, Any]:
    """Return an outcome's name, count, quality and value; the sender's may be any."""
    detail: dict[str, Any] = msgspec.json.decode(body).get("detail", {})
    name, count = detail.get("name"), detail.get("count", 1)
    return {
        "name": name if isinstance(name, str) else "",
        "count": count if _is_count(count) else 0,
        "quality": _score(detail.get("quality")),
        "value": _amount(detail.get("value")),
    }


def _is_count(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return abs(value) <= _MOST_COUNT


def _score(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # An integer may be beyond every float.
    return float(value) if abs(value) < 10**300 and isfinite(value) else None


def _amount(value: object) -> str | None:
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = Decimal(text) if len(text) <= _MOST_DIGITS else None
    except InvalidOperation:
        return None
    # 1e999999 is short, and written out a megabyte.
    if found is None or not found.is_finite() or abs(found.adjusted()) > _MOST_DIGITS:
        return None
    return text
