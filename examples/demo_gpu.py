"""The demo's GPU: an H100 that only a driver of ours knows."""

import os
from collections.abc import Mapping
from pathlib import Path

from cellcost.testing.nvml import NoCompiler
from cellcost.testing.simulated_gpu import simulate

__all__ = ["GPU_NOTEBOOK", "GPU_RATE", "simulated_gpu"]

GPU_NOTEBOOK = "gpu.ipynb"
GPU_RATE = """
# The GPU is simulated, and so is what an hour of it costs.
[[gpu_rates]]
match = "*H100*"
usd_per_hour = "3.00"
"""


def simulated_gpu(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` with a simulated GPU; as it is without a compiler."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        variables = simulate(folder)
    except NoCompiler as error:
        print(f"==> {GPU_NOTEBOOK} will not run here: {error}", flush=True)
        return dict(environment)
    before = environment.get("LD_LIBRARY_PATH")
    if before:
        joined = os.pathsep.join([variables["LD_LIBRARY_PATH"], before])
        variables["LD_LIBRARY_PATH"] = joined
    return {**environment, **variables, "CELLCOST_GPU_SAMPLE": "on"}
