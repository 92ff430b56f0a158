"""Which notebook a kernel belongs to."""

import json
from pathlib import Path

import pytest

from cellcost_meter.notebook import NotebookPath, NotebookTags, read_tags


@pytest.fixture
def server(tmp_path: Path) -> dict[str, str]:
    """What jupyter_server 2.21 leaves for a kernel (measured 2026-11-24)."""
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    (runtime / "jpserver-77.json").write_text(json.dumps({"root_dir": str(root)}))
    return {
        "JPY_PARENT_PID": "77",
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JPY_SESSION_NAME": str(root / "sub" / "a b.ipynb"),
    }


def test_a_notebook_is_named_as_its_server_names_it(server: dict[str, str]) -> None:
    found = NotebookPath.of(server)
    assert found.contents == "sub/a b.ipynb"
    assert found.file == server["JPY_SESSION_NAME"]


def test_a_folder_that_a_client_gave_twice_counts_once(
    server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "root" / "sub"
    (folder / "z.ipynb").write_text("{}")
    monkeypatch.chdir(folder)
    doubled = {**server, "JPY_SESSION_NAME": str(folder / "sub" / "z.ipynb")}
    assert NotebookPath.of(doubled).contents == "sub/z.ipynb"


@pytest.mark.parametrize(
    "gone", [{"JPY_PARENT_PID": ""}, {"JPY_PARENT_PID": "78"}, {"JPY_PARENT_PID": "x"}]
)
def test_without_the_servers_file_the_path_is_absolute(
    server: dict[str, str], gone: dict[str, str]
) -> None:
    found = NotebookPath.of({**server, **gone})
    assert found.contents == server["JPY_SESSION_NAME"]


def test_a_notebook_outside_the_servers_root_keeps_its_whole_path(
    server: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = str(tmp_path / "other.ipynb")
    assert (
        NotebookPath.of({**server, "JPY_SESSION_NAME": elsewhere}).contents == elsewhere
    )


@pytest.mark.parametrize("name", ["", "/root/sub/"])
def test_no_name_is_no_notebook(server: dict[str, str], name: str) -> None:
    assert NotebookPath.of({**server, "JPY_SESSION_NAME": name}) == NotebookPath()


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
