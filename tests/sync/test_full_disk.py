"""The client's disk is full: what was sent is not known to be, and goes again."""

import json
import os
import sys
import textwrap
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import warm
from sending import Book, Cli, Ledger

from cellcost.journal import Reader

# A limit on the size of every file stands for the full disk. It leaves room for
# SQLite's index of its log and for some batches' answers in the log itself.
SYNC_WITH_LITTLE_ROOM = """
    import resource, sys
    from cellcost.cli import main
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    sys.exit(main(["sync", "--once", "--json"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
def test_answers_that_cannot_be_kept_are_asked_for_again_when_there_is_room(
    cli: Cli, book: Book, ledger: Ledger
) -> None:
    book.write(3000)
    variables = {"CELLCOST_SYNC_URL": ledger.url, "CELLCOST_SYNC_KEY": ledger.key}
    program = textwrap.dedent(SYNC_WITH_LITTLE_ROOM)
    full = warm.run(["-c", program], env=cli.env(**variables), cwd=cli.home.parent)
    assert full.returncode == 1, full.stdout
    # One line that says so, and no traceback.
    (said,) = full.stderr.splitlines()
    assert "disk" in said
    with Reader(book.home) as reader:
        name = reader.installation
    middle = ledger.of(name)
    assert 0 < middle["events"] < 3000
    done = cli("sync", "--once", "--json", **variables)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    # The batch whose answer was not kept, and none before it.
    assert told["duplicate"] == 500
    row = ledger.of(name)
    assert (row["events"], row["gaps"], row["conflicts"]) == (3000, 0, 0)
    assert int(row["sum_nusd"]) == int(row["rollup_sum_nusd"]) == book.cost
