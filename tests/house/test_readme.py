"""Every command and snippet that the README shows runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cellcost.config import load_settings

BIN = Path(sys.executable).parent


def blocks(root: Path, language: str) -> list[str]:
    """Return the README's code blocks of one language."""
    text = (root / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(root: Path) -> list[str]:
    """Return the commands that the README shows."""
    lines = "\n".join(blocks(root, "console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def run(command: list[str], cwd: Path, home: Path) -> str:
    """Return what `command` printed; fail the test if it failed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={
            **os.environ,
            "CELLCOST_HOME": str(home),
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        },
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_no_command_is_shown_that_the_tests_below_do_not_run(root: Path) -> None:
    assert commands(root) == [
        "pip install .",
        "jupyter lab",
        "cellcost report --by cell",
        "make demo",
        "make test",
    ]


def test_pip_install_works_in_this_folder(
    root: Path, distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    # `distributions` proved that the labextension is built; its dependencies are here.
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation"]
    # Without --ignore-installed it would uninstall the editable one.
    pip += ["--ignore-installed", "--no-deps"]
    run([*pip, "--prefix", str(tmp_path / "to"), "."], root, tmp_path)
    assert list(tmp_path.glob("to/**/cellcost_meter/__init__.py"))


def test_jupyter_lab_is_there_to_be_started(root: Path, tmp_path: Path) -> None:
    # It is started for good by test_demo.
    assert run(["jupyter", "lab", "--version"], root, tmp_path).startswith("4.")


def test_the_report_command_answers_on_an_empty_journal(
    root: Path, tmp_path: Path
) -> None:
    (command,) = (line for line in commands(root) if line.startswith("cellcost "))
    run(shlex.split(command), tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("command", "runs"), [("make demo", "examples/demo.py"), ("make test", "-m pytest")]
)
def test_make_knows_the_wish(
    root: Path, command: str, runs: str, tmp_path: Path
) -> None:
    # Dry: test_demo runs the demo, and `make test` is what runs this.
    assert runs in run([*command.split(), "--dry-run"], root, tmp_path)


def test_the_settings_shown_are_valid_and_mean_what_they_say(
    root: Path, tmp_path: Path
) -> None:
    (text,) = blocks(root, "toml")
    (tmp_path / "cellcost.toml").write_text(text)
    settings = load_settings(cwd=tmp_path, env={"CELLCOST_HOME": str(tmp_path)})
    (endpoint,) = settings.endpoints
    (price,) = settings.prices
    assert endpoint.provider == "vllm"
    assert price.model == "gpt-5*"
    assert settings.tags["team"] == "search"


def test_the_python_shown_runs(root: Path, tmp_path: Path) -> None:
    for snippet in blocks(root, "python"):
        run([sys.executable, "-c", snippet], tmp_path, tmp_path)


def test_every_link_leads_to_a_file(root: Path) -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (root / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (root / target).exists(), f"{name} links to {target}"
