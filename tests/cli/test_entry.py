"""The command itself: versions, errors, colours, rooms that add commands."""

import os
import subprocess
import sys

import pytest

import cellcost


def test_the_version_is_said(cli):
    done = cli("--version")
    assert (done.returncode, done.stdout) == (0, f"cellcost {cellcost.__version__}\n")


@pytest.mark.parametrize("module", ["cellcost", "cellcost_lsp"])
def test_an_interpreter_starts_its_own_by_name_and_none_of_the_folder(module, tmp_path):
    (tmp_path / f"{module}.py").write_text("print('of the folder')")
    command = [sys.executable, "-P", "-m", module, "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.endswith(f" {cellcost.__version__}\n")


def test_help_names_every_command(cli):
    done = cli("--help")
    assert done.returncode == 0
    for command in ("report", "events", "prices", "trust", "doctor"):
        assert command in done.stdout


@pytest.mark.parametrize("arguments", [[], ["spend"], ["report", "--frobnicate"]])
def test_a_wrong_call_exits_with_two(cli, arguments):
    done = cli(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: cellcost")


def test_an_error_is_one_line_and_a_traceback_only_on_demand(cli):
    cli.home.write_text("a file in the way")
    done = cli("report")
    assert done.returncode == 1
    assert done.stderr == (
        f"cellcost: {cli.home} is a file, not a folder; set CELLCOST_HOME to a folder\n"
    )
    assert "Traceback" in cli("report", CELLCOST_DEBUG="1").stderr


def room(tmp_path, source: str) -> dict[str, str]:
    """Install a room that adds commands: a module and its entry point."""
    (tmp_path / "some_room.py").write_text(source)
    dist = tmp_path / "some_room-1.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: some-room\nVersion: 1\n"
    )
    (dist / "entry_points.txt").write_text(
        "[cellcost.commands]\nsome_room = some_room:register\n"
    )
    return {"PYTHONPATH": str(tmp_path)}


def test_a_room_adds_a_command(cli, tmp_path):
    source = """
def register(subparsers):
    parser = subparsers.add_parser("greet", help="say hello")
    parser.add_argument("name")
    parser.set_defaults(run=run)

def run(arguments):
    print("hello", arguments.name)
    return 3
"""
    done = cli("greet", "Ada", **room(tmp_path, source))
    assert (done.returncode, done.stdout, done.stderr) == (3, "hello Ada\n", "")


@pytest.mark.parametrize("source", ["import nothing_of_this_name", "register = 5"])
def test_a_broken_room_leaves_the_other_commands(cli, tmp_path, source):
    done = cli("report", **room(tmp_path, source))
    assert done.returncode == 0
    assert "No calls yet" in done.stdout
    assert "the commands of some_room:register are missing" in done.stderr


def test_a_mistake_of_ours_is_said_without_a_traceback(cli, tmp_path):
    source = """
def register(subparsers):
    subparsers.add_parser("fail").set_defaults(run=lambda arguments: 1 // 0)
"""
    done = cli("fail", **room(tmp_path, source))
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "CELLCOST_DEBUG=1" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX")
@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colour_only_on_a_terminal_that_wants_it(cli, book, variables, coloured):
    import pty

    book.call()
    parent, child = pty.openpty()
    env = {**cli.env(), "TERM": "xterm", **variables}
    subprocess.run(
        [cli.program, "report"], env=env, stdout=child, cwd=cli.folder, check=True
    )
    os.close(child)
    shown = b""
    try:
        while block := os.read(parent, 65536):
            shown += block
    except OSError:  # Linux says so at the end of a terminal
        pass
    os.close(parent)
    assert (b"\x1b[" in shown) is coloured
    assert b"gpt-5" in shown


def test_an_encoding_without_arrows_is_no_failure(cli, book):
    book.call()
    done = cli("report", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "1.0k \\u2192 350" in done.stdout
