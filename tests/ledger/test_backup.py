"""One file of a whole book: as of one moment, for every database, or refused."""

import json
import random
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import zstandard

from cellcost.errors import ConfigError
from cellcost_ledger.backup import back_up, restore
from cellcost_ledger.book.alarms import Alarm, Fired, add_alarm, fire
from cellcost_ledger.book.copies import table_names
from cellcost_ledger.book.database import open_database
from cellcost_ledger.book.migrate import migrate
from cellcost_ledger.book.schema import METADATA
from cellcost_ledger.book.trail import all_entries, chains
from cellcost_ledger.closing import close, prune
from cellcost_ledger.verify import verify

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "sync"))

from conftest import Ledger, Postgres, command, until, wire
from sending import Book, drain
from sending import Ledger as SyncLedger


def quiet(_table: str, _rows: int) -> None:
    pass


def rows_of(url: str) -> dict[str, list[str]]:
    """Return every row of every table as text, in one order."""
    book = open_database(url)

    def look(connection: sa.Connection) -> dict[str, list[str]]:
        return {
            name: sorted(
                json.dumps([str(v) if isinstance(v, bytes) else v for v in row])
                for row in connection.execute(sa.select(table))
            )
            for name in table_names()
            for table in (METADATA.tables[name],)
        }

    found = book.read(look)
    book.close()
    return found


def backed_up(url: str, path: Path) -> Path:
    book = open_database(url)
    try:
        back_up(book, path, now_us=1, tell=quiet)
    finally:
        book.close()
    return path


def restored(path: Path, url: str) -> None:
    book = open_database(url)
    restore(book, path, tell=quiet)
    proofs = verify(book)
    assert proofs
    assert all(proof.holds for proof in proofs)
    book.close()


def fill(url: str, folder: Path) -> None:
    """Put something into every table."""
    ledger = Ledger(url, folder)
    ledger.start()
    client = ledger.client()
    foreign = wire(4)
    foreign["where"]["tags"] = {"team": "ads", "project": "Größe ✓"}
    first = wire(1)
    client.statuses([first, wire(2), wire(3), foreign])
    client.statuses([{**first, "lines": []}])
    client.statuses([wire(1)], "another")
    assert ledger.stop() == 0
    book = open_database(url)
    day = 20_000_000
    close(book, until_day=day, now_us=1)
    ledger.start()
    ledger.client().statuses([wire(5)])
    assert ledger.stop() == 0
    prune(book, before_day=day, now_us=1)
    told = Alarm(
        tenant="default",
        team="ads",
        function=None,
        model=None,
        per="day",
        limit_nusd=1,
        limit_tokens=None,
        webhook="https://hooks.example.com/x",
        secret="s" * 32,
        created_us=1,
    )
    add_alarm(book, told)
    fired = Fired(
        alarm_id=told.alarm_id,
        period_us=1,
        sum_nusd=2,
        tokens=3,
        n_unpriced=0,
        state="sent",
        tries=1,
        next_try_us=0,
        fired_us=1,
    )
    assert fire(book, fired)
    book.close()


def test_a_book_moves_from_sqlite_to_postgresql_and_back_row_by_row(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    fill(url, tmp_path)
    filled = rows_of(url)
    assert all(filled.values()), {name for name, rows in filled.items() if not rows}
    moved = postgres.new_database()
    file = backed_up(url, tmp_path / "one.zst")
    before = rows_of(url)
    assert file.stat().st_mode & 0o077 == 0
    restored(file, moved)
    assert_same(moved, before, ["restore"])
    back = f"sqlite:///{tmp_path / 'back.db'}"
    restored(backed_up(moved, tmp_path / "two.zst"), back)
    assert_same(back, before, ["restore", "backup", "restore"])


def assert_same(url: str, before: dict[str, list[str]], acts: list[str]) -> None:
    """Hold a book to the rows it came from, and to what was done to it since."""
    found, log = rows_of(url), ("audit", "audit_head")
    assert {**found, **{n: before[n] for n in log}} == before
    assert set(before["audit"]) < set(found["audit"])
    book = open_database(url)
    done = [row["act"] for row in book.read(lambda c: all_entries(c, tenant=""))]
    assert done[-len(acts) :] == acts
    assert not any(chain.broken for chain in book.read(chains))
    book.close()


def test_a_backup_under_load_is_of_one_moment(
    own_ledger: Ledger, tmp_path: Path
) -> None:
    client, stop, sent = own_ledger.client(), threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            names = [f"inst-{n}" for n in range(4)]
            random.Random(sent[0]).shuffle(names)
            for name in names:
                client.statuses([wire(sent[0] + n) for n in (1, 2)], name)
            sent[0] += 2

    writer = threading.Thread(target=write)
    writer.start()
    files: list[Path] = []
    try:
        for n in range(3):
            seen = sent[0]
            until(lambda seen=seen: sent[0] > seen + 5 or not writer.is_alive())
            files.append(backed_up(own_ledger.database, tmp_path / f"{n}.zst"))
    finally:
        stop.set()
        writer.join()
    assert own_ledger.stop() == 0
    counts: list[int] = []
    for file in files:
        copy = f"sqlite:///{file.with_suffix('.db')}"
        restored(file, copy)
        counts.append(len(rows_of(copy)["event"]))
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1] <= sent[0] * 4


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_is_not_whole_or_not_empty_is_refused_and_nothing_is_written(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source = f"sqlite:///{tmp_path / 'ledger.db'}"
    fill(source, tmp_path)
    good = backed_up(source, tmp_path / "good.zst")
    target = f"sqlite:///{tmp_path / 'target.db'}"
    if engine == "postgresql":
        target = request.getfixturevalue("postgres").new_database()
    whole = good.read_bytes()
    text = zstandard.ZstdDecompressor().stream_reader(whole).read()
    head, _, rest = text.partition(b"\n")
    lines = rest.splitlines(keepends=True)
    packed = zstandard.ZstdCompressor().compress
    newer = json.dumps({**json.loads(head), "schema": 999}).encode()
    wrong = {
        "cut": whole[: len(whole) // 2],
        "changed": whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:],
        "without its end": packed(head + b"\n" + b"".join(lines[:-1])),
        "a row less": packed(
            b"\n".join([head, *(x.strip() for x in lines if b"raw" in x), lines[-1]])
        ),
        "of a newer cellcost": packed(newer + b"\n" + rest),
        "no backup": b"no backup",
        "empty": b"",
    }
    book = open_database(target)
    for name, content in wrong.items():
        bad = tmp_path / "bad.zst"
        bad.write_bytes(content)
        with pytest.raises(ConfigError):
            restore(book, bad, tell=quiet)
        migrate(book)
        assert not any(rows_of(target).values()), name
    restore(book, good, tell=quiet)
    before = rows_of(target)
    with pytest.raises(ConfigError, match="not empty"):
        restore(book, good, tell=quiet)
    book.close()
    assert rows_of(target) == before
    with pytest.raises(ConfigError, match="there already"):
        backed_up(target, good)
    assert good.read_bytes() == whole


def test_the_commands_back_up_restore_and_prove(
    own_ledger: Ledger, tmp_path: Path
) -> None:
    # Of its own: other tests break the law in the book that they share.
    own_ledger.client().statuses([wire(1)])
    assert own_ledger.stop() == 0
    run = partial(command, tmp_path)
    file = str(tmp_path / "book.zst")
    done = run("backup", file, "--database", own_ledger.database)
    assert done.returncode == 0, done.stderr
    assert str(Path(file).stat().st_size) in done.stdout
    done = run("restore", file, "--database", str(tmp_path / "new.db"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("restored; the law holds\n")
    again = run("restore", file, "--database", str(tmp_path / "new.db"))
    assert (again.returncode, "not empty" in again.stderr) == (1, True)
    none = run("backup", str(tmp_path / "x"), "--database", str(tmp_path / "no.db"))
    assert (none.returncode, "no ledger" in none.stderr) == (1, True)


def test_after_an_old_backup_was_restored_journals_send_again_what_it_lacks(
    tmp_path: Path,
) -> None:
    ledger = SyncLedger(tmp_path / "book.db")
    key = ledger.new_key()
    ledger.start()
    book = Book(tmp_path / "home")
    book.write(7)
    assert _drained(book, ledger, key) == (7, 0)
    ledger.run("backup", str(tmp_path / "old.zst"))
    book.write(5)
    assert _drained(book, ledger, key) == (5, 0)
    ledger.stop()
    ledger.file = tmp_path / "restored.db"
    said = ledger.run("restore", str(tmp_path / "old.zst"))
    assert said.endswith("the law holds\n")
    ledger.start()
    try:
        book.write(2)
        stored, duplicate = _drained(book, ledger, key)
        assert stored == 7
        total = ledger.verified()
        assert (total["events"], total["gaps"]) == (14, 0)
        assert int(total["sum_nusd"]) == book.cost
        assert duplicate in (0, 7)
    finally:
        ledger.stop()


def _drained(book: Book, ledger: SyncLedger, key: str) -> tuple[int, int]:
    done: Any = drain(book.home, ledger.url, key)
    assert done.state == "drained", done.error
    return done.stored, done.duplicate
