"""`cellcost ledger`, as an operator uses it, from nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from conftest import PROGRAM, Client, Ledger, Postgres, wire
from conftest import command as run

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"


def run_in_a_shell(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it as a shell does, from its first import on."""
    return subprocess.run(
        [PROGRAM, "ledger", *arguments],
        env={**os.environ, "CELLCOST_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_from_nothing_to_a_proved_ledger_with_nothing_set_up(tmp_path: Path) -> None:
    done = run_in_a_shell(
        tmp_path, "key", "create", "--team", "search", "--scope", "ingest"
    )
    assert done.returncode == 0, done.stderr
    (key,) = done.stdout.splitlines()
    ledger = Ledger(str(tmp_path / "ledger.db"), tmp_path)
    ledger.start()
    assert ledger.client(key).statuses([wire(1)]) == ["stored"]
    assert ledger.stop() == 0
    proved = run_in_a_shell(tmp_path, "verify")
    assert (proved.returncode, proved.stderr) == (0, "")
    assert proved.stdout.endswith("1 event, $0.00004; the law holds\n")
    assert re.search(r"inst +1 +1 +0 +0 +0 +0 +45000 +45000 +holds", proved.stdout)


def test_keys_are_listed_and_revoked(tmp_path: Path) -> None:
    create = ["key", "create", "--team", "search", "--allow", "ads", "--user", "ada"]
    create += ["--scope", "ingest", "--scope", "read", "--expires", "2099-01-01"]
    key = run(tmp_path, *create).stdout.strip()
    listed = json.loads(run(tmp_path, "key", "list", "--json").stdout)
    assert listed[0]["teams"] == ["search", "ads"]
    assert (listed[0]["user"], listed[0]["scopes"]) == ("ada", ["ingest", "read"])
    assert listed[0]["expires"] == "2099-01-01T00:00:00+00:00"
    assert key.split("_")[2] not in json.dumps(listed)
    key_id = listed[0]["id"]
    assert key_id in run(tmp_path, "key", "list").stdout
    assert run(tmp_path, "key", "revoke", key_id).stdout == f"revoked {key_id}\n"
    again = run(tmp_path, "key", "revoke", key_id)
    assert (again.returncode, "no active key" in again.stderr) == (1, True)
    assert "revoked" in run(tmp_path, "key", "list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "99999"],
        ["serve", "--rate", "0"],
        ["key", "create", "--team", "search"],
        ["key", "create", "--team", "search", "--scope", "everything"],
        ["key", "create", "--team", "a", "--scope", "read", "--expires", "soon"],
        [],
    ],
)
def test_what_is_called_wrongly_says_so(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert "usage: cellcost ledger" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["serve", "--database", "mysql://db/costs"], "SQLite file or in PostgreSQL"),
        (["key", "create", "--team", " ", "--scope", "read"], "is no name"),
        (
            [
                "key",
                "create",
                "--team",
                "a",
                "--scope",
                "read",
                "--expires",
                "2020-01-01",
            ],
            "expired already",
        ),
        (["verify"], "no ledger"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_postgresql_is_migrated_first_and_its_url_may_be_a_variable(
    postgres: Postgres, tmp_path: Path
) -> None:
    variable = {"CELLCOST_LEDGER_DATABASE": postgres.new_database()}
    refused = run(tmp_path, "serve", "--port", "0", **variable)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "run `cellcost ledger migrate`" in refused.stderr
    assert "the tables are up to date" in run(tmp_path, "migrate", **variable).stdout
    key = run(tmp_path, "key", "create", "--team=a", "--scope=ingest", **variable)
    assert key.stdout.startswith("cck_")
    assert run(tmp_path, "verify", **variable).returncode == 0
    assert not list(tmp_path.iterdir())


def test_a_key_that_asks_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "ledger.db"), tmp_path, options=("--rate", "1"))
    ledger.start()
    busy, other = ledger.client(), ledger.client()
    answers = [busy.get("/api/v1/spend") for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert answers[0].status_code == 200
    assert refused[0].json()["error"] == "too_fast"
    assert int(refused[0].headers["retry-after"]) >= 1
    assert other.get("/api/v1/spend").status_code == 200
    assert ledger.stop() == 0


def test_every_option_and_route_is_in_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for action in (
        "alarm add",
        "alarm list",
        "alarm remove",
        "alarm test",
        "serve",
        "migrate",
        "verify",
        "close",
        "prune",
        "backup",
        "restore",
        "focus",
        "dead-letters list",
        "dead-letters replay",
        "key allow",
        "key create",
        "key list",
        "key revoke",
    ):
        shown = run(Path(), *action.split(), "--help").stdout
        assert f"`{action}" in text
        for option in re.findall(r"(?<=[\s\[])--[a-z-]+", shown):
            assert option == "--help" or f"`{option}`" in text, option


def test_the_commands_that_the_page_shows_run(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"^\$ cellcost ledger (.*)$", text, re.MULTILINE)
    assert {line.split()[0] for line in shown} >= {"serve", "key", "verify"}
    for line in shown:
        if line.startswith(("serve", "migrate")) or "revoke" in line:
            continue
        done = run(tmp_path, *line.split())
        assert done.returncode == 0, f"{line}: {done.stderr}"


def test_the_request_that_the_page_shows_is_answered(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    (body,) = re.findall(r"```json\n(\{\"installation.*?)```", text, re.DOTALL)
    ledger = Ledger(str(tmp_path / "ledger.db"), tmp_path)
    ledger.start()
    client: Client = ledger.client()
    answer: httpx.Response = client.post("/api/v1/events", content=body)
    assert answer.json()["results"][0]["status"] == "stored", answer.text
    for question in re.findall(r"^GET (/\S+)$", text, re.MULTILINE):
        assert client.get(question).status_code == 200, question
    assert ledger.stop() == 0
