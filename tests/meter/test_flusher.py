"""The one background thread."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from cellcost.clock import utc_now
from cellcost.records import Live
from cellcost_meter.flusher import Flusher

PATIENCE_SECONDS = 10


class Journal:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.rows: list[Live] = []
        self.told = threading.Event()
        self.checkpoints = threading.Event()
        self.waiting = False

    def update_live(self, rows: Sequence[Live]) -> None:
        self.rows += rows
        self.told.set()

    def checkpoint(self) -> bool:
        self.checkpoints.set()
        return not self.waiting

    def say_lost(self) -> None:
        return


class Source:
    """A call in flight that moved once."""

    def __init__(self, name: str, fault: Callable[[], None] = lambda: None) -> None:
        self.row: Live | None = Live(id=name, time=utc_now(), lines=())
        self.fault = fault
        self.finished = 0

    def sample(self) -> Live | None:
        self.fault()
        row, self.row = self.row, None
        return row

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def flusher(journal: Journal) -> Iterator[Flusher]:
    flusher = Flusher(journal)
    yield flusher
    flusher.finish()


def test_jobs_run_in_the_background(flusher: Flusher) -> None:
    done = threading.Event()
    threads: list[threading.Thread] = []
    flusher.soon(lambda: (threads.append(threading.current_thread()), done.set()))
    assert done.wait(PATIENCE_SECONDS)
    assert threads[0].daemon
    assert threads[0].name == "cellcost-flusher"


def test_a_job_that_fails_stops_nothing(flusher: Flusher) -> None:
    done = threading.Event()
    flusher.soon(lambda: 1 / 0)
    flusher.soon(done.set)
    assert done.wait(PATIENCE_SECONDS)


def test_calls_in_flight_are_sampled_and_one_bad_one_hides_no_other(
    flusher: Flusher, journal: Journal
) -> None:
    def boom() -> None:
        raise ValueError("x")

    flusher.watch(Source("bad", boom))
    good = Source("good")
    flusher.watch(good)
    assert journal.told.wait(PATIENCE_SECONDS)
    assert [row.id for row in journal.rows] == ["good"]
    flusher.unwatch(good)


def test_what_was_written_is_tidied_soon(flusher: Flusher, journal: Journal) -> None:
    flusher.touch()
    assert journal.checkpoints.wait(PATIENCE_SECONDS)
    # And again after it fell asleep.
    journal.checkpoints.clear()
    flusher.touch()
    assert journal.checkpoints.wait(PATIENCE_SECONDS)


def test_what_could_not_be_written_is_tried_again_without_a_further_call(
    flusher: Flusher, journal: Journal
) -> None:
    journal.waiting = True
    flusher.touch()
    assert journal.checkpoints.wait(PATIENCE_SECONDS)
    journal.waiting = False
    journal.checkpoints.clear()
    assert journal.checkpoints.wait(PATIENCE_SECONDS)


def test_the_end_works_off_what_waits(journal: Journal) -> None:
    flusher = Flusher(journal)
    source = Source("open")
    flusher.watch(source)
    done: list[int] = []
    flusher.from_destructor(lambda: done.append(1))
    flusher.finish()
    assert (source.finished, done) == (1, [1])
    flusher.soon(lambda: done.append(2))
    assert done == [1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_child_starts_afresh(flusher: Flusher) -> None:
    flusher.watch(Source("parent's"))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        done = threading.Event()
        flusher.soon(done.set)
        alive = done.wait(PATIENCE_SECONDS)
        own = not flusher._sources  # noqa: SLF001 - seen from outside by nothing else
        os.write(write, b"ok" if alive and own else b"no")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 2) == b"ok"
    os.close(read)
    os.close(write)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_waits_until_the_thread_is_between_two_jobs(flusher: Flusher) -> None:
    begun, let_go, ended = threading.Event(), threading.Event(), threading.Event()

    def job() -> None:
        begun.set()
        let_go.wait(PATIENCE_SECONDS)
        ended.set()

    flusher.soon(job)
    assert begun.wait(PATIENCE_SECONDS)
    threading.Timer(0.05, let_go.set).start()
    child = os.fork()
    if child == 0:
        os._exit(0 if ended.is_set() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
