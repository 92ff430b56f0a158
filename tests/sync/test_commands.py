"""`cellcost login`, `logout` and `sync` as a user runs them."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from cellcost.journal import Reader

sys.path.insert(0, str(Path(__file__).parent))

from sending import Book, Cli, Ledger


def wait_for(holds: "object", seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]  # a function
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_login_keeps_all_first_and_then_tells_what_the_ledger_says(
    cli: Cli, ledger: Ledger
) -> None:
    done = cli("login", "http://127.0.0.1:9", "--key", "cck_x")
    assert done.returncode == 0
    assert "Logged in" in done.stdout
    assert "the login is kept" in done.stderr
    assert "cck_x" not in done.stdout + done.stderr
    done = cli("login", ledger.url, stdin=f"{ledger.key}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "takes this key" in done.stdout
    assert f"Logged out of {ledger.url}" in cli("logout").stdout
    assert "Nobody" in cli("logout").stdout


@pytest.mark.parametrize("url", ["http://ledger.corp", "ledger.corp", "ftp://x"])
def test_login_refuses_an_address_that_would_show_the_key(cli: Cli, url: str) -> None:
    done = cli("login", url, "--key", "cck_secret")
    assert done.returncode == 1
    assert done.stderr.startswith("cellcost: the ledger's address")
    assert "cck_secret" not in done.stderr
    assert not (cli.home / "login.json").exists()


def test_sync_without_a_login_says_what_to_do(cli: Cli, book: Book) -> None:
    book.write(1)
    done = cli("sync", "--once")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cellcost login URL" in done.stderr


def test_sync_once_sends_all_and_its_status_says_so(
    cli: Cli, book: Book, ledger: Ledger
) -> None:
    book.write(3)
    cli("login", "http://127.0.0.1:9", "--key", ledger.key)
    done = cli("sync")
    assert done.returncode == 1
    assert "3 events wait in the journal" in done.stderr
    variables = {"CELLCOST_SYNC_URL": ledger.url, "CELLCOST_SYNC_KEY": ledger.key}
    shown = cli("sync", "--show", "--json", **variables)
    ids = [json.loads(line)["id"] for line in shown.stdout.splitlines()]
    assert ids == [event.id for event in book.events]
    done = cli("sync", "--once", "--json", **variables)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["stored"], told["waiting"]) == ("drained", 3, 0)
    assert "0 events would leave" in cli("sync", "--show", **variables).stdout
    found = json.loads(cli("doctor", "--json", **variables).stdout)
    (line,) = [f for f in found if f["topic"] == "ledger"]
    assert line["state"] == "ok"
    assert "nothing waits" in line["detail"]


def test_show_lists_what_leaves_as_the_settings_redact_it(
    cli: Cli, book: Book, ledger: Ledger
) -> None:
    book.write(1)
    (cli.home / "cellcost.toml").write_text('[sync]\npath = "drop"\ncell = "hash"')
    shown = cli("sync", "--show").stdout
    assert "path is left out" in shown
    assert "work/a.ipynb" not in shown
    assert "cell-1" not in shown
    where = json.loads(cli("sync", "--show", "--json").stdout)["where"]
    assert where["cell_id"].startswith("h:")


def test_nothing_leaves_while_the_settings_cannot_be_read(
    cli: Cli, book: Book, ledger: Ledger
) -> None:
    book.write(1)
    cli("login", ledger.url, "--key", ledger.key)
    (cli.home / "cellcost.toml").write_text('[sync]\nuser = "hide"')
    done = cli("sync")
    assert done.returncode == 1
    assert "sync.user" in done.stderr
    with Reader(cli.home) as reader:
        installations = ledger.verified()["installations"]
        assert reader.installation not in str(installations)


def test_two_syncers_at_once_send_each_event_once(
    cli: Cli, book: Book, ledger: Ledger
) -> None:
    book.write(2000)
    cli("login", ledger.url, "--key", ledger.key)
    both = [cli.start("sync", "--once", "--json") for _ in range(2)]
    told = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(t["stored"] for t in told) == 2000
    assert sum(t["duplicate"] for t in told) == 0


def test_a_killed_syncer_frees_the_way_at_once(
    cli: Cli, book: Book, ledger: Ledger
) -> None:
    from cellcost.journal.locks import is_held

    book.write(5000)
    cli("login", ledger.url, "--key", ledger.key)
    first = cli.start("sync", "--once")
    wait_for(lambda: is_held(cli.home / "sync.lock") or first.poll() is not None)
    first.kill()
    first.communicate()
    assert not is_held(cli.home / "sync.lock")
    done = cli("sync", "--once", "--json")
    assert done.returncode == 0, done.stderr
    with Reader(cli.home) as reader:
        row = ledger.of(reader.installation)
    assert (row["events"], row["gaps"]) == (5000, 0)
    assert int(row["sum_nusd"]) == book.cost


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM ends a process there")
def test_watch_sends_events_as_they_come_and_the_last_at_its_end(
    cli: Cli, book: Book, ledger: Ledger
) -> None:
    book.write(1)
    cli("login", ledger.url, "--key", ledger.key)
    watching = cli.start("sync", "--watch", "--json")
    assert watching.stdout is not None
    assert json.loads(watching.stdout.readline())["state"] == "ok"
    book.write(1)
    with Reader(cli.home) as reader:
        name = reader.installation
    wait_for(lambda: ledger.of(name)["events"] == 2)
    book.write(1)
    watching.send_signal(signal.SIGTERM)
    _, errors = watching.communicate(timeout=60)
    assert (watching.returncode, errors) == (0, "")
    assert ledger.of(name)["events"] == 3


def test_what_the_ledger_did_not_take_is_in_the_doctors_report(
    cli: Cli, book: Book, ledger: Ledger
) -> None:
    from dataclasses import replace

    from cellcost.testing.records import WHERE, make_event

    strange = replace(WHERE, tags={"team": "other"})
    book.write(2, lambda: replace(make_event(), where=strange))
    variables = {"CELLCOST_SYNC_URL": ledger.url, "CELLCOST_SYNC_KEY": ledger.key}
    done = cli("sync", **variables)
    assert done.returncode == 0
    assert "2 events were rejected; `cellcost doctor` tells why" in done.stderr
    found = json.loads(cli("doctor", "--json", **variables).stdout)
    sent, refused = [f for f in found if f["topic"] == "ledger"]
    assert sent["state"] == "ok"
    assert refused["state"] == "note"
    assert refused["detail"].startswith("2 events rejected: ")
    assert "other" in refused["detail"]


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_a_key_that_others_can_read_is_in_the_doctors_report(
    cli: Cli, ledger: Ledger
) -> None:
    cli("login", ledger.url, "--key", ledger.key)
    (cli.home / "login.json").chmod(0o644)
    found = json.loads(cli("doctor", "--json").stdout)
    (bad,) = [f for f in found if f["topic"] == "ledger" and f["state"] == "fix"]
    assert "chmod 600" in bad["todo"]
    assert ledger.key not in str(found)
