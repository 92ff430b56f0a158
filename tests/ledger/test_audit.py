"""Who did what, when, to what: with the act or not at all, and not changed later."""

import csv
import io
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, Ledger, wire
from conftest import command as run

from cellcost_ledger.accounts import at_the_command_line
from cellcost_ledger.book.alarms import Alarm, add_alarm, remove_alarm
from cellcost_ledger.book.audit import Act, Actor, record
from cellcost_ledger.book.database import Database, open_database
from cellcost_ledger.book.keys import allow_team, create_key, revoke_key, rotate_key
from cellcost_ledger.book.migrate import NEWEST, migrate
from cellcost_ledger.book.schema import audit
from cellcost_ledger.book.trail import all_entries, chains
from cellcost_ledger.closing import close, prune
from cellcost_ledger.pages.signing import Refusals
from cellcost_ledger.replay import replay

FAR_DAY = 20_000_000


def acts(book: Database, tenant: str | None = None) -> list[tuple[str, str, str]]:
    """Return (actor, act, subject) of each entry, the oldest first."""
    found = book.read(lambda c: all_entries(c, tenant=tenant))
    return [(row["actor"], row["act"], row["subject"]) for row in found]


def broken(book: Database) -> list[str]:
    return [what for chain in book.read(chains) for what in chain.broken]


def an_alarm(**changes: Any) -> Alarm:
    given: dict[str, Any] = {
        "tenant": "default",
        "team": "search",
        "function": None,
        "model": None,
        "per": "day",
        "limit_nusd": 5,
        "limit_tokens": None,
        "webhook": "https://hooks.example.com/hidden-path",
        "secret": "a secret of the test",
        "created_us": 1,
    }
    return Alarm(**{**given, **changes})


def test_what_is_done_to_keys_and_alarms_is_told_with_who_did_it(
    book: Database,
) -> None:
    ada = Actor(kind="command", name="ada@desk")
    key, text = create_key(book, team="search", now_us=1, by=ada)
    assert allow_team(book, key.id, "ads", by=ada)
    made = rotate_key(book, key.id, now_us=2, ends_us=9, by=ada)
    assert made is not None
    assert revoke_key(book, key.id, now_us=3, by=ada)
    alarm = an_alarm()
    add_alarm(book, alarm, by=ada)
    assert remove_alarm(book, alarm.alarm_id, by=ada)
    # What was not done is not told.
    assert not revoke_key(book, key.id, now_us=4, by=ada)
    assert not allow_team(book, key.id, "ops", by=ada)
    assert rotate_key(book, key.id, now_us=4, ends_us=9, by=ada) is None
    assert not remove_alarm(book, alarm.alarm_id, by=ada)
    done = ["key.create", "key.allow", "key.rotate", "key.revoke"]
    done += ["alarm.add", "alarm.remove"]
    assert [act for _, act, _ in acts(book)] == done
    assert {who for who, _, _ in acts(book)} == {"ada@desk"}
    told = json.dumps(book.read(all_entries))
    assert made[0].id in told
    for secret in (text, made[1], alarm.secret):
        assert secret.split("_")[-1] not in told
    assert "hidden-path" not in told
    assert broken(book) == []


def test_an_act_that_fails_leaves_no_entry_and_an_entry_that_fails_no_act(
    book: Database,
) -> None:
    alarm = an_alarm()
    add_alarm(book, alarm)
    with pytest.raises(sa.exc.IntegrityError):
        add_alarm(book, alarm)
    assert len(acts(book)) == 1
    book.write(lambda c: c.execute(sa.text("ALTER TABLE audit RENAME TO gone")))
    with pytest.raises(Exception, match="audit"):
        remove_alarm(book, alarm.alarm_id)
    book.write(lambda c: c.execute(sa.text("ALTER TABLE gone RENAME TO audit")))
    assert remove_alarm(book, alarm.alarm_id)
    assert [act for _, act, _ in acts(book)] == ["alarm.add", "alarm.remove"]
    assert broken(book) == []


def test_closing_pruning_and_replaying_are_told_for_each_installation(
    ledger: Ledger,
) -> None:
    key = ledger.key()
    foreign = wire(2)
    foreign["where"]["tags"] = {"team": "ads"}
    sent = ledger.client(key).statuses([wire(1), foreign])
    assert sent == ["stored", "rejected"]
    book = ledger.book()
    assert allow_team(book, key.split("_")[1], "ads")
    assert [one.stored for one in replay(book, tenant=ledger.tenant)] == [1]
    close(book, until_day=FAR_DAY, now_us=1, tenant=ledger.tenant)
    prune(book, before_day=FAR_DAY, now_us=1, tenant=ledger.tenant, dry_run=True)
    prune(book, before_day=FAR_DAY, now_us=1, tenant=ledger.tenant)
    # A second time there is nothing to do, and nothing to tell.
    close(book, until_day=FAR_DAY, now_us=1, tenant=ledger.tenant)
    prune(book, before_day=FAR_DAY, now_us=1, tenant=ledger.tenant)
    assert replay(book, tenant=ledger.tenant) == []
    by = at_the_command_line().name
    assert acts(book, ledger.tenant)[2:] == [
        (by, "replay", "inst"),
        (by, "replay.end", "inst"),
        (by, "close", "inst"),
        (by, "prune", "inst"),
    ]
    details = [
        row["detail"]
        for row in book.read(lambda c: all_entries(c, tenant=ledger.tenant))
    ]
    assert details[3] == {"stored": 1, "left": 0}
    assert (details[4]["events"], details[5]["events"]) == (2, 2)
    book.close()


@pytest.mark.parametrize("before", [1, NEWEST - 1])
def test_a_migration_of_a_book_that_was_there_is_told(
    tmp_path: Path, before: int
) -> None:
    book = open_database(str(tmp_path / "ledger.db"))
    migrate(book, upto=before)
    done = migrate(book, by=Actor(kind="command", name="ada@desk"))
    assert migrate(book) == []
    assert acts(book) == [("ada@desk", "migrate", "")]
    (entry,) = book.read(all_entries)
    names = [f"{m.number:04d} {m.name}" for m in done]
    assert entry["detail"] == {"migrations": names}
    book.close()


def test_the_tables_of_a_new_book_are_no_act(book: Database) -> None:
    assert acts(book) == []


def test_eight_servers_at_once_make_one_chain_a_company(book: Database) -> None:
    by = Actor(kind="key", name="k")

    def write(n: int) -> None:
        for step in range(10):
            act = Act(name="sign-in", tenant=f"t{n % 2}", subject=f"{n}-{step}")
            book.write(lambda c: record(c, by, act))  # noqa: B023

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    found = book.read(chains)
    assert [(c.tenant, c.entries, c.broken) for c in found] == [
        ("t0", 40, []),
        ("t1", 40, []),
    ]


TAMPERING: dict[str, tuple[str, str]] = {
    "changed": (
        "UPDATE audit SET actor = 'eve' WHERE number = 2",
        "entry 2 is not what its digest says",
    ),
    "removed": ("DELETE FROM audit WHERE number = 2", "entry 2 is missing"),
    "the last removed": (
        "DELETE FROM audit WHERE number = 3",
        "entry 2 is not the last that was written",
    ),
    "all removed": ("DELETE FROM audit", "entry 0 is not the last that was written"),
    "its end removed": (
        "DELETE FROM audit_head",
        "entry 3 is not the last that was written",
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_what_was_changed_or_removed_later_is_found(book: Database, how: str) -> None:
    for n in range(3):
        create_key(book, team=f"team-{n}", now_us=1)
    assert broken(book) == []
    statement, found = TAMPERING[how]
    book.write(lambda c: c.execute(sa.text(statement)))
    assert found in broken(book)


def told_to(ledger: Ledger, **key: Any) -> Callable[[str], httpx.Response]:
    client = ledger.client(ledger.key(scopes=["admin"], **key))
    return lambda query="": client.get(f"/api/v1/audit{query}")


def test_an_admin_reads_the_log_page_by_page_and_as_a_table(ledger: Ledger) -> None:
    keys = [ledger.key(team="search", user=f"user-{n}") for n in range(5)]
    ask = told_to(ledger, team="boss", teams=["*"])
    whole = ask("").json()
    ids = [key.split("_")[1] for key in reversed(keys)]
    assert [e["subject"] for e in whole["entries"]][1:] == ids
    assert [e["number"] for e in whole["entries"]] == [6, 5, 4, 3, 2, 1]
    assert whole["next"] is None
    paged: list[Json] = []
    cursor = ""
    while cursor is not None:
        page = ask(f"?limit=4&cursor={cursor}").json()
        paged += page["entries"]
        cursor = page["next"]
    assert paged == whole["entries"]
    one = ask(f"?subject={ids[0]}&act=key.create").json()["entries"]
    assert [e["detail"]["user"] for e in one] == ["user-4"]
    assert ask("?act=prune").json()["entries"] == []
    assert ask("?until=2001-01-01").json()["entries"] == []
    table = list(csv.DictReader(io.StringIO(ask("?format=csv").text)))
    assert [row["number"] for row in table] == ["6", "5", "4", "3", "2", "1"]
    assert json.loads(table[1]["detail"])["user"] == "user-4"
    assert ask("?act=nothing").status_code == 422


def test_what_concerns_a_whole_company_is_told_to_keys_of_all_its_teams(
    ledger: Ledger,
) -> None:
    ledger.client(ledger.key()).statuses([wire(1)])
    book = ledger.book()
    close(book, until_day=FAR_DAY, now_us=1, tenant=ledger.tenant)
    book.close()

    def seen(**key: Any) -> set[str]:
        return {e["act"] for e in told_to(ledger, **key)("").json()["entries"]}

    assert seen(team="boss", teams=["*"]) == {"key.create", "close"}
    assert seen(team="search") == {"key.create"}
    assert seen(team="search", teams=[""]) == {"key.create"}


def test_signing_in_is_told_and_so_is_being_refused(ledger: Ledger) -> None:
    reads = ledger.key(scopes=["read"], user="ada")
    writes = ledger.key(scopes=["ingest"])
    revoked = ledger.key(scopes=["read"])
    book = ledger.book()
    assert revoke_key(book, revoked.split("_")[1], now_us=1)
    wrong = f"{reads[:-1]}{'A' if reads[-1] != 'A' else 'B'}"
    with httpx.Client(base_url=ledger.address, timeout=60) as browser:
        answers = [
            browser.post("/sign-in", json={"key": key}).status_code
            for key in (reads, wrong, writes, revoked)
        ]
    assert answers == [204, 401, 403, 401]
    found = book.read(lambda c: all_entries(c, tenant=ledger.tenant))
    book.close()
    ids = [key.split("_")[1] for key in (reads, writes, revoked)]
    assert [
        (e["actor_kind"], e["actor"], e["act"], e["subject"], e["detail"].get("why"))
        for e in found[4:]
    ] == [
        ("key", ids[0], "sign-in", ids[0], None),
        ("unknown", "", "sign-in.refused", ids[0], "wrong secret"),
        ("key", ids[1], "sign-in.refused", ids[1], "wrong scope"),
        ("unknown", "", "sign-in.refused", ids[2], "revoked"),
    ]
    assert reads.split("_", 2)[2] not in json.dumps(found)


def test_whoever_has_no_key_does_not_fill_the_book() -> None:
    refusals = Refusals()
    assert [refusals.take(1000.0) for _ in range(22)] == [0] * 20 + [None] * 2
    assert refusals.take(1059.0) is None
    assert refusals.take(1060.0) == 3
    assert refusals.take(1061.0) is None


def test_an_operator_reads_and_proves_the_log(tmp_path: Path) -> None:
    create = ["key", "create", "--team", "search", "--scope", "ingest"]
    key = run(tmp_path, *create, "--expires", "2099-01-01").stdout.strip()
    key_id = key.split("_")[1]
    done = run(tmp_path, "key", "rotate", key_id, "--keep", "0")
    assert done.returncode == 0, done.stderr
    new_id = done.stdout.split("_")[1]
    listed = json.loads(run(tmp_path, "key", "list", "--json").stdout)
    states = {one["id"]: (one["state"], one["scopes"]) for one in listed}
    assert states == {key_id: ("expired", ["ingest"]), new_id: ("active", ["ingest"])}
    again = run(tmp_path, "key", "rotate", key_id)
    assert (again.returncode, "no active key" in again.stderr) == (1, True)
    assert run(tmp_path, "backup", str(tmp_path / "b.zst")).returncode == 0
    shown = run(tmp_path, "audit")
    assert shown.returncode == 0, shown.stderr
    by = at_the_command_line().name
    lines = [line.split() for line in shown.stdout.splitlines()[1:]]
    assert [line[-1] for line in lines if line[-1] == "b.zst"]
    assert shown.stdout.count(by) == 3
    assert str(tmp_path) not in shown.stdout
    told = json.loads(run(tmp_path, "audit", "--since", "2020-01-01", "--json").stdout)
    assert [e["act"] for e in told["entries"]] == ["key.create", "key.rotate", "backup"]
    none = json.loads(run(tmp_path, "audit", "--until", "2020-01-01", "--json").stdout)
    assert none["entries"] == []
    proved = json.loads(run(tmp_path, "verify", "--json").stdout)
    assert [(c["tenant"], c["entries"]) for c in proved["audit"]] == [
        ("", 1),
        ("default", 2),
    ]
    book = open_database(str(tmp_path / "ledger.db"))
    book.write(lambda c: c.execute(sa.update(audit).values(actor="eve")))
    book.close()
    for action in ("audit", "verify"):
        found = run(tmp_path, action)
        assert found.returncode == 1
        assert "entry 1 is not what its digest says" in found.stdout
