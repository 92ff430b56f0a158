"""Quick fixes over stdio: applied as an editor would, in files, cells and elsewhere."""

import ast

import pytest

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = "client.responses.create(model='gpt-5.5', input='x', max_output_tokens=9)"
ASK = "textDocument/codeAction"


def actions(editor, uri, line, only=None):
    """Return what is offered on a line."""
    here = {"line": line, "character": 0}
    end = {"line": line, "character": 200}
    context = {"diagnostics": [], **({"only": only} if only else {})}
    return editor.request(
        ASK,
        {
            "textDocument": {"uri": uri},
            "range": {"start": here, "end": end},
            "context": context,
        },
    )


def applied(text, edits, encoding="utf-16"):
    """Return a text after edits in the client's units."""
    size, codec = {"utf-8": (1, "utf-8"), "utf-16": (2, "utf-16-le")}[encoding]
    lines = text.split("\n")

    def offset(position):
        before = "\n".join([*lines[: position["line"]], ""])
        line = lines[position["line"]].encode(codec)
        return len(before) + len(line[: position["character"] * size].decode(codec))

    for edit in sorted(edits, key=lambda e: offset(e["range"]["start"]), reverse=True):
        start, end = (offset(edit["range"][k]) for k in ("start", "end"))
        text = text[:start] + edit["newText"] + text[end:]
    return text


def changes(action):
    """Return the edits by uri, and the versions that they are for."""
    found = action["edit"]["documentChanges"]
    return (
        {c["textDocument"]["uri"]: c["edits"] for c in found},
        {c["textDocument"]["uri"]: c["textDocument"]["version"] for c in found},
    )


def test_the_nearest_smaller_model_is_the_preferred_fix(editor):
    source = f"{HEAD}{CALL}\n"
    uri = editor.open("a.py", source)
    offered = actions(editor, uri, 2)
    names = [action["title"].split(" (")[0] for action in offered]
    assert names == [
        "Use gpt-6.1-terra",
        "Use gpt-6-luna",
        "Ignore COST001 here, with a reason",
    ]
    assert [action.get("isPreferred") for action in offered] == [True, None, None]
    assert {action["kind"] for action in offered} == {"quickfix"}
    assert offered[0]["diagnostics"][0]["code"] == "COST001"
    edits, versions = changes(offered[0])
    assert versions == {uri: 1}
    after = applied(source, edits[uri])
    assert after == source.replace("gpt-5.5", "gpt-6.1-terra")
    editor.replace(uri, after)
    assert actions(editor, uri, 2) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_ignored_line_is_silent_and_valid_in_every_encoding(editor_in, encoding):
    editor = editor_in(encoding)
    source = f"{HEAD}a = '🙂é'; {CALL}; b = 'ü🙂'\n"
    uri = editor.open("a.py", source)
    (ignore,) = [a for a in actions(editor, uri, 2) if a["title"].startswith("Ignore")]
    after = applied(source, changes(ignore)[0][uri], encoding)
    assert after == source.rstrip() + "  # cellcost: ignore[COST001] reason\n"
    ast.parse(after)
    editor.replace(uri, after)
    assert actions(editor, uri, 2) == []


def test_a_model_is_swapped_in_the_closed_file_that_defines_it(editor, root):
    (root / "config.py").write_text("MODEL = 'gpt-5.5'\n", "utf-8")
    call = CALL.replace("'gpt-5.5'", "MODEL")
    uri = editor.open("a.py", f"{HEAD}from config import MODEL\n{call}\n")
    swap = actions(editor, uri, 3)[0]
    assert swap["title"].startswith("Use gpt-6.1-terra in config.py")
    edits, versions = changes(swap)
    config = editor.uri("config.py")
    # A closed file has no version in the editor.
    assert versions == {config: None}
    assert applied("MODEL = 'gpt-5.5'\n", edits[config]) == "MODEL = 'gpt-6.1-terra'\n"


def test_an_open_file_is_changed_in_the_version_that_was_read(editor, root):
    (root / "config.py").write_text("MODEL = 'gpt-4o'\n", "utf-8")
    config = editor.open("config.py", "MODEL = 'gpt-4o'\n")
    call = CALL.replace("'gpt-5.5'", "MODEL")
    uri = editor.open("a.py", f"{HEAD}from config import MODEL\n{call}\n")
    assert actions(editor, uri, 3) == []
    editor.replace(config, "# large\nMODEL = 'gpt-5.5'\n")
    edits, versions = changes(actions(editor, uri, 3)[0])
    assert versions == {config: 2}
    after = applied("# large\nMODEL = 'gpt-5.5'\n", edits[config])
    assert after == "# large\nMODEL = 'gpt-6.1-terra'\n"


def test_a_model_is_swapped_in_the_cell_that_defines_it(editor):
    first, second = editor.open_notebook(
        "n.ipynb",
        [f"{HEAD}MODEL = 'gpt-5.5'", "%time " + CALL.replace("'gpt-5.5'", "MODEL")],
    )
    offered = actions(editor, second, 0)
    edits, versions = changes(offered[0])
    assert versions == {first: 1}
    assert applied(f"{HEAD}MODEL = 'gpt-5.5'", edits[first]).endswith("'gpt-6.1-terra'")
    edits, _ = changes(offered[-1])
    assert list(edits) == [second]


def test_only_quick_fixes_are_offered(editor):
    uri = editor.open("a.py", f"{HEAD}{CALL}\n")
    assert actions(editor, uri, 2, ["refactor"]) == []
    assert actions(editor, uri, 2, ["source.fixAll"]) == []
    assert actions(editor, uri, 2, ["quickfix"]) != []
    assert actions(editor, uri, 0) == []


def test_a_client_without_versions_gets_plain_changes(launch):
    editor = launch()
    editor.start(more={"workspace": {"workspaceEdit": {}}})
    uri = editor.open("a.py", f"{HEAD}{CALL}\n")
    edit = actions(editor, uri, 2)[0]["edit"]
    assert list(edit["changes"]) == [uri]
    assert "documentChanges" not in edit


def test_a_cap_is_offered_where_it_is_asked_for(launch, root):
    (root / "cellcost.toml").write_text("[editor]\noff = []\n", "utf-8")
    editor = launch()
    editor.start()
    source = f"{HEAD}client.responses.create(model='gpt-4o', input='x')\n"
    uri = editor.open("a.py", source)
    cap = actions(editor, uri, 2)[0]
    assert cap["title"] == "Cap the output at 1,024 tokens (max_output_tokens)"
    after = applied(source, changes(cap)[0][uri])
    assert "model='gpt-4o', max_output_tokens=1024, input='x'" in after
    editor.replace(uri, after)
    assert actions(editor, uri, 2) == []
