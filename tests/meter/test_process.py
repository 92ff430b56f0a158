"""Scripts under `cellcost run`: what they find, and what their calls belong to."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cellcost.journal import Reader
from cellcost.records import Event

SECONDS = 60

LOOK = """
import json, sys
from cellcost_meter import attribution
place = attribution.where()
print(json.dumps([place.origin, place.run_id, place.cell_id, dict(place.tags)]))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("CELLCOST_", "JPY_"))
    }
    return {**kept, "CELLCOST_HOME": str(tmp_path / "home")}


def start(
    folder: Path, environment: dict[str, str], *arguments: str, **how: Any
) -> subprocess.CompletedProcess[str]:
    """Run Python (or `cellcost run`) in `folder`."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        **how,
    )


RUN = ("-c", "import sys; from cellcost.cli import main; sys.exit(main())", "run")


def events(environment: dict[str, str]) -> list[Event]:
    return list(Reader(Path(environment["CELLCOST_HOME"])).events())


SCRIPT = """
import sys, os
print(sys.argv, sys.path[0], __name__, __file__, __package__, sorted(globals()))
print(sys.stdin.read(), end="")
print("to stderr", file=sys.stderr)
def fails():
    raise ValueError("theirs")
if sys.argv[1:] == ["fail"]: fails()
if sys.argv[1:] == ["interrupt"]: raise KeyboardInterrupt
if sys.argv[1:] == ["kill"]: os.kill(os.getpid(), 15)
if sys.argv[1:] == ["text"]: sys.exit("a reason")
if sys.argv[1:]: sys.exit(int(sys.argv[-1]))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["3"],
        ["--", "-x", "--help", "-m", "é ü", "0"],
        ["fail"],
        ["interrupt"],
        ["kill"],
        ["text"],
    ],
)
def test_a_script_finds_what_plain_python_gives_it(
    tmp_path: Path, environment: dict[str, str], arguments: list[str]
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    how: dict[str, Any] = {"input": "from stdin\n"}
    plain = start(tmp_path, environment, "script.py", *arguments, **how)
    metered = start(tmp_path, environment, *RUN, "script.py", *arguments, **how)
    # Python 3.9 made __main__'s __file__ absolute; nothing else may differ.
    expected = plain.stdout.replace(str(tmp_path / "script.py"), "script.py")
    shown = plain.stderr.replace(str(tmp_path / "script.py"), "script.py")
    got = metered.stdout.replace(str(tmp_path / "script.py"), "script.py")
    assert got == expected
    assert metered.stderr.replace(str(tmp_path / "script.py"), "script.py") == shown
    assert metered.returncode == plain.returncode


def test_an_interrupted_script_ends_as_by_the_signal(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "script.py").write_text(
        "import atexit, time\n"
        "atexit.register(print, 'cleaned up', flush=True)\n"
        "print('here', flush=True)\n"
        "time.sleep(60)\n"
    )
    running = subprocess.Popen(
        [sys.executable, *RUN, "script.py"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "here\n"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=SECONDS)
    assert out == "cleaned up\n"
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert running.returncode == -signal.SIGINT


def test_a_module_a_package_and_a_folder_run_too(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    package = tmp_path / "app"
    package.mkdir()
    (package / "__init__.py").write_text("")
    body = "import sys; print(sys.argv[1:], __name__, __package__, __spec__.name)"
    (package / "__main__.py").write_text(body)
    (package / "part.py").write_text(body)
    for arguments in (["-m", "app", "a"], ["-m", "app.part", "-m"], ["app", "b"]):
        plain = start(tmp_path, environment, *arguments)
        metered = start(tmp_path, environment, *RUN, *arguments)
        assert (metered.stdout, metered.returncode) == (plain.stdout, 0), metered.stderr


def test_a_missing_script_ends_as_under_python(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    metered = start(tmp_path, environment, *RUN, "nowhere.py")
    assert metered.returncode == 2
    assert "can't open file" in metered.stderr
    assert "Traceback" not in metered.stderr


def test_a_script_without_a_name_is_a_wrong_call(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    assert start(tmp_path, environment, *RUN).returncode == 2


def test_classes_of_a_script_can_be_pickled_into_a_spawned_child(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "script.py").write_text(
        "import multiprocessing\n"
        "class Thing:\n"
        "    pass\n"
        "def look(thing):\n"
        "    from cellcost_meter import attribution\n"
        "    place = attribution.where()\n"
        "    return type(thing).__name__, place.origin, place.run_id\n"
        "if __name__ == '__main__':\n"
        "    from cellcost_meter import attribution\n"
        "    mine = attribution.current()\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        name, origin, run = pool.apply(look, (Thing(),))\n"
        "    print(name, mine.origin, origin, run == mine.run_id)\n"
    )
    done = start(tmp_path, environment, *RUN, "script.py")
    assert done.stdout == "Thing script process True\n", done.stderr


def test_a_script_is_a_run_of_its_own(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "script.py").write_text(LOOK)
    tagged = {**environment, "CELLCOST_TAGS": "team=search"}
    runs = [
        json.loads(start(tmp_path, tagged, *RUN, "script.py").stdout) for _ in range(2)
    ]
    assert [(run[0], run[2]) for run in runs] == [("script", "")] * 2
    assert runs[0][3] == {"team": "search", "environment": "dev"}
    assert len({run[1] for run in runs}) == 2


def test_a_script_that_a_cell_starts_belongs_to_the_cell(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "script.py").write_text(LOOK)
    handed = {"run_id": "r", "cell_id": "c", "tags": {"team": "search"}}
    inherited = {**environment, "CELLCOST_RUN": json.dumps(handed)}
    found = json.loads(start(tmp_path, inherited, *RUN, "script.py").stdout)
    assert found == ["process", "r", "c", {"team": "search", "environment": "dev"}]


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"run_id": 5, "tags": []}'])
def test_a_run_that_cannot_be_read_is_no_run(
    tmp_path: Path, environment: dict[str, str], text: str
) -> None:
    (tmp_path / "script.py").write_text(LOOK)
    inherited = {**environment, "CELLCOST_RUN": text}
    found = json.loads(start(tmp_path, inherited, *RUN, "script.py").stdout)
    assert found[2] == ""


def test_an_outcome_of_a_metered_script_names_its_line(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "script.py").write_text(
        "import cellcost\n"
        "def work():\n"
        "    cellcost.outcome('summary', count=2, team='search')\n"
        "work()\n"
    )
    assert start(tmp_path, environment, *RUN, "script.py").returncode == 0
    (event,) = events(environment)
    assert event.where.call_site == "script.py:work:3"
    assert (event.where.origin, event.where.tags["team"]) == ("script", "search")
    assert event.where.run_id
