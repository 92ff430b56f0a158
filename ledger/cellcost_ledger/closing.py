"""Closes periods and removes what is closed, one installation's transaction at a time.

Nothing is sealed or removed of an installation for which the law does not hold.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cellcost_ledger.accounts import at_the_command_line
from cellcost_ledger.book import Connection, proof, seals
from cellcost_ledger.book.audit import Act, Actor, record
from cellcost_ledger.book.database import Database
from cellcost_ledger.rollups import DAY_US, HOURS_A_DAY
from cellcost_ledger.seals import Contents, make_seal
from cellcost_ledger.verify import prove

__all__ = ["Closed", "Pruned", "close", "prune"]


@dataclass(slots=True, kw_only=True)
class Closed:
    """The seals that were made for an installation, or what is broken there."""

    tenant: str
    installation: str
    seals: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    broken: list[str] = field(default_factory=list[str])


@dataclass(slots=True, kw_only=True)
class Pruned:
    """What was, or would be, removed of an installation; or what is broken there."""

    tenant: str
    installation: str
    events: int = 0
    lines: int = 0
    unsealed: int = 0
    """Events of that time that stay because they have no seal."""
    broken: list[str] = field(default_factory=list[str])


def close(
    database: Database,
    *,
    until_day: int,
    now_us: int,
    tenant: str | None = None,
    by: Actor | None = None,
) -> list[Closed]:
    """Seal, of every installation, all events before a day (UTC, since 1970).

    What came for a day after it was closed gets a late seal of its own.
    """
    actor = by or at_the_command_line()

    def one(connection: Connection, *, of: str, name: str) -> Closed:
        found = Closed(tenant=of, installation=name)
        seals.hold_installation(connection, of, name)
        found.broken = prove(connection, tenant=of, name=name).broken
        if not found.broken:
            found.seals = _seal(connection, of, name, until_day, now_us)
        if found.seals:
            detail = {
                "seals": len(found.seals),
                "events": sum(seal["events"] for seal in found.seals),
                "until_us": until_day * DAY_US,
                "digest": found.seals[-1]["digest"],
            }
            act = Act(name="close", tenant=of, subject=name, detail=detail)
            record(connection, actor, act)
        return found

    return [
        database.write(partial(one, of=of, name=name))
        for of, name in _names(database, tenant)
    ]


def prune(
    database: Database,
    *,
    before_day: int,
    now_us: int,
    tenant: str | None = None,
    dry_run: bool = False,
    by: Actor | None = None,
) -> list[Pruned]:
    """Remove, of every installation, the rows of sealed events before a day.

    Rollups, seals, and the ids and hashes of the events stay.
    """
    actor = by or at_the_command_line()

    def one(connection: Connection, *, of: str, name: str) -> Pruned:
        found = Pruned(tenant=of, installation=name)
        if not dry_run:
            seals.hold_installation(connection, of, name)
        before_us = before_day * DAY_US
        counts = seals.prunable(connection, of, name, before_us)
        found.events, found.lines, found.unsealed = counts
        if dry_run or not found.events:
            return found
        found.broken = prove(connection, tenant=of, name=name).broken
        if found.broken:
            found.events = found.lines = 0
            return found
        seals.remove_events(connection, of, name, before_us)
        seals.mark_pruned(connection, of, name, before_day=before_day, now_us=now_us)
        detail = {
            "events": found.events,
            "lines": found.lines,
            "before_us": before_us,
        }
        act = Act(name="prune", tenant=of, subject=name, detail=detail)
        record(connection, actor, act)
        return found

    run: Callable[[Callable[[Connection], Pruned]], Pruned]
    run = database.read if dry_run else database.write
    return [
        run(partial(one, of=of, name=name)) for of, name in _names(database, tenant)
    ]


def _names(database: Database, tenant: str | None) -> list[tuple[str, str]]:
    found = database.read(proof.installations)
    return [(of, name) for of, name in found if tenant in (None, of)]


def _seal(
    connection: Connection, tenant: str, name: str, until_day: int, now_us: int
) -> list[dict[str, Any]]:
    days: dict[int, Contents] = {}
    for event in seals.open_events(connection, tenant, name, until_day * DAY_US):
        day = event["time_us"] // DAY_US
        days.setdefault(day, Contents()).add(event, day)
    before = seals.seals_of(connection, tenant, name)
    closed = {seal["day"] for seal in before}
    hours = proof.hours(connection, tenant, name) if days else []
    last = before[-1] if before else None
    made: list[dict[str, Any]] = []
    for day, contents in sorted(days.items()):
        last = make_seal(
            last,
            contents,
            [row for row in hours if row["hour"] // HOURS_A_DAY == day],
            tenant=tenant,
            installation=name,
            day=day,
            late=int(day in closed),
            closed_us=now_us,
        )
        ids = sorted(member.event_id for member in contents.members)
        seals.put_seal(connection, last, ids)
        made.append(last)
    return made
