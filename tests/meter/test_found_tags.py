"""The release and the experiment are found without the user writing them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from cellcost_meter.found_tags import FoundTags, read_release


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_the_release_is_the_commit(repository: Path) -> None:
    assert read_release(repository) == git(repository, "rev-parse", "HEAD")[:7]


def test_a_changed_work_tree_is_marked(repository: Path) -> None:
    (repository / "new.txt").write_text("untracked files change no release")
    assert not read_release(repository).endswith("+")
    (repository / "a.py").write_text("x = 2\n")
    assert read_release(repository) == git(repository, "rev-parse", "HEAD")[:7] + "+"


def test_without_a_commit_or_a_repository_nothing_is_claimed(tmp_path: Path) -> None:
    assert read_release(tmp_path) == ""
    assert read_release(tmp_path / "gone") == ""
    git(tmp_path, "init", "-q")
    assert read_release(tmp_path) == ""


def test_the_release_is_read_in_the_background_and_not_too_often(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    jobs: list[Callable[[], object]] = []
    found = FoundTags(jobs.append)
    found.refresh()
    found.refresh()
    assert dict(found.current()) == {}
    (job,) = jobs
    job()
    assert dict(found.current()) == {"release": read_release(repository)}


@pytest.mark.parametrize(
    ("name", "library"),
    [
        (
            "mlflow",
            {"active_run": lambda: SimpleNamespace(info=SimpleNamespace(run_id="r1"))},
        ),
        ("wandb", {"run": SimpleNamespace(id="r1")}),
    ],
)
def test_the_open_experiment_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, library: dict[str, object]
) -> None:
    module = ModuleType(name)
    vars(module).update(library)
    monkeypatch.setitem(sys.modules, name, module)
    assert FoundTags(lambda job: None).current()["experiment"] == "r1"


def test_a_tracking_library_in_trouble_costs_only_its_tag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> None:
        raise RuntimeError("no tracking server")

    module = ModuleType("mlflow")
    vars(module)["active_run"] = broken
    monkeypatch.setitem(sys.modules, "mlflow", module)
    assert dict(FoundTags(lambda job: None).current()) == {}
