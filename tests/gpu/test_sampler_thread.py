"""The sampler's thread: when it runs, that it never raises, and what a fork does."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cellcost.gpu import Claims, Look, Moment, NoGpu, Sampler
from cellcost.testing.nvml import GPU_IS_LOST, Scenario, environment

from .conftest import Machine

GB = 10**9


class Delivered:
    """Collects looks and lets a test wait for one."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self._more = threading.Condition()

    def __call__(self, look: Look) -> None:
        with self._more:
            self.looks.append(look)
            self._more.notify_all()

    def wait(self, enough: Callable[[list[Look]], bool]) -> None:
        with self._more:
            assert self._more.wait_for(lambda: enough(self.looks), timeout=60)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_nothing_starts_before_a_gpu_is_used(machine: Machine) -> None:
    machine.scenario.device()
    sampler = machine.sampler(needed=lambda: False)
    assert not sampler.consider()
    assert not machine.opened
    assert "cellcost-gpu" not in threads()
    assert sampler.reason == ""


def test_off_is_off(machine: Machine) -> None:
    machine.scenario.device()
    sampler = machine.sampler(sample="off")
    assert not sampler.consider()
    assert sampler.reason == "gpu.sample is off"
    assert not machine.opened


def test_it_samples_in_real_time_until_it_is_stopped(
    machine: Machine, tmp_path: Path
) -> None:
    machine.scenario = scenario = Scenario()
    gpu = scenario.device()
    scenario.process(gpu, os.getpid(), bytes=GB)
    scenario.setting("period", 20)
    delivered = Delivered()
    sampler = Sampler(
        delivered,
        every=0.02,
        open_gpu=machine.open,
        needed=lambda: True,
        claims=Claims(tmp_path / "claims"),
        foreign=lambda _: False,
    )
    assert sampler.consider()
    assert sampler.consider()
    assert threads().count("cellcost-gpu") == 1
    assert len(list((tmp_path / "claims").iterdir())) == 1
    delivered.wait(lambda looks: sum(bool(look.bookings) for look in looks) >= 3)
    sampler.stop()
    sampler.stop()
    assert not sampler.running
    assert "cellcost-gpu" not in threads()
    assert not list((tmp_path / "claims").iterdir())
    for look in delivered.looks:
        for booking in look.bookings:
            held = round((booking.end - booking.start) * 1000)
            assert abs(booking.held_ms - held) <= 1


def test_no_driver_is_a_reason_and_tried_again_after_a_minute(
    machine: Machine,
) -> None:
    tried: list[NoGpu] = []

    def nothing() -> NoGpu:
        tried.append(NoGpu("the NVIDIA driver is not loaded"))
        return tried[-1]

    sampler = Sampler(
        machine.looks.append,
        open_gpu=nothing,
        moment=machine.moment,
        needed=lambda: True,
    )
    for _ in range(10):
        assert not sampler.consider()
        machine.step(1)
    assert sampler.reason == "the NVIDIA driver is not loaded"
    assert len(tried) == 1
    machine.step(60)
    assert not sampler.consider()
    assert len(tried) == 2


def test_devices_that_are_all_lost_are_a_reason(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.error(gpu, GPU_IS_LOST)
    sampler = machine.sampler(needed=lambda: True)
    assert not sampler.consider()
    assert "lost" in sampler.reason


def test_a_machine_with_a_driver_and_no_device_is_a_reason(machine: Machine) -> None:
    sampler = machine.sampler(sample="on")
    assert not sampler.consider()
    assert sampler.reason == "the driver lists no device"


def test_who_takes_the_bookings_may_fail_and_nothing_is_raised(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.scenario.device()
    failed = threading.Semaphore(0)

    def broken(_: Look) -> None:
        failed.release()
        raise ValueError("a journal that is full")

    sampler = Sampler(
        broken,
        every=0.01,
        open_gpu=machine.open,
        needed=lambda: True,
        moment=Moment.now,
    )
    with caplog.at_level(logging.WARNING):
        assert sampler.consider()
        for _ in range(5):
            assert failed.acquire(timeout=60)
        for thread in threading.enumerate():
            if thread.name == "cellcost-gpu":
                thread.join(timeout=60)
    assert not sampler.running
    assert sampler.reason == "ValueError: a journal that is full"
    assert len(caplog.records) == 1
    assert not sampler.consider()  # and not again at once


FORK = """
import json, os, threading, time
from pathlib import Path
from cellcost.gpu import Claims, Sampler

folder = Path(os.environ["CLAIMS"])
delivered = threading.Semaphore(0)
sampler = Sampler(lambda look: delivered.release(), every=0.02, claims=Claims(folder),
                  needed=lambda: True)
assert sampler.consider()
delivered.acquire()
claim = [path.name for path in folder.iterdir()]
reader, writer = os.pipe()
child = os.fork()
if not child:
    names = [thread.name for thread in threading.enumerate()]
    before = sampler.running
    kept = [path.name for path in folder.iterdir()] == claim
    started = sampler.consider()
    delivered.acquire()
    claims = len(list(folder.iterdir()))
    sampler.stop()
    left = [path.name for path in folder.iterdir()] == claim
    os.write(writer, json.dumps(
        [names, before, kept, started, claims, left]).encode())
    os._exit(0)
os.close(writer)
said = json.loads(os.read(reader, 1000))
os.waitpid(child, 0)
delivered.acquire()
print(json.dumps({"child": said, "parent": sampler.running}))
sampler.stop()
"""


def test_a_forked_child_starts_with_nothing_and_may_start_its_own(
    tmp_path: Path,
) -> None:
    scenario = Scenario()
    scenario.device()
    scenario.setting("period", 20)
    done = subprocess.run(
        [sys.executable, "-c", FORK],
        env={
            **os.environ,
            **environment(scenario, tmp_path),
            "CLAIMS": str(tmp_path / "claims"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "child": [["MainThread"], False, True, True, 2, True],
        "parent": True,
    }


def test_a_sampler_that_nobody_keeps_is_not_kept_by_the_fork_hook() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import gc, os, weakref\n"
            "from cellcost.gpu import Sampler\n"
            "sampler = Sampler(print)\n"
            "seen = weakref.ref(sampler)\n"
            "del sampler\n"
            "gc.collect()\n"
            "assert seen() is None\n"
            "pid = os.fork()\n"
            "os._exit(0) if not pid else os.waitpid(pid, 0)\n",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
