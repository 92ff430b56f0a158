"""What a model costs, over stdio: on its name, on the call, in another file."""

import pytest

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = "client.responses.create(model='gpt-5.5', input='Hello', max_output_tokens=100)"


def hover(editor, uri, line, character):
    """Return the text and the range of what is shown at a place."""
    found = editor.request(
        "textDocument/hover",
        {
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": character},
        },
    )
    if found is None:
        return None
    assert found["contents"]["kind"] == "markdown"
    start, end = found["range"]["start"], found["range"]["end"]
    return found["contents"]["value"], (
        start["line"],
        start["character"],
        end["line"],
        end["character"],
    )


def test_a_models_name_shows_its_prices_and_what_this_call_costs(counting):
    """1 token in, 100 out: $5 and $30 per 1M; on gpt-6.1-terra $1 and $5."""
    uri = counting.open("a.py", f"{HEAD}{CALL}\n")
    text, where = hover(counting, uri, 2, CALL.index("gpt-5.5") + 2)
    assert where == (2, 30, 2, 39)
    assert text.split("\n\n") == [
        "**gpt-5.5** · openai",
        "| USD per 1M | input | cached | output |\n|---|--:|--:|--:|\n"
        "| tokens | $5 | $0.5 | $30 |",
        "1.0M tokens of context · dearer above 272k input tokens"
        " · price list of 2026-11-24",
        "This call: ≈ $0.0030 · 1→100 tokens",
        "| same tokens on | cost | saves |\n|---|--:|--:|\n"
        "| gpt-6.1-terra | ≈ $0.00050 | $0.0025 |\n"
        "| gpt-6-luna | ≈ $0.00005 | $0.0030 |",
    ]


def test_the_call_shows_it_too_and_its_prompt_does_not(editor):
    uri = editor.open("a.py", f"{HEAD}{CALL}\n")
    text, where = hover(editor, uri, 2, 20)
    assert "**gpt-5.5** · openai" in text
    assert where == (2, 0, 2, len("client.responses.create"))
    assert hover(editor, uri, 2, CALL.index("Hello")) is None
    assert hover(editor, uri, 0, 3) is None


def test_the_definition_shows_the_calls_that_use_it(editor):
    call = "client.responses.create(model=MODEL, input='Hello', max_output_tokens=100)"
    uri = editor.open("a.py", f"{HEAD}MODEL = 'gpt-5.5'\n{call}\n{call}\n")
    text, where = hover(editor, uri, 2, 12)
    assert where == (2, 8, 2, 17)
    assert "Used by 2 calls:" in text
    assert "- line 4: ≈ $0.0030 a call" in text


def test_a_definition_in_another_file_shows_its_use_there(editor, root):
    (root / "config.py").write_text("MODEL = 'gpt-5.5'\n", "utf-8")
    config = editor.open("config.py", "MODEL = 'gpt-5.5'\n")
    alone, _ = hover(editor, config, 0, 12)
    assert "| tokens | $5 | $0.5 | $30 |" in alone
    assert "This call" not in alone
    uri = editor.open(
        "a.py",
        f"{HEAD}from config import MODEL\n{CALL}\n".replace("'gpt-5.5'", "MODEL"),
    )
    editor.hints(uri)
    used, _ = hover(editor, config, 0, 12)
    assert "This call: ≈ $0.0030" in used


def test_a_cell_shows_what_another_cell_defines(editor):
    first, second = editor.open_notebook(
        "n.ipynb",
        [f"{HEAD}MODEL = 'gpt-5.5'", CALL.replace("'gpt-5.5'", "MODEL")],
    )
    text, where = hover(editor, first, 2, 12)
    assert where == (2, 8, 2, 17)
    assert "This call: ≈ $0.0030" in text
    assert hover(editor, second, 0, 5) is not None


def test_a_model_that_is_shut_down_says_so(editor):
    uri = editor.open("a.py", f"{HEAD}{CALL}\n".replace("gpt-5.5", "gpt-4"))
    text, _ = hover(editor, uri, 2, 33)
    assert "**its maker shut it down on 2026-10-23**" in text
    editor.replace(uri, f"{HEAD}{CALL}\n".replace("gpt-5.5", "gpt-5"))
    text, _ = hover(editor, uri, 2, 33)
    assert "**its maker shuts it down on 2026-12-11**" in text


def test_a_model_without_a_price_is_unpriced_and_says_why(editor):
    uri = editor.open("a.py", f"{HEAD}{CALL}\n".replace("gpt-5.5", "mine-7b"))
    text, _ = hover(editor, uri, 2, 33)
    assert "unpriced" in text
    assert "add" in text
    assert "$0" not in text


def test_a_loop_is_multiplied(editor):
    uri = editor.open("a.py", f"{HEAD}for i in range(10):\n    {CALL}\n")
    text, _ = hover(editor, uri, 3, 36)
    assert "×10 = ≈ $0.03" in text  # noqa: RUF001


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_the_range_is_in_the_clients_units(editor_in, encoding):
    editor = editor_in(encoding)
    before = "a = '🙂é'; "
    uri = editor.open("a.py", f"{HEAD}{before}{CALL}\n")
    width = {
        "utf-8": len(before.encode()),
        "utf-16": len(before.encode("utf-16-le")) // 2,
        "utf-32": len(before),
    }[encoding]
    _, where = hover(editor, uri, 2, width + 33)
    assert where == (2, width + 30, 2, width + 39)
