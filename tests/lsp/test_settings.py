"""Settings: files < initializationOptions < workspace/configuration; cells alike."""

import pytest

from cellcost_lsp.settings import checked

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
ONE = 'client.responses.create(model="gpt-4o", input="Hello", max_output_tokens=100)'


def shown(editor, name="a.py"):
    """Return whether hints are shown in a file, and in a cell."""
    uri = editor.open(name, HEAD + ONE)
    (cell,) = editor.open_notebook(name.replace(".py", ".ipynb"), [HEAD + ONE])
    return bool(editor.labels(uri)), bool(editor.labels(cell))


@pytest.mark.parametrize(
    ("file", "initial", "configured", "wanted"),
    [
        ("off", None, None, False),
        ("off", "on", None, True),
        ("on", "off", None, False),
        ("off", "off", "on", True),
        ("on", "on", "off", False),
    ],
)
def test_a_later_layer_wins_in_files_and_cells_alike(
    launch, root, file, initial, configured, wanted
):
    (root / "pyproject.toml").write_text(
        f'[tool.cellcost.editor]\nhints = "{file}"\n', "utf-8"
    )
    given = None if configured is None else {"editor": {"hints": configured}}
    editor = launch(configuration=given)
    options = None if initial is None else {"editor": {"hints": initial}}
    editor.start(options={"cellcost": options})
    editor.wait_for("workspace/configuration")
    editor.until(lambda: shown(editor) == (wanted, wanted))


def test_a_changed_setting_counts_at_once(launch):
    editor = launch(configuration={"editor": {"hints": "on"}})
    editor.start()
    assert shown(editor) == (True, True)
    editor.configuration = {"editor": {"hints": "off"}}
    editor.notify("workspace/didChangeConfiguration", {"settings": None})
    editor.until(lambda: shown(editor) == (False, False))
    assert editor.seen("workspace/inlayHint/refresh")


def test_a_changed_file_counts_at_once(alone, root):
    assert shown(alone) == (True, True)
    file = root / "cellcost.toml"
    file.write_text('[editor]\nhints = "off"\n', "utf-8")
    change = {"uri": file.as_uri(), "type": 1}
    alone.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
    alone.until(lambda: shown(alone) == (False, False))


def test_the_client_is_asked_to_watch_the_files(alone):
    asked = alone.wait_for("client/registerCapability")
    watchers = asked["registrations"][0]["registerOptions"]["watchers"]
    patterns = [watcher["globPattern"] for watcher in watchers]
    assert {"**/*.py", "**/cellcost.toml", "**/pyproject.toml"} <= set(patterns)


def test_a_wrong_setting_is_said_once_in_the_log_and_left_out_alone(launch):
    wrong = {"editor": {"hints": 3, "lenses": "off", "colour": "red"}}
    editor = launch(configuration=wrong)
    editor.start(options={"cellcost": {"editor": "no"}})
    editor.wait_for("window/logMessage", lambda m: "colour" in m["message"])
    assert shown(editor) == (True, True)
    assert editor.lenses(editor.uri("a.py")) == []
    editor.notify("workspace/didChangeConfiguration", {"settings": None})
    shown(editor, "b.py")
    said = [m["message"] for m in editor.seen("window/logMessage")]
    assert len([m for m in said if "editor.hints must be" in m]) == 1
    assert len([m for m in said if "editor must be an object" in m]) == 1
    assert not editor.seen("window/showMessage")


def test_a_file_with_a_mistake_is_said_and_does_not_stop_the_server(launch, root):
    (root / "cellcost.toml").write_text('[editor]\nhints = "of"\n', "utf-8")
    editor = launch()
    editor.start()
    told = editor.wait_for("window/logMessage", lambda m: "hints" in m["message"])
    assert "did you mean off" in told["message"] or '"on" or "off"' in told["message"]
    assert shown(editor) == (True, True)


def test_null_and_empty_text_set_nothing() -> None:
    given = {"editor": {"hints": None, "off": ""}, "environment": ""}
    assert checked(given, "here") == ({}, ())
    assert checked(None, "here") == ({}, ())


def test_codes_and_the_environment_are_taken() -> None:
    given = {"editor": {"off": ["COST001", "COST005"]}, "environment": "prod"}
    values, problems = checked(given, "here")
    assert values == {"editor.off": "COST001 COST005", "tags.environment": "prod"}
    assert problems == ()
