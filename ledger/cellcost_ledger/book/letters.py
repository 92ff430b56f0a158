"""The dead letters: what was rejected, and is kept until it can be stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cellcost_ledger.book.schema import dead_letter

__all__ = ["Letter", "letters_of", "waiting_installations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One rejected event."""

    tenant: str
    installation: str
    event_id: str
    seq: int | None
    reason: str
    received_us: int
    key_id: str
    raw: bytes


def waiting_installations(
    connection: sa.Connection, tenant: str | None, installation: str | None
) -> list[tuple[str, str]]:
    """Return (tenant, installation) of all that have dead letters."""
    columns = dead_letter.c
    statement = sa.select(columns.tenant, columns.installation).distinct()
    if tenant is not None:
        statement = statement.where(columns.tenant == tenant)
    if installation is not None:
        statement = statement.where(columns.installation == installation)
    rows = connection.execute(statement)
    return sorted((row.tenant, row.installation) for row in rows)


def letters_of(
    connection: sa.Connection, tenant: str, name: str, *, after: str, limit: int
) -> Sequence[Letter]:
    """Return the next dead letters of an installation, by id."""
    columns = dead_letter.c
    rows = connection.execute(
        sa.select(dead_letter)
        .where(
            columns.tenant == tenant,
            columns.installation == name,
            columns.event_id > after,
        )
        .order_by(columns.event_id)
        .limit(limit)
    )
    return [Letter(**row) for row in rows.mappings()]
