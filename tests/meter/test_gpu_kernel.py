"""GPU time in a real kernel, on a driver that plays a scenario."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.meter.conftest import Kernel, start_kernel

from cellcost.journal import JOURNAL_FILE, Reader, recover
from cellcost.records import Event
from cellcost.testing.simulated_gpu import simulate

RATES = """
[[gpu_rates]]
match = "*H100*"
usd_per_hour = "3.60"
"""
"""A thousand nano-USD for each millisecond."""

SET_UP = """
import cupy
from cellcost.testing.simulated_gpu import SimulatedGpu
gpu = SimulatedGpu()
gpu.hold(31)
"""


class GpuKernel:
    """A metered kernel on a machine with one simulated H100."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        (self.home / "cellcost.toml").write_text(RATES, "utf-8")
        # Stands for the library: only that it is imported counts.
        (folder / "cupy.py").write_text("", "utf-8")
        self.kernel: Kernel = start_kernel(folder, **simulate(folder))

    def events(self) -> list[Event]:
        if not (self.home / JOURNAL_FILE).exists():
            return []
        return [event for event in Reader(self.home).events() if event.kind == "gpu"]

    def until(self, fits: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 60
        while not fits():
            assert time.monotonic() < give_up, self.events()
            time.sleep(0.2)

    def quantity(self, meter: str, run_id: str) -> int:
        return sum(
            line.quantity
            for event in self.events()
            if event.where.run_id == run_id
            for line in event.lines
            if line.meter == meter
        )


@pytest.fixture
def gpu(tmp_path: Path) -> Iterator[GpuKernel]:
    running = GpuKernel(tmp_path)
    try:
        yield running
    finally:
        running.kernel.close()


def test_a_cell_pays_for_its_kernels_and_the_process_for_what_it_holds(
    gpu: GpuKernel,
) -> None:
    assert gpu.kernel.run(SET_UP).error == ""
    working = gpu.kernel.run("gpu.work(4.0, sm=80)", cell_id="c-work")
    assert working.error == ""
    gpu.until(lambda: any(event.where.cell_id == "c-work" for event in gpu.events()))
    (event,) = [e for e in gpu.events() if e.where.cell_id == "c-work"]
    assert [line.meter for line in event.lines] == ["gpu_busy"]
    (line,) = event.lines
    # Kernels ran for 80 percent of four seconds; the first look may come late.
    assert 2_000 <= line.quantity <= 3_600
    assert line.variant == "NVIDIA H100 80GB HBM3"
    assert line.cost_nusd == line.quantity * 1_000
    assert event.where.origin == "cell"
    gpu.kernel.manager.shutdown_kernel()
    gpu.until(lambda: gpu.quantity("gpu_held", "") > 0)
    held = [event for event in gpu.events() if not event.where.cell_id]
    assert all(
        line.cost_nusd == line.quantity * 1_000 for e in held for line in e.lines
    )
    assert held[0].detail["held_bytes"] == 31_000_000_000
    assert held[0].where.kernel_id == gpu.kernel.kernel_id


def test_a_killed_kernel_leaves_what_it_used_until_its_last_second(
    gpu: GpuKernel,
) -> None:
    assert gpu.kernel.run(SET_UP).error == ""
    (pid,) = gpu.kernel.run("import os, json; print(os.getpid())").values
    gpu.kernel.send("gpu.work(60.0)", cell_id="c-work")
    gpu.until(
        lambda: any(
            call.live is not None and call.live.lines[0].quantity > 2_000
            for call in Reader(gpu.home).pending()
            if call.intent.where.cell_id == "c-work"
        )
    )
    os.kill(pid, signal.SIGKILL)
    gpu.until(lambda: recover(gpu.home).events > 0)
    (event,) = [e for e in gpu.events() if e.where.cell_id == "c-work"]
    assert (event.confidence, event.lines[0].meter) == ("partial", "gpu_busy")
    assert event.lines[0].quantity > 2_000


def test_a_kernel_that_uses_no_gpu_samples_none(gpu: GpuKernel) -> None:
    code = """
import json, sys, threading
print(json.dumps([[t.name for t in threading.enumerate() if t.name == "cellcost-gpu"],
                  "cellcost.gpu" in sys.modules]))
"""
    assert gpu.kernel.run(code).value == [[], False]
    assert gpu.kernel.run("import cupy").error == ""
    gpu.until(lambda: gpu.kernel.run(code).value == [["cellcost-gpu"], True])


def test_what_a_child_process_uses_belongs_to_the_cell_that_started_it(
    gpu: GpuKernel,
) -> None:
    assert gpu.kernel.run("import cupy").error == ""
    child = (
        "from cellcost.testing.simulated_gpu import SimulatedGpu as G;"
        "g = G(); g.hold(8); g.work(4.0)"
    )
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    assert gpu.kernel.run(code, cell_id="c-child").error == ""
    gpu.until(lambda: any(event.where.cell_id == "c-child" for event in gpu.events()))
    (event,) = [e for e in gpu.events() if e.where.cell_id == "c-child"]
    assert 2_600 <= event.lines[0].quantity <= 4_600


def test_a_child_that_samples_for_itself_works_for_its_cell_and_holds_for_none(
    gpu: GpuKernel,
) -> None:
    child = (
        "import cellcost_meter, cupy;"
        "cellcost_meter.install();"
        "from cellcost.testing.simulated_gpu import SimulatedGpu as G;"
        "g = G(); g.hold(8); g.work(3.0, sm=60)"
    )
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    assert gpu.kernel.run(code, cell_id="c-child").error == ""
    gpu.until(lambda: any(event.where.cell_id == "c-child" for event in gpu.events()))
    lines = [
        (line.meter, event.where.cell_id)
        for event in gpu.events()
        for line in event.lines
    ]
    assert set(lines) == {("gpu_busy", "c-child"), ("gpu_held", "")}


def run_script(folder: Path, code: str) -> list[Event]:
    """Run a metered script where a GPU is; return the GPU events that it settled."""
    home = folder / "home"
    home.mkdir()
    (home / "cellcost.toml").write_text(RATES, "utf-8")
    (folder / "cupy.py").write_text("", "utf-8")
    script = folder / "script.py"
    script.write_text(code, "utf-8")
    command = [sys.executable, "-m", "cellcost_meter.script", "path", str(script)]
    variables = {**os.environ, **simulate(folder), "CELLCOST_HOME": str(home)}
    subprocess.run(command, env=variables, cwd=folder, check=True, timeout=60)
    return [event for event in Reader(home).events() if event.kind == "gpu"]


def test_a_script_that_ends_at_once_leaves_what_it_used(tmp_path: Path) -> None:
    events = run_script(tmp_path, SET_UP + "gpu.work(1.6, sm=100)")
    busy = [
        line.quantity
        for event in events
        for line in event.lines
        if line.meter == "gpu_busy"
    ]
    assert sum(busy) > 300
    assert {event.confidence for event in events} == {"measured"}
    owners = {
        line.meter: bool(event.where.run_id) for event in events for line in event.lines
    }
    # A script is one run; what it only holds is no run's.
    assert owners.pop("gpu_busy")
    assert not any(owners.values())


def test_a_child_that_multiprocessing_ends_settles_what_it_used(tmp_path: Path) -> None:
    code = """
import multiprocessing
def work():
    import cupy
    from cellcost.testing.simulated_gpu import SimulatedGpu
    gpu = SimulatedGpu()
    gpu.hold(8)
    gpu.work(2.5, sm=100)
if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
"""
    events = run_script(tmp_path, code)
    assert sum(line.quantity for event in events for line in event.lines) > 1_000
    assert {event.confidence for event in events} == {"measured"}
