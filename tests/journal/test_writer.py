"""One writer: what it stores, and where records go when the journal is in trouble."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cellcost.clock import utc_now
from cellcost.journal import JOURNAL_FILE, Reader, Writer, recover
from cellcost.records import Line, Live
from cellcost.testing.records import intent_of, make_event, make_lines

NewWriter = Callable[..., Writer]


def stored(home: Path) -> list[str]:
    with Reader(home) as reader:
        return [event.id for event in reader.events()]


def test_a_settled_call_is_read_back_whole(home: Path, new_writer: NewWriter) -> None:
    writer, event = new_writer(), make_event()
    writer.begin(intent_of(event))
    writer.settle(event)
    with Reader(home) as reader:
        (read,) = reader.events()
        assert reader.pending() == ()
        assert read.installation == reader.installation
    assert read.seq == 1
    assert (read.lines, read.where, read.call) == (event.lines, event.where, event.call)
    assert (read.time, read.duration_seconds) == (event.time, 0.5)


def test_a_call_in_flight_is_pending_with_what_it_used(
    home: Path, new_writer: NewWriter
) -> None:
    writer, event = new_writer(), make_event()
    intent = intent_of(event)
    writer.begin(intent)
    live = Live(id=event.id, time=utc_now(), lines=make_lines(80, 3))
    writer.update_live([live])
    with Reader(home) as reader:
        (pending,) = reader.pending()
    assert (pending.intent, pending.live, pending.writer) == (intent, live, writer.id)


def test_live_figures_of_a_settled_call_leave_nothing(
    home: Path, new_writer: NewWriter
) -> None:
    writer, event = new_writer(), make_event()
    writer.settle(event)
    writer.update_live([Live(id=event.id, time=utc_now(), lines=())])
    with Reader(home) as reader:
        assert reader.pending() == ()
    rows = sqlite3.connect(home / JOURNAL_FILE)
    assert rows.execute("SELECT count(*) FROM live").fetchone() == (0,)
    rows.close()


def test_settling_twice_the_same_counts_once(home: Path, new_writer: NewWriter) -> None:
    writer, event = new_writer(), make_event()
    writer.settle(event)
    writer.settle(event)
    assert stored(home) == [event.id]


def test_a_second_settlement_is_a_correction_with_the_difference(
    home: Path, new_writer: NewWriter
) -> None:
    writer = new_writer()
    unpriced = (Line(line_no=1, meter="input", quantity=80, reason="no price"),)
    first = make_event(unpriced)
    writer.settle(first)
    writer.settle(make_event(make_lines(100, 10), first.id))
    writer.settle(make_event(make_lines(100, 12), first.id))
    with Reader(home) as reader:
        original, *corrections = reader.events()
    assert original.id == first.id
    assert {c.corrects for c in corrections} == {first.id}
    assert [c.kind for c in corrections] == ["correction"] * 2
    rows = sqlite3.connect(home / JOURNAL_FILE)
    assert rows.execute(
        "SELECT sum(cost_nusd), sum(n_unpriced) FROM event"
    ).fetchone() == (100 * 250 + 12 * 2000, 0)
    rows.close()
    quantities: Counter[str] = Counter()
    for event in (original, *corrections):
        for line in event.lines:
            quantities[line.meter] += line.quantity
    assert quantities == {"input": 100, "output": 12}


def test_a_busy_journal_sends_records_to_the_spool_and_they_come_home(
    home: Path, new_writer: NewWriter
) -> None:
    writer, event = new_writer(), make_event()
    writer.announce(notebook="x")
    other = sqlite3.connect(home / JOURNAL_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer.begin(intent_of(event))
    writer.settle(event)
    assert writer.health.state == "spooling"
    assert writer.health.spooled == 2
    other.execute("ROLLBACK")
    other.close()
    writer.checkpoint()
    assert writer.health.state == "ok"
    assert stored(home) == [event.id]
    with Reader(home) as reader:
        assert reader.pending() == ()


def test_a_reader_brings_home_what_is_spooled(
    home: Path, new_writer: NewWriter
) -> None:
    writer, event = new_writer(network=True), make_event()
    writer.begin(intent_of(event))
    writer.settle(event)
    assert not (home / JOURNAL_FILE).exists()
    assert recover(home).spooled == 3  # the writer itself, intent, event
    assert stored(home) == [event.id]


def test_a_spooled_intent_of_a_living_writer_is_not_declared_dead(
    home: Path, new_writer: NewWriter
) -> None:
    writer, event = new_writer(), make_event()
    writer.announce(notebook="x")
    other = sqlite3.connect(home / JOURNAL_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer.begin(intent_of(event))
    other.execute("ROLLBACK")
    other.close()
    assert recover(home).events == 0
    with Reader(home) as reader:
        assert [p.intent.id for p in reader.pending()] == [event.id]
    writer.settle(event)
    assert stored(home) == [event.id]


@pytest.mark.parametrize(
    "content", [b"this is no database" * 500, b"SQLite format 3\0"]
)
def test_a_corrupt_journal_costs_no_record(
    home: Path, new_writer: NewWriter, content: bytes
) -> None:
    home.mkdir()
    (home / JOURNAL_FILE).write_bytes(content)
    writer, event = new_writer(), make_event()
    writer.begin(intent_of(event))
    writer.settle(event)
    assert writer.health.state == "spooling"
    assert writer.health.error
    writer.close()
    (home / JOURNAL_FILE).unlink()
    recover(home)
    assert stored(home) == [event.id]


def test_a_journal_deleted_under_us_is_made_anew(
    home: Path, new_writer: NewWriter
) -> None:
    writer, before, after = new_writer(), make_event(), make_event()
    writer.settle(before)
    with Reader(home) as reader:
        assert reader.changes(0).rev > 0
        first = reader.installation
        for path in home.glob(JOURNAL_FILE + "*"):
            path.unlink()
        writer.settle(after)
        changes = reader.changes(3)
        assert changes.reset
        assert [event.id for event in changes.events] == [after.id]
        assert reader.installation != first


def test_an_unwritable_home_spools_to_the_temp_folder(
    tmp_path: Path, new_writer: NewWriter, home: Path
) -> None:
    home.write_text("a file where the folder should be")
    writer, event = new_writer(), make_event()
    writer.settle(event)
    assert writer.health.state == "spooling"
    home.unlink()
    assert recover(home).spooled == 2
    assert stored(home) == [event.id]


def test_without_any_disk_records_wait_in_memory(
    home: Path, new_writer: NewWriter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home.write_text("no folder")
    (tmp_path / "tmp").write_text("no folder either")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    writer, event = new_writer(), make_event()
    writer.settle(event)
    assert writer.health.state == "memory"
    assert writer.health.in_memory == 2  # the writer itself and its event
    home.unlink()
    writer.checkpoint()
    recover(home)
    assert writer.health.in_memory == 0
    assert stored(home) == [event.id]


def test_a_newer_journal_that_refuses_us_is_left_alone(
    home: Path, new_writer: NewWriter
) -> None:
    new_writer().settle(make_event())
    newer = sqlite3.connect(home / JOURNAL_FILE, isolation_level=None)
    newer.execute("UPDATE counter SET min_writer = 99")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    writer = new_writer()
    writer.settle(make_event())
    assert writer.health.state == "spooling"
    assert "newer cellcost" in writer.health.error


def test_a_newer_journal_that_allows_us_is_written(
    home: Path, new_writer: NewWriter
) -> None:
    new_writer().settle(make_event())
    newer = sqlite3.connect(home / JOURNAL_FILE, isolation_level=None)
    newer.execute("ALTER TABLE event ADD COLUMN colour TEXT NOT NULL DEFAULT ''")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    event = make_event()
    new_writer().settle(event)
    assert stored(home)[-1] == event.id


def test_an_interrupt_in_mid_transaction_keeps_the_record_and_goes_on(
    home: Path, new_writer: NewWriter
) -> None:
    def at(step: str) -> None:
        if step == "settle.event_written":
            raise KeyboardInterrupt

    writer, event = new_writer(at=at), make_event()
    writer.begin(intent_of(event))
    with pytest.raises(KeyboardInterrupt):
        writer.settle(event)
    recover(home)
    assert stored(home) == [event.id]


def test_closing_ends_the_writer_and_later_records_open_a_new_one(
    home: Path, new_writer: NewWriter
) -> None:
    writer = new_writer()
    writer.settle(make_event())
    first = writer.id
    writer.close()
    assert list((home / "writers").iterdir()) == []
    writer.settle(make_event())
    with Reader(home) as reader:
        (alive,) = reader.writers()
    assert alive.id == writer.id != first


def test_a_journal_in_a_read_only_folder_can_still_be_read(
    home: Path, new_writer: NewWriter
) -> None:
    writer, event = new_writer(), make_event()
    writer.settle(event)
    writer.close()
    (home / JOURNAL_FILE).chmod(0o400)
    home.chmod(0o500)
    try:
        assert stored(home) == [event.id]
    finally:
        home.chmod(0o700)
