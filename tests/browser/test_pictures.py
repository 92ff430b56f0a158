"""The notebook of the README's picture: every state of a badge, and they add up."""

import re

from playwright.sync_api import expect

from cellcost.testing.provider import Reply

SETUP = """\
from openai import OpenAI

client = OpenAI()
tickets = [f"Ticket {n}: the export is empty since Monday" for n in range(20)]"""

SUMMARISE = """\
def summarise(ticket, model="gpt-5-mini"):
    return client.responses.create(model=model, input=f"Summarise {ticket}").output_text

summaries = [summarise(ticket) for ticket in tickets]
f"{len(summaries)} summaries\""""

PEEK = """\
topics = client.responses.create(model="gpt-5", input="Which are new?", stream=True)
seen = [getattr(event, "delta", "") for event, _ in zip(topics, range(18))]
topics.close()  # enough
"".join(seen)"""

LOCAL = """\
local = OpenAI(base_url="{url}")
local.responses.create(model="smollm2", input="Hello!").output_text"""

REPORT = """\
order = "Write the weekly report:\\n" + "\\n".join(summaries)
report = client.responses.create(model="gpt-5", input=order, stream=True)
for event in report:
    print(getattr(event, "delta", ""), end="")"""

STORY = (
    "The week in support: three themes stand out. Exports came out empty for teams on"
    " the old plan, sign-in was slow on Monday morning, and four customers asked for"
    " invoices in their own currency. The first is fixed, the second our DNS change,"
    " the third needs a decision from finance before Thursday. "
)


def test_one_notebook_shows_every_state_and_its_total_adds_up(new_desk) -> None:
    desk = new_desk(viewport={"width": 1280, "height": 900}, device_scale_factor=2)
    cells = desk.lab.write(
        "support.ipynb",
        SETUP,
        SUMMARISE,
        PEEK,
        LOCAL.format(url=desk.stranger.url),
        REPORT,
    )
    _, summarise, peek, local, report = cells
    writing = Reply(
        text=STORY * 3, input_tokens=2_300, output_tokens=700, hold_after=72
    )
    desk.provider.script(
        *[
            Reply(
                input_tokens=920,
                cached_tokens=368,
                output_tokens=105,
                reasoning_tokens=25,
            )
            for _ in range(20)
        ],
        Reply(text="Three topics are new this week: " + STORY, usage=False),
        writing,
    )
    desk.stranger.script(Reply(input_tokens=36, output_tokens=6, text="Hello there!"))
    desk.open("support.ipynb")
    desk.page.locator(".jp-SideBar .lm-TabBar-tab[data-id=filebrowser]").click()
    for index in range(4):
        desk.run(index)
    # 20 x (552 at $0.25 + 368 at $0.025 + 105 at $2.00 per million).
    desk.settled(summarise, 20 * (138_000 + 9_200 + 210_000))
    expect(desk.badge(peek)).to_have_attribute("data-state", "partial")
    expect(desk.badge(local)).to_have_attribute("data-state", "unpriced")
    desk.run(4)
    expect(desk.badge(report)).to_have_attribute("data-state", "live")
    total = desk.page.locator('[data-cellcost="total"]')
    expect(total).to_contain_text("1 unpriced")
    desk.page.locator(".lm-TabBar-tab[data-id=cellcost-panel]").click()
    expect(desk.badge(report).locator(".cc-Badge-time")).to_have_text("2 s")
    desk.cell(0).scroll_into_view_if_needed()
    desk.shot("notebook")
    desk.badge(summarise).click()
    popover = desk.page.locator('[data-cellcost="popover"]')
    expect(popover).to_contain_text("20 alike")
    desk.shot("notebook-popover")
    desk.page.keyboard.press("Escape")
    desk.menu("Settings", "Theme", "JupyterLab Dark")
    expect(desk.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    desk.shot("notebook-dark")
    desk.badge(summarise).click()
    expect(popover).to_contain_text("20 alike")
    desk.shot("notebook-dark-popover")
    desk.page.keyboard.press("Escape")
    desk.lab.set("@jupyterlab/apputils-extension:themes", {})
    writing.gate.set()
    # 2,300 at $1.25 and 700 at $10 per million.
    desk.settled(report, 2_875_000 + 7_000_000)
    badges = desk.page.locator('[data-cellcost="badge"]').all()
    costs = [int(badge.get_attribute("data-cost-nusd") or 0) for badge in badges]
    assert len(costs) == 4
    expect(total).to_have_attribute("data-cost-nusd", str(sum(costs)))
    desk.wait_for_kernel()
    for badge in badges:
        expect(badge).not_to_have_class(re.compile("cc-mod-live"))
    desk.shot("notebook-settled")
