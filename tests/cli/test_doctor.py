"""`cellcost doctor`: each line OK, or what to do; journals in every kind of trouble."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import venv
from dataclasses import replace

import pytest

from cellcost.ids import new_id
from cellcost.journal import JOURNAL_FILE
from cellcost.testing.records import make_event


def findings_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    assert done.returncode in (0, 1), done.stderr
    findings = json.loads(done.stdout)
    wrong = any(finding["state"] == "fix" for finding in findings)
    assert done.returncode == int(wrong)
    return findings


def about(findings: list[dict[str, str]], topic: str) -> list[dict[str, str]]:
    return [finding for finding in findings if finding["topic"] == topic]


def test_every_line_is_ok_or_says_what_to_do(cli, book):
    book.call()
    findings = findings_of(cli("doctor", "--json"))
    for finding in findings:
        assert finding["state"] in ("ok", "note", "fix")
        assert finding["todo"] if finding["state"] == "fix" else True
        assert "could not be looked at" not in finding["detail"]
    topics = {finding["topic"] for finding in findings}
    assert {"home", "journal", "writers", "spool", "settings", "prices"} <= topics
    assert {"tokens", "meter", "server", "lab", "gpu"} <= topics
    for line in cli("doctor").stdout.splitlines():
        assert line.startswith(("OK    ", "note  ", "FIX   ", "      → "))


def test_a_healthy_journal_is_ok(cli, book, home):
    book.call()
    findings = findings_of(cli("doctor", "--json"))
    for topic in ("home", "journal", "writers", "spool", "settings", "prices"):
        assert [finding["state"] for finding in about(findings, topic)] == ["ok"]
    (journal,) = about(findings, "journal")
    assert str(home / JOURNAL_FILE) in journal["detail"]
    assert about(findings, "writers")[0]["detail"] == (
        "1 process metered now, 0 calls in flight"
    )


def test_a_home_that_cannot_be_written_needs_a_fix(cli):
    cli.home.write_text("a file in the way")
    (home,) = about(findings_of(cli("doctor", "--json")), "home")
    assert home["state"] == "fix"
    assert "CELLCOST_HOME" in home["todo"]
    blocked = cli("doctor", "--json", CELLCOST_HOME=str(cli.home / "below"))
    (home,) = about(findings_of(blocked), "home")
    assert home["state"] == "fix"
    assert "records wait in" in home["detail"]


def test_settings_name_mistakes_untrusted_files_and_misspelt_variables(cli):
    (cli.folder / "cellcost.toml").write_text("[tags]\nteem = 5")
    settings = about(findings_of(cli("doctor", "--json")), "settings")
    assert settings[0]["state"] == "fix"
    assert ":2: tags.teem must be text" in settings[0]["detail"]
    (cli.folder / "cellcost.toml").write_text(
        '[[endpoints]]\nurl = "http://a"\nprovider = "vllm"'
    )
    done = cli("doctor", "--json", CELLCOST_TAG="team=a")
    settings = about(findings_of(done), "settings")
    assert [finding["state"] for finding in settings] == ["ok", "note", "note"]
    assert settings[1]["todo"].endswith(f"cellcost trust {cli.folder}/cellcost.toml")
    assert settings[2]["detail"] == "nothing reads CELLCOST_TAG"
    assert settings[2]["todo"] == "was CELLCOST_TAGS meant?"


def test_contradicting_own_prices_need_a_fix(cli):
    cli.home.mkdir()
    entry = '[[prices]]\nprovider = "openai"\ndiscount = 0.1\nmodel = '
    (cli.home / "cellcost.toml").write_text(f'{entry}"gpt-5*"\n{entry}"gpt-*mini"\n')
    settings = about(findings_of(cli("doctor", "--json")), "settings")
    assert settings[0]["state"] == "fix"
    assert "gpt-*mini" in settings[0]["detail"]


def test_an_old_price_list_is_said(cli):
    done = cli("doctor", "--json", CELLCOST_NOW="2029-01-01")
    (prices,) = about(findings_of(done), "prices")
    assert prices["state"] == "note"
    assert "days old" in prices["detail"]
    (prices,) = about(
        findings_of(cli("doctor", "--json", CELLCOST_NOW="soon")), "prices"
    )
    assert "CELLCOST_NOW='soon' is not a time" in prices["detail"]


def test_records_that_wait_in_a_spool_are_said_and_brought_home(cli, book, home):
    book.call(1_000_000)
    with sqlite3.connect(home / JOURNAL_FILE) as other:
        other.execute("BEGIN IMMEDIATE")
        book.call(2_000_000)  # the journal is busy: this goes to the spool
        other.rollback()
    other.close()
    (spool,) = about(findings_of(cli("doctor", "--json")), "spool")
    assert spool["state"] == "note"
    assert "wait to reach the journal" in spool["detail"]
    rows = json.loads(cli("report", "--json").stdout)
    assert rows[0]["cost_nusd"] == "9000000"
    (spool,) = about(findings_of(cli("doctor", "--json")), "spool")
    assert spool["state"] == "ok"


def test_a_writer_that_died_is_said(cli, home):
    program = f"""
import os, signal
from pathlib import Path
from cellcost.journal import About, Writer
about = About(host="test", pid=os.getpid(), version="0")
writer = Writer(Path({str(home)!r}), about=about)
writer.announce(notebook="a.ipynb", stacks='{{"httpx": "not captured: too new"}}')
print("ready", flush=True)
signal.pause()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        alive = about(findings_of(cli("doctor", "--json")), "writers")
        process.kill()
    assert alive[1]["detail"] == "calls through httpx are not captured: too new"
    writers = about(findings_of(cli("doctor", "--json")), "writers")
    assert writers[1]["detail"] == "1 process ended without a word"
    assert -process.returncode == signal.SIGKILL


def test_a_writer_that_lost_records_is_said(cli, book):
    book.writer.announce(stacks='{"httpx2": "hooked"}')
    # What no text can hold can be kept nowhere.
    book.writer.settle(replace(make_event(), note=object()))
    book.call()
    (_, lost) = about(findings_of(cli("doctor", "--json")), "writers")
    assert lost["state"] == "note"
    assert lost["detail"].startswith("process 1 on test lost records: 1 of ")
    assert "lower bounds" in lost["todo"]


@pytest.mark.parametrize("content", [b"this is no database" * 500, b"\0" * 4096])
def test_a_damaged_journal_is_said_and_repaired(cli, home, content):
    home.mkdir()
    (home / JOURNAL_FILE).write_bytes(content)
    for command in (["report"], ["events", "--json"]):
        done = cli(*command)
        assert done.returncode == 1
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert str(home / JOURNAL_FILE) in done.stderr
        assert "cellcost doctor" in done.stderr
    (journal,) = about(findings_of(cli("doctor", "--json")), "journal")
    assert journal["state"] == "fix"
    assert "--repair" in journal["todo"]
    done = cli("doctor", "--repair")
    assert done.stdout.startswith("Kept the damaged journal as ")
    assert cli("report").returncode == 0


def test_a_whole_journal_is_not_repaired(cli, book):
    book.call()
    done = cli("doctor", "--repair")
    assert done.returncode == 1
    assert "nothing to repair" in done.stderr


def test_a_journal_held_by_a_writer_can_be_read(cli, book, home):
    book.call(1_000_000)
    with sqlite3.connect(home / JOURNAL_FILE) as other:
        other.execute("BEGIN IMMEDIATE")
        done = cli("report", "--json")
        other.rollback()
    other.close()
    assert done.returncode == 0
    assert json.loads(done.stdout)[0]["cost_nusd"] == "3000000"


def test_a_journal_locked_from_all_is_said_in_one_line(cli, book, home):
    book.call(1_000_000)
    book.writer.close()
    other = sqlite3.connect(home / JOURNAL_FILE)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    done = cli("report")
    other.rollback()
    other.close()
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "locked" in done.stderr
    assert "cellcost doctor" in done.stderr


def test_a_newer_journal_is_read_and_said(cli, book, home):
    book.call(1_000_000)
    book.writer.close()
    with sqlite3.connect(home / JOURNAL_FILE) as other:
        other.execute("UPDATE counter SET min_writer = 99")
        other.execute("PRAGMA user_version = 99")
    other.close()
    done = cli("report", "--json")
    assert json.loads(done.stdout)[0]["cost_nusd"] == "3000000"
    assert "newer cellcost" in done.stderr
    journal = about(findings_of(cli("doctor", "--json")), "journal")
    assert journal[0]["todo"] == "update cellcost in this environment"


@pytest.fixture
def without_rights() -> list[str]:
    """What to put before a command so that permission bits hold for it too."""
    if sys.platform == "win32":
        pytest.skip("permission bits are POSIX")
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root without setpriv (util-linux) can write everything")
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def test_a_read_only_journal_is_read_and_what_is_missing_said(
    cli, book, home, without_rights
):
    event = book.call(1_000_000)
    book.begin(replace(event, id=new_id()))
    book.writer.close()
    paths = (home, *home.rglob("*"))
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = subprocess.run(
        [*without_rights, cli.program, "report", "--json"],
        env=cli.env(),
        cwd=cli.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    doctor = subprocess.run(
        [*without_rights, cli.program, "doctor"],
        env=cli.env(),
        cwd=cli.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["cost_nusd"] == "3000000"
    assert "figures may lack calls" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert doctor.returncode == 1
    assert f"FIX   home: {home} cannot be written" in doctor.stdout


def test_a_kernel_without_the_meter_is_named(cli, tmp_path):
    root = tmp_path / "bare"
    venv.create(root, with_pip=False, symlinks=os.name != "nt")
    python = root / ("Scripts" if os.name == "nt" else "bin") / "python"
    for name, argv in (("bare", str(python)), ("gone", str(tmp_path / "no-python"))):
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        spec = {"argv": [argv, "-m", "ipykernel_launcher"], "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))
    done = cli("doctor", "--json", JUPYTER_PATH=str(tmp_path / "jupyter"))
    details = {
        finding["detail"].split(" ")[0]: finding
        for finding in about(findings_of(done), "kernel")
    }
    assert "has no meter" in details["bare"]["detail"]
    assert details["bare"]["todo"] == f"{python} -m pip install cellcost"
    assert "does not run" in details["gone"]["detail"]


def test_a_disabled_server_extension_is_named(cli, tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    switch = {"ServerApp": {"jpserver_extensions": {"cellcost_server": False}}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(switch))
    done = cli("doctor", "--json", JUPYTER_CONFIG_PATH=str(folder))
    (server,) = about(findings_of(done), "server")
    assert server["state"] == "fix"
    assert server["todo"] == "jupyter server extension enable cellcost_server"


def test_a_meter_that_was_switched_off_is_said(cli):
    (meter,) = about(
        findings_of(cli("doctor", "--json", CELLCOST_METER="off")), "meter"
    )
    assert (meter["state"], meter["todo"]) == ("note", "unset it to meter again")


def test_what_enable_and_disable_did_is_said(cli, tmp_path):
    """In an environment of its own that borrows this one's packages."""
    root = tmp_path / "env"
    venv.create(root, with_pip=False, symlinks=os.name != "nt")
    site_packages = next(root.rglob("site-packages"))
    (site_packages / "borrowed.pth").write_text("\n".join(sys.path))
    python = root / ("Scripts" if os.name == "nt" else "bin") / "python"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from cellcost.cli import main; sys.exit(main())"
        return subprocess.run(
            [str(python), "-c", program, *arguments],
            env={**cli.env(), "IPYTHONDIR": str(tmp_path / "ipython")},
            cwd=cli.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def meter_state() -> list[tuple[str, str]]:
        findings = about(findings_of(run("doctor", "--json")), "meter")
        return [(finding["state"], finding["detail"]) for finding in findings]

    assert meter_state()[0][0] == "fix"
    assert run("enable").returncode == 0
    assert meter_state()[0] == (
        "ok",
        f"loads by itself in kernels, from {root}/etc/ipython/startup",
    )
    assert run("enable", "--python").returncode == 0
    assert "in every Python process" in meter_state()[1][1]
    assert run("disable").returncode == 0
    assert run("disable", "--python").returncode == 0
    assert meter_state()[0][0] == "fix"
    assert len(meter_state()) == 1
