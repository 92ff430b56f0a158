"""What the tests of the house share: its folder and its built wheel and sdist."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "server_ext" / "cellcost_server" / "labextension"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist of this tree, and a wheel built from that sdist without any Node.

    The labextension must have been built, as `make test` does first.
    """
    if not (BUILT / "package.json").exists():
        pytest.fail(f"{BUILT} is not built: run `make test`, which builds it first")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build"]
    run([*build, "-t", "sdist", "-d", str(folder)], cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    unpacked = tmp_path_factory.mktemp("sdist")
    run([sys.executable, "-m", "tarfile", "-e", str(sdist), str(unpacked)], cwd=folder)
    (tree,) = unpacked.iterdir()
    # An empty PATH: whoever needs node or npm now fails.
    run([*build, "-t", "wheel", "-d", str(folder)], cwd=tree, PATH="")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def run(command: list[str], *, cwd: Path, **variables: str) -> str:
    """Return what `command` printed; fail the test with it if it failed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
