"""The audit log as it is read: by who may read it, and as chains to be proved."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cellcost_ledger.book.audit import digest_of
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.schema import audit, audit_head

__all__ = ["Chain", "all_entries", "chains", "entries"]

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One company's audit log, and what is wrong with it."""

    tenant: str
    entries: int
    digest: str
    """Of the last entry: kept elsewhere, it shows later that nothing before changed."""
    broken: list[str]


def entries(
    connection: sa.Connection,
    key: Key,
    *,
    where: Mapping[str, Sequence[str]],
    since_us: int,
    until_us: int,
    before: int | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a page of what a key may know of, the newest first.

    `where` holds the wanted values of columns. `before` is the last page's last number.
    """
    taken = [
        *key.rows(audit),
        audit.c.time_us >= since_us,
        audit.c.time_us < until_us,
        *(audit.c[name].in_(values) for name, values in where.items()),
    ]
    if before is not None:
        taken.append(audit.c.number < before)
    statement = (
        sa.select(audit).where(*taken).order_by(audit.c.number.desc()).limit(limit)
    )
    return [_told(row) for row in connection.execute(statement).mappings()]


def all_entries(
    connection: sa.Connection,
    *,
    tenant: str | None = None,
    since_us: int | None = None,
    until_us: int | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of a company or of the whole book, the oldest first."""
    order = (audit.c.time_us, audit.c.tenant, audit.c.number)
    statement = sa.select(audit).order_by(*order)
    if tenant is not None:
        statement = statement.where(audit.c.tenant == tenant)
    if since_us is not None:
        statement = statement.where(audit.c.time_us >= since_us)
    if until_us is not None:
        statement = statement.where(audit.c.time_us < until_us)
    return [
        {"tenant": row["tenant"], **_told(row)}
        for row in connection.execute(statement).mappings()
    ]


def chains(connection: sa.Connection, tenant: str | None = None) -> list[Chain]:
    """Return every company's chain, each row's digest computed again."""
    statement = sa.select(audit_head).order_by(audit_head.c.tenant)
    rows = connection.execute(statement)
    heads = {row.tenant: (row.number, row.digest) for row in rows}
    known = connection.scalars(sa.select(audit.c.tenant).distinct())
    return [
        _chain(connection, of, heads.get(of))
        for of in sorted({*heads, *known})
        if tenant in (None, of)
    ]


def _chain(
    connection: sa.Connection, tenant: str, head: tuple[int, str] | None
) -> Chain:
    broken: list[str] = []
    number, digest = 0, ""
    for row in _rows(connection, tenant):
        number += 1
        if row["number"] != number:
            broken.append(f"entry {number} is missing")
            number = row["number"]
        elif row["digest"] != digest_of(digest, row):
            broken.append(f"entry {number} is not what its digest says")
        digest = row["digest"]
    if head != (number, digest):
        broken.append(f"entry {number} is not the last that was written")
    return Chain(tenant=tenant, entries=number, digest=digest, broken=broken)


def _rows(connection: sa.Connection, tenant: str) -> Iterator[dict[str, Any]]:
    after = 0
    while True:
        statement = (
            sa.select(audit)
            .where(audit.c.tenant == tenant, audit.c.number > after)
            .order_by(audit.c.number)
            .limit(_PAGE)
        )
        page = [dict(row) for row in connection.execute(statement).mappings()]
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]["number"]


def _told(row: sa.RowMapping) -> dict[str, Any]:
    names = ("number", "time_us", "team", "actor_kind", "actor", "act", "subject")
    detail = json.loads(row["detail"])
    return {**{n: row[n] for n in names}, "detail": detail, "digest": row["digest"]}
