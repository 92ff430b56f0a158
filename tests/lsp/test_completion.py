"""Ids of models, over stdio: where they are meant, with prices, in the right order."""

import json

import pytest

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"


def complete(editor, uri, line, character):
    found = editor.request(
        "textDocument/completion",
        {
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": character},
        },
    )
    assert found["isIncomplete"] is False
    return sorted(found["items"], key=lambda item: item["sortText"])


def typed(editor, text, name="a.py"):
    """Return what is offered at the mark `|`."""
    before, _, after = text.partition("|")
    uri = editor.open(name, before + after)
    line = before.count("\n")
    column = before[before.rfind("\n") + 1 :]
    items = complete(editor, uri, line, len(column.encode("utf-16-le")) // 2)
    editor.close(uri)
    return items


def test_models_are_offered_with_their_prices_inside_a_model_argument(editor):
    items = typed(editor, HEAD + 'client.responses.create(model="gpt-5.|')
    by_name = {item["label"]: item for item in items}
    found = by_name["gpt-5.5"]
    assert found["detail"] == "openai · $5 → $30 per 1M"
    assert found["textEdit"] == {
        "range": {
            "start": {"line": 2, "character": 31},
            "end": {"line": 2, "character": 37},
        },
        "newText": "gpt-5.5",
    }
    assert "documentation" not in found


def test_the_own_provider_is_first_and_the_retired_are_last(editor):
    items = typed(editor, HEAD + 'client.responses.create(model="|")')
    owners = [item["detail"].split(" · ")[0] for item in items]
    assert owners.index("anthropic") > owners.index("openai")
    assert owners == sorted(owners, key=lambda owner: owner != "openai")
    names = [item["label"] for item in items]
    assert names.index("gpt-5.5") < names.index("gpt-4o-2024-05-13")
    assert names.index("gpt-5.5") < names.index("gpt-4-turbo")
    assert next(i for i in items if i["label"] == "gpt-4-turbo")["tags"] == [1]


def test_anthropics_models_come_first_for_its_client(editor):
    source = "import anthropic\nc = anthropic.Anthropic()\nc.messages.create(model='|'"
    assert typed(editor, source)[0]["label"].startswith("claude-")


@pytest.mark.parametrize(
    ("source", "offered"),
    [
        (
            "from langchain.chat_models import init_chat_model\ninit_chat_model('|')",
            ":",
        ),
        (
            "import litellm\nlitellm.completion('anthropic/|', messages=[])",
            "anthropic/",
        ),
        ("import litellm\nlitellm.completion('gemini/|', messages=[])", "gemini/"),
    ],
)
def test_routing_prefixes_are_kept(editor, source, offered):
    items = typed(editor, source)
    assert items
    assert all(offered in item["label"] for item in items)


def test_what_is_typed_behind_the_cursor_is_replaced_too(editor):
    (item,) = [
        i
        for i in typed(editor, HEAD + "MODEL = 'gpt|-4o'\nprint(MODEL)\n")
        if i["label"] == "gpt-5.5"
    ]
    assert item["textEdit"]["range"] == {
        "start": {"line": 2, "character": 9},
        "end": {"line": 2, "character": 15},
    }


@pytest.mark.parametrize(
    "text",
    [
        "print('gpt|')",
        "client.responses.create(model='gpt-4o', input='gpt|')",
        "# model='gpt|'",
        '"""MODEL = "gpt|" """',
        "MODEL_PATH = 'gpt|'",
    ],
)
def test_nothing_is_offered_in_other_texts(editor, text):
    assert typed(editor, HEAD + text) == []


def test_the_documentation_comes_when_it_is_asked_for(editor):
    uri = editor.open("a.py", HEAD + 'client.responses.create(model="")')
    items = complete(editor, uri, 2, 31)
    item = next(i for i in items if i["label"] == "gpt-5.5")
    resolved = editor.request("completionItem/resolve", item)
    assert "| tokens | $5 | $0.5 | $30 |" in resolved["documentation"]["value"]
    assert {k: resolved[k] for k in item} == item


@pytest.mark.parametrize(
    ("encoding", "width"), [("utf-8", 13), ("utf-16", 10), ("utf-32", 9)]
)
def test_the_replaced_range_is_right_in_every_encoding(editor_in, encoding, width):
    editor = editor_in(encoding)
    uri = editor.open("a.py", f"{HEAD}a = '🙂é'; m = f(model='gp')\n")
    start = width + len("; m = f(model='") - 1
    items = complete(editor, uri, 2, start + 2)
    assert items[0]["textEdit"]["range"] == {
        "start": {"line": 2, "character": start},
        "end": {"line": 2, "character": start + 2},
    }


def test_a_cell_is_completed_behind_a_magic(editor):
    _, second = editor.open_notebook(
        "n.ipynb", [HEAD, "%time client.responses.create(model='gp')"]
    )
    items = complete(editor, second, 0, len("%time client.responses.create(model='gp"))
    assert items[0]["detail"].startswith("openai")


def test_it_can_be_turned_off(launch):
    editor = launch(configuration={"editor": {"completion": "off"}})
    editor.start()
    uri = editor.open("a.py", HEAD + 'client.responses.create(model="")')
    editor.hints(uri)
    assert complete(editor, uri, 2, 31) == []


def test_the_answer_stays_small(editor):
    items = typed(editor, HEAD + 'client.responses.create(model="|")')
    assert len(json.dumps(items)) < 250_000
