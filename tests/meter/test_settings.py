"""Edited settings count from the next cell on, without a restart."""

from pathlib import Path

import pytest

from cellcost_meter.settings import CurrentSettings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return folder


def test_an_edited_file_is_read_again(home: Path) -> None:
    changes: list[str] = []
    seconds = 1000.0
    settings = CurrentSettings(
        {"CELLCOST_HOME": str(home)},
        changed=lambda: changes.append("changed"),
        clock=lambda: seconds,
    )
    assert "team" not in settings.get().tags
    settings.look()
    assert changes == []
    seconds += 1
    (home / "cellcost.toml").write_text('[tags]\nteam = "search"\n')
    settings.look()
    assert changes == ["changed"]
    assert settings.get().tags["team"] == "search"


def test_a_project_file_that_appears_is_read(home: Path) -> None:
    settings = CurrentSettings({"CELLCOST_HOME": str(home)}, changed=lambda: None)
    settings.get()
    Path("cellcost.toml").write_text('[tags]\nteam = "search"\n')
    settings.look()
    assert settings.get().tags["team"] == "search"


def test_it_looks_at_most_once_a_second(home: Path) -> None:
    changes: list[str] = []
    settings = CurrentSettings(
        {"CELLCOST_HOME": str(home)}, changed=lambda: changes.append("changed")
    )
    settings.get()
    settings.look()
    (home / "cellcost.toml").write_text('[tags]\nteam = "search"\n')
    settings.look()
    assert changes == []


def test_a_deleted_working_directory_has_no_project(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    settings = CurrentSettings({"CELLCOST_HOME": str(home)}, changed=lambda: None)
    assert settings.get().sources == ()
    monkeypatch.chdir(tmp_path)


def test_what_could_not_be_read_is_known_until_it_can(home: Path) -> None:
    seconds = 1000.0
    settings = CurrentSettings(
        {"CELLCOST_HOME": str(home)}, changed=lambda: None, clock=lambda: seconds
    )
    (home / "cellcost.toml").write_text("[tags\n")
    settings.get()
    assert "cellcost.toml:1" in settings.left_out
    (home / "cellcost.toml").write_text('[tags]\nteam = "search"\n')
    seconds += 1
    settings.look()
    assert settings.left_out == ""
