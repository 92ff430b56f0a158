"""The language server's life: found, killed, started again, given up, and all said."""

import os
import re
import shutil
import signal
import sys

from playwright.sync_api import expect

ASKING = """\
from openai import OpenAI

OpenAI().responses.create(model="gpt-5", input="Hello!")
"""
NOTED = """\
#!/bin/sh
echo $$ > server.pid
exec cellcost-lsp "$@"
"""
BROKEN = """\
#!/bin/sh
[ "$1" = --version ] && echo "cellcost-lsp 0.0.0" && exit
echo "there is no room on the disk" >&2
exit 3
"""


def project(server: str) -> dict[str, str]:
    """Return the files of a workspace whose server is a script of its own."""
    settings = '{"cellcost.server.path": "server"}'
    return {".vscode/settings.json": settings, "server": server, "app.py": ASKING}


def kill(window, *, back: bool = True) -> None:
    """Kill the server that a noted script became; wait until the next one runs."""
    noted = window.folder / "server.pid"
    killed = noted.read_text()
    os.kill(int(killed), signal.SIGKILL)
    if back:
        window.until(lambda: noted.read_text() != killed)
        expect(window.line("≈")).to_have_count(1)


def test_a_killed_server_is_started_again_and_that_is_said_once(new_window):
    window = new_window(project(NOTED))
    expect(window.line("≈")).to_have_count(1)
    for _ in range(2):
        kill(window)
    expect(window.messages).to_have_count(1)
    expect(window.messages).to_contain_text("was started again")
    window.shot("restarted")
    window.run_command("cellcost: Show Output")
    window.shot("output")


def test_a_server_that_cannot_start_says_why(new_window):
    window = new_window(project(BROKEN))
    expect(window.status).to_contain_text("cellcost: stopped")
    expect(window.messages).to_have_count(0)
    expect(window.status.get_by_role("button")).to_have_attribute(
        "aria-label", re.compile("there is no room on the disk")
    )
    window.status.click()
    window.shot("cannot-start-output")
    expect(window.line("there is no room on the disk").first).to_be_visible()


def test_a_setting_that_names_nothing_is_told_and_nothing_else_is_tried(new_window):
    window = new_window(project("no program"))
    expect(window.status).to_contain_text("cellcost: stopped")
    expect(window.status.get_by_role("button")).to_have_attribute(
        "aria-label", re.compile(r"the setting cellcost\.server\.path: .* may be run")
    )
    expect(window.messages).to_have_count(0)


def test_a_deleted_interpreter_is_followed_by_the_next_place(new_window):
    python = f'#!/bin/sh\necho $$ > server.pid\nexec {sys.executable} "$@"\n'
    window = new_window({".venv/bin/python": python, "app.py": ASKING})
    expect(window.line("≈")).to_have_count(1)
    shutil.rmtree(window.folder / ".venv")
    kill(window, back=False)
    expect(window.messages).to_contain_text("was started again")
    window.run_command("cellcost: Show Output")
    expect(window.line("from PATH")).to_be_visible()
    expect(window.line("≈")).to_have_count(1)


def test_the_interpreter_that_the_python_extension_chooses_is_followed(new_window):
    python = f'#!/bin/sh\necho $$ > server.pid\nexec {sys.executable} "$@"\n'
    window = new_window({"chosen/python": python, "app.py": ASKING})
    expect(window.line("≈")).to_have_count(1)
    chosen = window.folder / "chosen/python"
    window.set("python.defaultInterpreterPath", str(chosen))
    window.until((window.folder / "server.pid").exists)
    expect(window.line("≈")).to_have_count(1)
    expect(window.messages).to_have_count(0)
    window.run_command("cellcost: Show Output")
    expect(window.line("the Python extension's interpreter")).to_be_visible()


def test_a_server_that_always_ends_is_given_up(new_window):
    window = new_window(project(NOTED))
    expect(window.line("≈")).to_have_count(1)
    for _ in range(4):
        kill(window)
    kill(window, back=False)
    expect(window.status).to_contain_text("cellcost: stopped")
    window.shot("given-up")
    window.messages.filter(has_text="5 times").get_by_text("Start Again").click()
    expect(window.line("≈")).to_have_count(1)
    expect(window.status).not_to_contain_text("stopped")
