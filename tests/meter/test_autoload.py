"""Switching the automatic start on and off, in an environment of its own."""

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellcost_meter import autoload

ROOT = Path(__file__).parents[2]


class Environment:
    """A virtual environment that has this cellcost, and files to look at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "env"
        venv.create(self.folder, with_pip=False, symlinks=os.name == "posix")
        scripts = "Scripts" if sys.platform == "win32" else "bin"
        self.python = self.folder / scripts / "python"
        self.packages = Path(
            self.run(
                "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"
            ).stdout.strip()
        )
        rooms = "\n".join(str(ROOT / room) for room in ("core", "meter"))
        (self.packages / "cellcost.pth").write_text(rooms)
        self.user = folder / "user"

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CELLCOST_")}
        kept.pop("PYTHONPATH", None)
        home = str(self.folder.parent)
        return subprocess.run(
            [str(self.python), *arguments],
            env={
                **kept,
                "IPYTHONDIR": str(self.folder.parent / "user"),
                "CELLCOST_HOME": home,
                **more,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def command(self, *words: str) -> str:
        code = (
            "import argparse, sys; from cellcost_meter.commands import register\n"
            "parser = argparse.ArgumentParser(); register(parser.add_subparsers())\n"
            "arguments = parser.parse_args(sys.argv[1:])\n"
            "sys.exit(arguments.run(arguments))"
        )
        done = self.run("-c", code, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def files(self) -> set[str]:
        """Everything that is in the environment, less bytecode."""
        places = (self.folder, self.user)
        return {
            str(path)
            for place in places
            for path in place.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    yield Environment(tmp_path_factory.mktemp("autoload"))


def test_the_written_startup_file_is_the_one_that_ships() -> None:
    shipped = (ROOT / "meter" / "shared" / "50-cellcost.py").read_text("utf-8")
    assert shipped == autoload.STARTUP_CODE


def test_enable_writes_where_ipython_looks_and_disable_removes_just_that(
    environment: Environment,
) -> None:
    before = environment.files()
    startup = environment.folder / "etc" / "ipython" / "startup" / "50-cellcost.py"
    assert f"written {startup}" in environment.command("enable")
    assert environment.files() - before == {str(startup)}
    again = environment.command("enable")
    assert "written" not in again
    assert "start the meter" in again
    assert f"removed {startup}" in environment.command("disable")
    assert environment.files() == before
    assert "removed" not in environment.command("disable")


def test_the_packages_own_startup_file_stays_and_is_kept_quiet(
    environment: Environment,
) -> None:
    startup = environment.folder / "etc" / "ipython" / "startup" / "50-cellcost.py"
    startup.parent.mkdir(parents=True, exist_ok=True)
    startup.write_text(autoload.STARTUP_CODE)
    before = environment.files()
    ask = f"exec(open({str(startup)!r}).read())\nimport cellcost.context as c\n"
    running = ("-c", ask + "print(c.running() is not None)")
    try:
        assert environment.run(*running).stdout == "True\n"
        environment.command("disable")
        assert environment.run(*running).stdout == "False\n"
        environment.command("enable")
        assert environment.run(*running).stdout == "True\n"
        assert environment.run(*running, CELLCOST_METER="off").stdout == "False\n"
        assert environment.files() == before
    finally:
        startup.unlink()


def test_any_process_starts_the_meter_only_after_consent(
    environment: Environment,
) -> None:
    (environment.packages / "httpx.py").write_text(
        "class Client:\n    def send(self, request): ...\n"
        "class AsyncClient:\n    async def send(self, request): ...\n"
        "class SyncByteStream: ...\nclass AsyncByteStream: ...\n"
    )
    use = (
        "import sys; early = 'cellcost.journal' in sys.modules; import httpx\n"
        "import cellcost.context as c; print(early, c.running() is not None)"
    )
    before = environment.files()
    assert environment.run("-c", use).stdout == "False False\n"
    assert "zz_cellcost_meter.pth" in environment.command("enable", "--python")
    assert environment.run("-c", use).stdout == "False True\n"
    assert environment.run("-c", use, CELLCOST_METER="off").stdout == "False False\n"
    environment.command("disable", "--python")
    assert environment.run("-c", use).stdout == "False False\n"
    assert environment.files() == before


def test_a_removed_cellcost_leaves_an_interpreter_that_starts_in_silence(
    environment: Environment,
) -> None:
    environment.command("enable", "--python")
    rooms = environment.packages / "cellcost.pth"
    text = rooms.read_text()
    rooms.unlink()
    try:
        done = environment.run("-c", "print('works')")
        assert (done.stdout, done.stderr) == ("works\n", "")
    finally:
        rooms.write_text(text)
        environment.command("disable", "--python")


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(
    tmp_path: Path,
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(Exception, match="run it as who owns"):
        autoload.write_first([blocked / "startup" / "x.py"], "")
