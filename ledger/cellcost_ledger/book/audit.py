"""Who did what, when, to what: rows that are only ever added, each chained to the last.

A row is written in the transaction of what it tells, as the last of its statements:
writers of one company's chain wait for each other from there to the commit.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.schema import audit, audit_head

__all__ = [
    "ACTS",
    "ALL_OF_IT",
    "WHOLE_BOOK",
    "Act",
    "ActName",
    "Actor",
    "digest_of",
    "record",
]

ActName = Literal[
    "alarm.add",
    "alarm.remove",
    "backup",
    "close",
    "distribute",
    "key.allow",
    "key.create",
    "key.revoke",
    "key.rotate",
    "migrate",
    "prune",
    "replay",
    "replay.end",
    "restore",
    "sign-in",
    "sign-in.refused",
]
ACTS: tuple[str, ...] = get_args(ActName)
WHOLE_BOOK = ""
"""The tenant of what is done to the book and not in one company."""
ALL_OF_IT = "*"
"""The team of what concerns a whole company: keys of all its teams read it."""
_MOST_BYTES = 200
_CHAINED = (
    *("tenant", "number", "time_us", "team", "actor_kind", "actor", "act", "subject"),
    "detail",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it: a key by its id, an account at a command line, or nobody known."""

    kind: Literal["key", "command", "unknown"]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What was done, to what; never a key's text, a webhook's path or its secret."""

    name: ActName
    tenant: str = WHOLE_BOOK
    team: str = ALL_OF_IT
    """Whose readers may know of it."""
    subject: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])


def record(connection: sa.Connection, by: Actor, act: Act) -> None:
    """Add a row to the company's chain."""
    number, before = _next(connection, act.tenant)
    row = {
        "tenant": act.tenant,
        "number": number,
        "time_us": to_microseconds(utc_now()),
        "team": act.team,
        "actor_kind": by.kind,
        "actor": _plain(by.name),
        "act": act.name,
        "subject": _plain(act.subject),
        "detail": json.dumps(act.detail, sort_keys=True),
    }
    digest = digest_of(before, row)
    connection.execute(sa.insert(audit).values(**row, digest=digest))
    connection.execute(
        sa.update(audit_head)
        .where(audit_head.c.tenant == act.tenant)
        .values(digest=digest)
    )


def digest_of(before: str, row: Mapping[str, Any]) -> str:
    """Return the digest of a row behind the one with the digest `before`."""
    whole = json.dumps([before, *(row[name] for name in _CHAINED)])
    return hashlib.sha256(whole.encode()).hexdigest()


def _next(connection: sa.Connection, tenant: str) -> tuple[int, str]:
    """Return the next number and the last digest; nobody else gets it till commit."""
    engine = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: Any = engine.insert(audit_head).values(
        tenant=tenant, number=1, digest=""
    )
    further = statement.on_conflict_do_update(
        index_elements=["tenant"], set_={"number": audit_head.c.number + 1}
    )
    row = connection.execute(
        further.returning(audit_head.c.number, audit_head.c.digest)
    ).one()
    return row.number, row.digest


def _plain(text: str) -> str:
    """Return what every database takes and no terminal runs, of a bounded length."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
