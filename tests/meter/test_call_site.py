"""Which line of the user's code a call is put down to."""

import contextlib
import inspect
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cellcost_meter import call_site


def run(code: str, filename: str) -> str:
    """Run code that was read from `filename`; return the site that it calls from."""
    library = f"{sys.prefix}/lib/site-packages/sdk.py"
    scope: dict[str, object] = {}
    outer = {"look": lambda: call_site.find(inspect.currentframe().f_back)}
    exec(compile("def call(): return look()", library, "exec"), outer, scope)
    exec(compile(code, filename, "exec"), scope)
    return str(scope["site"])


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
    assert call_site.find(None) == ""


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
