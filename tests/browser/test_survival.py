"""What a badge survives: reloads, restarts, re-runs, moves, windowing, renames."""

from collections.abc import Callable

from playwright.sync_api import expect

from cellcost.testing.provider import Reply

WORDS = " ".join(["word"] * 60)
ONCE = "n = globals().get('n', 0) + 1\nif n == 1:\n    "


def test_a_reload_in_mid_cell_goes_on_counting(desk, ask: Callable[..., str]) -> None:
    (cell,) = desk.lab.write("reload.ipynb", ask(desk.provider.url, stream=True))
    reply = Reply(text=WORDS, output_tokens=60, hold_after=30)
    desk.provider.script(reply)
    desk.open("reload.ipynb")
    desk.run(0)
    badge = desk.badge(cell)
    expect(badge).to_have_attribute("data-state", "live")
    desk.page.reload()
    expect(badge).to_have_attribute("data-state", "live")
    reply.gate.set()
    desk.settled(cell, 25_000 + 120_000)


def test_a_restart_keeps_the_badge_and_the_next_run_replaces_it(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("restart.ipynb", ask(desk.provider.url))
    desk.provider.script(Reply(), Reply(input_tokens=200))
    desk.open("restart.ipynb")
    desk.run(0)
    desk.settled(cell, 45_000)
    desk.restart()
    desk.settled(cell, 45_000)
    desk.run(0)
    desk.settled(cell, 70_000)
    total = desk.page.locator('[data-cellcost="total"]')
    expect(total).to_have_attribute("data-cost-nusd", "115000")


def test_a_kernel_killed_in_mid_call_leaves_a_partial_figure(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("killed.ipynb", ask(desk.provider.url, stream=True))
    reply = Reply(text=WORDS, hold_after=30)
    desk.provider.script(reply)
    desk.open("killed.ipynb")
    desk.run(0)
    badge = desk.badge(cell)
    expect(badge).to_have_attribute("data-state", "live")
    desk.restart()
    reply.gate.set()
    expect(badge).to_have_attribute("data-state", "partial")
    expect(badge).to_contain_text("≥ $")


def test_a_run_that_makes_no_call_leaves_the_last_figure_marked_as_earlier(
    desk, ask: Callable[..., str]
) -> None:
    source = ONCE + ask(desk.provider.url).replace("\n", "\n    ")
    (cell,) = desk.lab.write("rerun.ipynb", source)
    desk.open("rerun.ipynb")
    desk.run(0)
    badge = desk.settled(cell, 45_000)
    expect(badge).not_to_contain_text("previous run")
    desk.run(0)
    expect(badge).to_contain_text("previous run")
    desk.settled(cell, 45_000)
    desk.page.reload()
    expect(badge).to_contain_text("previous run")


def test_a_moved_cell_takes_its_badge_along_and_a_copy_has_none(
    desk, ask: Callable[..., str]
) -> None:
    calling, other = desk.lab.write("move.ipynb", ask(desk.provider.url), "2")
    desk.open("move.ipynb")
    desk.run(0)
    desk.settled(calling, 45_000)
    desk.select(0)
    desk.page.keyboard.press("Control+Shift+ArrowDown")
    expect(desk.cell(0).locator(".cm-content")).to_have_text("2")
    expect(desk.badge(calling)).to_have_count(1)
    expect(desk.cell(1).locator('[data-cellcost="badge"]')).to_have_count(1)
    desk.select(1)
    desk.page.keyboard.press("c")
    desk.page.keyboard.press("v")
    expect(desk.cell(2).locator(".cm-content")).to_contain_text("OpenAI")
    expect(desk.page.locator('[data-cellcost="badge"]')).to_have_count(1)
    expect(desk.badge(other)).to_have_count(0)


def test_a_split_cell_shows_its_badge_once(desk, ask: Callable[..., str]) -> None:
    (cell,) = desk.lab.write("split.ipynb", ask(desk.provider.url))
    desk.open("split.ipynb")
    desk.run(0)
    desk.settled(cell, 45_000)
    desk.cell(0).locator(".cm-content").click()
    desk.page.keyboard.press("Control+Shift+Minus")
    expect(desk.page.locator(".jp-Cell")).to_have_count(3)
    expect(desk.page.locator('[data-cellcost="badge"]')).to_have_count(1)


def test_badges_come_back_when_cells_scroll_into_view(
    desk, ask: Callable[..., str]
) -> None:
    sources = [f"print({n})\n" * 4 for n in range(70)]
    sources[1] = sources[66] = ask(desk.provider.url)
    plugin = "@jupyterlab/notebook-extension:tracker"
    desk.lab.set(plugin, {"windowingMode": "full"})
    try:
        cells = desk.lab.write("long.ipynb", *sources)
        desk.open("long.ipynb")
        desk.run(1)
        desk.settled(cells[1], 45_000)
        desk.scroll(66)
        expect(desk.badge(cells[1])).to_have_count(0)
        desk.run(66)
        desk.settled(cells[66], 45_000)
        desk.scroll(1)
        desk.settled(cells[1], 45_000)
        expect(desk.badge(cells[66])).to_have_count(0)
        desk.page.reload()
        desk.wait_for_kernel()
        desk.scroll(66)
        desk.settled(cells[66], 45_000)
        expect(desk.badge(cells[66])).to_have_count(1)
    finally:
        desk.lab.set(plugin, {})


def test_two_notebooks_side_by_side_keep_their_own_figures(
    desk, ask: Callable[..., str]
) -> None:
    (left,) = desk.lab.write("left.ipynb", ask(desk.provider.url))
    (right,) = desk.lab.write("right.ipynb", ask(desk.provider.url))
    desk.provider.script(Reply(), Reply(input_tokens=200))
    desk.open("left.ipynb")
    desk.run(0)
    desk.settled(left, 45_000)
    desk.also_open("right.ipynb")
    desk.run(0)
    desk.settled(right, 70_000)
    totals = desk.page.locator('[data-cellcost="total"]')
    expect(totals).to_have_count(2)
    costs = [totals.nth(n).get_attribute("data-cost-nusd") for n in range(2)]
    assert sorted(costs) == ["45000", "70000"]


def test_two_views_of_one_notebook_both_show_the_badge(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("views.ipynb", ask(desk.provider.url))
    desk.open("views.ipynb")
    desk.menu("File", "New View for Notebook")
    expect(desk.page.locator(".jp-NotebookPanel")).to_have_count(2)
    desk.page.locator(".jp-NotebookPanel").first.locator(".cm-content").first.click()
    desk.page.keyboard.press("Shift+Enter")
    expect(desk.badge(cell)).to_have_count(2)
    for view in desk.badge(cell).all():
        expect(view).to_have_attribute("data-cost-nusd", "45000")


def test_a_renamed_notebook_keeps_its_badges_and_its_total(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("before.ipynb", ask(desk.provider.url))
    desk.open("before.ipynb")
    desk.run(0)
    desk.settled(cell, 45_000)
    desk.menu("File", "Rename Notebook")
    desk.page.locator(".jp-Dialog input").fill("after.ipynb")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator(".jp-Dialog")).to_have_count(0)
    desk.run(0)
    total = desk.page.locator('[data-cellcost="total"]')
    expect(total).to_have_attribute("data-cost-nusd", "90000")
    desk.settled(cell, 45_000)


def test_a_closed_notebook_asks_for_nothing_more(desk, ask: Callable[..., str]) -> None:
    (closed,) = desk.lab.write("closed.ipynb", ask(desk.provider.url))
    (kept,) = desk.lab.write("kept.ipynb", ask(desk.provider.url))
    desk.open("closed.ipynb")
    desk.run(0)
    desk.settled(closed, 45_000).click()
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("Control+s")
    expect(desk.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    desk.also_open("kept.ipynb")
    tab = desk.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text="closed")
    tab.locator(".lm-TabBar-tabCloseIcon").click()
    expect(desk.page.locator(".jp-NotebookPanel")).to_have_count(1)
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    desk.run(0)
    desk.settled(kept, 45_000)
    desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    desk.until(lambda: any("notebook?path=kept.ipynb" in url for url in asked))
    assert not [url for url in asked if "closed.ipynb" in url]
    expect(desk.badge(closed)).to_have_count(0)
