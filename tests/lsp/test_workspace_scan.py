"""What the workspace will cost, over stdio: scanned, kept up, cancelled."""

import pytest

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = "client.responses.create(model='{}', input='Hello', max_output_tokens=100)\n"
TOTALS = "cellcost.workspaceTotals"
PUBLISH = "textDocument/publishDiagnostics"


def run(editor, command, *arguments):
    return editor.request(
        "workspace/executeCommand", {"command": command, "arguments": list(arguments)}
    )


def scanned(editor, since=0):
    """Wait until a scan has ended; return what its end says."""
    return editor.wait_for("$/progress", lambda p: p["value"]["kind"] == "end", since)[
        "value"
    ]["message"]


def totals(editor, wanted):
    """Return the totals once they are as wanted: files are read aside."""
    for _ in range(600):
        found = run(editor, TOTALS)
        if wanted(found):
            return found
        editor.ended.wait(0.1)
    raise AssertionError(f"the totals stay {found}")


def watch(editor, *names, kind=2):
    changes = [{"uri": editor.uri(name), "type": kind} for name in names]
    editor.notify("workspace/didChangeWatchedFiles", {"changes": changes})


@pytest.fixture
def editor(alone):
    """A scan is of a whole workspace: each test has a server of its own."""
    return alone


@pytest.fixture
def files(root):
    """A workspace of two files with calls and some without."""
    written = {
        "a.py": HEAD + CALL.format("gpt-4o"),
        "app/b.py": HEAD + "for i in range(10):\n    " + CALL.format("gpt-4o-mini"),
        "app/plain.py": "x = 1\n",
        ".gitignore": "out/\n",
        "out/c.py": HEAD + CALL.format("gpt-5.5"),
        ".venv/pyvenv.cfg": "",
        ".venv/d.py": HEAD + CALL.format("gpt-5.5"),
        "node_modules/e.py": HEAD + CALL.format("gpt-5.5"),
    }
    for name, text in written.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return written


def test_the_workspace_is_scanned_with_progress_and_without_a_storm(files, editor):
    """gpt-4o: 1 in, 100 out = $0.0010025; gpt-4o-mini x10: $0.0006015."""
    said = scanned(editor)
    assert said == "2 calls in 2 files, ≈ $0.0016 a run"
    kinds = [p["value"]["kind"] for p in editor.seen("$/progress")]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    begin = editor.seen("$/progress")[0]["value"]
    assert begin["cancellable"] is True
    assert run(editor, TOTALS) == {
        "complete": True,
        "files": 2,
        "calls": 2,
        "typical": str(1_002_500 + 601_500),
        "text": "≈ $0.0016",
        "low": str(2_500 + 10 * 150),
        "high": str(1_002_500 + 601_500),
        "unpriced": 0,
        "unbounded": 0,
        "loads": 0,
        "byModel": [
            {
                "model": "gpt-4o",
                "provider": "openai",
                "calls": 1,
                "typical": "1002500",
                "text": "≈ $0.0010",
                "unpriced": 0,
                "unbounded": 0,
            },
            {
                "model": "gpt-4o-mini",
                "provider": "openai",
                "calls": 1,
                "typical": "601500",
                "text": "≈ $0.00060",
                "unpriced": 0,
                "unbounded": 0,
            },
        ],
    }
    assert editor.seen(PUBLISH) == []
    assert editor.stop() == 0
    assert editor.log == ""


def test_the_state_is_told_to_a_client_that_wants_it(files, launch):
    editor = launch()
    editor.start(options={"cellcost": {"notifications": True}})
    editor.wait_for("cellcost/state", lambda p: p["state"] == "scanning")
    found = editor.wait_for(
        "cellcost/state", lambda p: p["state"] == "ready" and p["message"]
    )
    assert found["message"].startswith("2 calls in 2 files")


def test_changed_new_and_deleted_files_are_followed(files, editor, root):
    scanned(editor)
    (root / "a.py").write_text("x = 1\n", "utf-8")
    (root / "new.py").write_text(HEAD + CALL.format("gpt-4o") * 3, "utf-8")
    (root / "app/b.py").unlink()
    watch(editor, "a.py", "app/b.py", "new.py")
    found = totals(editor, lambda t: t["calls"] == 3)
    assert found["files"] == 1


def test_what_is_ignored_stays_out_when_it_changes(files, editor, root):
    scanned(editor)
    (root / "a.py").write_text("", "utf-8")
    watch(editor, "out/c.py", ".venv/d.py", "a.py")
    assert totals(editor, lambda t: t["files"] == 1)["byModel"][0]["model"] == (
        "gpt-4o-mini"
    )


def test_a_file_that_imports_a_changed_one_is_read_again(editor, root):
    (root / "config.py").write_text("MODEL = 'gpt-4o'\n", "utf-8")
    source = HEAD + "from config import MODEL\n" + CALL.replace("'{}'", "MODEL")
    (root / "main.py").write_text(source, "utf-8")
    run(editor, "cellcost.rescan")
    totals(editor, lambda t: [m["model"] for m in t["byModel"]] == ["gpt-4o"])
    (root / "config.py").write_text("MODEL = 'gpt-5.5'\n", "utf-8")
    watch(editor, "config.py")
    totals(editor, lambda t: [m["model"] for m in t["byModel"]] == ["gpt-5.5"])


def test_open_files_count_as_they_are_in_the_editor(files, editor):
    scanned(editor)
    uri = editor.open("a.py", files["a.py"] + CALL.format("gpt-4o"))
    editor.hints(uri)
    assert run(editor, TOTALS)["calls"] == 3
    editor.close(uri)
    totals(editor, lambda t: t["calls"] == 2)


def test_a_cancelled_scan_says_that_its_totals_are_not_whole(launch, root):
    for n in range(400):
        (root / f"m{n}.py").write_text(HEAD + CALL.format("gpt-4o") * 20, "utf-8")
    editor = launch()
    editor.start()
    begun = editor.wait_for("$/progress", lambda p: p["value"]["kind"] == "begin")
    editor.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
    scanned(editor)
    found = run(editor, TOTALS)
    assert found["complete"] is False
    assert found["files"] < 400
    run(editor, "cellcost.rescan")
    assert totals(editor, lambda t: t["complete"])["files"] == 400


def test_a_client_without_progress_or_folders_gets_no_trouble(launch, files):
    editor = launch()
    editor.start(more={"window": {"workDoneProgress": False}})
    assert totals(editor, lambda t: t["complete"])["calls"] == 2
    assert editor.seen("window/workDoneProgress/create") == []


def test_unpriced_and_unbounded_calls_are_counted_apart(editor, root):
    (root / "a.py").write_text(
        HEAD
        + CALL.format("mine-7b")
        + "while True:\n    "
        + CALL.format("gpt-4o")
        + "client.responses.create(model='gpt-4o', input='Hello')\n",
        "utf-8",
    )
    run(editor, "cellcost.rescan")
    found = totals(editor, lambda t: t["calls"] == 3)
    assert (found["unpriced"], found["unbounded"], found["high"]) == (1, 1, None)


def test_the_calls_of_a_file_and_of_a_cell_are_given_as_rows(editor):
    uri = editor.open("a.py", HEAD + CALL.format("gpt-5.5"))
    (row,) = run(editor, "cellcost.showCall", uri)
    assert (row["uri"], row["line"], row["cell"]) == (uri, 3, None)
    assert (row["models"], row["codes"]) == (["gpt-5.5"], ["COST001"])
    assert row["text"] == "≈ $0.0030"
    cells = editor.open_notebook("n.ipynb", [HEAD, CALL.format("gpt-4o")])
    (row,) = run(editor, "cellcost.showCall", cells[1])
    assert (row["uri"], row["line"], row["cell"]) == (cells[1], 1, 1)
    assert run(editor, "cellcost.showCall", cells[0]) == []
    assert len(run(editor, "cellcost.showCall", editor.uri("n.ipynb"))) == 1
    assert run(editor, "cellcost.showCall", "file:///nowhere.py") == []
