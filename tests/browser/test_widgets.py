"""CostMeter on the page: it shows, and it grows while a cell calls."""

import re
from typing import Any

from playwright.sync_api import Response, expect

from cellcost.testing.provider import Reply

SHOW = "from cellcost_widgets import CostMeter\nCostMeter()"
CALLS = """\
from openai import OpenAI

client, local = OpenAI(), OpenAI(base_url="{url}")
for model in ["gpt-5-mini", "gpt-5", "gpt-5-mini"]:
    client.responses.create(model=model, input="Summarise the tickets of this week.")
local.responses.create(model="smollm2", input="Hello!")
print(client.responses.create(model="gpt-5", input="Write the report.").output_text)"""


def test_the_meter_grows_while_a_cell_runs_and_ends_on_the_exact_sum(
    new_desk: Any,
) -> None:
    desk = new_desk(viewport={"width": 1180, "height": 700}, device_scale_factor=2)
    desk.lab.write("meter.ipynb", SHOW, CALLS.format(url=desk.stranger.url))
    asked = Reply(input_tokens=18_400, cached_tokens=7_360, output_tokens=2_100)
    last = Reply(input_tokens=2_300, output_tokens=612, hold_after=0)
    desk.provider.script(asked, asked, asked, last)
    desk.open("meter.ipynb")
    desk.run(0)
    meter = desk.page.locator(".cellcost-meter:visible")
    total = meter.locator(".cellcost-total")
    expect(total).to_have_text("$0")
    line = meter.locator(".cellcost-line").first
    expect(line).to_have_text("this kernel · 0 calls")
    place = line.bounding_box()
    desk.run(1)
    # The last call waits for us: four are told while the cell runs.
    expect(meter).to_have_attribute("data-calls", "5")
    expect(meter).to_have_attribute("data-state", "live")
    expect(total).to_have_text(re.compile(r"≥ \$0\.0\d+"))
    desk.shot("meter-live")
    last.gate.set()
    expect(meter).to_have_attribute("data-state", "unpriced")
    mini = 11_040 * 250 + 7_360 * 25 + 2_100 * 2_000
    large = 11_040 * 1_250 + 7_360 * 125 + 2_100 * 10_000
    report = 2_300 * 1_250 + 612 * 10_000
    exact = 2 * mini + large + report
    expect(meter).to_have_attribute("data-cost-nusd", str(exact))
    # The notebook's total, which the server summed, is the same.
    notebook = desk.page.locator('[data-cellcost="total"]')
    expect(notebook).to_have_attribute("data-cost-nusd", str(exact))
    assert line.bounding_box() == place
    said = meter.get_by_role("status")
    expect(said).to_contain_text("5 calls, 1 unpriced")
    rows = meter.locator("tbody tr")
    expect(rows.nth(0).locator("th")).to_have_text("gpt-5")
    expect(rows.nth(1).locator("th")).to_have_text("gpt-5-mini")
    expect(rows.nth(2).locator("th")).to_have_text("smollm2 at 127.0.0.1")
    expect(rows.nth(2).locator(".cellcost-cost")).to_have_text("unpriced")
    # By keyboard: the table opens and closes.
    summary = meter.locator("summary")
    summary.focus()
    desk.page.keyboard.press("Enter")
    expect(rows.first).to_be_hidden()
    desk.page.keyboard.press("Enter")
    expect(rows.first).to_be_visible()
    desk.shot("meter-light")
    desk.menu("Settings", "Theme", "JupyterLab Dark")
    expect(desk.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    desk.shot("meter-dark")
    desk.page.set_viewport_size({"width": 560, "height": 760})
    expect(rows.first.locator("th")).to_be_visible()
    desk.shot("meter-narrow")
    assert meter.evaluate("node => node.scrollWidth <= node.clientWidth")
    desk.lab.set("@jupyterlab/apputils-extension:themes", {})


def test_a_reloaded_page_shows_the_meter_again_and_it_still_grows(
    desk: Any, ask: Any
) -> None:
    desk.lab.write("reloaded.ipynb", SHOW, ask(desk.provider.url))
    desk.open("reloaded.ipynb")
    desk.run(0)
    meter = desk.page.locator(".cellcost-meter:visible")
    expect(meter).to_have_attribute("data-calls", "0")
    # Its own answer: JupyterLab puts the workspace and settings too.
    with desk.page.expect_response(_saved):
        desk.page.keyboard.press("Control+s")
    desk.page.reload()
    desk.wait_for_kernel()
    expect(meter).to_have_attribute("data-calls", "0")
    desk.run(1)
    expect(meter).to_have_attribute("data-cost-nusd", "45000")


def _saved(answer: Response) -> bool:
    return answer.request.method == "PUT" and "api/contents/reloaded" in answer.url
