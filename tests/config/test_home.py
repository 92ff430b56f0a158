"""Where a user's journal and settings lie."""

import sys
from pathlib import Path

import pytest

from cellcost.home import host_config_files, is_writable, journal_home, temp_folder


def test_cellcost_home_decides_first(tmp_path):
    env = {"CELLCOST_HOME": str(tmp_path), "XDG_DATA_HOME": "/x", "HOME": "/h"}
    assert journal_home(env) == tmp_path


def test_a_tilde_means_the_home_directory(tmp_path):
    name = "USERPROFILE" if sys.platform == "win32" else "HOME"
    env = {"CELLCOST_HOME": "~/costs", name: str(tmp_path)}
    assert journal_home(env) == tmp_path / "costs"


def test_a_relative_home_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert journal_home({"CELLCOST_HOME": "costs"}) == tmp_path / "costs"


@pytest.mark.skipif(sys.platform != "linux", reason="each system has its own place")
def test_linux_follows_the_xdg_folders(tmp_path):
    home = {"HOME": str(tmp_path)}
    default = tmp_path / ".local" / "share" / "cellcost"
    assert journal_home(home) == default
    assert journal_home({**home, "XDG_DATA_HOME": "/data"}) == Path("/data/cellcost")
    assert journal_home({**home, "XDG_DATA_HOME": "relative"}) == default


@pytest.mark.parametrize(
    ("platform", "env", "expected"),
    [
        (
            "darwin",
            {"HOME": "/Users/a"},
            "/Users/a/Library/Application Support/cellcost",
        ),
        ("win32", {"LOCALAPPDATA": "/a/Local"}, "/a/Local/cellcost"),
        ("win32", {"USERPROFILE": "/a"}, "/a/AppData/Local/cellcost"),
    ],
)
def test_other_systems_have_their_own_place(monkeypatch, platform, env, expected):
    monkeypatch.setattr(sys, "platform", platform)
    assert journal_home(env) == Path(expected)


def test_host_files_are_the_machines_and_the_environments():
    first, *rest = host_config_files({})
    assert first.name == "cellcost.toml"
    assert Path(sys.prefix, "etc", "cellcost", "cellcost.toml") in (first, *rest)


def test_a_folder_is_writable_when_a_file_can_be_made_there(tmp_path):
    assert is_writable(tmp_path)
    assert is_writable(tmp_path / "new" / "deep")
    file = tmp_path / "file"
    file.write_text("")
    assert not is_writable(file / "below")
    assert list(tmp_path.iterdir()) == [file]


def test_a_disk_without_a_free_byte_still_has_a_named_temp_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", full)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert temp_folder() == tmp_path
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    assert temp_folder() == Path("/tmp")
