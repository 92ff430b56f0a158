"""The badge under a cell, on the whole chain: kernel, journal, server, page."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import Response, expect

from cellcost.testing.provider import Reply

TIMES = "\N{MULTIPLICATION SIGN}"
WORDS = " ".join(["word"] * 60)


def test_a_cell_that_calls_a_model_gets_a_badge_with_its_exact_cost(
    desk, ask: Callable[..., str]
) -> None:
    quiet, calling = desk.lab.write("first.ipynb", "1 + 1", ask(desk.provider.url))
    desk.open("first.ipynb")
    desk.run(0)
    desk.run(1)
    # 100 tokens at $0.25 and 10 at $2.00 per million: 25,000 + 20,000 nano-dollars.
    badge = desk.settled(calling, 45_000)
    expect(badge).to_contain_text("100 → 10")
    expect(badge).to_contain_text(f"1 {TIMES} gpt-5-mini")
    expect(desk.badge(quiet)).to_have_count(0)


def test_nothing_is_written_into_the_notebook_file(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("clean.ipynb", ask(desk.provider.url))
    desk.open("clean.ipynb")
    desk.run(0)
    desk.settled(cell, 45_000)
    # Before the server has answered, the file may be half written.
    with desk.page.expect_response(_saved):
        desk.page.keyboard.press("Control+s")
    saved = desk.lab.request("GET", "api/contents/clean.ipynb")["content"]
    assert saved["cells"][0]["outputs"]
    assert saved["cells"][0]["metadata"].keys() <= {"trusted", "execution"}
    assert "cellcost" not in json.dumps(saved["metadata"])


def test_a_stream_counts_up_and_ends_on_the_measured_cost(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("live.ipynb", ask(desk.provider.url, stream=True))
    reply = Reply(text=WORDS, input_tokens=1_200, output_tokens=60, hold_after=30)
    desk.provider.script(reply)
    desk.open("live.ipynb")
    desk.run(0)
    badge = desk.badge(cell)
    expect(badge).to_have_attribute("data-state", "live")
    expect(badge).to_contain_text("≈ $")
    desk.shot("live")
    left = badge.locator(".cc-Badge-tokens").bounding_box()
    reply.gate.set()
    # 1,200 at $0.25 and 60 at $2.00 per million.
    desk.settled(cell, 300_000 + 120_000)
    expect(badge.locator(".cc-Badge-cost")).to_have_text("$0.00042")
    assert badge.locator(".cc-Badge-tokens").bounding_box()["x"] == left["x"]


def test_a_call_without_a_price_says_so_and_how_to_price_it(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("unpriced.ipynb", ask(desk.stranger.url, model="smollm2"))
    desk.open("unpriced.ipynb")
    desk.run(0)
    badge = desk.badge(cell)
    expect(badge).to_have_attribute("data-state", "unpriced")
    expect(badge.locator(".cc-Badge-cost")).to_have_text("unpriced")
    expect(badge).to_contain_text(f"1 {TIMES} smollm2 at 127.0.0.1")
    expect(badge).to_contain_text("how to price it")
    assert badge.get_attribute("data-cost-nusd") is None
    badge.click()
    popover = desk.page.locator('[data-cellcost="popover"]')
    expect(popover.locator("pre")).to_contain_text("[[endpoints]]")
    desk.shot("unpriced")


def test_a_cut_stream_is_at_least_what_is_known(desk, ask: Callable[..., str]) -> None:
    (cell,) = desk.lab.write("partial.ipynb", ask(desk.provider.url, stream=True))
    desk.provider.script(Reply(text=WORDS, cut_after=20))
    desk.open("partial.ipynb")
    desk.run(0)
    badge = desk.badge(cell)
    expect(badge).to_have_attribute("data-state", "partial")
    expect(badge.locator(".cc-Badge-cost")).to_contain_text("≥ $")
    expect(badge.locator(".cc-Badge-chip")).to_contain_text("stopped early")
    desk.wait_for_kernel()
    expect(badge).not_to_have_class(re.compile("cc-mod-live"))
    desk.shot("partial")


def test_a_stream_without_usage_is_marked_as_an_estimate(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("estimate.ipynb", ask(desk.provider.url, stream=True))
    desk.provider.script(Reply(text=WORDS, usage=False))
    desk.open("estimate.ipynb")
    desk.run(0)
    badge = desk.badge(cell)
    expect(badge).to_have_attribute("data-state", "estimated")
    expect(badge.locator(".cc-Badge-cost")).to_contain_text("≈ $")


def test_a_narrow_badge_drops_from_the_right_and_keeps_its_cost(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("narrow.ipynb", ask(desk.provider.url, stream=True))
    desk.provider.script(
        Reply(text=WORDS, input_tokens=20_000, cached_tokens=8_000, cut_after=20)
    )
    desk.open("narrow.ipynb")
    desk.run(0)
    badge = desk.badge(cell)
    expect(badge).to_have_attribute("data-state", "partial")
    desk.page.set_viewport_size({"width": 560, "height": 700})
    desk.shot("narrow")
    assert badge.bounding_box()["height"] == 18
    seen = badge.evaluate(
        "node => [...node.children].map(part => part.offsetTop < node.clientHeight)"
    )
    assert seen[0] is True
    assert seen[-1] is False
    assert seen == sorted(seen, reverse=True)


def test_both_themes_draw_the_badge_in_their_own_colours(
    desk, ask: Callable[..., str]
) -> None:
    (cell,) = desk.lab.write("themes.ipynb", ask(desk.provider.url))
    desk.open("themes.ipynb")
    desk.run(0)
    badge = desk.settled(cell, 45_000)
    colour = "node => getComputedStyle(node.firstChild).color"
    light = badge.evaluate(colour)
    plugin = "@jupyterlab/apputils-extension:themes"
    desk.lab.set(plugin, {"theme": "JupyterLab Dark"})
    try:
        desk.page.reload()
        body = desk.page.locator("body")
        expect(body).to_have_attribute("data-jp-theme-light", "false")
        desk.settled(cell, 45_000)
        desk.shot("dark")
        assert badge.evaluate(colour) != light
    finally:
        desk.lab.set(plugin, {})


def test_motion_stops_for_those_who_asked_for_less(
    new_desk, ask: Callable[..., str]
) -> None:
    desk = new_desk(reduced_motion="reduce")
    (cell,) = desk.lab.write("calm.ipynb", ask(desk.provider.url, stream=True))
    reply = Reply(text=WORDS, hold_after=30)
    desk.provider.script(reply)
    desk.open("calm.ipynb")
    desk.run(0)
    badge = desk.badge(cell)
    expect(badge).to_have_attribute("data-state", "live")
    animation = badge.evaluate(
        "node => getComputedStyle(node, '::before').animationName"
    )
    reply.gate.set()
    assert animation == "none"
    expect(badge).to_have_attribute("data-state", "measured")


def _saved(answer: Response) -> bool:
    return answer.request.method == "PUT" and "api/contents/clean" in answer.url
