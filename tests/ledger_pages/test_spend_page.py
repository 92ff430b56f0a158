"""Where did the money go? The first page, against the API that it reads."""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))

from conftest import Ledger
from seeding import event

from cellcost.money import format_usd

if TYPE_CHECKING:
    from tests.ledger_pages.conftest import NewVisitor, Visitor


def by_value(answer: dict[str, Any], name: str) -> dict[str, str | None]:
    return {row[name]: row["cost_nusd"] for row in answer["rows"]}


def test_its_figures_are_the_apis_to_the_nano_dollar(lead: "Visitor") -> None:
    told = lead.spent(group_by="team")
    assert len(told["rows"]) == 6
    assert lead.costs() == by_value(told, "team")
    assert lead.total() == told["total"]["cost_nusd"]
    assert sum(int(cost or 0) for cost in lead.costs().values()) == int(
        lead.total() or 0
    )
    # As the notebook counts: calls. Each of these has two lines.
    unpriced = told["total"]["events"] - told["total"]["n_priced"]
    assert told["total"]["n_unpriced"] == 2 * unpriced > 0
    expect(lead.named("spend-total")).to_have_text(
        f"≥ {format_usd(int(told['total']['cost_nusd']))}"
    )
    for place in (lead.page.locator("tfoot"), lead.named("spend-change")):
        note = place.locator("small.tag")
        expect(note).to_have_text(f"{unpriced} unpriced")
        expect(note).to_have_attribute(
            "title", re.compile(f"^{unpriced} calls? of .*; {2 * unpriced} lines ")
        )
    expect(lead.page.locator("tfoot")).to_contain_text(
        f"≥ {format_usd(int(told['total']['cost_nusd']))}"
    )
    for row in told["rows"]:
        text = lead.row(row["team"]).inner_text()
        assert format_usd(int(row["cost_nusd"])) in text
    lead.shot("ledger-light")


def test_the_change_is_against_as_long_a_time_before(lead: "Visitor") -> None:
    told = lead.spent()
    now = int(told["total"]["cost_nusd"])

    def before(text: str) -> str:
        at = datetime.fromisoformat(text) - timedelta(days=30)
        return at.isoformat().replace("+00:00", "Z")

    then = int(
        lead.ask("spend", since=before(told["since"]), until=before(told["until"]))[
            "total"
        ]["cost_nusd"]
    )
    percent = round((now - then) * 100 / then)
    expect(lead.named("spend-change")).to_contain_text(
        f"≈ +{percent} % vs. the 30 days before ({format_usd(then)})"
    )


def test_an_unpriced_value_is_unpriced_and_not_nothing(lead: "Visitor") -> None:
    lead.open("/spend?by=model")
    row = lead.row("llama-in-house")
    expect(row).to_contain_text("unpriced")
    expect(row).to_contain_text("not known")
    assert "$" not in row.inner_text()
    assert lead.costs()["llama-in-house"] is None
    lead.open("/spend?by=model&model=llama-in-house")
    expect(lead.named("spend-total")).to_have_text("unpriced")


def test_a_call_of_which_a_part_has_a_price_is_no_unpriced_call(
    new_visitor: "NewVisitor", empty_ledger: Ledger
) -> None:
    now = datetime.now(UTC)
    known, half = event(1, now), event(2, now)
    del half["lines"][1]["cost_nusd"]
    with empty_ledger.client() as client:
        assert client.statuses([known, half]) == ["stored", "stored"]
    visitor = new_visitor(empty_ledger)
    visitor.sign_in()
    visitor.settled()
    note = visitor.named("spend-change").locator("small.tag")
    expect(note).to_have_text("parts unpriced")
    expect(visitor.named("spend-total")).to_contain_text("≥ $")


def test_a_filter_is_in_the_address_and_the_back_button_takes_it_away(
    lead: "Visitor",
) -> None:
    whole = lead.total()
    lead.named("more-filters").locator("summary").click()
    lead.page.get_by_role("button", name="model", exact=True).click()
    lead.page.get_by_label("find a model").fill("gpt-5")
    lead.page.get_by_label("gpt-5-mini").check()
    lead.page.get_by_role("button", name="Show", exact=True).click()
    lead.page.wait_for_url("**/spend?model=gpt-5-mini")
    lead.settled()
    told = lead.spent(group_by="team", model="gpt-5-mini")
    assert lead.costs() == by_value(told, "team")
    assert lead.total() == told["total"]["cost_nusd"] != whole
    lead.page.go_back()
    lead.page.wait_for_url("**/spend")
    lead.settled()
    assert lead.total() == whole
    lead.page.go_forward()
    lead.page.wait_for_url("**/spend?model=gpt-5-mini")
    lead.settled()
    lead.page.get_by_role("button", name="any model").click()
    lead.settled()
    assert lead.total() == whole


def test_an_address_can_be_shared(lead: "Visitor") -> None:
    lead.open("/spend?team=search&team=ads&period=7d&by=function&sort=name")
    expect(lead.named("period")).to_have_value("7d")
    expect(lead.named("by")).to_have_value("function")
    told = lead.spent(group_by="function", team=["search", "ads"])
    assert lead.costs() == by_value(told, "function")
    expect(lead.named("filter-team")).to_contain_text("search, ads")
    lead.open("/spend?period=custom&from=2026-11-01&to=2026-11-02&by=team&team=%00x")
    lead.open("/spend?period=never&by=colour&sort=taste&from=x")
    expect(lead.named("period")).to_have_value("30d")


@pytest.mark.parametrize("period", ["24h", "7d", "month", "custom"])
def test_every_period_asks_for_its_time(lead: "Visitor", period: str) -> None:
    lead.named("period").select_option(period)
    lead.page.wait_for_url("**period=**")
    lead.settled()
    told = lead.spent(group_by="team")
    assert lead.costs() == by_value(told, "team")
    assert lead.total() == told["total"]["cost_nusd"]


def test_a_row_leads_closer_down_to_the_lines_of_an_event(lead: "Visitor") -> None:
    cost = lead.costs()["search"]
    lead.row("search").click()
    lead.page.wait_for_url("**/spend?team=search&by=function")
    lead.settled()
    assert lead.total() == cost
    expect(lead.row("")).to_contain_text("untagged")
    lead.shot("ledger-drill-down")
    within = lead.costs()["rerank"]
    lead.row("rerank").locator("a").focus()
    lead.page.keyboard.press("Enter")
    lead.page.wait_for_url("**function=rerank&by=model")
    lead.settled()
    assert lead.total() == within
    lead.row("gpt-5").click()
    lead.page.wait_for_url("**by=installation")
    lead.settled()
    lead.named("spend-row").first.click()
    lead.page.wait_for_url("**by=event")
    lead.settled()
    first = lead.named("event-row").first
    expect(first).to_contain_text("gpt-5")
    first.locator("button").press("Enter")
    lines = lead.named("event-line")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("input")
    parts = [
        line.locator("td").last.inner_text().replace("$", "").replace(".", "")
        for line in lines.all()
    ]
    assert sum(map(int, parts)) == int(first.get_attribute("data-cost-nusd") or 0)
    lead.shot("ledger-events")


def test_events_come_page_by_page_and_add_up(lead: "Visitor") -> None:
    lead.open("/spend?team=finance&by=event")
    more = lead.page.get_by_role("button", name="Show older ones")
    while more.is_visible():
        have = lead.named("event-row").count()
        more.click()
        expect(lead.named("event-row").nth(have)).to_be_visible()
        lead.page.wait_for_function("document.readyState === 'complete'")
    told = lead.spent(team="finance")
    costs = [
        int(row.get_attribute("data-cost-nusd") or 0)
        for row in lead.named("event-row").all()
    ]
    assert len(costs) == told["total"]["events"]
    assert sum(costs) == int(told["total"]["cost_nusd"])


def test_a_table_is_sorted_by_what_its_reader_chooses(lead: "Visitor") -> None:
    names = [row["team"] for row in lead.spent(group_by="team")["rows"]]
    spend = list(lead.costs().values())
    assert spend == sorted(spend, key=lambda cost: -int(cost or 0))
    lead.page.locator("[data-sort=name]").click()
    lead.settled()
    assert list(lead.costs()) == sorted(names)
    assert "sort=name" in lead.page.url
    lead.page.locator("[data-sort=name]").click()
    lead.settled()
    assert list(lead.costs()) == sorted(names, reverse=True)
    expect(lead.page.locator("th[aria-sort=descending]")).to_have_text("team ↓")
    assert lead.page.evaluate("document.activeElement.dataset.sort") == "name"


def test_the_chart_can_be_read_as_a_table_that_adds_up(lead: "Visitor") -> None:
    lead.named("chart-toggle").click()
    rows = lead.named("chart-table").locator("tbody tr")
    expect(rows).to_have_count(30)
    alls = rows.locator("td:last-child").evaluate_all(
        "cells => cells.map(cell => cell.title)"
    )
    exact = sum(
        int(text.replace("$", "").replace(",", "").replace(".", "")) for text in alls
    )
    assert str(exact) == lead.total()
    lead.named("chart-toggle").click()
    expect(lead.named("chart")).to_be_visible()
    lead.page.locator(".u-over").hover(position={"x": 300, "y": 80})
    tip = lead.page.locator(".tip")
    for team in ("support", "research", "search", "platform", "ads", "finance", "all"):
        expect(tip).to_contain_text(team)


def test_what_is_beyond_eight_is_drawn_as_others(lead: "Visitor") -> None:
    lead.open("/spend?by=installation")
    labels = lead.page.locator(".labels span")
    expect(labels).to_have_count(9)
    expect(labels.first).to_have_text("4 others")
    expect(lead.named("spend-row")).to_have_count(12)


def test_sync_health_names_what_is_wrong(lead: "Visitor") -> None:
    expect(lead.named("installation").first).to_be_visible()
    more = lead.named("health").get_by_role("button", name="Show more")
    more.click()
    expect(lead.named("installation")).to_have_count(12)
    expect(more).to_be_hidden()

    def of(prefix: str) -> Locator:
        return lead.page.locator(f'[data-installation^="{prefix}"]')

    expect(of("research-2")).to_contain_text("1 missing")
    expect(of("finance-2")).to_contain_text("forked")
    expect(of("ads-1")).to_contain_text("whole")
    expect(of("ads-1")).to_contain_text("cellcost/0.1.0")
    expect(lead.named("health")).to_contain_text("not known")


def test_what_has_no_tag_is_told_with_how_to_tag(lead: "Visitor") -> None:
    told = lead.spent(function="")
    part = int(told["total"]["cost_nusd"]) * 100 / int(lead.total() or 1)
    link = lead.named("untagged").locator("a")
    expect(link).to_have_text(f"{part:.0f} %" if part >= 9.95 else f"{part:.1f} %")
    expect(lead.named("untagged-hint")).to_contain_text("cellcost.toml")
    link.click()
    lead.page.wait_for_url("**/spend?function=")
    lead.settled()
    assert lead.total() == told["total"]["cost_nusd"]


def test_the_table_can_be_had_as_a_file(lead: "Visitor") -> None:
    lead.open("/spend?by=model&team=search")
    with lead.page.expect_download() as download:
        lead.named("csv").click()
    text = Path(download.value.path()).read_text()
    costs = lead.costs()
    assert len(text.splitlines()) == len(costs) + 1
    for model, cost in costs.items():
        assert model in text
        assert cost is None or cost in text


def test_it_works_without_a_mouse(lead: "Visitor") -> None:
    lead.page.keyboard.press("Tab")
    lead.page.keyboard.press("Enter")
    assert lead.page.evaluate("document.activeElement.id") == "main"
    summary = lead.named("more-filters").locator("summary")
    summary.focus()
    lead.page.keyboard.press("Enter")
    first = lead.named("more-filters").get_by_role("button", name="team")
    expect(first).to_be_focused()
    lead.page.keyboard.press("Enter")
    expect(lead.page.get_by_label("find a team")).to_be_focused()
    lead.page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    nameless = lead.page.evaluate(
        "[...document.querySelectorAll('button, a[href], select, input')]"
        ".filter(e => !(e.textContent || e.ariaLabel || e.labels?.length))"
        ".map(e => e.outerHTML)"
    )
    assert nameless == []
    reach = lead.row("support").locator("a")
    reach.focus()
    lead.page.keyboard.press("Tab")
    assert (
        lead.page.evaluate("document.activeElement.closest('tr').dataset.value")
        == "research"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_system_until_somebody_chooses(
    new_visitor: "NewVisitor", full_ledger: Ledger, scheme: str
) -> None:
    lead = new_visitor(full_ledger, color_scheme=scheme)
    lead.sign_in()
    lead.settled()
    paper = "getComputedStyle(document.body).backgroundColor"
    is_dark = "rgb(25, 25, 24)"
    assert (lead.page.evaluate(paper) == is_dark) == (scheme == "dark")
    lead.shot(f"ledger-{scheme}")
    lead.named("theme").click()
    assert (lead.page.evaluate(paper) == is_dark) == (scheme != "dark")
    lead.open()
    assert (lead.page.evaluate(paper) == is_dark) == (scheme != "dark")


def test_it_fits_a_telephone(new_visitor: "NewVisitor", full_ledger: Ledger) -> None:
    lead = new_visitor(full_ledger, viewport={"width": 400, "height": 800})
    for address in ("/spend", "/spend?by=event", "/spend?by=installation&team=search"):
        lead.sign_in(then=address.replace("?", "%3F").replace("&", "%26"))
        lead.settled()
        assert lead.page.evaluate("document.documentElement.scrollWidth") <= 400
    lead.open()
    lead.shot("ledger-narrow")


def test_a_reader_of_one_team_sees_it_alone(
    new_visitor: "NewVisitor", full_ledger: Ledger
) -> None:
    ads = new_visitor(full_ledger, full_ledger.key(team="ads", scopes=["read"]))
    ads.sign_in()
    ads.settled()
    assert set(ads.costs()) == {"ads"}
    assert ads.total() == ads.spent()["total"]["cost_nusd"]
    expect(ads.named("installation")).to_have_count(2)
    expect(ads.named("whoami")).to_have_text("ads")
    ads.open("/spend?team=search")
    expect(ads.named("empty")).to_contain_text("Nothing was spent here.")
