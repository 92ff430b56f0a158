"""The same tables on a Citus cluster: spread by installation, or whole on each node."""

import sqlalchemy as sa

from cellcost.errors import ConfigError
from cellcost_ledger.accounts import at_the_command_line
from cellcost_ledger.book.audit import Act, Actor, record
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.migrate import require_current
from cellcost_ledger.book.schema import METADATA

__all__ = ["COLUMN", "distribute", "distributed_tables", "reference_tables"]

COLUMN = "installation"
"""What is spread by: one batch is one node's work, one company is on all of them."""


def distributed_tables() -> list[str]:
    """Return the tables of installations, the one that the others lie beside first."""
    named = [table.name for table in METADATA.sorted_tables if COLUMN in table.columns]
    return sorted(named, key=lambda name: name != COLUMN)


def reference_tables() -> list[str]:
    """Return the small tables that each node has whole."""
    others = [table for table in METADATA.sorted_tables if COLUMN not in table.columns]
    return [*(table.name for table in others), "schema_version"]


def distribute(database: Database, *, by: Actor | None = None) -> list[str]:
    """Return the tables that were spread now; those that are already are left alone.

    All or none. Raises ConfigError where there is no Citus, and for rows that are there
    already: Citus would move them while servers write.
    """
    if database.is_sqlite:
        raise ConfigError("Citus is PostgreSQL: name a postgresql:// --database")
    require_current(database)
    actor = by or at_the_command_line()

    def work(connection: sa.Connection) -> list[str]:
        done = _distribute(connection)
        if done:
            record(connection, actor, Act(name="distribute", detail={"tables": done}))
        return done

    return database.write(work)


def _distribute(connection: sa.Connection) -> list[str]:
    known = "SELECT count(*) FROM pg_proc WHERE proname = 'create_distributed_table'"
    if not connection.scalar(sa.text(known)):
        raise ConfigError(
            "this PostgreSQL has no Citus: on its coordinator and workers, run"
            " `CREATE EXTENSION citus`, then try again"
        )
    done = set(
        connection.scalars(
            sa.text("SELECT logicalrelid::regclass::text FROM pg_dist_partition")
        )
    )
    missing = [name for name in distributed_tables() if name not in done]
    for name in missing:
        table = METADATA.tables[name]
        if connection.scalar(sa.select(sa.exists().select_from(table))):
            raise ConfigError(
                f"table {name} has rows already; distribute a new database, and move"
                " the old book into it with `cellcost ledger backup` and `restore`"
            )
    # Parents first: a foreign key must find its other side distributed already.
    for name in missing:
        beside = "none" if name == COLUMN else COLUMN
        connection.execute(
            sa.text(
                "SELECT create_distributed_table(:name, :column,"
                " colocate_with => :beside)"
            ),
            {"name": name, "column": COLUMN, "beside": beside},
        )
    references = [name for name in reference_tables() if name not in done]
    for name in references:
        connection.execute(
            sa.text("SELECT create_reference_table(:name)"), {"name": name}
        )
    return [*missing, *references]
