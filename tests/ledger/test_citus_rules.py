"""What Citus does not take is in no migration and no statement; who is spread how.

No cluster runs here. The rules are those that were met on a real one (coordinator and
two workers); its two functions are played by ones that write down how they are called.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Postgres, command, migrated, wire

from cellcost.errors import ConfigError
from cellcost_ledger.book.citus import distribute, distributed_tables, reference_tables
from cellcost_ledger.book.database import Database, open_database
from cellcost_ledger.book.keys import create_key
from cellcost_ledger.book.migrate import migrations
from cellcost_ledger.book.schema import METADATA
from cellcost_ledger.verify import verify
from cellcost_ledger.web.app import ROUTES, make_app
from cellcost_ledger.web.desk import Desk

FUNCTIONS = """
CREATE TABLE calls (n SERIAL, name TEXT, col TEXT, beside TEXT);
CREATE TABLE pg_dist_partition (logicalrelid OID);
CREATE FUNCTION create_distributed_table(name TEXT, col TEXT, colocate_with TEXT)
RETURNS VOID LANGUAGE SQL AS $$
  INSERT INTO calls (name, col, beside) VALUES (name, col, colocate_with);
  INSERT INTO pg_dist_partition VALUES (name::regclass);
$$;
CREATE FUNCTION create_reference_table(name TEXT) RETURNS VOID LANGUAGE SQL AS $$
  INSERT INTO calls (name) VALUES (name);
  INSERT INTO pg_dist_partition VALUES (name::regclass);
$$;
"""

NEVER_IN_A_TABLE = (
    r"\bTRIGGER\b",
    r"\bSERIAL\b|\bBIGSERIAL\b|\bIDENTITY\b|\bAUTOINCREMENT\b",
    r"\bnow\(|\brandom\(|\bgen_random_uuid\(|\bCURRENT_TIMESTAMP\b",
    r"ON DELETE SET",
    r"\bEXCLUDE\b",
)
NEVER_IN_A_STATEMENT = (
    r"\bnow\(|\brandom\(|\bCURRENT_TIMESTAMP\b",
    r"\bGROUPING SETS\b|\bROLLUP \(|\bCUBE\b",
    r"\bWITH RECURSIVE\b",
    r"advisory",
    r"\bFOR UPDATE\b|\bFOR SHARE\b",
    r"\bCREATE TEMP",
    r"\bTABLESAMPLE\b",
)

DISTRIBUTE = ("migrate", "--distribute", "citus", "--database")


def columns_of(inside: str) -> set[str]:
    return {word.strip() for word in inside.split(",")}


@pytest.mark.parametrize("migration", migrations(), ids=lambda m: f"{m.number:04d}")
def test_a_migration_says_nothing_that_citus_does_not_take(migration: Any) -> None:
    for statement in migration.statements("postgresql"):
        for pattern in NEVER_IN_A_TABLE:
            assert not re.search(pattern, statement, re.IGNORECASE), statement
        if re.match(r"(CREATE|ALTER) TABLE", statement) and (
            re.search(r"^\s*installation\s", statement, re.MULTILINE)
        ):
            for kind, inside in re.findall(
                r"(PRIMARY KEY|UNIQUE|FOREIGN KEY)\s*\(([^)]*)\)", statement
            ):
                assert {"tenant", "installation"} <= columns_of(inside), (
                    kind,
                    statement,
                )
        for inside in re.findall(r"REFERENCES \w+\s*\(([^)]*)\)", statement):
            assert {"tenant", "installation"} <= columns_of(inside), statement
        if re.match(r"CREATE UNIQUE INDEX", statement):
            assert re.search(r"\(.*\binstallation\b.*\)", statement), statement


@pytest.fixture
def postgresql(postgres: Postgres) -> Iterator[tuple[str, Database]]:
    url = migrated(postgres)
    book = open_database(url)
    yield url, book
    book.close()


def test_every_statement_of_the_server_is_one_that_citus_takes(
    postgresql: tuple[str, Database],
) -> None:
    _, book = postgresql
    _, key = create_key(
        book,
        team="search",
        teams=["*"],
        scopes=["ingest", "read", "admin"],
        now_us=1,
    )
    said: list[str] = []

    def hear(*given: Any) -> None:
        said.append(" ".join(given[2].split()))

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        with TestClient(
            make_app(Desk(book, rate=10_000), started=lambda: None),
            headers={"Authorization": f"Bearer {key}"},
        ) as client:
            whole, twice, changed = wire(1), wire(2), wire(3)
            again = {**changed, "seq": 4}
            for events in (
                [whole, twice, changed],
                [twice, again, {"id": "broken", "seq": 5}],
                [wire(5, id="broken")],
            ):
                body = {"installation": "inst", "events": events}
                answer = client.post(
                    "/api/v1/events", content=msgspec.json.encode(body)
                )
                assert answer.status_code == 200, answer.text
            for route in ROUTES:
                path = getattr(route, "path", "")
                client.get(path.replace("{installation}", "inst"))
            client.get("/api/v1/spend?group_by=team,model&granularity=day")
            assert all(proof.holds for proof in verify(book))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)
    assert len(set(said)) > 15
    for statement in said:
        for pattern in NEVER_IN_A_STATEMENT:
            assert not re.search(pattern, statement, re.IGNORECASE), statement
        wrote = re.match(
            r"(INSERT INTO|UPDATE|DELETE FROM) (\w+)", statement, re.IGNORECASE
        )
        if wrote and wrote[2] in distributed_tables():
            # One node's work: the shard is named by what is bound.
            given = statement
            if wrote[1].upper() != "INSERT INTO":
                given = statement.partition(" WHERE ")[2]
                assert re.search(r"\binstallation = ", given), statement
            assert "installation" in given, statement
        for on in re.findall(
            r" JOIN \w+(?: AS \w+)? ON (.*?)(?: WHERE | JOIN |$)", statement
        ):
            assert "installation" in on, statement


def test_tables_are_spread_parents_first_beside_one_another(
    postgresql: tuple[str, Database], tmp_path: Path
) -> None:
    url, book = postgresql
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FUNCTIONS)
    done = command(tmp_path, *DISTRIBUTE, url)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(url) as connection:
        calls = connection.execute(
            "SELECT name, col, beside FROM calls ORDER BY n"
        ).fetchall()
    names = [name for name, _, _ in calls]
    assert names == [*distributed_tables(), *reference_tables()]
    assert calls[0] == ("installation", "installation", "none")
    spread = calls[: len(distributed_tables())]
    assert {call[1:] for call in spread[1:]} == {("installation", "installation")}
    assert all(call[1:] == (None, None) for call in calls[len(spread) :])
    for table in METADATA.sorted_tables:
        for key in table.foreign_key_constraints:
            assert names.index(key.referred_table.name) < names.index(table.name)
    assert {"api_key", "schema_version"} <= set(names)
    assert distribute(book) == []


def test_a_table_with_rows_is_not_spread_and_nothing_is_changed(
    postgresql: tuple[str, Database],
) -> None:
    url, book = postgresql
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FUNCTIONS)
        connection.execute(
            "INSERT INTO dead_letter VALUES ('t', 'i', 'e', 1, 'r', '', 1, 'k')"
        )
    with pytest.raises(ConfigError, match="dead_letter has rows already"):
        distribute(book)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM calls").fetchone() == (0,)


def test_without_citus_the_command_says_what_is_missing(
    postgresql: tuple[str, Database], tmp_path: Path
) -> None:
    url, _ = postgresql
    for database, said in (
        (url, "has no Citus"),
        (str(tmp_path / "ledger.db"), "Citus is PostgreSQL"),
    ):
        done = command(tmp_path, *DISTRIBUTE, database)
        assert done.returncode != 0
        assert said in done.stderr
