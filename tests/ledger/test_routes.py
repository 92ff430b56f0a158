"""Who may ask what: keys, scopes, teams and tenants, on every route."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.keys import list_keys, revoke_key
from cellcost_ledger.web.app import ROUTES

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Client, Json, Ledger, wire

Ask = Callable[[Client], httpx.Response]

# Every route and method, with the scopes of which one opens it; None: no key needed.
ASKS: dict[tuple[str, str], tuple[Ask, set[str] | None]] = {
    ("POST", "/api/v1/events"): (lambda c: c.send_events([]), {"ingest"}),
    ("GET", "/api/v1/events"): (lambda c: c.get("/api/v1/events"), {"read"}),
    ("GET", "/api/v1/audit"): (lambda c: c.get("/api/v1/audit"), {"admin"}),
    ("GET", "/api/v1/spend"): (lambda c: c.get("/api/v1/spend"), {"read"}),
    ("GET", "/api/v1/recent"): (lambda c: c.get("/api/v1/recent"), {"read"}),
    ("GET", "/api/v1/focus"): (lambda c: c.get("/api/v1/focus"), {"read"}),
    ("GET", "/api/v1/runs"): (lambda c: c.get("/api/v1/runs"), {"read"}),
    ("GET", "/api/v1/outcomes"): (lambda c: c.get("/api/v1/outcomes"), {"read"}),
    ("GET", "/api/v1/unit-cost"): (lambda c: c.get("/api/v1/unit-cost"), {"read"}),
    ("GET", "/api/v1/openapi.json"): (lambda c: c.get("/api/v1/openapi.json"), None),
    ("GET", "/api/v1/whoami"): (
        lambda c: c.get("/api/v1/whoami"),
        {"ingest", "read", "approve", "admin"},
    ),
    ("GET", "/api/v1/installations"): (
        lambda c: c.get("/api/v1/installations"),
        {"read"},
    ),
    ("GET", "/api/v1/installations/{installation}"): (
        lambda c: c.get("/api/v1/installations/inst"),
        {"ingest", "read"},
    ),
    ("GET", "/healthz"): (lambda c: c.get("/healthz"), None),
    ("GET", "/readyz"): (lambda c: c.get("/readyz"), None),
    ("GET", "/metrics"): (lambda c: c.get("/metrics"), None),
}
GUARDED = {name: ask for name, ask in ASKS.items() if ask[1] is not None}


def assert_told(answer: httpx.Response, status: int) -> Json:
    """Hold an error to the one shape; return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: Json = answer.json()
    assert list(body) == ["error", "message", "hint", "status"]
    assert body["status"] == status
    assert all(isinstance(body[name], str) and body[name] for name in list(body)[:3])
    return body


def test_every_route_is_in_the_table_above() -> None:
    known = {path for _, path in ASKS}
    assert {route.path for route in ROUTES} == known


@pytest.mark.parametrize("name", GUARDED, ids=" ".join)
def test_a_route_opens_to_its_scope_only(
    sqlite_ledger: Ledger, name: tuple[str, str]
) -> None:
    ask, opens = GUARDED[name]
    for scope in ("ingest", "read", "approve", "admin"):
        answer = ask(sqlite_ledger.client(sqlite_ledger.key(scopes=[scope])))
        if scope in (opens or ()):
            assert answer.status_code in (200, 404)
        else:
            assert assert_told(answer, 403)["error"] == "wrong_scope"


@pytest.mark.parametrize("name", GUARDED, ids=" ".join)
def test_without_a_good_key_nothing_is_told(
    sqlite_ledger: Ledger, name: tuple[str, str]
) -> None:
    ask, _ = GUARDED[name]
    good = sqlite_ledger.key(scopes=["ingest", "read", "admin"])
    past = to_microseconds(utc_now()) - 1
    expired = sqlite_ledger.key(expires_us=past)
    revoked = sqlite_ledger.key()
    book = sqlite_ledger.book()
    assert revoke_key(book, revoked.split("_")[1], now_us=past)
    book.close()
    wrong = f"{good[:-1]}{'A' if good[-1] != 'A' else 'B'}"
    for key in ("", "x", "cck_", "cck__", wrong, expired, revoked):
        answer = ask(sqlite_ledger.client(key))
        assert assert_told(answer, 401)["error"] == "no_key"
        assert answer.headers["www-authenticate"] == "Bearer"
    basic = sqlite_ledger.client()
    basic.headers["authorization"] = f"Basic {good}"
    assert_told(ask(basic), 401)


@pytest.mark.parametrize("name", ASKS, ids=" ".join)
def test_every_answer_carries_the_security_headers(
    sqlite_ledger: Ledger, name: tuple[str, str]
) -> None:
    ask, _ = ASKS[name]
    for client in (sqlite_ledger.client(), sqlite_ledger.client("")):
        headers = ask(client).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/installations/", 404),
        ("GET", "/api/v1/installations/%00", 404),
        ("GET", "/api/v1/installations/unknown", 404),
        ("DELETE", "/api/v1/events", 405),
        ("PUT", "/api/v1/spend", 405),
        ("POST", "/healthz", 405),
        ("GET", "/api/v1/spend?group_by=colour", 422),
        ("GET", "/api/v1/spend?group_by=team,team", 422),
        ("GET", "/api/v1/spend?granularity=year", 422),
        ("GET", "/api/v1/spend?since=yesterday", 422),
        ("GET", "/api/v1/spend?sinse=2026-01-01", 422),
        ("GET", "/api/v1/spend?" + "&".join(["team=a"] * 101), 422),
        ("GET", "/api/v1/events?limit=0", 422),
        ("GET", "/api/v1/events?limit=501", 422),
        ("GET", "/api/v1/events?limit=%D9%A3", 422),
        ("GET", "/api/v1/events?cursor=abc", 422),
        ("GET", "/api/v1/events?until=0001-01-01T00:00%2B23:00", 422),
    ],
)
def test_every_refusal_has_the_one_shape(
    ledger: Ledger, method: str, path: str, status: int
) -> None:
    assert_told(ledger.client().request(method, path), status)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"installation": "inst"}',
        b'{"installation": "", "events": []}',
        b'{"installation": "a b", "events": []}',
        b'{"installation": "inst", "events": 7}',
        b'{"installation": "inst", "events": [' + b",".join([b"1"] * 501) + b"]}",
        b'{"installation": "inst", "client": 7, "events": []}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_malformed_batch_is_refused_whole(sqlite_ledger: Ledger, body: bytes) -> None:
    answer = sqlite_ledger.client().post("/api/v1/events", content=body)
    assert assert_told(answer, 422)["error"] == "malformed_batch"
    assert sqlite_ledger.proofs() == {}


def test_a_key_charges_the_teams_that_it_may_and_its_own_by_default(
    ledger: Ledger,
) -> None:
    client = ledger.client(ledger.key(team="search", teams=["ads"], user="ada"))
    events = [wire(n) for n in range(1, 5)]
    for event, team in zip(events, ("search", "ads", "ops", None), strict=True):
        event["where"]["user"] = "mallory"
        event["where"]["tags"] = {} if team is None else {"team": team}
    assert client.statuses(events) == ["stored", "stored", "rejected", "stored"]
    answer = client.get("/api/v1/spend?group_by=team,user").json()
    assert [(r["team"], r["user"], r["events"]) for r in answer["rows"]] == [
        ("ads", "ada", 1),
        ("search", "ada", 2),
    ]
    told = client.get("/api/v1/events").json()["events"]
    assert {(e["user"], e["claimed_user"]) for e in told} == {("ada", "mallory")}


def test_a_reader_sees_its_own_teams_only(ledger: Ledger) -> None:
    writer = ledger.client(ledger.key(team="ads", teams=["*"]))
    events = [wire(n) for n in range(1, 4)]
    for event, team in zip(events, ("search", "ads", "ops"), strict=True):
        event["where"]["tags"] = {"team": team}
    writer.statuses(events, "of-ads")

    def seen(**key: Any) -> tuple[set[str], set[str], int]:
        client = ledger.client(ledger.key(scopes=["read"], **key))
        rows = client.get("/api/v1/spend?group_by=team").json()["rows"]
        told = client.get("/api/v1/events").json()["events"]
        figures = client.get("/api/v1/installations/of-ads").status_code
        return {r["team"] for r in rows}, {e["team"] for e in told}, figures

    assert seen(team="search") == ({"search"}, {"search"}, 404)
    assert seen(team="ops", teams=["ads"]) == ({"ads", "ops"}, {"ads", "ops"}, 200)
    everyone = {"search", "ads", "ops"}
    assert seen(team="finance", teams=["*"]) == (everyone, everyone, 200)
    assert seen(team="other") == (set(), set(), 404)
    other = ledger.client(ledger.key(team="other"))
    assert other.get("/api/v1/events?team=search").json()["events"] == []


def test_one_company_never_sees_another(ledger: Ledger) -> None:
    client = ledger.client(ledger.key(team="search", teams=["*"]))
    event = wire(1)
    client.statuses([event])
    stranger = ledger.client(
        ledger.key(team="search", teams=["*"], tenant=f"{ledger.tenant}-other")
    )
    assert stranger.get("/api/v1/events").json()["events"] == []
    assert stranger.get("/api/v1/spend").json()["rows"] == []
    assert stranger.get("/api/v1/installations/inst").status_code == 404
    # The same id and installation there is an event of its own.
    dearer = {**event, "lines": []}
    assert stranger.statuses([dearer]) == ["stored"]
    assert client.statuses([event]) == ["duplicate"]
    assert ledger.proof().events == 1


def test_a_duplicate_stays_one_under_a_new_key_of_another_team(ledger: Ledger) -> None:
    event = wire(1)
    assert ledger.client(ledger.key(team="search")).statuses([event]) == ["stored"]
    assert ledger.client(ledger.key(team="ads")).statuses([event]) == ["duplicate"]


def test_a_key_notes_its_last_use_and_keeps_no_secret(sqlite_ledger: Ledger) -> None:
    text = sqlite_ledger.key()
    sqlite_ledger.client(text).get("/api/v1/spend")
    book = sqlite_ledger.book()
    (key,) = [k for k in list_keys(book) if k.id == text.split("_")[1]]
    book.close()
    assert key.last_used_us is not None
    secret = text.split("_", 2)[2]
    folder = sqlite_ledger.folder
    for name in ("ledger.db", "ledger.db-wal", "log"):
        assert secret.encode() not in (folder / name).read_bytes()


def test_the_log_is_one_object_a_line_and_holds_no_body(sqlite_ledger: Ledger) -> None:
    event = wire(1, note="do not log me")
    sqlite_ledger.client().statuses([event])
    lines = [json.loads(line) for line in sqlite_ledger.log().splitlines()]
    answered = [line for line in lines if line["event"] == "answered"]
    assert {"time", "level", "method", "route", "status", "seconds", "key"} <= set(
        answered[-1]
    )
    assert "do not log me" not in sqlite_ledger.log()


def test_the_metrics_count_events_by_what_became_of_them(
    sqlite_ledger: Ledger,
) -> None:
    client = sqlite_ledger.client()

    def stored() -> float:
        text = client.get("/metrics").text
        (line,) = [
            line
            for line in text.splitlines()
            if line.startswith('cellcost_ledger_events_total{status="stored"}')
        ]
        assert sqlite_ledger.tenant not in text
        return float(line.split()[-1])

    before = stored()
    client.statuses([wire(1), wire(2)])
    assert stored() == before + 2
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
