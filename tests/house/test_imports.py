"""What importing cellcost pulls in: the standard library and cellcost, no more."""

import subprocess
import sys

import pytest

PROBE = """
import sys
before = set(sys.modules)
{statement}
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
ours = {{"cellcost", "cellcost_meter", "cellcost_server", "cellcost_widgets"}}
foreign = new - ours - set(sys.stdlib_module_names)
# The standard library names this one for the platform, outside its own list.
print(*sorted(n for n in foreign if not n.startswith("_sysconfigdata")))
"""


@pytest.mark.parametrize(
    "statement",
    [
        "import cellcost",
        "import cellcost_meter",
        "import cellcost_meter; cellcost_meter.install()",
        "import cellcost_widgets.magics",
        "import cellcost.journal",
        "import cellcost.cli",
    ],
)
def test_the_start_of_a_kernel_loads_the_standard_library_only(
    statement: str, tmp_path: object
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(statement=statement)],
        env={"CELLCOST_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
