"""Handing the run over: what foreign code sees of it, and what our own faults do."""

import inspect
import logging
import multiprocessing.pool
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from cellcost_meter import attribution, carry
from cellcost_meter.attribution import RunContext
from cellcost_meter.capture.switch import Switch

ORIGINALS = {
    (threading.Thread, "start"): threading.Thread.start,
    (ThreadPoolExecutor, "submit"): ThreadPoolExecutor.submit,
    (multiprocessing.pool.Pool, "imap"): multiprocessing.pool.Pool.imap,
    (multiprocessing.Process.__base__, "start"): multiprocessing.Process.start,
    (subprocess.Popen, "__init__"): subprocess.Popen.__init__,
}


class Fault(Exception):
    """A fault of our own, passed in."""


def fail() -> Any:
    raise Fault


@pytest.fixture
def cell() -> Iterator[RunContext]:
    """A cell that runs in this thread."""
    run = RunContext(
        origin="cell", run_id="r", cell_id="c", thread=threading.get_ident()
    )
    token = attribution.run.set(run)
    yield run
    attribution.run.reset(token)


@pytest.fixture
def announced() -> dict[str, str]:
    return {}


@pytest.fixture
def carrying(announced: dict[str, str]) -> Iterator[None]:
    hooks = carry.install(announce=announced.__setitem__)
    yield
    hooks.stop()


@pytest.fixture
def faulty(announced: dict[str, str]) -> Iterator[None]:
    hooks = carry.install(take=fail, to_text=fail, announce=announced.__setitem__)
    yield
    hooks.stop()


def cell_in_thread(start: Callable[[Callable[[], None]], Any]) -> str:
    found: list[str] = []
    start(lambda: found.append(attribution.current().cell_id))
    return found[0]


def test_every_patch_comes_off_again(carrying: None) -> None:
    for (owner, name), original in ORIGINALS.items():
        assert getattr(owner, name) is not original
        assert inspect.unwrap(getattr(owner, name)) is original
        assert inspect.signature(getattr(owner, name)) == inspect.signature(original)


def test_nothing_is_left_of_a_carrying_that_stopped() -> None:
    carry.install(announce=lambda hook, reason: None).stop()
    for (owner, name), original in ORIGINALS.items():
        assert getattr(owner, name) is original


def test_hooking_twice_wraps_once(carrying: None) -> None:
    wrapped = threading.Thread.start
    carry.install(announce=lambda hook, reason: None)
    assert threading.Thread.start is wrapped


def test_under_a_foreign_wrapper_the_patch_goes_quiet_and_wakes_up(
    cell: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = carry.install(announce=lambda hook, reason: None)
    ours = threading.Thread.start

    def theirs(thread: threading.Thread) -> None:
        ours(thread)

    theirs.__wrapped__ = ours  # type: ignore[attr-defined]
    monkeypatch.setattr(threading.Thread, "start", theirs)

    def started(function: Callable[[], None]) -> None:
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()

    assert cell_in_thread(started) == "c"
    hooks.stop()
    assert threading.Thread.start is theirs
    assert cell_in_thread(started) == ""
    again = carry.install(announce=lambda hook, reason: None)
    assert threading.Thread.start is theirs
    assert cell_in_thread(started) == "c"
    monkeypatch.undo()
    again.stop()
    assert threading.Thread.start is not ours


def test_an_executor_that_runs_inline_leaves_the_cell_as_it_was(
    carrying: None, cell: RunContext
) -> None:
    class Inline(ThreadPoolExecutor):
        def _adjust_thread_count(self) -> None:
            self._work_queue.get_nowait().run()

    pool = Inline(1)
    assert pool.submit(attribution.current).result() == cell
    assert attribution.current() == cell


def test_a_thread_that_cannot_start_raises_what_it_always_did(
    carrying: None, cell: RunContext
) -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()


def test_the_users_error_in_a_pool_is_the_users(carrying: None) -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyError, match="theirs"):
        pool.submit({}.__getitem__, "theirs").result()
    with pytest.raises(TypeError, match="submit"):
        ThreadPoolExecutor(1).submit()  # type: ignore[call-arg]


def use_thread() -> list[int]:
    done: list[int] = []
    thread = threading.Thread(target=done.append, args=(7,))
    thread.start()
    thread.join()
    return done


def use_pool() -> list[int]:
    with ThreadPoolExecutor(1) as pool:
        return list(pool.map(int, ["7"]))


def use_multiprocessing_pool() -> list[int]:
    with multiprocessing.pool.ThreadPool(1) as pool:
        return pool.map(int, ["7"])


def use_subprocess() -> list[int]:
    return [int(subprocess.check_output([sys.executable, "-c", "print(7)"]))]


def use_process() -> list[int]:
    context = multiprocessing.get_context("fork")
    process = context.Process(target=int)
    process.start()
    process.join()
    return [7 + (process.exitcode or 0)]


@pytest.mark.parametrize(
    "use",
    [use_thread, use_pool, use_multiprocessing_pool, use_subprocess, use_process],
)
def test_a_fault_of_ours_never_reaches_the_user(
    faulty: None,
    announced: dict[str, str],
    use: Callable[[], list[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "cellcost"):
        assert use() == [7]
    assert "Fault" in caplog.text


def test_a_hook_that_fails_again_and_again_turns_itself_off_and_says_so(
    announced: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def fault() -> Any:
        calls.append(1)
        raise Fault

    hooks = carry.install(take=fault, announce=announced.__setitem__)
    try:
        with caplog.at_level(logging.WARNING, "cellcost"):
            for _ in range(20):
                assert use_thread() == [7]
    finally:
        hooks.stop()
    assert announced["attribution by threading.Thread.start"].startswith("not captured")
    assert len(calls) < 20
    assert caplog.text.count("threading.Thread.start") == 1


def test_a_fault_that_passes_turns_nothing_off(announced: dict[str, str]) -> None:
    switch = Switch("attribution by test", announced.__setitem__)
    for _ in range(20):
        switch.failed(Fault())
        switch.worked()
    assert switch.on
    assert announced == {}


def test_a_future_is_still_the_executors_own(carrying: None) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert isinstance(pool, Executor)
        assert isinstance(pool.submit(int), Future)
