"""Which notebook a kernel belongs to."""

import json
from pathlib import Path

import pytest

from cellcost_meter.notebook import NotebookTags, notebook_path, read_tags


def named(name: object) -> str:
    return notebook_path({"JPY_SESSION_NAME": str(name)})


def test_a_notebook_is_named_by_its_whole_path(tmp_path: Path) -> None:
    """Two servers over two folders share one journal."""
    path = tmp_path / "sub" / "a b.ipynb"
    assert named(path) == path.as_posix()


def test_a_folder_that_a_client_gave_twice_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "z.ipynb").write_text("{}")
    monkeypatch.chdir(folder)
    assert named(folder / "sub" / "z.ipynb") == (folder / "z.ipynb").as_posix()


def test_a_name_that_is_no_path_of_this_machine_stays_as_it_is() -> None:
    assert named("sub/a.ipynb") == "sub/a.ipynb"


@pytest.mark.parametrize("name", ["", "/served/sub/"])
def test_no_name_is_no_notebook(name: str) -> None:
    assert named(name) == ""
    assert notebook_path({}) == ""


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('{"metadata": {"cellcost": {"tags": {"team": "search", "n": 7}}}}', True),
        ('{"metadata": {"cellcost": {"tags": ["team"]}}}', False),
        ('{"metadata": {"cellcost": 1}}', False),
        ('{"metadata": []}', False),
        ("[]", False),
    ],
)
def test_the_tags_of_a_notebook_are_under_its_metadata(text: str, tags: bool) -> None:
    assert dict(read_tags(text)) == ({"team": "search", "n": "7"} if tags else {})


def test_a_saved_notebook_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "n.ipynb"
    tags = NotebookTags(str(file))
    tags.refresh()
    assert tags.current() == {}
    for team in ("search", "ranking"):
        saved = {"metadata": {"cellcost": {"tags": {"team": team}}}}
        file.write_text(json.dumps(saved))
        tags.refresh()
        assert tags.current() == {"team": team}


def test_a_half_written_notebook_keeps_the_tags_that_held(tmp_path: Path) -> None:
    file = tmp_path / "n.ipynb"
    file.write_text('{"metadata": {"cellcost": {"tags": {"team": "search"}}}}')
    tags = NotebookTags(str(file))
    tags.refresh()
    assert tags.current() == {"team": "search"}
    file.write_text('{"metadata": {"cellc')
    tags.refresh()
    assert tags.current() == {"team": "search"}
