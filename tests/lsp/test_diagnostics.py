"""Findings beside the code, over stdio: pulled for files, pushed for cells."""

import pytest

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
LARGE = (
    HEAD + "client.chat.completions.create(\n"
    '    model="gpt-5.5", max_tokens=9,\n'
    '    messages=[{"role": "user", "content": "Hello"}],\n'
    ")\n"
)
PUBLISH = "textDocument/publishDiagnostics"
ASK = "textDocument/diagnostic"


PULLING = {
    "textDocument": {"diagnostic": {"dynamicRegistration": False}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}


def published(editor, uri, wanted=lambda items: True, since=0):
    """Wait for the diagnostics of a document that are wanted."""
    return editor.wait_for(
        PUBLISH, lambda p: p["uri"] == uri and wanted(p["diagnostics"]), since
    )["diagnostics"]


def pulled(editor, uri):
    answer = editor.request(ASK, {"textDocument": {"uri": uri}})
    assert answer["kind"] == "full"
    return answer["items"]


def place(item):
    start, end = item["range"]["start"], item["range"]["end"]
    return start["line"], start["character"], end["line"], end["character"]


def test_a_large_model_is_told_where_its_name_stands(counting):
    editor = counting
    uri = editor.open("a.py", LARGE)
    (found,) = published(editor, uri)
    assert place(found) == (3, 10, 3, 19)
    assert (found["code"], found["source"]) == ("COST001", "cellcost")
    assert found["codeDescription"]["href"].endswith("docs/analysis.md#cost001")
    assert found["severity"] == 2
    assert found["message"] == (
        "gpt-5.5 is a large model in dev ($30 per 1M output tokens). The same call on"
        " gpt-6.1-terra: ≈ $0.00005 instead of $0.00030."
        " Quick fixes: use gpt-6.1-terra · use gpt-6-luna · ignore with a reason"
    )


def test_it_is_a_remark_outside_dev(launch):
    editor = launch(CELLCOST_ENV="prod")
    editor.start()
    (found,) = published(editor, editor.open("a.py", LARGE))
    assert found["severity"] == 3
    assert "is a large model in prod" in found["message"]


def test_a_client_that_asks_is_sent_nothing(launch):
    editor = launch()
    editor.start(more=PULLING)
    assert editor.capabilities["diagnosticProvider"]["identifier"] == "cellcost"
    uri = editor.open("a.py", LARGE)
    assert [item["code"] for item in pulled(editor, uri)] == ["COST001"]
    editor.replace(uri, LARGE.replace("gpt-5.5", "gpt-4o"))
    assert pulled(editor, uri) == []
    assert editor.seen(PUBLISH) == []


def test_cells_are_sent_even_to_a_client_that_asks(launch):
    editor = launch()
    editor.start(more=PULLING)
    first, second = editor.open_notebook("n.ipynb", ["MODEL = 'gpt-5.5'\n" + HEAD, ""])
    call = "client.responses.create(model=MODEL, input='x', max_output_tokens=9)"
    editor.type_in_cell("n.ipynb", second, [{"text": call}])
    (found,) = published(editor, second, lambda items: items)
    assert place(found) == (0, 0, 0, len(call))
    (where,) = found["relatedInformation"]
    assert where["location"]["uri"] == first
    assert where["location"]["range"]["start"] == {"line": 0, "character": 8}
    # Never both: a cell that is asked for has been told already.
    assert pulled(editor, second) == []


def test_a_model_defined_elsewhere_is_shown_there(editor, root):
    (root / "config.py").write_text("# é🙂\nX = '🙂'; MODEL = 'gpt-5.5'\n", "utf-8")
    source = HEAD + (
        "from config import MODEL\n"
        "client.responses.create(model=MODEL, input='x',\n    max_output_tokens=9)\n"
    )
    uri = editor.open("a.py", source)
    (found,) = published(editor, uri)
    assert place(found) == (
        3,
        0,
        3,
        len("client.responses.create(model=MODEL, input='x',"),
    )
    (where,) = found["relatedInformation"]
    assert where["location"]["uri"] == editor.uri("config.py")
    # utf-16: the emoji is two units.
    assert where["location"]["range"] == {
        "start": {"line": 1, "character": 18},
        "end": {"line": 1, "character": 27},
    }
    assert "gpt-5.5 is defined here" in where["message"]


@pytest.mark.parametrize(
    ("encoding", "column"), [("utf-8", 13), ("utf-16", 10), ("utf-32", 9)]
)
def test_columns_are_in_the_clients_units(editor_in, encoding, column):
    editor = editor_in(encoding)
    call = "client.responses.create(model='gpt-5.5', input='x', max_output_tokens=9)"
    uri = editor.open("a.py", f"{HEAD}a = '🙂é'; {call}\n")
    (found,) = published(editor, uri)
    before = len(" client.responses.create(model=")
    assert place(found)[1] == column + before


def test_a_comment_silences_and_an_idle_comment_is_no_error(editor):
    silent = LARGE.replace("\n)\n", "\n)  # cellcost: ignore[COST001] a demo\n")
    uri = editor.open("a.py", LARGE)
    assert published(editor, uri)
    editor.replace(uri, silent)
    assert published(editor, uri, lambda items: not items) == []
    idle = HEAD + "x = 1  # cellcost: ignore[COST001] nothing\n"
    editor.replace(uri, idle)
    editor.hints(uri)
    assert editor.seen(PUBLISH)[-1]["diagnostics"] == []


def test_no_cap_is_told_only_where_it_is_asked_for(editor, launch, root):
    uncapped = HEAD + "client.responses.create(model='gpt-4o', input='x')\n"
    editor.hints(editor.open("a.py", uncapped))
    assert editor.seen(PUBLISH) == []
    (root / "cellcost.toml").write_text("[editor]\noff = []\n", "utf-8")
    asked = launch()
    asked.start()
    (found,) = published(asked, asked.open("a.py", uncapped))
    assert found["code"] == "COST002"


def test_they_can_be_turned_off_and_on_again(alone):
    uri = alone.open("a.py", LARGE)
    assert published(alone, uri)
    alone.configuration = {"editor": {"diagnostics": "off"}}
    alone.notify("workspace/didChangeConfiguration", {"settings": None})
    assert published(alone, uri, lambda items: not items) == []


def test_closing_takes_them_back(editor):
    uri = editor.open("a.py", LARGE)
    assert published(editor, uri)
    editor.close(uri)
    assert published(editor, uri, lambda items: not items) == []


def test_a_removed_cell_takes_its_own_back(editor):
    cells = list(editor.open_notebook("n.ipynb", [HEAD, LARGE.removeprefix(HEAD)]))
    assert published(editor, cells[1])
    editor.remove_cell("n.ipynb", 1)
    assert published(editor, cells[1], lambda items: not items) == []


def test_a_client_that_asks_is_told_to_ask_again_when_another_file_changes(
    launch, root
):
    (root / "config.py").write_text("MODEL = 'gpt-4o'\n", "utf-8")
    editor = launch()
    editor.start(more=PULLING)
    uri = editor.open(
        "a.py",
        HEAD + "from config import MODEL\n"
        "client.responses.create(model=MODEL, input='x', max_output_tokens=9)\n",
    )
    assert pulled(editor, uri) == []
    (root / "config.py").write_text("MODEL = 'gpt-5.5'\n", "utf-8")
    editor.notify(
        "workspace/didChangeWatchedFiles",
        {"changes": [{"uri": editor.uri("config.py"), "type": 2}]},
    )
    editor.wait_for("workspace/diagnostic/refresh")
    assert [item["code"] for item in pulled(editor, uri)] == ["COST001"]


def test_one_place_has_a_code_once(editor):
    source = HEAD + (
        "def ask(model):\n"
        "    return client.responses.create(model=model, input='x',"
        " max_output_tokens=9)\n"
        "ask('gpt-5.5')\n"
    )
    uri = editor.open("a.py", source)
    places = [(item["code"], place(item)) for item in published(editor, uri)]
    assert len(places) == len(set(places))
