"""The limits, what was spent in their periods, and what they fired."""

import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from cellcost.records import GPU_BUSY, GPU_HELD
from cellcost_ledger.accounts import at_the_command_line
from cellcost_ledger.book.audit import ALL_OF_IT, Act, ActName, Actor, record
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.schema import (
    alarm,
    alarm_fired,
    event,
    event_line,
    rollup_day,
    rollup_hour,
)
from cellcost_ledger.book.spend import cost_of, cost_sums

__all__ = [
    "PENDING",
    "Alarm",
    "Fired",
    "PeriodSum",
    "add_alarm",
    "claim",
    "drop_fired",
    "due",
    "find_alarm",
    "fire",
    "fired_periods",
    "gpu_sums",
    "has_alarms",
    "list_alarms",
    "note",
    "period_sums",
    "remove_alarm",
]

PENDING = "pending"
_LIMITS = ("limit_nusd", "limit_tokens", "limit_gpu_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A limit of one company, and whom to tell when it is reached."""

    tenant: str
    team: str | None
    function: str | None
    model: str | None
    per: str
    """`hour` or `day` (UTC)."""
    limit_nusd: int | None
    limit_tokens: int | None
    limit_gpu_ms: int | None = None
    webhook: str = field(repr=False)
    secret: str = field(repr=False)
    created_us: int
    alarm_id: str = field(default_factory=lambda: secrets.token_hex(6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """One alarm of one period, and how telling it stands."""

    alarm_id: str
    period_us: int
    sum_nusd: int | None
    tokens: int
    n_unpriced: int
    gpu_ms: int | None = None
    """None where the alarm does not look at device time."""
    fired_us: int
    next_try_us: int
    tries: int = 0
    state: str = PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSum:
    """What one team, function and model used in one period."""

    period: int
    """Hours or days since 1970."""
    team: str
    function: str
    model: str
    n_priced: int = 0
    n_unpriced: int = 0
    cost_nusd: int = 0
    tokens: int = 0
    gpu_ms: int = 0


def add_alarm(database: Database, new: Alarm, *, by: Actor | None = None) -> None:
    """Store a new alarm."""

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.insert(alarm).values(asdict(new)))
        _record(connection, by, "alarm.add", new)

    database.write(work)


def list_alarms(database: Database) -> list[Alarm]:
    """Return every alarm, oldest first."""
    statement = sa.select(alarm).order_by(alarm.c.created_us, alarm.c.alarm_id)
    return database.read(
        lambda c: [_alarm(row) for row in c.execute(statement).mappings()]
    )


def has_alarms(database: Database) -> bool:
    """Say whether there is any alarm."""
    statement = sa.select(alarm.c.alarm_id).limit(1)
    return database.read(lambda c: c.execute(statement).first()) is not None


def find_alarm(database: Database, alarm_id: str) -> Alarm | None:
    """Return one alarm, or None."""
    statement = sa.select(alarm).where(alarm.c.alarm_id == alarm_id)
    row = database.read(lambda c: c.execute(statement).mappings().one_or_none())
    return None if row is None else _alarm(row)


def remove_alarm(database: Database, alarm_id: str, *, by: Actor | None = None) -> bool:
    """Remove an alarm and what it fired; False if there is no such alarm."""
    ours = alarm.c.alarm_id == alarm_id

    def work(connection: sa.Connection) -> bool:
        wanted = sa.select(alarm).where(ours)
        row = connection.execute(wanted).mappings().one_or_none()
        fired = sa.delete(alarm_fired).where(alarm_fired.c.alarm_id == alarm_id)
        found = connection.execute(sa.delete(alarm).where(ours)).rowcount == 1
        connection.execute(fired)
        if row is not None and found:
            _record(connection, by, "alarm.remove", _alarm(row))
        return found

    return database.write(work)


def period_sums(
    database: Database, tenant: str, *, per: str, since: int
) -> list[PeriodSum]:
    """Return what a company used in each hour (or day) from `since` on."""
    table = rollup_hour if per == "hour" else rollup_day
    period = table.c.hour if per == "hour" else table.c.day
    groups = (period.label("period"), table.c.team, table.c.function, table.c.model)
    statement = (
        sa.select(
            *groups,
            sa.func.sum(table.c.n_priced).label("n_priced"),
            sa.func.sum(table.c.n_unpriced).label("n_unpriced"),
            sa.func.sum(table.c.input_tokens).label("input_tokens"),
            sa.func.sum(table.c.output_tokens).label("output_tokens"),
            *cost_sums(table.c.cost_nusd),
        )
        .where(table.c.tenant == tenant, period >= since)
        .group_by(period, table.c.team, table.c.function, table.c.model)
    )

    def work(connection: sa.Connection) -> list[PeriodSum]:
        return [
            PeriodSum(
                period=int(row["period"]),
                team=row["team"],
                function=row["function"],
                model=row["model"],
                n_priced=int(row["n_priced"]),
                n_unpriced=int(row["n_unpriced"]),
                cost_nusd=cost_of(row),
                tokens=int(row["input_tokens"]) + int(row["output_tokens"]),
            )
            for row in connection.execute(statement).mappings()
        ]

    return database.read(work)


def gpu_sums(
    database: Database, tenant: str, *, span_us: int, since: int
) -> list[PeriodSum]:
    """Return a company's device time in each period of `span_us` from `since` on.

    It is read from the events: they are few, and no rollup has it.
    """
    # In words, not as parameters: so the partial index is known to hold them.
    kinds: list[sa.ColumnElement[str]] = [
        sa.literal_column(f"'{kind}'") for kind in ("gpu", "correction")
    ]
    meters = (GPU_BUSY, GPU_HELD)
    period = (event.c.time_us // sa.literal_column(str(span_us))).label("period")
    groups = (period, event.c.team, event.c.function, event.c.model)
    statement = (
        sa.select(*groups, sa.func.sum(event_line.c.quantity).label("gpu_ms"))
        .join(
            event_line,
            sa.and_(
                event_line.c.tenant == event.c.tenant,
                event_line.c.installation == event.c.installation,
                event_line.c.event_id == event.c.event_id,
            ),
        )
        .where(
            event.c.tenant == tenant,
            event.c.time_us >= since * span_us,
            event.c.kind.in_(kinds),
            event_line.c.meter.in_(meters),
        )
        .group_by(*groups)
    )
    return database.read(
        lambda c: [
            PeriodSum(
                period=int(row["period"]),
                team=row["team"],
                function=row["function"],
                model=row["model"],
                gpu_ms=int(row["gpu_ms"]),
            )
            for row in c.execute(statement).mappings()
        ]
    )


def drop_fired(database: Database, *, before_us: int) -> int:
    """Remove what fired before a time and is not to be sent any more; say how many."""
    old = sa.delete(alarm_fired).where(
        alarm_fired.c.fired_us < before_us,
        alarm_fired.c.period_us < before_us,
        alarm_fired.c.state != PENDING,
    )
    return database.write(lambda c: c.execute(old).rowcount)


def fired_periods(
    database: Database, alarm_ids: Iterable[str], *, since_us: int
) -> set[tuple[str, int]]:
    """Return which alarms have fired for which periods from `since_us` on."""
    statement = sa.select(alarm_fired.c.alarm_id, alarm_fired.c.period_us).where(
        alarm_fired.c.alarm_id.in_(list(alarm_ids)), alarm_fired.c.period_us >= since_us
    )
    return database.read(
        lambda c: {(row.alarm_id, row.period_us) for row in c.execute(statement)}
    )


def fire(database: Database, new: Fired) -> bool:
    """Store that an alarm fired; False if it has for that period already."""
    row = asdict(new)
    row["sum_nusd"] = None if new.sum_nusd is None else str(new.sum_nusd)
    row["tokens"] = str(new.tokens)
    row["gpu_ms"] = None if new.gpu_ms is None else str(new.gpu_ms)
    try:
        database.write(lambda c: c.execute(sa.insert(alarm_fired).values(row)))
    except IntegrityError:
        return False
    return True


def due(database: Database, *, now_us: int, limit: int) -> list[tuple[Alarm, Fired]]:
    """Return what is to be sent now, the longest due first."""
    statement = (
        sa.select(alarm_fired)
        .where(alarm_fired.c.state == PENDING, alarm_fired.c.next_try_us <= now_us)
        .order_by(alarm_fired.c.next_try_us, alarm_fired.c.alarm_id)
        .limit(limit)
    )

    def work(connection: sa.Connection) -> list[tuple[Alarm, Fired]]:
        fired = [_fired(row) for row in connection.execute(statement).mappings()]
        ids = {one.alarm_id for one in fired}
        wanted = sa.select(alarm).where(alarm.c.alarm_id.in_(ids))
        rows = connection.execute(wanted).mappings()
        known = {row["alarm_id"]: _alarm(row) for row in rows}
        return [(known[one.alarm_id], one) for one in fired if one.alarm_id in known]

    return database.read(work)


def claim(database: Database, fired: Fired, *, until_us: int) -> bool:
    """Say whether this server may send now; nobody else may before `until_us`."""
    return _update(
        database, fired, fired.tries, tries=fired.tries + 1, next_try_us=until_us
    )


def note(database: Database, fired: Fired, *, state: str, next_try_us: int) -> bool:
    """Note what became of a claimed try; False if it is another's by now, or gone."""
    return _update(
        database, fired, fired.tries + 1, state=state, next_try_us=next_try_us
    )


def _update(database: Database, fired: Fired, seen: int, **values: Any) -> bool:
    statement = (
        sa.update(alarm_fired)
        .where(
            alarm_fired.c.alarm_id == fired.alarm_id,
            alarm_fired.c.period_us == fired.period_us,
            alarm_fired.c.state == PENDING,
            alarm_fired.c.tries == seen,
        )
        .values(**values)
    )
    return database.write(lambda c: c.execute(statement).rowcount) == 1


def _record(
    connection: sa.Connection, by: Actor | None, name: ActName, about: Alarm
) -> None:
    kept = ("team", "function", "model", "per", *_LIMITS)
    detail: dict[str, Any] = {part: getattr(about, part) for part in kept}
    # The rest of its address may be a secret.
    detail["webhook_host"] = urlsplit(about.webhook).hostname or ""
    act = Act(
        name=name,
        tenant=about.tenant,
        team=about.team or ALL_OF_IT,
        subject=about.alarm_id,
        detail=detail,
    )
    record(connection, by or at_the_command_line(), act)


def _alarm(row: sa.RowMapping) -> Alarm:
    return Alarm(**{str(name): value for name, value in row.items()})


def _fired(row: sa.RowMapping) -> Fired:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    known = values["sum_nusd"]
    values["sum_nusd"] = None if known is None else int(known)
    values["tokens"] = int(values["tokens"])
    gpu_ms = values["gpu_ms"]
    values["gpu_ms"] = None if gpu_ms is None else int(gpu_ms)
    return Fired(**values)
