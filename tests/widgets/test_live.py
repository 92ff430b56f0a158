"""The thread behind the meters: whose it is, whom it tells, when it ends."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cellcost.journal import About, Writer
from cellcost.records import Event, Where
from cellcost.testing.records import make_event
from cellcost_meter import attribution
from cellcost_meter.attribution import RunContext
from cellcost_widgets.live import Live
from cellcost_widgets.reading import Report

SECONDS = 60
HERE = Where(origin="cell", session_id="session-1")


class Page:
    """A meter that keeps what it is told; `leave` closes it."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.runs: list[RunContext | None] = []
        self.open = True
        self.told = threading.Condition()

    def show(self, report: Report) -> bool:
        with self.told:
            self.calls.append(report.figures.total.calls)
            self.runs.append(attribution.run.get())
            self.told.notify_all()
            return self.open

    def wait_for(self, calls: int) -> None:
        with self.told:
            assert self.told.wait_for(lambda: calls in self.calls, SECONDS)


def event(session: str = "session-1") -> Event:
    made = make_event()
    return replace(made, where=replace(made.where, session_id=session))


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writing = Writer(tmp_path, about=About(host="h", pid=1, version="0"))
    yield writing
    writing.close()


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "cellcost widgets"]


def test_the_thread_belongs_to_no_cell_and_ends_with_the_last_meter(
    writer: Writer, tmp_path: Path
) -> None:
    live, page = Live(tmp_path, HERE), Page()
    attribution.run.set(RunContext(origin="cell", run_id="run-1"))
    try:
        live.add(page)
    finally:
        attribution.run.set(None)
    writer.settle(event())
    writer.settle(event("session-2"))
    page.wait_for(1)
    assert set(page.runs) == {None}
    (thread,) = threads()
    page.open = False
    writer.settle(event())
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert max(page.calls) == 2
    again = Page()
    live.add(again)
    writer.settle(event())
    again.wait_for(3)
    again.open = False
    writer.settle(event())
    for left in threads():
        left.join(SECONDS)


def test_the_newest_sixteen_meters_stay_live(writer: Writer, tmp_path: Path) -> None:
    live, pages = Live(tmp_path, HERE), [Page() for _ in range(17)]
    for page in pages:
        live.add(page)
    writer.settle(event())
    pages[-1].wait_for(1)
    for page in pages:
        page.open = False
    writer.settle(event())
    for left in threads():
        left.join(SECONDS)
    assert 1 not in pages[0].calls
    assert all(1 in page.calls for page in pages[1:])


def test_another_journal_in_its_place_is_read_from_its_start(
    writer: Writer, tmp_path: Path
) -> None:
    live = Live(tmp_path, HERE)
    writer.settle(event())
    assert live.report().figures.total.calls == 1
    writer.close()
    for path in tmp_path.glob("journal.db*"):
        path.unlink()
    assert live.report().figures.total.calls == 0
    second = Writer(tmp_path, about=About(host="h", pid=2, version="0"))
    for _ in range(3):
        second.settle(event())
    second.close()
    assert live.report().figures.total.calls == 3
