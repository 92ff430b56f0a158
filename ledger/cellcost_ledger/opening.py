"""Opens the book that a command names, as its action needs it."""

from pathlib import Path

from cellcost.errors import ConfigError
from cellcost_ledger.book.database import Database, open_database, resolve_url
from cellcost_ledger.book.migrate import migrate, require_current

__all__ = ["existing", "ready"]


def ready(named: str | None, *, statement_seconds: int | None = None) -> Database:
    """Return the book with its tables up to date.

    A SQLite file needs no operator; in PostgreSQL migrating is somebody's decision.
    """
    database = open_database(named, statement_seconds=statement_seconds)
    if database.is_sqlite:
        migrate(database)
    else:
        require_current(database)
    return database


def existing(named: str | None) -> Database:
    """Return a book that is there. Raises ConfigError rather than make an empty one."""
    url = resolve_url(named)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise ConfigError(f"there is no ledger at {url.database}; name its --database")
    database = open_database(named)
    require_current(database)
    return database
