"""A real ledger with made-up spend, and its page in a real browser."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

sys.path.insert(0, str(Path(__file__).parent))
# The name `conftest` is the ledger room's.
sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))

# Fixtures too: the ledger's own tests start the same server.
from conftest import (  # pyright: ignore[reportAttributeAccessIssue]
    Ledger,
    _no_server_outlives_the_tests,  # noqa: F401
    running_sqlite,  # noqa: F401
)
from seeding import Json, company

SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"
SECONDS = 30


@dataclass
class Visitor:
    """One browser page on one ledger, with the words that the tests speak."""

    page: Page
    ledger: Ledger
    key: str
    errors: list[str] = field(default_factory=list)

    def sign_in(self, key: str = "", *, then: str = "/spend") -> None:
        """Come by a link that holds the key, and wait for the figures."""
        address = f"{self.ledger.address}/sign-in?next={then}"
        self.page.goto(f"{address}#key={key or self.key}")
        self.page.wait_for_url(lambda url: url.startswith(self.ledger.address + "/sp"))

    def open(self, address: str = "/spend") -> None:
        """Open a page of the ledger and wait for its figures."""
        self.page.goto(self.ledger.address + address)
        self.settled()

    def settled(self) -> None:
        """Wait until the figures are those of the address."""
        expect(self.named("figures")).to_have_attribute("aria-busy", "false")

    def named(self, name: str) -> Locator:
        """Return the elements of a name."""
        return self.page.locator(f'[data-cellcost="{name}"]')

    def row(self, value: str) -> Locator:
        """Return the breakdown's row of a tag's value."""
        return self.page.locator(f'[data-cellcost="spend-row"][data-value="{value}"]')

    def costs(self) -> dict[str, str | None]:
        """Return what the rows say that each value cost."""
        return {
            row.get_attribute("data-value") or "": row.get_attribute("data-cost-nusd")
            for row in self.named("spend-row").all()
        }

    def total(self) -> str | None:
        """Return the big figure, to the nano-dollar."""
        return self.named("spend-total").get_attribute("data-cost-nusd")

    def ask(self, path: str, **query: Any) -> Json:
        """Ask the API with the same key."""
        answer = httpx.get(
            f"{self.ledger.address}/api/v1/{path}",
            params=query,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def spent(self, **query: Any) -> Json:
        """Ask for the spend of the time that the page shows."""
        asked = dict(
            httpx.URL(self.named("csv").get_attribute("href") or "").params.items()
        )
        return self.ask("spend", since=asked["since"], until=asked["until"], **query)

    def shot(self, name: str) -> None:
        """Take a picture for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def send(ledger: Ledger, key: str, installation: str, events: list[Json]) -> None:
    """Store events, as sync does."""
    for first in range(0, len(events), 500):
        answer = httpx.post(
            f"{ledger.address}/api/v1/events",
            json={
                "installation": installation,
                "client": "cellcost/0.1.0",
                "events": events[first : first + 500],
            },
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        assert {r["status"] for r in answer.json()["results"]} <= {"stored"}


@pytest.fixture
def empty_ledger(running_sqlite: Ledger) -> Ledger:  # noqa: F811
    """A ledger without an event."""
    return replace(running_sqlite, tenant=f"tenant-{uuid4().hex[:8]}", clients=[])


@pytest.fixture(scope="session")
def full_ledger(running_sqlite: Ledger) -> Ledger:  # noqa: F811
    """A ledger with sixty days of six teams, the same for all tests."""
    found = replace(running_sqlite, tenant="company", clients=[])
    users = ("ada", "grace", "alan", "edsger", "barbara", "donald")
    keys: dict[str, str] = {}
    for team, installation, events in company(datetime.now(UTC), a_day=24):
        if team not in keys:
            keys[team] = found.key(team=team, user=users[len(keys)], scopes=["ingest"])
        if installation.startswith("research-2"):
            del events[20]
        if installation.startswith("finance-2"):
            events.append({**events[-1], "id": str(uuid4())})
        send(found, keys[team], installation, events)
    return found


NewVisitor = Callable[..., Visitor]


@pytest.fixture
def new_visitor(browser: Browser) -> Iterator[NewVisitor]:
    """Make pages; their contexts close, and uncaught errors of ours fail the test."""
    visitors: list[Visitor] = []

    def make(ledger: Ledger, key: str = "", **options: Any) -> Visitor:
        options = {"viewport": {"width": 1240, "height": 900}} | options
        context = browser.new_context(**options)
        context.set_default_timeout(SECONDS * 1000)
        page = context.new_page()
        text = key or ledger.key(team="platform", teams=["*"], user="lea")
        visitor = Visitor(page, ledger, text)
        page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        page.on(
            "console",
            lambda said: (
                visitor.errors.append(said.text)
                if "Content Security Policy" in said.text
                else None
            ),
        )
        visitors.append(visitor)
        return visitor

    expect.set_options(timeout=15_000)
    yield make
    for visitor in visitors:
        visitor.page.context.close()
    assert [error for visitor in visitors for error in visitor.errors] == []


@pytest.fixture
def lead(new_visitor: NewVisitor, full_ledger: Ledger) -> Visitor:
    """A lead who reads every team, before the first page."""
    found = new_visitor(full_ledger)
    found.sign_in()
    found.settled()
    return found
