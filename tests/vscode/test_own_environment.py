"""No server anywhere: VS Code is offered one, in an environment of its own."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

ASKING = """\
from openai import OpenAI

OpenAI().responses.create(model="gpt-5", input="Hello!")
"""


@pytest.fixture(scope="module")
def wheels(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cellcost's wheel: all that pip may install from."""
    folder = tmp_path_factory.mktemp("wheels")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    env = os.environ | {"SKIP_JUPYTER_BUILDER": "1"}
    subprocess.run([*build, "-d", str(folder)], cwd=root, env=env, check=True)
    return folder


@pytest.fixture
def bare_server(
    start_server, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[object]:
    """VS Code on a machine with Python and pip, and no cellcost."""
    folder = tmp_path_factory.mktemp("bare")
    # What cellcost needs is here already: pip would have to fetch it.
    needs = folder / "needs"
    needs.mkdir()
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if not package.name.startswith(("cellcost", "_cellcost")):
            (needs / package.name).symlink_to(package)
    path = f"{sys.base_prefix}/bin:/usr/bin:/bin"
    (folder / ".bash_profile").write_text(f'PATH="{path}"\n', encoding="utf-8")
    yield from start_server(
        folder,
        env={
            "PATH": path,
            "SHELL": "/bin/bash",
            "CELLCOST_HOME": str(folder / "home"),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PYTHONPATH": str(needs),
            "PIP_FIND_LINKS": str(folder / "wheels"),
        },
    )


def test_a_server_of_its_own_is_offered_once_and_installed_when_wanted(
    new_window, bare_server, wheels
):
    window = new_window({"app.py": ASKING}, server=bare_server)
    expect(window.status).to_contain_text("cellcost: no server")
    expect(window.messages).to_contain_text("found no language server")
    window.shot("offer")
    own = bare_server.folder / "data/User/globalStorage/cellcost.cellcost/env"
    assert not own.exists()

    window.messages.get_by_text("Set Up").click()
    expect(window.messages.first).to_contain_text("could not set up its server")
    window.shot("set-up-failed")
    assert not own.exists()

    again = new_window({"app.py": ASKING}, server=bare_server)
    expect(again.status).to_contain_text("cellcost: no server")
    expect(again.messages).to_have_count(0)
    (bare_server.folder / "wheels").symlink_to(wheels)
    again.status.click()
    expect(again.line("≈")).to_have_count(1)
    assert own.is_dir()
    expect(again.status).not_to_contain_text("no server")
