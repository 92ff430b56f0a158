import importlib
import importlib.util
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from cellcost_meter.imports import when_imported


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package `watched_lib` with a submodule, importable and not yet imported."""
    package = tmp_path / "watched_lib"
    package.mkdir()
    (package / "__init__.py").write_text("from watched_lib import part\nready = True\n")
    (package / "part.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "watched_lib"
    for name in [name for name in sys.modules if name.startswith("watched_lib")]:
        del sys.modules[name]


def test_a_callback_runs_after_the_body_and_before_the_import_returns(
    library: str,
) -> None:
    seen: list[bool] = []
    stop = when_imported(library, lambda module: seen.append(module.ready))
    try:
        assert seen == []
        importlib.import_module(library)
        assert seen == [True]
    finally:
        stop()


def test_a_module_that_is_there_already_is_announced_at_once(library: str) -> None:
    importlib.import_module(library)
    seen: list[ModuleType] = []
    when_imported(library, seen.append)()
    assert seen == [sys.modules[library]]


def test_a_submodule_is_announced_too(library: str) -> None:
    seen: list[int] = []
    stop = when_imported(library + ".part", lambda module: seen.append(module.value))
    importlib.import_module(library)
    stop()
    assert seen == [1]


def test_a_reload_is_announced_again(library: str) -> None:
    seen: list[ModuleType] = []
    stop = when_imported(library, seen.append)
    module = importlib.import_module(library)
    importlib.reload(module)
    stop()
    assert seen == [module, module]


def test_a_failing_callback_is_logged_and_the_import_works(
    library: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[ModuleType] = []

    def fail(_: ModuleType) -> None:
        raise RuntimeError("ours")

    stops = [when_imported(library, fail), when_imported(library, seen.append)]
    with caplog.at_level(logging.WARNING, "cellcost"):
        module = importlib.import_module(library)
    for stop in stops:
        stop()
    assert seen == [module]
    assert "could not hook watched_lib" in caplog.text


def test_the_loader_stays_what_it_was(library: str) -> None:
    stop = when_imported(library, lambda _: None)
    module = importlib.import_module(library)
    stop()
    assert module.__spec__ is not None
    assert type(module.__spec__.loader).__name__ == "SourceFileLoader"
    assert "exec_module" not in vars(module.__spec__.loader)


def test_looking_for_a_spec_announces_nothing(library: str) -> None:
    seen: list[ModuleType] = []
    stop = when_imported(library, seen.append)
    assert importlib.util.find_spec(library) is not None
    stop()
    assert seen == []


def test_a_missing_library_stays_missing() -> None:
    stop = when_imported("cellcost_no_such_library", lambda _: None)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("cellcost_no_such_library")
    stop()


def test_stopping_takes_the_finder_off_again() -> None:
    before = list(sys.meta_path)
    when_imported("cellcost_no_such_library", lambda _: None)()
    assert sys.meta_path == before


def test_a_library_that_raises_while_imported_is_announced_when_it_works(
    library: str, tmp_path: Path
) -> None:
    init = tmp_path / library / "__init__.py"
    good = init.read_text()
    init.write_text("raise ValueError('half installed')\n")
    seen: list[ModuleType] = []
    stop = when_imported(library, seen.append)
    with pytest.raises(ValueError, match="half installed"):
        importlib.import_module(library)
    assert seen == []
    init.write_text(good + "# longer, so that no stale bytecode is used\n")
    importlib.invalidate_caches()
    importlib.import_module(library)
    stop()
    assert len(seen) == 1


def test_watching_waits_for_an_import_that_another_thread_is_in(
    library: str, tmp_path: Path
) -> None:
    (tmp_path / library / "__init__.py").write_text(
        "import sys\n"
        "gate = sys.modules['watched_gate']\n"
        "gate.inside.set()\n"
        "gate.leave.wait(10)\n"
        "ready = True\n"
    )
    gate = ModuleType("watched_gate")
    gate.inside, gate.leave = threading.Event(), threading.Event()  # type: ignore[attr-defined]
    sys.modules["watched_gate"] = gate
    try:
        importing = threading.Thread(target=importlib.import_module, args=(library,))
        importing.start()
        assert gate.inside.wait(10)
        seen: list[bool] = []
        watching = threading.Thread(
            target=lambda: when_imported(library, lambda m: seen.append(m.ready))()
        )
        watching.start()
        gate.leave.set()
        importing.join(10)
        watching.join(10)
        assert set(seen) == {True}
    finally:
        del sys.modules["watched_gate"]
