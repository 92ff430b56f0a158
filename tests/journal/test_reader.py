"""What a view sees of the journal, and of a journal in trouble."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from cellcost.clock import utc_now
from cellcost.errors import JournalError
from cellcost.journal import JOURNAL_FILE, Reader, Writer, record_rename
from cellcost.testing.records import intent_of, make_event

NewWriter = Callable[..., Writer]


def test_a_journal_that_is_not_there_is_empty(home: Path) -> None:
    with Reader(home) as reader:
        assert reader.changes(0).rev == 0
        assert list(reader.events()) == []
        assert reader.writers() == reader.pending() == reader.renames() == ()
        assert reader.event("x") is None
    assert not home.exists()


def test_changes_come_once_and_in_order(home: Path, new_writer: NewWriter) -> None:
    writer, events = new_writer(), [make_event() for _ in range(5)]
    with Reader(home) as reader:
        rev, seen = 0, list[str]()
        for event in events:
            writer.begin(intent_of(event))
            started = reader.changes(rev)
            assert [p.intent.id for p in started.pending] == [event.id]
            writer.settle(event)
            ended = reader.changes(started.rev)
            assert ended.pending == ()
            seen += [e.id for e in (*started.events, *ended.events)]
            rev = ended.rev
        assert reader.changes(rev).events == ()
    assert seen == [event.id for event in events]


def test_a_long_history_comes_in_pages(home: Path, new_writer: NewWriter) -> None:
    writer = new_writer()
    ids = []
    for _ in range(1100):
        event = make_event()
        ids.append(event.id)
        writer.settle(event)
    with Reader(home) as reader:
        first = reader.changes(0)
        assert first.more
        second = reader.changes(first.rev)
        assert not second.more
        assert [e.id for e in (*first.events, *second.events)] == ids
        assert [e.id for e in reader.events()] == ids
        assert all(len(e.lines) == 2 for e in reader.events())


def test_events_are_chosen_by_time_and_notebook(
    home: Path, new_writer: NewWriter
) -> None:
    writer, event = new_writer(), make_event()
    writer.settle(event)
    second = timedelta(seconds=1)
    with Reader(home) as reader:
        found = reader.events(notebook="work/a.ipynb", since=utc_now() - 60 * second)
        assert [e.lines for e in found] == [event.lines]
        assert not list(reader.events(since=utc_now() + second))
        assert not list(reader.events(until=event.time))
        assert not list(reader.events(notebook="other.ipynb"))
        assert not list(reader.events(run_id="other"))
        assert reader.event(event.id) is not None


def test_renames_are_read_in_order(home: Path, new_writer: NewWriter) -> None:
    new_writer().settle(make_event())
    record_rename(home, "a.ipynb", "b.ipynb")
    record_rename(home, "b.ipynb", "c.ipynb")
    with Reader(home) as reader:
        assert [(r.old_path, r.new_path) for r in reader.renames()] == [
            ("a.ipynb", "b.ipynb"),
            ("b.ipynb", "c.ipynb"),
        ]


def test_a_corrupt_journal_is_an_error_that_names_it(home: Path) -> None:
    home.mkdir()
    (home / JOURNAL_FILE).write_bytes(b"no database" * 1000)
    with Reader(home) as reader, pytest.raises(JournalError, match="cellcost doctor"):
        reader.changes(0)


def test_a_locked_journal_is_still_read(home: Path, new_writer: NewWriter) -> None:
    event = make_event()
    new_writer().settle(event)
    other = sqlite3.connect(home / JOURNAL_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Reader(home) as reader:
        assert [e.id for e in reader.changes(0).events] == [event.id]
    other.close()


def test_checkpoints_keep_the_wal_short(home: Path, new_writer: NewWriter) -> None:
    writer = new_writer()
    wal = home / f"{JOURNAL_FILE}-wal"
    for _ in range(300):
        writer.settle(make_event())
    assert wal.stat().st_size > 4 << 20
    writer.checkpoint()
    writer.settle(make_event())
    size = wal.stat().st_size
    for _ in range(100):
        writer.settle(make_event())
    assert wal.stat().st_size == size  # written from the start again, not appended
    with Reader(home) as reader:
        reader.checkpoint()
        assert len(list(reader.events())) == 401


def test_writers_say_what_they_metered(home: Path, new_writer: NewWriter) -> None:
    writer = new_writer()
    writer.announce(kernel_id="k", stacks='{"httpx2":"hooked"}')
    with Reader(home) as reader:
        (row,) = reader.writers()
        assert (row.kernel_id, dict(row.stacks)) == ("k", {"httpx2": "hooked"})
        assert row.alive
        writer.close()
        assert reader.writers() == ()
        (ended,) = reader.writers(since=row.started)
        assert ended.ended is not None
        assert not ended.alive
