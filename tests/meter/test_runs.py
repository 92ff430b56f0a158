"""Whose the time of a kernel is, by the clock."""

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellcost_meter.attribution import RunContext
from cellcost_meter.runs import LINGER_SECONDS, RunLog


def run(name: str) -> RunContext:
    return RunContext(origin="cell", run_id=name, cell_id=name)


A, B = run("a"), run("b")


def told(log: RunLog, start: float, end: float) -> list[tuple[float, float, str]]:
    return [
        (stretch.start, stretch.end, "".join(run.run_id for run in stretch.runs))
        for stretch in log.owners(start, end)
    ]


@pytest.fixture
def log() -> RunLog:
    return RunLog()


@pytest.fixture
def worker():
    """A thread that lives until the test says otherwise."""
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.finish = lambda: (go.set(), thread.join())
    thread.start()
    yield thread
    thread.finish()


def test_time_without_a_cell_is_nobodys(log: RunLog) -> None:
    assert told(log, 0, 10) == [(0, 10, "")]


def test_a_running_cell_owns_the_time_from_its_beginning(log: RunLog) -> None:
    log.began(A, 4)
    assert told(log, 0, 10) == [(0, 4, ""), (4, 10, "a")]


def test_what_a_cell_queued_is_still_its_own_for_a_moment(log: RunLog) -> None:
    log.began(A, 1)
    log.ended(A, 4)
    until = 4 + LINGER_SECONDS
    assert told(log, 2, 10) == [(2, 4, "a"), (4, until, "a"), (until, 10, "")]
    assert [one.running for one in log.owners(2, 10)] == [True, False, False]


def test_the_next_cell_owns_its_time_at_once(log: RunLog) -> None:
    log.began(A, 1)
    log.ended(A, 4)
    log.began(B, 4.5)
    assert told(log, 2, 10) == [(2, 4, "a"), (4, 4.5, "a"), (4.5, 10, "b")]


def test_overlapping_cells_own_their_time_together(log: RunLog) -> None:
    log.began(A, 1)
    log.began(B, 3)
    log.ended(A, 6)
    assert told(log, 0, 8) == [(0, 1, ""), (1, 3, "a"), (3, 6, "ab"), (6, 8, "b")]


def test_a_thread_carries_its_cell_on(log: RunLog, worker) -> None:
    log.began(A, 1)
    log.started(worker, A)
    log.ended(A, 2)
    assert told(log, 2, 60) == [(2, 60, "a")]
    worker.finish()
    assert told(log, 60, 70) == [(60, 60 + LINGER_SECONDS, "a"), (62, 70, "")]


def test_a_thread_of_an_earlier_cell_takes_nothing_from_a_running_one(
    log: RunLog, worker
) -> None:
    log.began(A, 1)
    log.started(worker, A)
    log.ended(A, 2)
    log.began(B, 5)
    assert told(log, 2, 8) == [(2, 5, "a"), (5, 8, "b")]


def test_what_the_last_cell_queued_is_not_an_idle_threads(log: RunLog, worker) -> None:
    log.began(A, 1)
    log.started(worker, A)
    log.ended(A, 2)
    log.began(B, 5)
    log.ended(B, 8)
    until = 8 + LINGER_SECONDS
    assert told(log, 7, 20) == [(7, 8, "b"), (8, until, "b"), (until, 20, "a")]


def test_many_runs_are_forgotten_but_never_one_at_work(log: RunLog, worker) -> None:
    log.began(A, 1)
    log.started(worker, A)
    log.ended(A, 2)
    for n in range(1_000):
        one = run(f"s{n}")
        log.began(one, 3_000 + n)
        log.ended(one, 3_000.5 + n)
    assert told(log, 2, 8)[0] == (2, 8, "a")
    assert told(log, 3_998, 3_998.5) == [(3_998, 3_998.5, "s998")]


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), max_size=8),
    st.floats(0, 100),
    st.floats(0.001, 50),
)
def test_no_time_is_lost_or_told_twice(spans, start, length) -> None:
    log = RunLog()
    for n, (began, lasted) in enumerate(sorted(spans)):
        log.began(one := run(str(n)), began)
        log.ended(one, began + lasted)
    found = log.owners(start, start + length)
    assert found[0].start == start
    assert found[-1].end == start + length
    assert all(a.end == b.start for a, b in pairwise(found))
    assert all(a.start < a.end for a in found)
