"""What the actions of `cellcost ledger` do."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from cellcost.cli.output import Column, print_line, table
from cellcost.clock import from_microseconds, to_microseconds, utc_now
from cellcost.errors import ConfigError
from cellcost.money import format_usd
from cellcost_ledger.alarms.actions import (
    add_action,
    list_action,
    remove_action,
    test_action,
)
from cellcost_ledger.auditing import audit_action, prove_audit, told_chains
from cellcost_ledger.book.citus import distribute
from cellcost_ledger.book.database import open_database
from cellcost_ledger.book.keys import (
    Key,
    allow_team,
    create_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from cellcost_ledger.book.migrate import migrate
from cellcost_ledger.book.trail import Chain
from cellcost_ledger.export import focus_action
from cellcost_ledger.opening import existing, ready
from cellcost_ledger.rescue import (
    backup_action,
    list_letters,
    replay_letters,
    restore_action,
)
from cellcost_ledger.serve import serve
from cellcost_ledger.upkeep import close_action, prune_action
from cellcost_ledger.verify import Proof, verify

__all__ = ["ACTIONS"]

_STATEMENT_SECONDS = 30
_HOUR_US = 3_600_000_000


def _serve(arguments: argparse.Namespace) -> int:
    database = ready(arguments.database, statement_seconds=_STATEMENT_SECONDS)
    serve(database, host=arguments.host, port=arguments.port, rate=arguments.rate)
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    database = open_database(arguments.database)
    for migration in migrate(database):
        print_line(f"{migration.number:04d} {migration.name}")
    print_line("the tables are up to date")
    if arguments.distribute:
        for name in distribute(database):
            print_line(f"{name} is distributed")
    database.close()
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    database = existing(arguments.database)
    proofs = verify(database, tenant=arguments.tenant)
    audit = prove_audit(database, tenant=arguments.tenant)
    database.close()
    if arguments.json:
        print_line(json.dumps(_report(proofs, audit), indent=2))
    else:
        _print_proofs(proofs)
        for chain in audit:
            for what in chain.broken:
                print_line(f"audit log {chain.tenant}: BROKEN: {what}".strip())
    holds = all(proof.holds for proof in proofs)
    return 0 if holds and not any(chain.broken for chain in audit) else 1


def _create_key(arguments: argparse.Namespace) -> int:
    for name in (arguments.team, arguments.tenant, *arguments.allow):
        _check_name(name)
    now, expires = utc_now(), _expiry(arguments)
    database = ready(arguments.database)
    _, text = create_key(
        database,
        team=arguments.team,
        teams=arguments.allow,
        user=arguments.user,
        scopes=arguments.scopes,
        tenant=arguments.tenant,
        now_us=to_microseconds(now),
        expires_us=expires,
    )
    database.close()
    print_line(text)
    return 0


def _expiry(arguments: argparse.Namespace) -> int | None:
    if arguments.expires is None:
        return None
    if arguments.expires <= utc_now():
        raise ConfigError("the key would have expired already")
    return to_microseconds(arguments.expires)


def _rotate_key(arguments: argparse.Namespace) -> int:
    expires = _expiry(arguments)
    now_us = to_microseconds(utc_now())
    database = ready(arguments.database)
    made = rotate_key(
        database,
        arguments.key_id,
        now_us=now_us,
        ends_us=now_us + arguments.keep * _HOUR_US,
        expires_us=expires,
    )
    database.close()
    if made is None:
        raise _no_key(arguments.key_id)
    print_line(made[1])
    return 0


def _list_keys(arguments: argparse.Namespace) -> int:
    database = ready(arguments.database)
    now_us = to_microseconds(utc_now())
    keys = list_keys(database)
    database.close()
    if arguments.json:
        print_line(json.dumps([_key_json(key, now_us) for key in keys], indent=2))
        return 0
    columns = [
        Column(head)
        for head in ("key", "state", "team", "may charge", "user", "scopes")
    ]
    columns += [Column("tenant"), Column("expires"), Column("last used")]
    rows = [
        [
            key.id,
            key.state(now_us),
            key.team,
            ", ".join(key.teams),
            key.user,
            ", ".join(key.scopes),
            key.tenant,
            _time(key.expires_us) or "never",
            _time(key.last_used_us) or "never",
        ]
        for key in keys
    ]
    for line in table(columns, rows):
        print_line(line)
    return 0


def _allow_team(arguments: argparse.Namespace) -> int:
    _check_name(arguments.team)
    database = ready(arguments.database)
    key_id, team = arguments.key_id, arguments.team
    done = allow_team(database, key_id, team)
    database.close()
    if not done:
        raise _no_key(key_id)
    print_line(f"{key_id} may charge and read {team}")
    return 0


def _check_name(name: str) -> None:
    if not name.strip() or len(name.encode()) > 200 or not name.isprintable():
        raise ConfigError(f"{name!r} is no name: 1 to 200 printable bytes")


def _no_key(key_id: str) -> ConfigError:
    return ConfigError(
        f"there is no active key {key_id}; `cellcost ledger key list` shows them"
    )


def _revoke_key(arguments: argparse.Namespace) -> int:
    database = ready(arguments.database)
    key_id = arguments.key_id
    done = revoke_key(database, key_id, now_us=to_microseconds(utc_now()))
    database.close()
    if not done:
        raise _no_key(key_id)
    print_line(f"revoked {key_id}")
    return 0


def _report(proofs: list[Proof], audit: list[Chain]) -> dict[str, Any]:
    return {
        "holds": all(proof.holds for proof in proofs),
        **_total(proofs),
        "audit": told_chains(audit),
        "installations": [
            {
                **asdict(proof),
                "sum_nusd": str(proof.sum_nusd),
                "rollup_sum_nusd": str(proof.rollup_sum_nusd),
                "holds": proof.holds,
            }
            for proof in proofs
        ],
    }


_COUNTS = ("received", "events", "rejected", "conflicts", "gaps", "forks")
_SEALED = ("sealed", "pruned")
_SUMS = ("sum_nusd", "rollup_sum_nusd")


def _total(proofs: list[Proof]) -> dict[str, Any]:
    names = (*_COUNTS, *_SEALED)
    counts = {n: sum(getattr(proof, n) for proof in proofs) for n in names}
    sums = {n: str(sum(getattr(proof, n) for proof in proofs)) for n in _SUMS}
    return {**counts, **sums}


def _print_proofs(proofs: list[Proof]) -> None:
    right = [Column(name, "right") for name in (*_COUNTS, *_SUMS)]
    columns = [Column("installation"), *right, Column("law")]
    rows = [
        [
            proof.installation
            if proof.tenant == "default"
            else f"{proof.tenant}/{proof.installation}",
            *(str(getattr(proof, name)) for name in (*_COUNTS, *_SUMS)),
            "holds" if proof.holds else "BROKEN",
        ]
        for proof in proofs
    ]
    total = _total(proofs)
    holds = all(proof.holds for proof in proofs)
    footer = ["total", *(str(total[name]) for name in (*_COUNTS, *_SUMS))]
    for line in table(columns, rows, footer=[*footer, "holds" if holds else "BROKEN"]):
        print_line(line)
    for proof in proofs:
        for first, last in proof.gap_ranges:
            print_line(f"{proof.installation}: seq {first} to {last} have not come")
        for seq in proof.forked_seqs:
            print_line(f"{proof.installation}: seq {seq} has two events (a copy)")
        for what in proof.broken:
            print_line(f"{proof.installation}: BROKEN: {what}")
    if total["sealed"]:
        print_line(
            f"{total['sealed']} of these events are of closed days; the rows of"
            f" {total['pruned']} are removed"
        )
    spent = format_usd(int(total["sum_nusd"]))
    noun = "event" if total["events"] == 1 else "events"
    law = "holds" if holds else "is BROKEN"
    print_line(f"{total['events']} {noun}, {spent}; the law {law}")


def _key_json(key: Key, now_us: int) -> dict[str, Any]:
    return {
        **asdict(key),
        "state": key.state(now_us),
        "created": _time(key.created_us),
        "expires": _time(key.expires_us),
        "last_used": _time(key.last_used_us),
    }


def _time(time_us: int | None) -> str | None:
    if time_us is None:
        return None
    return from_microseconds(time_us).isoformat(timespec="seconds")


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "serve": _serve,
    "audit": audit_action,
    "alarm_add": add_action,
    "alarm_list": list_action,
    "alarm_remove": remove_action,
    "alarm_test": test_action,
    "migrate": _migrate,
    "verify": _verify,
    "close": close_action,
    "prune": prune_action,
    "backup": backup_action,
    "focus": focus_action,
    "restore": restore_action,
    "letters_list": list_letters,
    "letters_replay": replay_letters,
    "key_create": _create_key,
    "key_list": _list_keys,
    "key_allow": _allow_team,
    "key_revoke": _revoke_key,
    "key_rotate": _rotate_key,
}
