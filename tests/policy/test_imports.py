"""Who has no policy does not pay for it: nothing of it is imported at a start."""

import subprocess
import sys

import pytest

PROBE = """
import sys
import {module}
print(*sorted(name for name in sys.modules if name.startswith("cellcost.policy")))
"""


@pytest.mark.parametrize(
    "module",
    ["cellcost.config", "cellcost.cli", "cellcost_meter", "cellcost_lsp.server"],
)
def test_a_start_imports_no_policy(module):
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == []


def test_settings_without_a_policy_import_none(tmp_path):
    (tmp_path / "cellcost.toml").write_text('[tags]\nteam = "search"\n', "utf-8")
    load = (
        "import os, sys\nfrom pathlib import Path\n"
        "from cellcost.config import load_settings\n"
        "load_settings(cwd=Path(sys.argv[1]), env=os.environ)\n"
        "print(*[name for name in sys.modules if name.startswith('cellcost.policy')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", load, str(tmp_path)],
        env={"CELLCOST_HOME": str(tmp_path / "home"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == []
