"""What changes while the page is open: new events, an ended key, a lost ledger."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))

from conftest import Ledger, cost_of
from seeding import event

from cellcost.clock import to_microseconds, utc_now
from cellcost.money import format_usd
from cellcost_ledger.book.keys import revoke_key

if TYPE_CHECKING:
    from tests.ledger_pages.conftest import NewVisitor, Visitor

POLL_MS = 5_000


@pytest.fixture
def reader(new_visitor: "NewVisitor", empty_ledger: Ledger) -> "Visitor":
    """A reader of a ledger without an event."""
    found: Visitor = new_visitor(empty_ledger)
    found.sign_in()
    return found


def put(ledger: Ledger, *minutes: float) -> int:
    """Store an event for each number of minutes ago; return what they cost."""
    name = f"inst-{uuid4().hex[:6]}"
    made = [
        event(seq, datetime.now(UTC) - timedelta(minutes=ago))
        for seq, ago in enumerate(minutes, 1)
    ]
    answer = httpx.post(
        f"{ledger.address}/api/v1/events",
        json={"installation": name, "client": "cellcost/0.1.0", "events": made},
        headers={"Authorization": f"Bearer {ledger.key()}"},
    )
    assert {r["status"] for r in answer.json()["results"]} == {"stored"}
    return sum(map(cost_of, made))


def test_without_an_event_it_says_how_they_come_and_then_they_do(
    reader: "Visitor",
) -> None:
    empty = reader.named("empty")
    expect(empty).to_contain_text("No event has come yet.")
    expect(empty).to_contain_text(f"cellcost login {reader.ledger.address}")
    expect(empty).to_contain_text("cellcost sync")
    reader.shot("ledger-empty")
    cost = put(reader.ledger, 60 * 24)
    expect(reader.named("figures")).to_be_visible()
    expect(empty).to_be_hidden()
    assert reader.total() == str(cost)


def test_a_new_event_is_in_the_last_minutes_within_one_look(
    reader: "Visitor",
) -> None:
    put(reader.ledger, 60)
    reader.open()
    recent = reader.named("recent")
    expect(recent).to_contain_text("nothing")
    before = reader.named("breakdown").bounding_box()
    looks: list[str] = []
    reader.page.on(
        "requestfinished",
        lambda done: looks.append(done.url) if "/recent" in done.url else None,
    )
    cost = put(reader.ledger, 0.01, 14)
    looks.clear()
    expect(recent).to_have_attribute("data-cost-nusd", str(cost))
    # It looks every five seconds. One look may have been on its way already.
    assert len(looks) <= 2
    expect(recent).to_contain_text(f"{format_usd(cost)} · 2 calls")
    assert reader.named("breakdown").bounding_box() == before
    moves = "getComputedStyle(document.querySelector('.dot.on')).animationName"
    assert reader.page.evaluate(moves) == "pulse"
    reader.page.emulate_media(reduced_motion="reduce")
    assert reader.page.evaluate(moves) == "none"


def test_it_asks_nothing_while_nobody_sees_it(reader: "Visitor") -> None:
    put(reader.ledger, 60)
    reader.page.clock.install()
    reader.open()
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    hide = """hidden => {
        Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    reader.page.evaluate(hide, True)
    asked.clear()
    reader.page.clock.run_for(60_000)
    assert asked == []
    with reader.page.expect_response("**/api/v1/recent*"):
        reader.page.evaluate(hide, False)
    with reader.page.expect_response("**/api/v1/recent*"):
        reader.page.clock.run_for(POLL_MS)


def test_a_key_that_is_revoked_ends_the_page(reader: "Visitor") -> None:
    put(reader.ledger, 60)
    reader.open("/spend?by=model")
    book = reader.ledger.book()
    assert revoke_key(book, reader.key.split("_")[1], now_us=to_microseconds(utc_now()))
    book.close()
    reader.page.wait_for_url("**/sign-in?ended*")
    expect(reader.named("error")).to_contain_text("ended")
    # With another key it goes on where it was.
    reader.page.get_by_label("Key").fill(reader.ledger.key())
    reader.page.get_by_role("button", name="Sign in").click()
    reader.page.wait_for_url("**/spend?by=model")


def test_a_wrong_key_is_refused_in_words(
    new_visitor: "NewVisitor", empty_ledger: Ledger
) -> None:
    visitor = new_visitor(empty_ledger)
    visitor.page.goto(f"{empty_ledger.address}/")
    visitor.page.wait_for_url("**/sign-in?next=%2Fspend")
    visitor.page.get_by_label("Key").fill("cck_wrong_key")
    visitor.page.keyboard.press("Enter")
    expect(visitor.named("error")).to_contain_text("unknown, expired or revoked")
    visitor.page.get_by_label("Key").fill(empty_ledger.key(scopes=["ingest"]))
    visitor.page.keyboard.press("Enter")
    expect(visitor.named("error")).to_contain_text("may ingest, but not read")
    visitor.shot("ledger-sign-in")


def test_a_key_in_a_link_leaves_no_trace(reader: "Visitor") -> None:
    assert "#" not in reader.page.url
    # The link itself is no step back: the page took its place.
    assert reader.page.evaluate("history.length") == 2
    assert reader.key not in reader.page.evaluate("document.referrer")
    kept = reader.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert reader.key not in kept
    assert reader.page.evaluate("document.cookie") == ""


def test_signing_out_closes_the_page(reader: "Visitor") -> None:
    reader.named("sign-out").click()
    reader.page.wait_for_url("**/sign-in")
    reader.page.goto(f"{reader.ledger.address}/spend")
    reader.page.wait_for_url("**/sign-in?next=*")


@pytest.mark.parametrize("next_", ["https://example.com/spend", "//example.com/spend"])
def test_signing_in_never_leads_to_another_site(
    new_visitor: "NewVisitor", empty_ledger: Ledger, next_: str
) -> None:
    visitor = new_visitor(empty_ledger)
    visitor.sign_in(then=next_)
    assert visitor.page.url == f"{empty_ledger.address}/spend"


def test_a_ledger_that_does_not_answer_is_told_and_asked_again(
    reader: "Visitor",
) -> None:
    cost = put(reader.ledger, 60)
    reader.open()
    pattern = "**/api/v1/spend*"
    reader.page.route(pattern, lambda route: route.abort())
    reader.named("by").select_option("model")
    banner = reader.named("error")
    expect(banner).to_contain_text("The ledger does not answer.")
    reader.page.unroute(pattern)

    def busy(route: Route) -> None:
        route.fulfill(status=502, body="<html>a proxy</html>")

    reader.page.route(pattern, busy)
    banner.get_by_role("button").click()
    expect(banner).to_contain_text("The ledger answered 502.")
    reader.page.unroute(pattern)
    banner.get_by_role("button").click()
    expect(banner).to_be_hidden()
    reader.settled()
    assert reader.costs() == {"gpt-5-mini": str(cost)}


def test_a_tag_is_text_and_never_markup(reader: "Visitor") -> None:
    nasty = '<img src=x onerror="document.title=1">&amp;"\'%$'
    made = event(1, datetime.now(UTC), function=nasty)
    httpx.post(
        f"{reader.ledger.address}/api/v1/events",
        json={"installation": "inst", "client": "<b>", "events": [made]},
        headers={"Authorization": f"Bearer {reader.ledger.key()}"},
    ).raise_for_status()
    reader.open("/spend?by=function")
    assert list(reader.costs()) == [nasty]
    expect(reader.page.locator("main img")).to_have_count(0)
    reader.named("spend-row").click()
    reader.page.wait_for_url("**function=*by=event")
    expect(reader.named("event-row")).to_contain_text(nasty)


def test_money_reads_as_everywhere_in_cellcost(
    new_visitor: "NewVisitor", empty_ledger: Ledger, browser: Browser
) -> None:
    visitor = new_visitor(empty_ledger)
    visitor.page.goto(f"{empty_ledger.address}/sign-in")
    edges = [0, 1, 9_999, 10_000, 410_000, 995_000, 13_200_000, 9_996_000]
    edges += [99_960_000, 497_000_000, 999_499_999, 999_500_000, 10**9]
    edges += [999_994_999_999, 999_995_000_000, 1_234_567_500_000_000, -5, -13_200_000]
    near = [10**n + d for n in range(4, 19) for d in (-5, -1, 0, 1, 4_999, 5_001)]
    amounts = [*edges, *near, *(7 * 10**n + 123 for n in range(3, 18))]
    shown = visitor.page.evaluate(
        """async amounts => {
            const sheet = document.querySelector('link[rel=stylesheet]').href;
            const {money} = await import(sheet.replace('page.css', 'money.js'));
            return amounts.map(text => money(BigInt(text)));
        }""",
        [str(amount) for amount in amounts],
    )
    assert shown == [format_usd(amount) for amount in amounts]
