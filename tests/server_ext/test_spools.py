"""When records beside the journal are trouble to tell."""

from pathlib import Path

from cellcost.journal.spool import Spooled, append, spool_folder
from cellcost_server.spools import PATIENCE_SECONDS, SpoolWatch


def test_records_that_come_home_soon_are_no_trouble(tmp_path: Path) -> None:
    watch = SpoolWatch(tmp_path)
    assert watch.trouble(0) == ""
    append(spool_folder(tmp_path), Spooled("intent", "w", {}))
    assert watch.trouble(1) == ""
    assert watch.holds_records
    (spool_folder(tmp_path) / "w.jsonl").unlink()
    assert watch.trouble(2) == ""
    assert not watch.holds_records


def test_records_that_wait_are_told_with_their_place(tmp_path: Path) -> None:
    watch = SpoolWatch(tmp_path)
    append(spool_folder(tmp_path), Spooled("intent", "w", {"x": "y" * 4_000}))
    assert watch.trouble(0) == ""
    told = watch.trouble(PATIENCE_SECONDS)
    assert told.startswith(f"About 4 kB of records wait in {spool_folder(tmp_path)} ")


def test_a_spool_that_shrinks_is_on_its_way_home(tmp_path: Path) -> None:
    watch = SpoolWatch(tmp_path)
    for _ in range(9):
        append(spool_folder(tmp_path), Spooled("intent", "w", {}))
    assert watch.trouble(0) == ""
    (spool_folder(tmp_path) / "w.jsonl").write_bytes(b"one left")
    assert watch.trouble(PATIENCE_SECONDS) == ""
    assert watch.trouble(2 * PATIENCE_SECONDS)
