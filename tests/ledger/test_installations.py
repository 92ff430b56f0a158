"""The list of installations, the last minutes, and who asks."""

import sys
from datetime import timedelta
from pathlib import Path

from cellcost.clock import to_microseconds, utc_now

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, Ledger, cost_of, wire


def listed(ledger: Ledger, question: str = "", **key: object) -> list[Json]:
    client = ledger.client(ledger.key(scopes=["read"], **key))  # type: ignore[arg-type]
    answer = client.get(f"/api/v1/installations?{question}")
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["installations"]
    return found


def test_an_installation_is_listed_with_its_gaps(ledger: Ledger) -> None:
    client = ledger.client()
    client.statuses([wire(seq) for seq in (1, 2, 5, 6, 9)])
    rejected = wire(4) | {"lines": 7}
    assert client.statuses([rejected]) == ["rejected"]
    (found,) = listed(ledger)
    assert (found["installation"], found["team"], found["client"]) == (
        "inst",
        "search",
        "cellcost/0.1.0",
    )
    assert (found["last_contiguous_seq"], found["highest_seq"], found["gaps"]) == (
        2,
        9,
        3,
    )
    assert found["first_seen_us"] <= found["last_seen_us"]
    client.statuses([wire(seq) for seq in (3, 7, 8)])
    (found,) = listed(ledger)
    assert (found["last_contiguous_seq"], found["highest_seq"], found["gaps"]) == (
        9,
        9,
        0,
    )
    assert not found["forked"]


def test_a_copied_journal_is_listed_as_forked(ledger: Ledger) -> None:
    ledger.client().statuses([wire(1), wire(1)])
    (found,) = listed(ledger)
    assert (found["forked"], found["gaps"], found["highest_seq"]) == (True, 0, 1)


def test_installations_come_last_seen_first_page_by_page(ledger: Ledger) -> None:
    client = ledger.client()
    names = [f"inst-{n}" for n in range(7)]
    for name in names:
        client.statuses([wire(1)], name)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = client.get(f"/api/v1/installations?limit=3&cursor={cursor}").json()
        assert len(page["installations"]) <= 3
        seen += [found["installation"] for found in page["installations"]]
        cursor = page["next"]
    assert seen == names[::-1]
    wanted = "installation=inst-1&installation=inst-2"
    assert len(listed(ledger, wanted)) == 2


def test_a_reader_is_told_its_own_teams_installations_only(ledger: Ledger) -> None:
    for team in ("search", "ads"):
        event = wire(1)
        event["where"]["tags"] = {}
        ledger.client(ledger.key(team=team)).statuses([event], f"of-{team}")
    assert [f["installation"] for f in listed(ledger, team="ads")] == ["of-ads"]
    assert listed(ledger, "team=search", team="ads") == []
    assert listed(ledger, tenant=f"{ledger.tenant}-other", teams=["*"]) == []
    assert len(listed(ledger, team="finance", teams=["*"])) == 2


def ago(seq: int, minutes: float, **changes: object) -> Json:
    moment = utc_now() - timedelta(minutes=minutes)
    return wire(seq, time_us=to_microseconds(moment), **changes)


def test_the_last_minutes_are_summed_from_the_events(ledger: Ledger) -> None:
    client = ledger.client()
    inside = [ago(1, 1), ago(2, 14), ago(3, 0.1)]
    unpriced = ago(5, 2)
    unpriced["lines"] = [{"line_no": 1, "meter": "input", "quantity": 7}]
    outcome = ago(6, 3, kind="outcome", lines=[])
    client.statuses([*inside, ago(4, 16), unpriced, outcome, ago(7, -10)])
    found = client.get("/api/v1/recent").json()
    total = found["total"]
    assert int(total["cost_nusd"]) == sum(map(cost_of, inside))
    assert (total["events"], total["calls"], total["n_unpriced"]) == (5, 4, 1)
    minutes = found["minutes"]
    assert [m["time"] for m in minutes] == sorted({m["time"] for m in minutes})
    assert sum(m["events"] for m in minutes) == 5
    assert [m["cost_nusd"] for m in minutes if m["n_priced"] == 0] == [None]
    wide = client.get("/api/v1/recent?minutes=20").json()["total"]
    assert wide["events"] == 6
    none = client.get("/api/v1/recent?model=other").json()
    assert (none["minutes"], none["total"]["cost_nusd"]) == ([], "0")
    stranger = ledger.client(ledger.key(team="ads"))
    assert stranger.get("/api/v1/recent").json()["total"]["events"] == 0


def test_a_key_is_told_what_it_is(ledger: Ledger) -> None:
    ends = to_microseconds(utc_now() + timedelta(days=1))
    text = ledger.key(team="ads", teams=["ops"], user="ada", expires_us=ends)
    found = ledger.client(text).get("/api/v1/whoami").json()
    assert found.pop("expires").endswith("Z")
    assert found == {
        "team": "ads",
        "teams": ["ads", "ops"],
        "user": "ada",
        "scopes": ["ingest", "read"],
    }
    assert text not in str(found)
