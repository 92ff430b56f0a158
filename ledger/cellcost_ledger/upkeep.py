"""What the actions that close periods and remove rows do."""

import argparse
import json
from datetime import datetime
from typing import Any

from cellcost.cli.output import Column, print_line, table
from cellcost.clock import from_microseconds, to_microseconds, utc_now
from cellcost.errors import ConfigError
from cellcost.money import format_usd
from cellcost_ledger.closing import Closed, Pruned, close, prune
from cellcost_ledger.opening import existing
from cellcost_ledger.rollups import DAY_US

__all__ = ["close_action", "prune_action"]


def close_action(arguments: argparse.Namespace) -> int:
    """Seal what is before a day; 1 if an installation is broken and stays open."""
    now_us = to_microseconds(utc_now())
    until = _day_number(arguments.until)
    if until > now_us // DAY_US:
        raise ConfigError(f"{day_text(until - 1)} is not over (UTC)")
    database = existing(arguments.database)
    found = close(database, until_day=until, now_us=now_us, tenant=arguments.tenant)
    database.close()
    if arguments.json:
        print_line(json.dumps([_closed_json(one) for one in found], indent=2))
    else:
        _print_closed(found)
    return 1 if any(one.broken for one in found) else 0


def prune_action(arguments: argparse.Namespace) -> int:
    """Remove sealed rows before a day; 1 if an installation is broken and keeps its."""
    database = existing(arguments.database)
    found = prune(
        database,
        before_day=_day_number(arguments.before),
        now_us=to_microseconds(utc_now()),
        tenant=arguments.tenant,
        dry_run=arguments.dry_run,
    )
    database.close()
    if arguments.json:
        print_line(
            json.dumps(
                [
                    {
                        **_where(one),
                        "removed": not arguments.dry_run and not one.broken,
                        "events": one.events,
                        "lines": one.lines,
                        "unsealed": one.unsealed,
                        "broken": one.broken,
                    }
                    for one in found
                ],
                indent=2,
            )
        )
    else:
        _print_pruned(found, dry_run=arguments.dry_run)
    return 1 if any(one.broken for one in found) else 0


def day_text(day: int) -> str:
    """Return a day as 2026-11-30."""
    return from_microseconds(day * DAY_US).date().isoformat()


def _day_number(moment: datetime) -> int:
    return to_microseconds(moment) // DAY_US


def _where(one: Closed | Pruned) -> dict[str, Any]:
    return {"tenant": one.tenant, "installation": one.installation}


def _closed_json(one: Closed) -> dict[str, Any]:
    seals = [
        {
            **seal,
            "day": day_text(seal["day"]),
            "late": bool(seal["late"]),
            "cost_nusd": _cost(seal),
        }
        for seal in one.seals
    ]
    return {**_where(one), "seals": seals, "broken": one.broken}


def _cost(seal: dict[str, Any]) -> str | None:
    return str(seal["cost_nusd"]) if seal["n_priced"] else None


def _print_closed(found: list[Closed]) -> None:
    columns = [Column("installation"), Column("day")]
    columns += [Column(n, "right") for n in ("seal", "events", "n_unpriced", "nusd")]
    columns += [Column(""), Column("digest")]
    rows = [
        [
            seal["installation"],
            day_text(seal["day"]),
            str(seal["number"]),
            str(seal["events"]),
            str(seal["n_unpriced"]),
            _cost(seal) or "unknown",
            "late" if seal["late"] else "",
            seal["digest"],
        ]
        for one in found
        for seal in one.seals
    ]
    if rows:
        for line in table(columns, rows):
            print_line(line)
    _print_broken(found, "nothing of it is closed")
    made = [seal for one in found for seal in one.seals]
    spent = format_usd(sum(seal["cost_nusd"] for seal in made))
    print_line(f"{len(made)} seals, {sum(s['events'] for s in made)} events, {spent}")


def _print_pruned(found: list[Pruned], *, dry_run: bool) -> None:
    _print_broken(found, "nothing of it is removed")
    unsealed = sum(one.unsealed for one in found)
    if unsealed:
        print_line(f"{unsealed} events stay: they have no seal; `close` makes one")
    would = "would be removed" if dry_run else "are removed"
    events, lines = sum(one.events for one in found), sum(one.lines for one in found)
    print_line(f"{events} events and their {lines} lines {would}")


def _print_broken(found: list[Closed] | list[Pruned], told: str) -> None:
    for one in found:
        for what in one.broken:
            print_line(f"{one.installation}: BROKEN, {told}: {what}")
