"""What stands around the cells: popover, notebook total, status bar, panel."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

from playwright.sync_api import expect

from cellcost.journal import JOURNAL_FILE
from cellcost.testing.provider import Reply

TIMES = "\N{MULTIPLICATION SIGN}"


def test_the_popover_opens_and_closes_by_keyboard_and_gives_the_focus_back(
    desk, ask: Callable[..., str]
) -> None:
    source = ask(desk.provider.url) + "\nclient.chat.completions.create(**asked)"
    (cell,) = desk.lab.write("keys.ipynb", source)
    desk.provider.always(Reply(input_tokens=1_000, cached_tokens=400))
    desk.open("keys.ipynb")
    desk.run(0)
    badge = desk.badge(cell)
    expect(badge).to_contain_text(f"2 {TIMES} gpt-5-mini")
    expect(badge).to_contain_text("40% cached")
    desk.provider.always(Reply())
    popover = desk.page.get_by_role("dialog", name="What this cell cost")
    for key in ("Enter", "Space"):
        badge.focus()
        desk.page.keyboard.press(key)
        expect(popover).to_be_visible()
        expect(badge).to_have_attribute("aria-expanded", "true")
        expect(popover).to_contain_text("gpt-5-mini, 2 alike")
        expect(popover).to_contain_text("cached 800")
        desk.shot("popover")
        desk.page.keyboard.press("Escape")
        expect(popover).to_have_count(0)
        expect(badge).to_have_attribute("aria-expanded", "false")
        expect(badge).to_be_focused()
    expect(desk.page.locator(".jp-Notebook.jp-mod-commandMode")).to_have_count(1)


def test_the_popover_lists_each_call_on_demand(desk, ask: Callable[..., str]) -> None:
    source = ask(desk.provider.url) + "\nclient.chat.completions.create(**asked)"
    (cell,) = desk.lab.write("calls.ipynb", source)
    desk.open("calls.ipynb")
    desk.run(0)
    expect(desk.badge(cell)).to_contain_text(f"2 {TIMES} gpt-5-mini")
    desk.badge(cell).click()
    popover = desk.page.locator('[data-cellcost="popover"]')
    expect(popover.locator("tbody tr")).to_have_count(1)
    popover.get_by_role("button", name="show all 2 calls").click()
    expect(popover.locator("tbody tr")).to_have_count(2)
    desk.page.locator(".jp-Notebook").click(position={"x": 400, "y": 600})
    expect(popover).to_have_count(0)


def test_the_popover_draws_the_last_runs_of_a_cell(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("runs.ipynb", ask(desk.provider.url))
    desk.open("runs.ipynb")
    costs = []
    for output_tokens in (10, 40, 25):
        desk.provider.script(Reply(output_tokens=output_tokens))
        desk.run(0)
        costs.append(25_000 + 2_000 * output_tokens)
        desk.settled(cell, costs[-1])
    desk.badge(cell).click()
    popover = desk.page.locator('[data-cellcost="popover"]')
    expect(popover).to_contain_text("run 3 of this cell")
    runs = popover.get_by_role("img", name="Last 3 runs, oldest first: $0.00004,")
    expect(runs.locator("rect")).to_have_count(3)
    expect(popover.locator("css=.cc-Popover-runs")).to_be_in_viewport()
    desk.shot("popover-runs")
    desk.page.keyboard.press("Escape")
    total = desk.page.locator('[data-cellcost="total"]')
    expect(total).to_have_attribute("data-cost-nusd", str(sum(costs)))


def test_what_a_deleted_cell_cost_is_told_apart(desk, ask: Callable[..., str]) -> None:
    kept, gone = desk.lab.write(
        "deleted.ipynb", ask(desk.provider.url), ask(desk.provider.url)
    )
    desk.open("deleted.ipynb")
    desk.run(0)
    desk.run(1)
    desk.settled(kept, 45_000)
    desk.settled(gone, 45_000)
    total = desk.page.locator('[data-cellcost="total"]')
    expect(total).to_have_attribute("data-cost-nusd", "90000")
    desk.select(1)
    desk.page.keyboard.press("d")
    desk.page.keyboard.press("d")
    expect(desk.badge(gone)).to_have_count(0)
    hint = re.compile("cells, latest runs · 1 call\n.*cells no longer here · 1 call")
    expect(total).to_have_attribute("title", hint)
    expect(total).to_have_attribute("data-cost-nusd", "90000")


def test_totals_add_up_in_toolbar_status_bar_and_panel(
    desk, ask: Callable[..., str]
) -> None:
    desk.lab.write("totals.ipynb", ask(desk.provider.url), ask(desk.stranger.url))
    desk.open("totals.ipynb")
    desk.run(0)
    desk.run(1)
    total = desk.page.locator('[data-cellcost="total"]')
    expect(total).to_have_attribute("data-cost-nusd", "45000")
    expect(total).to_contain_text("≥ $")
    expect(total).to_contain_text("this notebook")
    expect(total).to_contain_text("1 unpriced")
    expect(desk.page.locator('[data-cellcost="status"]')).to_contain_text("today")
    total.click()
    panel = desk.page.locator('[data-cellcost="panel"]')
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("Today")
    expect(panel).to_contain_text("totals.ipynb")
    expect(panel).to_contain_text("unpriced")
    desk.shot("panel")


def test_records_beside_a_locked_journal_are_told_until_they_are_home(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("locked.ipynb", ask(desk.provider.url))
    desk.open("locked.ipynb")
    desk.run(0)
    desk.settled(cell, 45_000)
    total = desk.page.locator('[data-cellcost="total"]')
    panel = desk.page.locator('[data-cellcost="panel"]')
    toast = desk.page.locator(".Toastify__toast", has_text="journal trouble")
    path = desk.lab.home / JOURNAL_FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as journal:
        journal.execute("BEGIN IMMEDIATE")
        desk.run(0)
        expect(total).to_contain_text("journal trouble")
        expect(total).to_contain_text("≥ $")
        expect(total).to_have_attribute("title", re.compile("cellcost doctor"))
        expect(toast).to_be_visible()
        total.click()
        expect(panel.get_by_text("journal trouble")).to_have_count(1)
        expect(panel).to_contain_text(str(desk.lab.home / "spool"))
        desk.shot("journal-trouble")
        journal.execute("ROLLBACK")
    expect(total).to_have_attribute("data-cost-nusd", "90000")
    expect(total).not_to_contain_text("journal trouble")
    expect(panel).not_to_contain_text("journal trouble")
    expect(toast).to_have_count(0)


def test_a_kernel_without_the_meter_says_not_metered(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("bare.ipynb", ask(desk.provider.url), kernel="bare")
    desk.open("bare.ipynb")
    desk.run(0)
    total = desk.page.locator('[data-cellcost="total"]')
    expect(total).to_have_text("not metered")
    expect(desk.badge(cell)).to_have_count(0)
    desk.shot("not-metered")


def test_settings_switch_each_view_off(desk, ask: Callable[..., str]) -> None:
    (cell,) = desk.lab.write("off.ipynb", ask(desk.provider.url))
    desk.open("off.ipynb")
    desk.run(0)
    desk.settled(cell, 45_000)
    off = {"badges": False, "notebookTotal": False, "statusBar": False}
    desk.lab.set("cellcost:plugin", off)
    try:
        desk.page.reload()
        desk.wait_for_kernel()
        for kind in ("badge", "total", "status"):
            seen = desk.page.locator(f'[data-cellcost="{kind}"]:visible')
            expect(seen).to_have_count(0)
    finally:
        desk.lab.set("cellcost:plugin", {})
