"""Terminals and F5 in VS Code: metered by one consent, until it is taken back."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from playwright.sync_api import expect

from cellcost.testing.provider import Reply

ASKING = """\
from openai import OpenAI

print(OpenAI().responses.create(model="gpt-5", input="Hello!").output_text)
"""
LAUNCH = {
    "configurations": [
        {
            "name": "app",
            "type": "debugpy",
            "request": "launch",
            "program": "${workspaceFolder}/app.py",
            "python": ["${workspaceFolder}/.venv/bin/python"],
            "console": "internalConsole",
        }
    ]
}
FILES = {"app.py": ASKING, ".vscode/launch.json": json.dumps(LAUNCH)}


def make_environment(folder: Path) -> None:
    """Make a `.venv` that has what this one has, and can be changed on its own."""
    environment = folder / ".venv"
    make = [sys.executable, "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(make, check=True)
    (packages,) = environment.glob("lib/*/site-packages")
    ours = sysconfig.get_path("purelib")
    line = f"import site; site.addsitedir({ours!r})\n"
    (packages / "ours.pth").write_text(line, encoding="utf-8")


def consent_files(folder: Path) -> list[Path]:
    """Return what the consent wrote."""
    return list(folder.glob(".venv/lib/*/site-packages/zz_cellcost_meter.pth"))


def test_terminals_and_f5_are_metered_by_one_consent(new_window, provider):
    window = new_window(FILES, prepare=make_environment)
    expect(window.line("gpt-5")).to_contain_text("≈ $")
    window.run_command("cellcost: Meter Python Started from Here")
    dialog = window.page.locator(".monaco-dialog-box")
    expect(dialog).to_contain_text(str(window.folder / ".venv/bin/python"))
    window.shot("consent")
    assert consent_files(window.folder) == []
    dialog.get_by_role("button", name="Meter").click()
    expect(window.messages).to_contain_text("is metered from now on")
    assert len(consent_files(window.folder)) == 1

    provider.script(Reply(input_tokens=1_200, output_tokens=350))
    window.in_terminal(".venv/bin/python app.py")
    # 1,200 at $1.25 and 350 at $10 per million.
    expect(window.line("gpt-5")).to_contain_text("$0.00500 last run")
    window.shot("terminal")

    provider.script(Reply(input_tokens=2_400, output_tokens=700))
    window.line("gpt-5").click()
    window.page.keyboard.press("F5")
    expect(window.line("gpt-5")).to_contain_text("$0.0100 last run")

    window.run_command("cellcost: Stop Metering Python")
    expect(window.messages.first).to_contain_text("is no longer metered")
    assert consent_files(window.folder) == []


def test_terminals_write_the_journal_that_the_setting_names(new_window, tmp_path):
    home = tmp_path / "books"
    settings = json.dumps({"cellcost.home": str(home)})
    window = new_window({"app.py": ASKING, ".vscode/settings.json": settings})
    expect(window.line("gpt-5")).to_contain_text("≈ $")
    window.in_terminal("echo $CELLCOST_HOME > seen.txt; mv seen.txt home.txt")
    window.until((window.folder / "home.txt").exists)
    assert (window.folder / "home.txt").read_text().strip() == os.fspath(home)
