"""The VS Code extension's manifest: it says what the server and the docs say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cellcost.config.schema import keys_of


@pytest.fixture(scope="module")
def contributes(root: Path) -> dict[str, Any]:
    """What the extension adds to VS Code."""
    manifest = json.loads((root / "lsp/vscode/package.json").read_text("utf-8"))
    return manifest["contributes"]


def test_vs_code_has_the_servers_settings_with_their_values_and_defaults(
    contributes: dict[str, Any],
) -> None:
    offered = {
        name.removeprefix("cellcost.editor."): setting
        for name, setting in contributes["configuration"]["properties"].items()
        if name.startswith("cellcost.editor.")
    }
    known = {setting.name: setting for setting in keys_of("editor")}
    assert offered.keys() == known.keys()
    for name, setting in offered.items():
        assert tuple(setting.get("enum", ())) == known[name].choices
        default = setting["default"]
        said = ",".join(default) if isinstance(default, list) else default
        assert said == known[name].default


def test_every_setting_of_vs_code_is_documented(
    root: Path, contributes: dict[str, Any]
) -> None:
    docs = (root / "docs/editors.md").read_text("utf-8")
    for name in contributes["configuration"]["properties"]:
        family = re.sub(r"(editor)\..*", r"\1.*", name)
        assert f"`{family}`" in docs, name


def test_every_command_is_implemented_and_every_mention_of_one_is_right(
    root: Path, contributes: dict[str, Any]
) -> None:
    source = (root / "lsp/vscode/src/commands.ts").read_text("utf-8")
    manifest = (root / "lsp/vscode/package.json").read_text("utf-8")
    names = {
        command["command"].removeprefix("cellcost.")
        for command in contributes["commands"]
    }
    for name in names:
        assert re.search(rf"^    {name}[,:]", source, re.MULTILINE), name
    mentioned = set(re.findall(r"(?:command|onCommand):cellcost\.(\w+)", manifest))
    assert mentioned <= names


def test_every_picture_of_the_walkthrough_is_there(
    root: Path, contributes: dict[str, Any]
) -> None:
    (walkthrough,) = contributes["walkthroughs"]
    assert len(walkthrough["steps"]) == 3
    for step in walkthrough["steps"]:
        assert (root / "lsp/vscode" / step["media"]["markdown"]).is_file()
