"""Outcomes, with and without a meter."""

import logging
from decimal import Decimal
from pathlib import Path

import pytest

import cellcost
from cellcost import context
from cellcost.journal import Reader
from cellcost.records import Event, Where


class Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def where(self, frame: object) -> Where:
        return Where(origin="cell", cell_id="c", tags=dict(context.current_tags()))

    def record(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CELLCOST_HOME", str(tmp_path))
    return tmp_path


def stored(home: Path) -> list[Event]:
    return list(Reader(home).events())


def test_without_a_meter_an_outcome_goes_to_the_journal_by_itself(home: Path) -> None:
    with cellcost.tags(team="search"):
        cellcost.outcome("summary", count=3, quality=0.9, value=0.1, feature="mail")
    (event,) = stored(home)
    assert (event.kind, event.where.origin, event.lines) == ("outcome", "script", ())
    assert dict(event.detail) == {
        "name": "summary",
        "count": 3,
        "quality": 0.9,
        "value": "0.1",
    }
    assert {"team": "search", "feature": "mail"}.items() <= event.where.tags.items()
    assert "test_without_a_meter" in event.where.call_site


def test_with_a_meter_an_outcome_belongs_to_the_cell(home: Path) -> None:
    recorder = Recorder()
    context.set_running(recorder)
    try:
        cellcost.outcome("summary", value=Decimal("1.50"), team="search")
    finally:
        context.set_running(None)
    (event,) = recorder.events
    assert event.where.cell_id == "c"
    assert event.where.tags == {"team": "search"}
    assert event.detail["value"] == "1.50"
    assert event.call is None


@pytest.mark.parametrize(
    "wrong", [{"count": "many"}, {"value": "a lot"}, {"quality": object()}]
)
def test_what_cannot_be_recorded_is_logged_and_not_raised(
    home: Path, caplog: pytest.LogCaptureFixture, wrong: dict[str, object]
) -> None:
    with caplog.at_level(logging.WARNING, "cellcost"):
        cellcost.outcome("summary", **wrong)  # type: ignore[arg-type]
    assert "could not record the outcome 'summary'" in caplog.text
    assert not (home / "journal.db").exists()


def test_a_recorder_that_fails_does_not_break_the_caller(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Recorder):
        def record(self, event: Event) -> None:
            raise RuntimeError("ours")

    context.set_running(Broken())
    try:
        with caplog.at_level(logging.WARNING, "cellcost"):
            cellcost.outcome("summary")
    finally:
        context.set_running(None)
    assert "could not record" in caplog.text
