"""What a start takes: nobody waits for what the first hints do not need."""

import subprocess
import sys

import pytest

ASKED = "import sys; import cellcost_lsp.server; print(*sys.modules)"


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The modules that are in memory when the server can answer."""
    command = [sys.executable, "-c", ASKED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "later",
    [
        "cellcost.journal",
        "cellcost.sync",
        "cellcost.views",
        "cellcost.analysis.model_list",
        "cellcost.analysis.model_places",
        "httpx",
        "pathspec",
        "sqlite3",
        "tiktoken",
    ],
)
def test_a_start_leaves_for_later_what_hints_do_not_need(
    imported: set[str], later: str
) -> None:
    assert later not in imported


def test_a_start_has_what_hints_need(imported: set[str]) -> None:
    assert {"cellcost.analysis", "cellcost.prices", "lsprotocol.types"} <= imported
