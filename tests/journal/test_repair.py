"""A damaged journal is set aside, and what can be read of it goes on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cellcost.errors import JournalError
from cellcost.journal import JOURNAL_FILE, Reader, Writer, damage, recover, repair
from cellcost.testing.records import make_event

NewWriter = Callable[..., Writer]


def test_a_whole_journal_is_not_touched(home: Path, new_writer: NewWriter) -> None:
    assert damage(home) == ""
    new_writer().settle(make_event())
    assert damage(home) == ""
    with pytest.raises(JournalError, match="nothing to repair"):
        repair(home)


def test_what_is_readable_survives_and_writers_go_on(
    home: Path, new_writer: NewWriter
) -> None:
    writer = new_writer()
    events = [make_event() for _ in range(400)]
    for event in events:
        writer.settle(event)
    writer.close()
    with Reader(home) as reader:
        installation = reader.installation
    path = home / JOURNAL_FILE
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(content)
    assert damage(home)
    repaired = repair(home)
    assert repaired.kept.exists()
    assert 0 < repaired.events <= 400
    assert damage(home) == ""
    late = make_event()
    writer.settle(late)
    with Reader(home) as reader:
        stored = {event.id: event for event in reader.events()}
    assert late.id in stored
    assert len(stored) == repaired.events + 1
    assert all(stored[e.id].lines == e.lines for e in events if e.id in stored)
    # As the ledger knows them: their own place, in the installation that they are of.
    kept = {id_: event for id_, event in stored.items() if id_ != late.id}
    assert {e.id: e.seq for e in kept.values()} == {
        event.id: seq for seq, event in enumerate(events, 1) if event.id in kept
    }
    assert {e.installation for e in kept.values()} == {installation}
    assert stored[late.id].installation not in ("", installation)
    assert stored[late.id].seq == 1


def test_a_file_that_is_no_database_is_set_aside_whole(
    home: Path, new_writer: NewWriter
) -> None:
    home.mkdir()
    (home / JOURNAL_FILE).write_bytes(b"nonsense" * 1000)
    writer, event = new_writer(), make_event()
    writer.settle(event)
    assert repair(home).events == 0
    recover(home)
    with Reader(home) as reader:
        assert [stored.id for stored in reader.events()] == [event.id]
