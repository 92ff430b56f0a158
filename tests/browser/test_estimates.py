"""What a cell will cost, under the cell, before it runs."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Route, expect

from cellcost.testing.provider import Reply

TIMES = "\N{MULTIPLICATION SIGN}"
WORDS = " ".join(["word"] * 60)
# "hi" is one token, the message 3 and the answer's start 3, at $0.25 per million; an
# answer of 400 tokens at $2.00.
ONE_CALL = 7 * 250 + 400 * 2_000
ROUTE = "cellcost/api/estimate"


def setup(url: str) -> str:
    return (
        "from openai import OpenAI\n"
        f"client = OpenAI(base_url={url!r}, api_key='none', max_retries=0)"
    )


def call(model: str = "gpt-5-mini", prompt: str = "hi") -> str:
    return (
        f"client.chat.completions.create(model={model!r},"
        f" messages=[dict(role='user', content={prompt!r})])"
    )


def write_over(desk, index: int, source: str) -> None:
    """Replace a cell's source as a user does."""
    desk.cell(index).locator(".cm-content").click()
    desk.page.keyboard.press("Control+a")
    desk.page.keyboard.insert_text(source)


def estimated(desk, cell_id: str, nusd: int) -> Locator:
    """Wait until a cell shows this estimate."""
    badge = desk.badge(cell_id)
    expect(badge).to_have_attribute("data-estimate-nusd", str(nusd))
    expect(badge).to_have_attribute("data-state", "estimate")
    return badge


def total(desk) -> Locator:
    return desk.page.locator('[data-cellcost="total"]:visible')


def test_an_estimate_stands_there_before_the_run_and_figures_take_its_place(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("unrun.ipynb", ask(desk.provider.url, stream=True))
    reply = Reply(text=WORDS, input_tokens=9, output_tokens=60, hold_after=30)
    desk.provider.script(reply)
    desk.open("unrun.ipynb")
    badge = estimated(desk, cell, ONE_CALL)
    expect(badge).to_contain_text("≈ $0.000807 → 4001 " + TIMES + " gpt-5-mini")
    for said in ("about $0.000801750", "gpt-5-mini", "nothing caps its output"):
        expect(badge).to_have_attribute("title", re.compile(re.escape(said)))
    # No money was spent: nothing that sums badges may take it for that.
    assert badge.get_attribute("data-cost-nusd") is None
    expect(total(desk)).to_have_count(0)
    desk.shot("estimate-before")
    badge.evaluate("node => { node.sameAsBefore = true }")
    places = "node => [...node.children].slice(0, 3).map(part => part.offsetLeft)"
    before = badge.evaluate(places)
    desk.run(0)
    expect(badge).to_have_attribute("data-state", "live")
    assert badge.evaluate("node => node.sameAsBefore") is True
    assert badge.evaluate(places) == before
    reply.gate.set()
    desk.settled(cell, 2_250 + 120_000)
    expect(badge).to_have_count(1)
    assert badge.evaluate(places) == before
    assert badge.get_attribute("data-estimate-nusd") is None
    expect(total(desk)).to_have_attribute("data-cost-nusd", "122250")
    desk.shot("estimate-after")


def test_an_edit_changes_the_estimate(desk) -> None:
    names = desk.lab.write("edit.ipynb", setup(desk.provider.url), call())
    desk.open("edit.ipynb")
    estimated(desk, names[1], ONE_CALL)
    write_over(desk, 1, call("gpt-5-nano"))
    # $0.05 and $0.40 per million.
    badge = estimated(desk, names[1], 7 * 50 + 400 * 400)
    expect(badge).to_contain_text("gpt-5-nano")
    write_over(desk, 1, "# " + call())
    expect(badge).to_have_count(0)


def test_an_edit_of_another_cell_changes_it_too(desk) -> None:
    names = desk.lab.write(
        "other.ipynb",
        setup(desk.provider.url) + "\nMODEL = 'gpt-5-mini'",
        call().replace("'gpt-5-mini'", "MODEL"),
    )
    desk.open("other.ipynb")
    estimated(desk, names[1], ONE_CALL)
    write_over(desk, 0, setup(desk.provider.url) + "\nMODEL = 'gpt-5-nano'")
    estimated(desk, names[1], 7 * 50 + 400 * 400)


def test_loops_multiply_and_unknown_ones_say_so(desk) -> None:
    names = desk.lab.write(
        "loops.ipynb",
        setup(desk.provider.url) + "\nimport os",
        "for n in range(100):\n    " + call(),
        "for name in os.listdir():\n    " + call(),
    )
    desk.open("loops.ipynb")
    known = estimated(desk, names[1], 100 * ONE_CALL)
    expect(known).to_contain_text(f"100 {TIMES} gpt-5-mini")
    unknown = estimated(desk, names[2], ONE_CALL)
    expect(unknown).to_contain_text(f"n {TIMES} gpt-5-mini")
    desk.shot("estimate-loops")


def test_cells_that_call_nothing_have_no_badge(desk) -> None:
    names = desk.lab.write(
        "quiet.ipynb",
        setup(desk.provider.url),
        "def ask():\n    return " + call(),
        "1 + 1",
        "ask()",
    )
    desk.open("quiet.ipynb")
    estimated(desk, names[3], ONE_CALL)
    for name in names[:3]:
        expect(desk.badge(name)).to_have_count(0)


def test_the_figure_of_the_last_run_stays_when_its_cell_is_edited(desk) -> None:
    names = desk.lab.write("edited.ipynb", setup(desk.provider.url), call())
    desk.open("edited.ipynb")
    estimated(desk, names[1], ONE_CALL)
    desk.run(0)
    desk.run(1)
    badge = desk.settled(names[1], 45_000)
    desk.wait_for_kernel()
    write_over(desk, 1, call() + "  # a remark")
    write_over(desk, 1, call("gpt-5-nano"))
    expect(badge).to_contain_text("last run")
    expect(badge).to_have_attribute("data-cost-nusd", "45000")
    expect(badge).to_have_count(1)
    hint = badge.locator(".cc-Badge-note").get_attribute("title")
    assert hint is not None
    assert f"As it stands: ≈ $0.00016 · 1 {TIMES} gpt-5-nano" in hint
    desk.shot("estimate-edited")
    desk.page.reload()
    desk.wait_for_kernel()
    write_over(desk, 1, call())
    expect(badge).to_have_attribute("data-cost-nusd", "45000")
    expect(badge).not_to_contain_text("last run")


def test_a_run_that_called_nothing_takes_its_estimate_away(desk) -> None:
    names = desk.lab.write(
        "skipped.ipynb", "wanted = False", "if wanted:\n    " + call()
    )
    desk.open("skipped.ipynb")
    write_over(desk, 1, f"{setup(desk.provider.url)}\nif wanted:\n    {call()}")
    badge = estimated(desk, names[1], ONE_CALL)
    desk.run(0)
    desk.run(1)
    expect(badge).to_have_count(0)
    desk.restart()
    estimated(desk, names[1], ONE_CALL)


def test_a_large_model_is_marked_until_that_is_dismissed(desk) -> None:
    names = desk.lab.write("large.ipynb", setup(desk.provider.url), call("o1"))
    desk.open("large.ipynb")
    # o1: $15 and $60 per million.
    badge = estimated(desk, names[1], 7 * 15_000 + 400 * 60_000)
    expect(badge.locator(".cc-Badge-chip")).to_have_text("large")
    badge.click()
    popover = desk.page.locator('[data-cellcost="popover"]')
    expect(popover).to_contain_text("o1 is a large model in dev")
    expect(popover).to_contain_text("before it runs")
    desk.shot("estimate-large")
    popover.locator("button").click()
    expect(badge.locator(".cc-Badge-chip")).to_have_count(0)
    expect(popover).not_to_contain_text("o1 is a large model in dev")
    desk.page.keyboard.press("Escape")
    expect(popover).to_have_count(0)
    desk.page.reload()
    estimated(desk, names[1], 7 * 15_000 + 400 * 60_000)
    expect(badge.locator(".cc-Badge-chip")).to_have_count(0)


def test_both_themes_draw_an_estimate_lighter_than_a_figure(desk) -> None:
    source = f"{setup(desk.provider.url)}\n{call()}"
    names = desk.lab.write("shades.ipynb", source, call("o1"), call("mine-7b"))
    desk.open("shades.ipynb")
    desk.run(0)
    desk.settled(names[0], 45_000)
    plugin = "@jupyterlab/apputils-extension:themes"
    look = "node => getComputedStyle(node.firstChild)"
    seen: list[list[str]] = []
    try:
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            desk.lab.set(plugin, {"theme": theme})
            desk.page.reload()
            figure = desk.settled(names[0], 45_000)
            guess = estimated(desk, names[1], 7 * 15_000 + 400 * 60_000)
            expect(desk.badge(names[2])).to_contain_text("unpriced")
            seen.append([b.evaluate(f"{look}.color") for b in (figure, guess)])
            assert int(figure.evaluate(f"{look}.fontWeight")) > int(
                guess.evaluate(f"{look}.fontWeight")
            )
            desk.shot(f"estimate-{theme.split()[-1].lower()}")
    finally:
        desk.lab.set(plugin, {})
    assert len({colour for pair in seen for colour in pair}) == 4


def test_the_setting_turns_estimates_off(desk) -> None:
    names = desk.lab.write("silent.ipynb", setup(desk.provider.url), call())
    desk.open("silent.ipynb")
    badge = estimated(desk, names[1], ONE_CALL)
    desk.lab.set("cellcost:plugin", {"estimates": False})
    try:
        asked: list[str] = []
        desk.page.on("request", lambda request: asked.append(request.url))
        desk.page.reload()
        desk.wait_for_kernel()
        desk.run(0)
        desk.run(1)
        desk.settled(names[1], 45_000)
        assert asked
        assert not [url for url in asked if ROUTE in url]
    finally:
        desk.lab.set("cellcost:plugin", {})
    expect(badge).to_have_count(1)


def test_a_server_without_estimates_is_asked_once(desk) -> None:
    names = desk.lab.write("older.ipynb", setup(desk.provider.url), call())
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=404, json={"error": "no_such_route", "status": 404})

    desk.page.route(f"**/{ROUTE}*", refuse)
    desk.open("older.ipynb")
    desk.until(lambda: asked)
    write_over(desk, 1, call("gpt-5-nano"))
    desk.run(0)
    desk.run(1)
    desk.badge(names[1]).wait_for()
    assert len(asked) == 1


def test_typing_is_followed_only_when_it_pauses(desk) -> None:
    names = desk.lab.write("typing.ipynb", setup(desk.provider.url), call())
    desk.open("typing.ipynb")
    estimated(desk, names[1], ONE_CALL)
    asked: list[str] = []
    desk.page.on(
        "request",
        lambda request: ROUTE in request.url and asked.append(request.url),
    )
    desk.cell(1).locator(".cm-content").click()
    desk.page.keyboard.press("Control+End")
    desk.page.keyboard.type(
        "  # a remark of forty letters in one go, no more", delay=20
    )
    desk.until(lambda: asked)
    desk.page.keyboard.press("Escape")
    estimated(desk, names[1], ONE_CALL)
    assert len(asked) <= 2
