"""Brings the book's tables to the newest version; migrations only add."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import sqlalchemy as sa

from cellcost.errors import LedgerUnavailable
from cellcost_ledger.accounts import at_the_command_line
from cellcost_ledger.book.audit import Act, Actor, record
from cellcost_ledger.book.database import Database

__all__ = [
    "AUDITED",
    "NEWEST",
    "Migration",
    "migrate",
    "migrations",
    "require_current",
    "version",
]

_WORDS = {
    "sqlite": {"{bytes}": "BLOB", "{json}": "TEXT"},
    "postgresql": {"{bytes}": "BYTEA", "{json}": "JSONB"},
}
AUDITED = 4
"""The migration from which on a book has an audit log."""
# Any number: whoever migrates takes it, so that two never migrate at once.
_LOCK = 7_265_838_001


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    text: str

    def statements(self, dialect: str) -> list[str]:
        """Return its statements in the words of a database."""
        text = re.sub(r"--[^\n]*", "", self.text)
        for word, meaning in _WORDS[dialect].items():
            text = text.replace(word, meaning)
        return [part.strip() for part in text.split(";") if part.strip()]


def migrations() -> list[Migration]:
    """Return every migration, oldest first."""
    folder = files("cellcost_ledger.book") / "migrations"
    found = [
        Migration(int(path.name[:4]), path.name[5:-4], path.read_text("utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.number)


NEWEST = max(migration.number for migration in migrations())


def migrate(
    database: Database,
    *,
    upto: int = NEWEST,
    tell: Callable[[str], None] = lambda _: None,
    by: Actor | None = None,
) -> list[Migration]:
    """Return the migrations that were missing and now are done, all or none of them.

    The audit log says it of a book that was there before.
    """

    def work(connection: sa.Connection) -> list[Migration]:
        dialect = connection.dialect.name
        if dialect == "postgresql":
            connection.execute(
                sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK}
            )
        connection.execute(
            sa.text(
                "CREATE TABLE IF NOT EXISTS schema_version"
                " (number BIGINT NOT NULL PRIMARY KEY)"
            )
        )
        done = set(_numbers(connection))
        missing = [m for m in migrations() if m.number not in done and m.number <= upto]
        for migration in missing:
            tell(f"{migration.number:04d} {migration.name}")
            for statement in migration.statements(dialect):
                connection.exec_driver_sql(statement)
            connection.execute(
                sa.text("INSERT INTO schema_version (number) VALUES (:number)"),
                {"number": migration.number},
            )
        if done and missing and missing[-1].number >= AUDITED:
            names = [f"{m.number:04d} {m.name}" for m in missing]
            act = Act(name="migrate", detail={"migrations": names})
            record(connection, by or at_the_command_line(), act)
        return missing

    return database.write(work)


def version(database: Database) -> int:
    """Return the number of the newest migration that was done; 0 for a new database."""

    def work(connection: sa.Connection) -> int:
        if not sa.inspect(connection).has_table("schema_version"):
            return 0
        return max(_numbers(connection), default=0)

    return database.read(work)


def require_current(database: Database) -> None:
    """Raise LedgerUnavailable if the tables are older than this code needs."""
    found = version(database)
    if found < NEWEST:
        raise LedgerUnavailable(
            f"the ledger's tables are at version {found}, this cellcost needs {NEWEST};"
            " run `cellcost ledger migrate`"
        )


def _numbers(connection: sa.Connection) -> list[int]:
    return list(connection.scalars(sa.text("SELECT number FROM schema_version")))
