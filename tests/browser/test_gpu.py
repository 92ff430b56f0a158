"""What a cell's GPU time costs, under the cell, on a simulated device."""

import re

from playwright.sync_api import expect

SET_UP = """\
import cupy
from cellcost.testing.simulated_gpu import SimulatedGpu
gpu = SimulatedGpu()
gpu.hold(31)"""


def test_gpu_time_grows_under_its_cell_and_stays_there(desk) -> None:
    # Stands for the library: only that it is imported counts.
    (desk.lab.folder / "cupy.py").write_text("", "utf-8")
    holding, working = desk.lab.write("gpu.ipynb", SET_UP, "gpu.work(8.0, sm=100)")
    desk.open("gpu.ipynb")
    desk.run(0)
    desk.run(1)
    badge = desk.badge(working)
    expect(badge).to_contain_text("H100 2", timeout=60_000)
    desk.shot("gpu-running")
    expect(badge).to_have_attribute("data-state", "measured", timeout=60_000)
    text = re.compile(r"^\$0\.00\d+.*H100 \d\.\d s$", re.DOTALL)
    expect(badge).to_have_text(text, timeout=60_000)
    cost = int(badge.get_attribute("data-cost-nusd") or 0)
    # At $3.60 an hour a millisecond of the device costs a thousand nano-USD.
    assert 5_000_000 <= cost <= 9_000_000
    assert cost % 1_000 == 0
    # What is held in the meantime is the kernel's, and no cell's.
    expect(desk.badge(holding)).to_have_count(0)
    badge.click()
    popover = desk.page.locator('[data-cellcost="popover"]')
    expect(popover).to_contain_text("H100")
    desk.shot("gpu-popover")
