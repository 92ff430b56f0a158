"""The tables: made by numbered files, the same on every database, as the code says."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from cellcost.errors import ConfigError, LedgerUnavailable
from cellcost_ledger.book.database import Database, open_database, resolve_url
from cellcost_ledger.book.migrate import (
    NEWEST,
    migrate,
    migrations,
    require_current,
    version,
)
from cellcost_ledger.book.schema import METADATA, ROLLUP_KEYS, installation

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Ledger, wire


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return str(tmp_path / "new" / "ledger.db")
    url: str = request.getfixturevalue("postgres").new_database()
    return url


def test_the_migrated_tables_are_those_that_the_code_names(empty: str) -> None:
    book = open_database(empty)
    assert [m.number for m in migrate(book)] == [m.number for m in migrations()]

    def look(connection: sa.Connection) -> None:
        inspector = sa.inspect(connection)
        names = {*inspector.get_table_names()} - {"schema_version"}
        assert names == set(METADATA.tables)
        for name, table in METADATA.tables.items():
            real = {column["name"]: column for column in inspector.get_columns(name)}
            assert list(real) == [column.name for column in table.columns], name
            for column in table.columns:
                ours = column.type.compile(connection.dialect)
                theirs = real[column.name]["type"].compile(connection.dialect)
                same = {"JSON": "TEXT"}
                assert theirs == same.get(ours, ours), f"{name}.{column.name}"
                assert real[column.name]["nullable"] == column.nullable
            keys = inspector.get_pk_constraint(name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key]

    book.read(look)
    book.close()


def test_migrating_again_and_8_at_once_does_it_once(empty: str) -> None:
    books = [open_database(empty) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(migrate, books))
    assert sorted(map(len, done)) == [0] * 7 + [len(migrations())]
    assert version(books[0]) == NEWEST
    for book in books:
        book.close()


def test_a_server_refuses_tables_that_are_too_old(empty: str) -> None:
    book = open_database(empty)
    assert version(book) == 0
    with pytest.raises(LedgerUnavailable, match="cellcost ledger migrate"):
        require_current(book)
    book.close()


def test_every_key_of_the_distributed_tables_holds_tenant_and_installation() -> None:
    # Citus distributes them by installation: a unique key without it is refused there.
    for name, table in METADATA.tables.items():
        keys = [column.name for column in table.primary_key]
        if name != "api_key":
            assert keys[:2] == ["tenant", "installation"], name
        for foreign in table.foreign_key_constraints:
            assert "installation" in foreign.column_keys
    assert ROLLUP_KEYS[:2] == ("tenant", "installation")


def test_the_migrations_hold_nothing_that_citus_refuses() -> None:
    for migration in migrations():
        assert not re.search(
            r"\b(UNIQUE|TRIGGER|SERIAL|IDENTITY|UUID|now\(|random\(|SET NULL)",
            re.sub(r"--[^\n]*", "", migration.text),
            re.IGNORECASE,
        )


def test_the_database_is_the_argument_else_the_variable_else_a_file_at_home(
    tmp_path: Path,
) -> None:
    env = {"CELLCOST_HOME": str(tmp_path)}
    assert resolve_url(None, env).database == str(tmp_path / "ledger.db")
    env["CELLCOST_LEDGER_DATABASE"] = "postgresql://ada:secret@db.example.com/costs"
    found = resolve_url(None, env)
    assert (found.drivername, found.password) == ("postgresql+psycopg", "secret")
    assert "secret" not in str(found)
    assert resolve_url("sqlite:////srv/l.db", env).database == "/srv/l.db"
    for wrong in ("mysql://db/costs", "sqlite://", "://"):
        with pytest.raises(ConfigError):
            resolve_url(wrong, env)


def test_a_sqlite_book_that_another_process_holds_is_waited_for(
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "ledger.db")
    book, other = open_database(path), open_database(path)
    migrate(book)
    tries = 0

    def work(connection: sa.Connection) -> int:
        nonlocal tries
        tries += 1
        return int(connection.scalar(sa.text("SELECT 7")) or 0)

    def hold(connection: sa.Connection) -> int:
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(book.write, work)
            assert not waiting.done()
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("BEGIN")
            return waiting.result(timeout=60)

    assert other.write(hold) == 7
    assert tries == 1
    _closed(book, other)


def _closed(*books: Database) -> None:
    for book in books:
        book.close()


def test_a_server_older_than_what_was_done_to_an_installation_leaves_it_alone(
    ledger: Ledger,
) -> None:
    client = ledger.client()
    client.statuses([wire(1)])
    book = ledger.book()
    ours = installation.c.tenant == ledger.tenant
    newer = sa.update(installation).where(ours).values(writer=NEWEST + 1)
    book.write(lambda c: c.execute(newer))
    answer = client.send_events([wire(2)])
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert client.statuses([wire(1)], "another") == ["stored"]
    again = sa.update(installation).where(ours).values(writer=NEWEST)
    book.write(lambda c: c.execute(again))
    book.close()
    assert client.statuses([wire(2)]) == ["stored"]
    assert ledger.proof().events == 2
