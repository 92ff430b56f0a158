"""What readers ask of the book, within the teams that their key allows."""

from typing import Any

import sqlalchemy as sa

from cellcost_ledger.keys import Key
from cellcost_ledger.schema import installation, rollup_hour

__all__ = ["installation_figures"]


def installation_figures(
    connection: sa.Connection, key: Key, name: str
) -> dict[str, Any] | None:
    """Return how much of an installation is stored; None if the key may not know."""
    row = connection.execute(
        sa.select(installation).where(
            installation.c.tenant == key.tenant, installation.c.installation == name
        )
    ).one_or_none()
    if row is None or not key.allows(row.team):
        return None
    events, nusd = connection.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(rollup_hour.c.events), 0),
            sa.func.coalesce(sa.func.sum(rollup_hour.c.cost_nusd), 0),
        ).where(rollup_hour.c.tenant == key.tenant, rollup_hour.c.installation == name)
    ).one()
    return {
        "installation": name,
        "last_contiguous_seq": row.last_contiguous_seq,
        "events": int(events),
        "sum_nusd": str(int(nusd)),
        "forked": bool(row.forked),
    }
