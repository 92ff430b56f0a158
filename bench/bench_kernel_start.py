"""What the meter adds to the start of a kernel: from launch to its first answer.

The floor starts the same kernel with the same startup file switched off. Kernels start
with a spread of tens of milliseconds, so the goal is "within noise": a twentieth.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

from measure import BenchPath

STARTUP = Path(__file__).parents[1] / "meter" / "shared" / "50-cellcost.py"


def paths() -> list[BenchPath]:
    folder = Path(tempfile.mkdtemp())
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(STARTUP, startup)
    environment = {
        **os.environ,
        "IPYTHONDIR": str(folder / "ipython"),
        "CELLCOST_HOME": str(folder / "home"),
    }
    return [
        BenchPath(
            name="kernel start",
            figure=lambda: start_us({**environment, "CELLCOST_METER": "on"}),
            floor=lambda: start_us({**environment, "CELLCOST_METER": "off"}),
            goal_ratio=1.05,
            rounds=9,
            close=lambda: shutil.rmtree(folder, ignore_errors=True),
        )
    ]


def start_us(environment: dict[str, str]) -> float:
    """Return the microseconds from launching a kernel to its first answer."""
    manager = KernelManager(kernel_name="python3")
    started = time.perf_counter_ns()
    manager.start_kernel(env=environment)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        return (time.perf_counter_ns() - started) / 1000
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
