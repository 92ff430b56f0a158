"""Which files are settings files, and what lies on disk in strange forms."""

import os
import sys

import pytest

from cellcost.config import load_settings_or_default
from cellcost.errors import ConfigError


def test_the_nearest_project_file_counts_alone(place):
    place.project_file('[tags]\nteam = "outer"\nproject = "p"')
    inner = place.project / "a" / "b"
    inner.mkdir(parents=True)
    assert place.load(cwd=inner).tags["team"] == "outer"
    (place.project / "a" / "cellcost.toml").write_text('[tags]\nteam = "inner"')
    assert dict(place.load(cwd=inner).tags) == {"environment": "dev", "team": "inner"}


def test_the_search_ends_at_the_git_root(place):
    (place.project.parent / "cellcost.toml").write_text('[tags]\nteam = "outside"')
    assert "team" not in place.load().tags


def test_the_search_ends_at_the_home_directory(place, tmp_path):
    folder = tmp_path / "user" / "work"
    folder.mkdir(parents=True)
    (tmp_path / "cellcost.toml").write_text('[tags]\nteam = "outside"')
    assert "team" not in place.load(cwd=folder, HOME=str(tmp_path / "user")).tags
    (tmp_path / "user" / "cellcost.toml").write_text('[tags]\nteam = "own"')
    assert place.load(cwd=folder, HOME=str(tmp_path / "user")).tags["team"] == "own"


def test_a_pyproject_counts_only_with_its_table(place):
    place.project_file("[project]\nname = 'cellcost-user'", "pyproject.toml")
    assert place.load().sources == ()
    path = place.project_file("[tool.cellcost.tags]\nteam = 'a'", "pyproject.toml")
    found = place.load()
    assert (found.sources, found.tags["team"]) == ((path,), "a")


def test_a_cellcost_toml_counts_before_a_pyproject_beside_it(place):
    place.project_file("[tool.cellcost.tags]\nteam = 'a'", "pyproject.toml")
    place.project_file("[tags]\nteam = 'b'")
    assert place.load().tags["team"] == "b"


@pytest.mark.parametrize("text", ["tool = 5", "[tool]\ncellcost_x = 1"])
def test_a_strange_pyproject_is_not_ours(place, text):
    place.project_file(f"# cellcost\n{text}", "pyproject.toml")
    assert place.load().sources == ()


def test_the_users_own_file_is_no_project_file_in_its_folder(place):
    place.user_file(
        '[[endpoints]]\nurl = "http://a"\nprovider = "vllm"\n[tags]\nteam = "a"'
    )
    found = place.load(cwd=place.home)
    assert (len(found.sources), found.untrusted) == (1, ())


def test_a_byte_order_mark_is_harmless(place):
    (place.home / "cellcost.toml").write_bytes(b'\xef\xbb\xbf[tags]\r\nteam = "a"\r\n')
    assert place.load().tags["team"] == "a"


def test_another_encoding_is_said(place):
    path = place.home / "cellcost.toml"
    path.write_bytes(b"[tags]\nteam = '\xe9quipe'\n")
    with pytest.raises(ConfigError) as caught:
        place.load()
    assert str(caught.value) == f"{path}:2: is not UTF-8; save it as UTF-8"


def test_absurd_nesting_is_said(place):
    path = place.user_file("x = " + "[" * 100_000)
    with pytest.raises(ConfigError, match="is nested too deeply") as caught:
        place.load()
    assert str(path) in str(caught.value)


def test_a_number_of_thousands_of_digits_is_said(place):
    place.user_file("[tags]\nteam = " + "9" * 10_000)
    with pytest.raises(ConfigError, match="is not valid TOML"):
        place.load()


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root and Windows read all"
)
def test_an_unreadable_file_is_said(place):
    path = place.user_file("")
    path.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read"):
        place.load()


def test_folders_in_the_way_of_files_are_passed_by(place):
    (place.home / "cellcost.toml").mkdir()
    (place.project / "cellcost.toml").mkdir()
    assert place.load().sources == ()


def test_a_folder_that_is_gone_has_no_project(place):
    settings, problem = load_settings_or_default(
        cwd=place.project / "gone" / "deeper", env=place.env
    )
    assert (settings.sources, problem) == ((), None)
