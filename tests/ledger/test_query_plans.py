"""How the pages' sums are read, as the database itself tells it."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from cellcost_ledger.book.database import open_database
from cellcost_ledger.book.dimensions import GROUPS
from cellcost_ledger.book.keys import Key
from cellcost_ledger.book.migrate import migrate
from cellcost_ledger.book.spend import spend

KEY = Key(
    id="reader",
    tenant="default",
    team="search",
    teams=("*",),
    user="",
    scopes=("read",),
    created_us=0,
)
DAY = 24


@pytest.mark.parametrize("granularity", ["", "day"])
def test_months_are_summed_from_the_index_alone(
    tmp_path: Path, granularity: str
) -> None:
    """SQLite's plan: PostgreSQL's depends on what it has counted of a table."""
    book = open_database(str(tmp_path / "ledger.db"))
    migrate(book)

    def plan(connection: sa.Connection) -> list[str]:
        said: list[tuple[str, Any]] = []

        def hear(*given: Any) -> None:
            said.append((given[2], given[3]))

        event.listen(connection, "before_cursor_execute", hear)
        spend(
            connection,
            KEY,
            groups=list(GROUPS),
            granularity=granularity,
            where={"team": ["search"]},
            since_hour=0,
            until_hour=390 * DAY,
            limit=10,
        )
        event.remove(connection, "before_cursor_execute", hear)
        ((text, values),) = said
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
        return [row[3] for row in rows]

    steps = book.read(plan)
    book.close()
    assert any("COVERING INDEX rollup_day_sums" in step for step in steps), steps
