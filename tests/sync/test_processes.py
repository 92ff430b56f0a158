"""Kills at every step, and processes that send what they spent when they end."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cellcost.journal import Reader

sys.path.insert(0, str(Path(__file__).parent))

import warm
from sending import Book, Cli, Ledger, drain

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")

DRAIN_AND_DIE = """
    import os, signal, sys
    sys.path.insert(0, sys.argv[1])
    from pathlib import Path
    from sending import drain
    home, url, key, step, nth = sys.argv[2:]
    seen = 0
    def at(name):
        global seen
        seen += name == step
        if name == step and seen == int(nth):
            os.kill(os.getpid(), signal.SIGKILL)
    drain(Path(home), url, key, at=at)
"""

SPEND = """
    import sys, time
    import cellcost, cellcost_meter
    if "install" in sys.argv:
        cellcost_meter.install(sync=True)
    cellcost.outcome("summary", count=3)
    print("spent", flush=True)
    if "stay" in sys.argv:
        time.sleep(120)
"""


def wait_for(holds: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@posix
@pytest.mark.parametrize(
    ("step", "nth"),
    [
        ("sync.locked", 1),
        ("sync.recovered", 1),
        ("sync.asked", 1),
        ("sync.read", 2),
        ("sync.answered", 1),
        ("sync.answered", 2),
        ("sync.kept", 1),
        ("sync.kept", 2),
    ],
)
def test_a_syncer_killed_at_any_step_loses_and_repeats_nothing(
    ledger: Ledger, book: Book, step: str, nth: int
) -> None:
    book.write(10)
    drain(book.home, ledger.url, ledger.key)
    book.write(1100)
    program = textwrap.dedent(DRAIN_AND_DIE)
    arguments = (str(book.home), ledger.url, ledger.key, step, str(nth))
    child = warm.run(
        ["-c", program, str(Path(__file__).parent), *arguments],
        env=os.environ,
        cwd=book.home,
    )
    assert child.returncode == -signal.SIGKILL
    done = drain(book.home, ledger.url, ledger.key)
    assert (done.state, done.waiting) == ("drained", 0)
    # Only the batch that was answered and not kept goes twice.
    assert done.duplicate == (500 if step == "sync.answered" else 0)
    with Reader(book.home) as reader:
        row = ledger.of(reader.installation)
    assert (row["events"], row["gaps"], row["conflicts"]) == (1110, 0, 0)
    assert int(row["sum_nusd"]) == int(row["rollup_sum_nusd"]) == book.cost


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "spend.py"
    path.write_text(textwrap.dedent(SPEND))
    return path


def arrived(ledger: Ledger, home: Path) -> int:
    with Reader(home) as reader:
        name = reader.installation
    rows = ledger.verified()["installations"]
    return sum(row["events"] for row in rows if row["installation"] == name)


def test_run_sync_sends_the_last_events_before_it_ends(
    cli: Cli, ledger: Ledger, script: Path
) -> None:
    cli("login", ledger.url, "--key", ledger.key)
    done = cli.shell("run", "--sync", str(script))
    assert (done.returncode, done.stdout, done.stderr) == (0, "spent\n", "")
    assert arrived(ledger, cli.home) == 1


def test_without_a_login_a_script_ends_as_it_would(cli: Cli, script: Path) -> None:
    done = cli.shell("run", "--sync", str(script))
    assert (done.returncode, done.stdout, done.stderr) == (0, "spent\n", "")


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_ended_has_its_events_sent(
    cli: Cli, ledger: Ledger, script: Path, number: signal.Signals
) -> None:
    variables = {"CELLCOST_SYNC_URL": ledger.url, "CELLCOST_SYNC_KEY": ledger.key}
    child = subprocess.Popen(
        [sys.executable, str(script), "install", "stay"],
        env=cli.env(**variables),
        cwd=cli.home.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "spent\n"
    child.send_signal(number)
    child.communicate(timeout=60)
    assert child.returncode == -number
    if number == signal.SIGTERM:
        assert arrived(ledger, cli.home) == 1
    else:  # its companion outlives it
        wait_for(lambda: arrived(ledger, cli.home) == 1)


def test_what_is_sent_to_the_ledger_is_no_call_that_costs(
    cli: Cli, ledger: Ledger, tmp_path: Path
) -> None:
    program = """
        import cellcost, cellcost_meter, httpx
        cellcost_meter.install()
        cellcost.outcome("summary", count=3)
        from cellcost.cli import main
        assert main(["sync", "--once"]) == 0
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=cli.env(CELLCOST_SYNC_URL=ledger.url, CELLCOST_SYNC_KEY=ledger.key),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Reader(cli.home) as reader:
        assert [event.kind for event in reader.events()] == ["outcome"]
        assert reader.pending() == ()
