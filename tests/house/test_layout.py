"""The rooms, and that every tool knows all of them."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

NPM_FOLDERS = ["server_ext/labextension", "lsp/vscode"]


@pytest.fixture(scope="module")
def settings(root: Path) -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((root / "pyproject.toml").read_text())


def rooms(root: Path) -> dict[str, str]:
    """Return the import package of each top-level folder that has one."""
    return {
        package.parent.parent.name: package.parent.name
        for package in root.glob("*/cellcost*/__init__.py")
        if not package.parts[-3].startswith(".")
    }


def tracked(root: Path, *patterns: str) -> list[Path]:
    """Return the files of the repository that match."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git checkout: nothing tells which files belong to it")
    names = [name for name in done.stdout.split("\0") if name]
    return [root / name for name in names if (root / name).is_file()]


def test_every_room_is_known_to_every_tool(
    root: Path, settings: dict[str, Any]
) -> None:
    tool = settings["tool"]
    wanted = rooms(root)
    paths = {f"{folder}/{package}" for folder, package in wanted.items()}
    assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) == paths
    assert set(tool["mypy"]["mypy_path"].split(":")) == set(wanted)
    assert set(tool["mypy"]["packages"]) == set(wanted.values())
    assert set(tool["pyright"]["include"]) == set(wanted)
    assert set(tool["importlinter"]["root_packages"]) == set(wanted.values())


def test_the_import_contracts_name_every_room(
    root: Path, settings: dict[str, Any]
) -> None:
    others = set(rooms(root).values()) - {"cellcost"}
    core, independence, *_ = settings["tool"]["importlinter"]["contracts"]
    assert core["source_modules"] == ["cellcost"]
    assert set(core["forbidden_modules"]) == others
    assert set(independence["modules"]) == others


@pytest.mark.parametrize("folder", NPM_FOLDERS)
def test_the_npm_lockfile_names_no_registry(root: Path, folder: str) -> None:
    text = (root / folder / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert len(packages) > 10
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not re.findall(r'"https?://[^"/]*(?:npm|registry)[^"]*"', text)


@pytest.mark.parametrize("folder", NPM_FOLDERS)
def test_the_npm_lockfile_serves_every_platform(root: Path, folder: str) -> None:
    # npm leaves other platforms' packages out when it locks an installed node_modules;
    # `npm ci` then refuses. Lock afresh: remove both, npm install --package-lock-only.
    text = (root / folder / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    locked = {name.rpartition("node_modules/")[2] for name in packages}
    missing = {
        name
        for package in packages.values()
        for name in package.get("optionalDependencies", {})
        if name not in locked
    }
    assert not missing


def test_no_module_outgrows_its_reader(root: Path) -> None:
    long = {
        str(path.relative_to(root)): lines
        for path in tracked(root, "*.py", "*.ts", "*.tsx")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert not long, "split them: a module answers one question"


def test_no_module_has_a_name_that_says_nothing(root: Path) -> None:
    vague = {"utils", "helpers", "common", "base", "misc"}
    found = [path for path in tracked(root, "*.py", "*.ts") if path.stem in vague]
    assert not found


def test_no_file_holds_a_path_of_somebodys_machine(root: Path) -> None:
    pattern = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/[a-z]\w+")
    allowed = {"tests"}  # made-up paths are what some tests are about
    found = [
        f"{path.relative_to(root)}: {match.group()}"
        for path in tracked(
            root, "*.py", "*.ts", "*.toml", "*.md", "*.json", "Makefile"
        )
        if path.relative_to(root).parts[0] not in allowed
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found
