"""Requests that make no sense are answered, and the server lives on without popups."""

import pytest

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = "client.responses.create(model='gpt-5.5', input='x', max_output_tokens=9)\n"
FAR = {"line": 4_000_000, "character": 4_000_000}
METHODS = {
    "textDocument/hover": {"position": FAR},
    "textDocument/completion": {"position": FAR},
    "textDocument/codeAction": {
        "range": {"start": FAR, "end": FAR},
        "context": {"diagnostics": []},
    },
    "textDocument/diagnostic": {},
}
ODD = (
    "",
    "\x00\x0c\u2028\r\r\n'",
    "model='",
    "client.responses.create(model=('gpt-5.5' if x else",
    "(" * 3000,
    f"{HEAD}{CALL.strip()}\r{CALL.strip()}\r\n{CALL}",
    f"{HEAD}x = '''\n{CALL}",
    "a = '🙂é'\n" * 500 + HEAD + CALL,
)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_any_text_is_answered_for_any_place(editor, text):
    uri = editor.open("a.py", text)
    for method, more in METHODS.items():
        editor.request(method, {"textDocument": {"uri": uri}, **more})
    for line in range(min(text.count("\n") + 1, 5)):
        for character in (0, 31, 80):
            place = {"line": line, "character": character}
            for method in ("textDocument/hover", "textDocument/completion"):
                editor.request(
                    method, {"textDocument": {"uri": uri}, "position": place}
                )
            editor.request(
                "textDocument/codeAction",
                {
                    "textDocument": {"uri": uri},
                    "range": {"start": place, "end": place},
                    "context": {"diagnostics": []},
                },
            )
    assert editor.seen("window/showMessage") == []
    assert "Error" not in editor.log


def test_documents_that_are_not_open_are_answered_by_nothing(editor):
    uri = editor.uri("nowhere.py")
    for method, more in METHODS.items():
        answer = editor.request(method, {"textDocument": {"uri": uri}, **more})
        assert not answer or not answer.get("items")
    assert editor.seen("window/showMessage") == []
