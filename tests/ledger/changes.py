"""Changes behind the ledger's back, which `verify` must find."""

from collections.abc import Callable

import sqlalchemy as sa

__all__ = ["Change", "delete", "replace"]

Change = Callable[[sa.Table], sa.Executable]


def replace(**values: object) -> Change:
    """Put other values into rows."""
    return lambda table: sa.update(table).values(**values)


def delete(table: sa.Table) -> sa.Executable:
    """Remove rows."""
    return sa.delete(table)
