"""Which line of the user's code a call is put down to."""

import contextlib
import inspect
import linecache
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cellcost.call_sites import NOWHERE, CallPlace, call_mark
from cellcost_meter import call_site


def run(code: str, filename: str) -> str:
    """Run code that was read from `filename`; return the site that it calls from."""
    library = f"{sys.prefix}/lib/site-packages/sdk.py"
    scope: dict[str, object] = {}
    outer = {"look": lambda: call_site.find(inspect.currentframe().f_back)}
    exec(compile("def call(): return look()", library, "exec"), outer, scope)
    exec(compile(code, filename, "exec"), scope)
    site = scope["site"]
    assert isinstance(site, CallPlace)
    return site.name


CELL = f"{tempfile.gettempdir()}/ipykernel_4711/123456789.py"


@pytest.mark.parametrize(
    ("filename", "site"),
    [
        (CELL, "cell:<module>:1"),
        ("<ipython-input-3-abcdef>", "cell:<module>:1"),
        ("<stdin>", "stdin:<module>:1"),
    ],
)
def test_a_cell_is_called_cell_whatever_its_file(filename: str, site: str) -> None:
    assert run("site = call()", filename) == site


def test_the_qualified_name_and_the_line_are_the_users() -> None:
    code = "class A:\n    def ask(self):\n        return call()\nsite = A().ask()"
    assert run(code, CELL) == "cell:A.ask:3"


def test_a_file_is_named_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("site = call()", str(tmp_path / "a" / "b.py")) == "a/b.py:<module>:1"
    other = tmp_path.parent / "elsewhere.py"
    assert run("site = call()", str(other)) == f"{other}:<module>:1"


def test_code_of_the_standard_library_and_of_packages_is_nobodys() -> None:
    assert run("site = call()", contextlib.__file__) != f"{contextlib.__file__}"
    assert call_site.find(None) == NOWHERE


def test_generated_code_is_the_callers() -> None:
    outer = "made = {}\nexec(compile('site = call()', '<string>', 'exec'), globals())"
    assert run(outer, CELL) == "cell:<module>:2"


def test_thousands_of_cells_do_not_pile_up() -> None:
    for number in range(5000):
        call_site.find(frame_of(f"{tempfile.gettempdir()}/ipykernel_1/{number}.py"))
    assert run("site = call()", CELL) == "cell:<module>:1"


def frame_of(filename: str) -> object:
    scope: dict[str, Callable[[], object]] = {"current": inspect.currentframe}
    exec(compile("frame = current()", filename, "exec"), scope)
    return scope["frame"]


def place_of(code: str, path: Path) -> CallPlace:
    """Run code from a file that holds it; return the place that it calls from."""
    library = f"{sys.prefix}/lib/site-packages/sdk.py"
    scope: dict[str, object] = {}
    outer = {"look": lambda: call_site.find(inspect.currentframe().f_back)}
    exec(compile("def call(*a): return look()", library, "exec"), outer, scope)
    exec(compile(code, str(path), "exec"), scope)
    site = scope["site"]
    assert isinstance(site, CallPlace)
    return site


OLD = 1_700_000_000
"""A time before any test: the file was not edited since the process began."""


def test_a_file_is_named_whole_and_its_call_is_marked(tmp_path: Path) -> None:
    code = "import sys\nsite = call(\n    1,\n    2,\n)\n"
    path = tmp_path / "ask.py"
    path.write_text(code)
    os.utime(path, (OLD, OLD))
    found = place_of(code, path)
    assert found.file == str(path.resolve())
    assert found.mark == call_mark(["site = call(1, 2)"])


IN_FUNCTION = "def ask():\n    return call({})\nsite = ask()\n"


def test_a_file_that_was_edited_since_marks_what_was_loaded_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ask.py"
    code = IN_FUNCTION.format(2)
    path.write_text(code)
    os.utime(path, (time.time() + 60,) * 2)
    assert place_of(code, path).mark == call_mark(["return call(2)"])


@pytest.mark.parametrize(
    "now",
    [IN_FUNCTION.format(2), "\n" + IN_FUNCTION.format(1), "def ask(:", "#" * 300_000],
)
def test_code_of_before_an_edit_marks_nothing(tmp_path: Path, now: str) -> None:
    path = tmp_path / "ask.py"
    path.write_text(now)
    os.utime(path, (time.time() + 60,) * 2)
    assert place_of(IN_FUNCTION.format(1), path).mark == ""
    path.unlink()
    assert place_of(IN_FUNCTION.format(1), path).mark == ""


def test_a_cell_marks_its_call_by_the_text_that_runs(tmp_path: Path) -> None:
    lines = ["# a\n", "site = call( 1 )\n"]
    linecache.cache[CELL] = (20, None, lines, CELL)
    try:
        found = place_of("".join(lines), Path(CELL))
    finally:
        del linecache.cache[CELL]
    assert found == CallPlace("cell:<module>:2", "", call_mark(["site=call(1)"]))
