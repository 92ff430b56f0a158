"""What `cellcost ledger audit` prints, and the chains that `verify` proves."""

import argparse
import json
from typing import Any

from cellcost.cli.output import Column, print_line, table
from cellcost.clock import from_microseconds, to_microseconds
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.trail import Chain, all_entries, chains
from cellcost_ledger.opening import existing

__all__ = ["audit_action", "prove_audit", "told_chains"]


def audit_action(arguments: argparse.Namespace) -> int:
    """Print who did what, the oldest first; 1 if an entry was changed or removed."""
    database = existing(arguments.database)
    since, until = arguments.since, arguments.until
    found = database.read(
        lambda c: all_entries(
            c,
            tenant=arguments.tenant,
            since_us=None if since is None else to_microseconds(since),
            until_us=None if until is None else to_microseconds(until),
        )
    )
    proved = prove_audit(database, tenant=arguments.tenant)
    database.close()
    if arguments.json:
        rows = [{**row, "time": _time(row["time_us"])} for row in found]
        told = {"entries": rows, "chains": told_chains(proved)}
        print_line(json.dumps(told, indent=2))
    else:
        _print_entries(found)
        for chain in proved:
            for what in chain.broken:
                print_line(f"{_tenant(chain.tenant)}: BROKEN: {what}")
    return 1 if any(chain.broken for chain in proved) else 0


def prove_audit(database: Database, *, tenant: str | None = None) -> list[Chain]:
    """Return every company's chain of entries, and what is wrong with it."""
    return database.read(lambda c: chains(c, tenant))


def told_chains(found: list[Chain]) -> list[dict[str, Any]]:
    """Return chains as JSON has them."""
    return [
        {
            "tenant": chain.tenant,
            "entries": chain.entries,
            "digest": chain.digest,
            "broken": chain.broken,
        }
        for chain in found
    ]


def _print_entries(found: list[dict[str, Any]]) -> None:
    heads = ("time", "tenant", "no", "by", "act", "to", "detail")
    columns = [Column(head, "right" if head == "no" else "left") for head in heads]
    rows = [
        [
            _time(row["time_us"]),
            _tenant(row["tenant"]),
            str(row["number"]),
            _by(row),
            row["act"],
            row["subject"],
            _detail(row["detail"]),
        ]
        for row in found
    ]
    for line in table(columns, rows):
        print_line(line)


def _by(row: dict[str, Any]) -> str:
    kind = row["actor_kind"]
    if kind == "unknown":
        return "nobody known"
    return f"key {row['actor']}" if kind == "key" else row["actor"]


def _tenant(tenant: str) -> str:
    return tenant or "(the whole book)"


def _detail(detail: dict[str, Any]) -> str:
    said = (
        (name, _time(value) if name.endswith("_us") and value else value)
        for name, value in detail.items()
        if value not in (None, "", [])
    )
    return ", ".join(
        f"{name.removesuffix('_us')} {_shown(value)}" for name, value in said
    )


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # of JSON
    return str(value)


def _time(time_us: int) -> str:
    return from_microseconds(time_us).isoformat(timespec="seconds")
