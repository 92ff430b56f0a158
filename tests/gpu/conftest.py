"""A machine with GPUs: scenarios played by a library that the real pynvml loads."""

import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cellcost.gpu import Driver, Look, Moment, NoGpu, Sampler, open_driver
from cellcost.gpu.owners import Allocation
from cellcost.testing.nvml import Scenario, StepClock, played

START_US = 1_700_000_000_000_000


@dataclass
class Machine:
    """A scenario, the clock that plays it, and who looks at it."""

    folder: Path
    clock: StepClock
    scenario: Scenario
    opened: list[Driver] = field(default_factory=list[Driver])
    looks: list[Look] = field(default_factory=list[Look])
    steady_us: int = 5_000_000

    def play(self, stack: ExitStack) -> None:
        """From now on pynvml sees the scenario as it is now."""
        stack.enter_context(played(self.scenario, self.folder))

    def step(self, seconds: float, *, wall: float | None = None) -> None:
        """Let time pass; `wall` where the clock on the wall was set meanwhile."""
        self.clock.step(seconds if wall is None else wall)
        self.steady_us += round(seconds * 1e6)

    def moment(self) -> Moment:
        return Moment(self.steady_us, self.clock.us)

    def open(self) -> Driver | NoGpu:
        """Open the driver; it is closed with the test."""
        self.scenario.write(self.folder / "scenario.tsv")
        found = open_driver()
        if isinstance(found, Driver):
            self.opened.append(found)
        return found

    def driver(self) -> Driver:
        found = self.open()
        assert isinstance(found, Driver), found
        return found

    def sampler(
        self,
        *,
        allocation: Allocation = "shared",
        books_rest: bool = False,
        foreign: Callable[[Collection[int]], bool] = lambda _: False,
        **options: object,
    ) -> Sampler:
        """A sampler that the test steps; it sees all pids as of this machine."""
        return Sampler(
            self.looks.append,
            allocation=allocation,
            books_rest=books_rest,
            foreign=foreign,
            moment=self.moment,
            open_gpu=self.open,
            **options,  # type: ignore[arg-type]  # what a test sets, it names right
        )

    def look_for(self, sampler: Sampler, seconds: int) -> list[Look]:
        """Look once a second for a while; return the looks."""
        found: list[Look] = []
        for _ in range(seconds):
            self.step(1.0)
            found.append(sampler.look())
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine without a device yet, half a second after its scenario's start."""
    clock = StepClock(tmp_path / "clock", start_us=START_US)
    scenario = Scenario(origin_us=clock.us, clock=clock)
    clock.step(0.5)
    machine = Machine(tmp_path, clock, scenario)
    with ExitStack() as stack:
        machine.play(stack)
        yield machine
        for driver in machine.opened:
            driver.close()


@pytest.fixture
def child() -> Iterator[Callable[[], int]]:
    """A function that starts a child process that does nothing; returns its pid."""
    running: list[subprocess.Popen[bytes]] = []

    def start() -> int:
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
        )
        running.append(process)
        return process.pid

    yield start
    for process in running:
        process.communicate()
