"""What a look at 8 devices with 20 processes each takes: once a second, so ≤ 0.1 %.

The driver is the scenario library, whose own time counts in figure and floor alike. The
floor makes the same calls of it through ctypes, into buffers that are kept, and does
nothing with the answers.
"""

import ctypes
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cellcost.gpu import Driver, Moment, Sampler, open_driver
from cellcost.testing.nvml import Scenario, StepClock, played
from measure import BenchPath

DEVICES = 8
PROCESSES = 20
LOOKS = 100
GB = 10**9


class Machine:
    """Devices whose clock the bench steps, a second a look."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        start_us = 1_700_000_000_000_000
        self.clock = StepClock(folder / "clock", start_us=start_us)
        self.steady_us = 0
        scenario = Scenario(origin_us=start_us, clock=self.clock)
        pids = iter([os.getpid(), *others(DEVICES * PROCESSES - 1)])
        for _ in range(DEVICES):
            gpu = scenario.device()
            for _ in range(PROCESSES):
                pid = next(pids)
                scenario.process(gpu, pid, bytes=4 * GB)
                scenario.load(gpu, pid, sm=4)
        self._stack.enter_context(played(scenario, folder))
        self.sampler = Sampler(
            lambda look: None,
            sample="on",
            moment=self.moment,
            foreign=lambda _: False,
        )
        self.step()
        self.sampler.look()
        driver = open_driver()
        assert isinstance(driver, Driver), driver
        self._driver = driver
        self._calls = plain_calls(len(driver.devices()))

    def moment(self) -> Moment:
        return Moment(self.steady_us, self.clock.us)

    def step(self) -> None:
        self.clock.step(1.0)
        self.steady_us += 1_000_000

    def look_us(self) -> float:
        """Return the processor's microseconds of one look, of a hundred."""
        self.step()
        self.sampler.look()  # catches up with what the floor's rounds let pass
        spent = 0
        booked = 0
        for _ in range(LOOKS):
            self.step()
            started = time.thread_time_ns()
            look = self.sampler.look()
            spent += time.thread_time_ns() - started
            booked += sum(state.whole_ms for state in look.states)
        assert abs(booked - DEVICES * LOOKS * 1000) < DEVICES * 1000
        return spent / LOOKS / 1000

    def floor_us(self) -> float:
        """Return the processor's microseconds of the same calls by ctypes alone."""
        spent = 0
        for _ in range(LOOKS):
            self.step()
            since = ctypes.c_ulonglong(self.clock.us - 1_000_000)
            started = time.thread_time_ns()
            self._calls(since)
            spent += time.thread_time_ns() - started
        return spent / LOOKS / 1000

    def close(self) -> None:
        self.sampler.stop()
        self._driver.close()
        self._stack.close()


def others(count: int) -> list[int]:
    """Return pids: of processes that run here, and as many more as are wanted."""
    running = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    running = [pid for pid in running if pid != os.getpid()][:count]
    return [*running, *range(4_000_000, 4_000_000 + count - len(running))]


def plain_calls(devices: int) -> Any:
    """Return a function that asks each device what a look asks it."""
    import pynvml

    library = pynvml.nvmlLib
    handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(devices)]
    room = ctypes.create_string_buffer(1 << 16)
    count, kind, energy = ctypes.c_uint(), ctypes.c_int(), ctypes.c_ulonglong()
    count_at, kind_at = ctypes.byref(count), ctypes.byref(kind)
    energy_at = ctypes.byref(energy)
    memory = pynvml.c_nvmlMemory_v2_t()
    memory_at = ctypes.byref(memory)

    def calls(since: ctypes.c_ulonglong) -> None:
        for handle in handles:
            count.value = 512
            library.nvmlDeviceGetSamples(handle, 1, since, kind_at, count_at, room)
            count.value = 512
            library.nvmlDeviceGetComputeRunningProcesses_v3(handle, count_at, room)
            count.value = 512
            library.nvmlDeviceGetGraphicsRunningProcesses_v3(handle, count_at, room)
            count.value = 512
            library.nvmlDeviceGetProcessUtilization(handle, room, count_at, since)
            library.nvmlDeviceGetMemoryInfo_v2(handle, memory_at)
            library.nvmlDeviceGetTotalEnergyConsumption(handle, energy_at)

    return calls


def paths() -> list[BenchPath]:
    machine = Machine()
    return [
        BenchPath(
            name=f"a look at {DEVICES} devices x {PROCESSES} processes, CPU time",
            figure=machine.look_us,
            floor=machine.floor_us,
            goal_us=1000,  # of each second: 0.1 % of a core
            close=machine.close,
        ),
    ]
