"""The tables: made by numbered files, the same on every database, as the code says."""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

import cellcost_ledger
from cellcost.errors import ConfigError, LedgerUnavailable
from cellcost_ledger.book.citus import distributed_tables
from cellcost_ledger.book.database import Database, open_database, resolve_url
from cellcost_ledger.book.migrate import (
    NEWEST,
    migrate,
    migrations,
    require_current,
    version,
)
from cellcost_ledger.book.schema import (
    METADATA,
    ROLLUP_KEYS,
    event,
    event_line,
    installation,
    rollup_day,
    rollup_hour,
)
from cellcost_ledger.closing import close, prune
from cellcost_ledger.received import Accepted, read_event
from cellcost_ledger.rollups import day_deltas, deltas
from cellcost_ledger.verify import verify
from cellcost_ledger.wire import encode

sys.path.insert(0, str(Path(__file__).parent))

from conftest import PROGRAM, Ledger, cost_of, until, wire


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
        # The others are small, and whole on each node.
        if name in distributed_tables():
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


def test_a_book_of_the_first_version_is_closed_and_pruned_after_migrating(
    empty: str,
) -> None:
    book = open_database(empty)
    assert [m.number for m in migrate(book, upto=1)] == [1]
    sent = wire(1)
    found = read_event(encode(sent), "inst")
    assert isinstance(found, Accepted)
    keys = {"tenant": "default", "installation": "inst"}
    stamp = {**keys, "received_us": 1, "key_id": "k", "user_name": ""}
    row = {**found.row, **stamp, "team": "search", "tags": {}}
    hours = deltas([row])
    about = {"team": "search", "client": "", "first_seen_us": 1, "last_seen_us": 1}
    counts = {"received": 1, "last_contiguous_seq": 1, "forked": 0, "writer": 0}
    lines = [{**keys, "event_id": found.id, **line} for line in found.lines]

    def fill(connection: sa.Connection) -> None:
        for table, rows in (
            (installation, [{**keys, **about, **counts}]),
            (event, [row]),
            (event_line, lines),
            (rollup_hour, hours),
            (rollup_day, day_deltas(hours)),
        ):
            connection.execute(sa.insert(table), rows)

    book.write(fill)
    assert [m.number for m in migrate(book)] == list(range(2, NEWEST + 1))
    for _ in range(2):
        (proof,) = verify(book)
        assert proof.holds, proof.broken
        assert (proof.events, proof.sum_nusd) == (1, cost_of(sent))
        assert close(book, until_day=10**6, now_us=1)[0].broken == []
        assert prune(book, before_day=10**6, now_us=1)[0].broken == []
    assert proof.pruned == 1
    book.close()


# What every migration may do, and what takes the hardest locks.
_NEXT = """
ALTER TABLE installation ADD COLUMN probe BIGINT NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN probe BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rollup_day ADD COLUMN probe BIGINT NOT NULL DEFAULT 0;
CREATE INDEX event_probe ON event (tenant, installation, probe);
CREATE TABLE probe (
    tenant       TEXT NOT NULL,
    installation TEXT NOT NULL,
    PRIMARY KEY (tenant, installation)
);
INSERT INTO probe (tenant, installation) SELECT tenant, installation FROM installation;
"""


def test_an_old_server_goes_on_storing_while_a_newer_one_migrates(
    empty: str, tmp_path: Path
) -> None:
    book = open_database(empty)
    migrate(book)
    book.close()
    newer = tmp_path / "newer" / "cellcost_ledger"
    shutil.copytree(Path(cellcost_ledger.__file__).parent, newer)
    number = NEWEST + 1
    (newer / f"book/migrations/{number:04d}_next.sql").write_text(_NEXT)
    ledger = Ledger(empty, tmp_path)
    ledger.start()
    client, stored = ledger.client(), [0, 0, 0]

    def write(n: int) -> None:
        for start in range(1, 601, 20):
            batch = [wire(seq) for seq in range(start, start + 20)]
            until(lambda batch=batch: _stored(batch, n), seconds=120)
            stored[n] += len(batch)

    def _stored(batch: list[dict[str, object]], n: int) -> bool:
        answer = client.send_events(batch, f"inst-{n}")
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, n) for n in range(3)]
        until(lambda: sum(stored) > 100)
        before = sum(stored)
        path = [str(newer.parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        done = subprocess.run(
            [PROGRAM, "ledger", "migrate", "--database", empty],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert f"{number:04d} next" in done.stdout, done.stderr
        assert before < sum(stored)
        for writer in writers:
            writer.result(timeout=200)
    assert ledger.client().get("/readyz").status_code == 200
    for n in range(3):
        proof = ledger.proof(f"inst-{n}")
        assert (proof.events, proof.received, proof.gaps) == (600, 600, 0)
    assert ledger.stop() == 0
