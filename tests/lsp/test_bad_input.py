"""Texts and messages that nobody would write, and servers that are killed."""

import random

import pytest

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
ONE = 'client.responses.create(model="gpt-4o", input="Hello", max_output_tokens=100)'


def lines_of(editor, uri):
    """Return the lines that have a hint."""
    return [line for line, _ in editor.labels(uri)]


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("x = '" + "y" * 1_000_000 + "'\n", 3),
        ("x = 1\n" * 50_000, 50_002),
        ("x = 1\0\n\0\0\n", 4),
        ("a = 1\r\nb = 2\rc = 3\n", 5),
        ("a = 1\f\u2028\x85 # one line\n", 3),
        ("x = " + "(" * 5_000 + ")" * 5_000 + "\n", 3),
        ("if x:\n" + "".join(" " * n + "if x:\n" for n in range(1, 200)), None),
        ('"""never closed\n', None),
    ],
    ids=[
        "a line of 1 MB",
        "50,000 lines",
        "NUL",
        "mixed line ends",
        "form feed",
        "deep brackets",
        "deep blocks",
        "an open quote",
    ],
)
def test_a_hint_stands_on_the_right_line_or_nowhere(editor, before, line):
    uri = editor.open("a.py", HEAD + before + ONE + "\n")
    found = lines_of(editor, uri)
    assert found == [line] if line is not None else found in ([], [found and found[0]])
    # The server still answers, and still counts lines as the client does.
    editor.replace(uri, HEAD + ONE)
    editor.until(lambda: lines_of(editor, uri) == [2])
    assert editor.log == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_a_hint_stands_at_the_right_unit_in_every_encoding(editor_in, encoding):
    editor = editor_in(encoding)
    assert editor.capabilities["positionEncoding"] == encoding
    text = f'{HEAD}x = "é€😀"; {ONE}'
    (hint,) = editor.hints(editor.open("a.py", text))
    last = text.split("\n")[2]
    codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
    size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    assert hint["position"]["character"] == len(last.encode(codec)) // size


def test_random_edits_lead_to_the_hints_of_the_whole_text(editor):
    seed = random.Random(7)
    text = f"{HEAD}\ndef f(items):\n    for item in items:\n        {ONE}\n\n{ONE}\n"
    uri = editor.open("a.py", text)
    for step in range(40):
        first, last = sorted(seed.choices(range(len(text) + 1), k=2))
        last = min(last, first + 6)
        new = seed.choice(["", "x", "(", ")", "\n", '"', "gpt", "é😀", "    ", "#"])
        start, end = ({"line": text.count("\n", 0, at)} for at in (first, last))
        for place, at in ((start, first), (end, last)):
            line = text[text.rfind("\n", 0, at) + 1 : at]
            place["character"] = len(line.encode("utf-16-le")) // 2
        editor.change(uri, [{"range": {"start": start, "end": end}, "text": new}])
        text = text[:first] + new + text[last:]
        if step % 8 == 7:
            fresh = editor.open(f"b{step}.py", text)
            whole = editor.request(
                "textDocument/diagnostic", {"textDocument": {"uri": uri}}
            )
            other = editor.request(
                "textDocument/diagnostic", {"textDocument": {"uri": fresh}}
            )
            # A broken line may keep what it had; where none is, both are the same.
            found, wanted = lines_of(editor, uri), lines_of(editor, fresh)
            assert set(wanted) <= set(found)
            assert len(whole["items"]) >= len(other["items"])
            editor.close(fresh)


def test_messages_that_make_no_sense_are_survived(editor):
    uri = editor.open("a.py", HEAD + ONE)
    nobody = {"uri": editor.uri("nobody.py"), "version": 2}
    editor.notify(
        "textDocument/didChange",
        {"textDocument": nobody, "contentChanges": [{"text": "x"}]},
    )
    editor.notify("textDocument/didClose", {"textDocument": {"uri": "file:///no.py"}})
    editor.notify("notebookDocument/didChange", {"notebookDocument": 3})
    editor.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": 1}]})
    editor.notify("no/such/method", {"x": [1, 2]})
    assert editor.hints(editor.uri("nobody.py")) == []
    assert lines_of(editor, uri) == [2]
    assert not editor.seen("window/showMessage")


def test_a_cancelled_request_is_answered_and_the_next_too(editor):
    uri = editor.open("a.py", HEAD + "x = 1\n" * 20_000 + ONE)
    asked = editor.ask("textDocument/codeLens", {"textDocument": {"uri": uri}})
    editor.cancel(asked)
    try:
        editor.answer(asked)
    except Exception as refused:  # noqa: BLE001  # the client's own type
        assert refused.code == -32800
    assert lines_of(editor, uri) == [20_002]


def test_a_killed_server_leaves_nothing_behind_for_the_next(launch, root):
    first = launch()
    first.start()
    uri = first.open("a.py", HEAD + ONE)
    assert lines_of(first, uri) == [2]
    first.process.kill()
    first.process.wait(30)
    second = launch()
    second.start()
    assert lines_of(second, second.open("a.py", HEAD + ONE)) == [2]


def test_a_client_that_dies_takes_the_server_with_it(alone):
    alone.open("a.py", HEAD + ONE)
    alone.process.stdin.close()
    alone.process.wait(60)


def test_what_is_printed_does_not_garble_the_protocol(launch, root, tmp_path):
    # What any library prints, from the moment the server is imported, is log.
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import sys, threading\n"
        "def shout():\n"
        "    if 'cellcost_lsp.server' in sys.modules:\n"
        "        print('NOISE', flush=True)\n"
        "    timer = threading.Timer(0.05, shout)\n"
        "    timer.daemon = True\n"
        "    timer.start()\n"
        "shout()\n",
        "utf-8",
    )
    editor = launch(PYTHONPATH=str(folder))
    editor.start()
    uri = editor.open("a.py", HEAD + ONE)
    editor.until(lambda: "NOISE" in editor.log)
    assert lines_of(editor, uri) == [2]


def test_one_client_is_served_over_tcp(launch):
    editor = launch(tcp=True)
    editor.start()
    assert lines_of(editor, editor.open("a.py", HEAD + ONE)) == [2]
    assert editor.stop() == 0


def test_untitled_and_outside_documents_are_read_too(editor, tmp_path):
    untitled = editor.open("untitled:Untitled-1", HEAD + ONE)
    outside = editor.open((tmp_path / "elsewhere" / "b.py").as_uri(), HEAD + ONE)
    assert lines_of(editor, untitled) == lines_of(editor, outside) == [2]


def test_a_document_that_is_no_python_is_left_alone(editor):
    assert editor.hints(editor.open("a.toml", HEAD + ONE, language="toml")) == []
