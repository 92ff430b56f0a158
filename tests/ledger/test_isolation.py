"""No route tells one team, or one company, of another's events."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.web.app import ROUTES

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, Ledger, wire

MARK = "only-ours"
"""In every text of the team's events that a route may tell."""

_ALL = ",".join(
    [
        *("team", "function", "environment", "provider", "model", "user"),
        *("installation", "call_site", "tag:project"),
    ]
)
# Each route that needs a key, asked so that it tells as much as it can.
ASKS: dict[str, list[str]] = {
    "/api/v1/audit": ["", "?format=csv", "?act=key.create", "?limit=500"],
    "/api/v1/events": ["", "?format=csv", f"?installation={MARK}", "?team=ours"],
    "/api/v1/focus": ["", "?version=1.4"],
    "/api/v1/installations": ["", f"?installation={MARK}"],
    "/api/v1/installations/{installation}": [""],
    "/api/v1/outcomes": ["", "?format=csv", f"?tag:project={MARK}"],
    "/api/v1/recent": ["", "?team=ours", f"?installation={MARK}"],
    "/api/v1/runs": ["", "?format=csv", f"?run_id={MARK}", "?team=ours"],
    "/api/v1/spend": [
        "?group_by=team,function,environment,provider,model,user,installation",
        f"?group_by={_ALL}",
        f"?group_by={_ALL}&format=csv",
        "?team=ours",
        f"?tag:project={MARK}",
        f"?group_by=meter&call_site={MARK}",
    ],
    "/api/v1/unit-cost": ["", "?group_by=tag:project", "?format=csv", "?team=ours"],
}
# What these tell is no event's: the asking key itself, the document.
OF_NOBODY = {"/api/v1/whoami", "/api/v1/openapi.json", "/healthz", "/readyz"}
OF_NOBODY |= {"/metrics"}

TELLING = (MARK, "45000", "7654321", '"events":2', '"events":1', "0.000045")
"""What a team's events are known by: a sum tells something too, without any name."""


def marked(seq: int, **changes: object) -> Json:
    event = wire(seq, time_us=to_microseconds(utc_now()), **changes)
    texts = ("run_id", "cell_id", "notebook", "call_site", "kernel_id", "user")
    event["where"] |= dict.fromkeys(texts, MARK)
    names = ("function", "environment", "project")
    event["where"]["tags"] = {"team": "ours", **dict.fromkeys(names, MARK)}
    event["call"] |= {"provider": MARK, "response_model": MARK}
    return event


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """A ledger with a call and an outcome of the team `ours`, by a key of its user."""
    said = marked(2, kind="outcome", lines=[], detail={"name": MARK, "count": 7654321})
    client = ledger.client(ledger.key(team="ours", user=MARK))
    assert client.statuses([marked(1), said], MARK) == ["stored", "stored"]
    return ledger


def test_every_route_has_a_case_here() -> None:
    assert {route.path for route in ROUTES} == set(ASKS) | OF_NOBODY


@pytest.mark.parametrize("path", ASKS)
def test_a_route_tells_events_to_their_team_alone(filled: Ledger, path: str) -> None:
    told = asking(filled, path)
    assert all(told(team="ours")), "the question must find what is to be hidden"
    assert all(told(team="boss", teams=["*"]))
    for stranger in (
        {"team": "theirs"},
        {"team": "theirs", "teams": ["others", ""]},
        {"team": "our"},
        {"team": "ours", "tenant": f"{filled.tenant}-2"},
        {"team": "boss", "teams": ["*"], "tenant": f"{filled.tenant}-2"},
    ):
        assert not any(told(**stranger)), stranger


def asking(ledger: Ledger, path: str) -> Callable[..., list[bool]]:
    """Return what says, for each question, whether a key is told of the events."""

    # Digests and times of its own acts may hold any digits.
    telling = (MARK,) if path == "/api/v1/audit" else TELLING

    def told(**key: object) -> list[bool]:
        client = ledger.client(ledger.key(scopes=["read", "admin"], **key))  # type: ignore[arg-type]
        found = []
        for question in ASKS[path]:
            answer = client.get(path.replace("{installation}", MARK) + question)
            assert answer.status_code in (200, 404)
            found.append(
                answer.status_code == 200 and any(t in answer.text for t in telling)
            )
        return found

    return told
