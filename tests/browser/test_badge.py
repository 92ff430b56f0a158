"""The badge under a cell, on the whole chain: kernel, journal, server, page."""

from cellcost.testing.provider import Reply
from playwright.sync_api import expect


def test_a_cell_that_calls_a_model_gets_a_badge_with_its_exact_cost(desk, ask) -> None:
    quiet, calling = desk.lab.write("first.ipynb", "1 + 1", ask(desk.provider.url))
    desk.open("first.ipynb")
    desk.run(0)
    desk.run(1)
    # 100 tokens at $0.25 and 10 at $2.00 per million: 25,000 + 20,000 nano-dollars.
    badge = desk.settled(calling, 45_000)
    expect(badge).to_contain_text("$0.00005")
    expect(badge).to_contain_text("100 → 10")
    expect(badge).to_contain_text("1 × gpt-5-mini")
    expect(desk.badge(quiet)).to_have_count(0)
    desk.shot("first")
