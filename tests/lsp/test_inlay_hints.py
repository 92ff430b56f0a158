"""Hints at the end of calls, over stdio."""

import pytest

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = """client.chat.completions.create(
    model="gpt-4o", messages=[{"role": "user", "content": "Hello"}], max_tokens=100
)
"""
ONE_LINE = (
    'client.responses.create(model="gpt-4o", input="Hello", max_output_tokens=100)'
)


def test_a_call_has_its_cost_at_the_end_of_its_last_line(counting):
    uri = counting.open("a.py", HEAD + CALL)
    (hint,) = counting.hints(uri)
    assert hint["position"] == {"line": 4, "character": 1}
    assert hint["label"].strip() == "≈ $0.0010 · 7→100"
    assert counting.log == ""


def test_only_the_asked_lines_are_answered(counting):
    uri = counting.open("a.py", HEAD + f"{ONE_LINE}\n" * 5)
    assert [h["position"]["line"] for h in counting.hints(uri, 3, 4)] == [3, 4]


@pytest.mark.parametrize(
    ("loop", "said"),
    [
        ("for n in range(100):", "≈ $0.10 · ×100"),  # noqa: RUF001
        ("while True:", "≈ $0.0010 · × n"),  # noqa: RUF001
    ],
)
def test_a_loop_is_counted_or_said_to_be_of_unknown_length(counting, loop, said):
    uri = counting.open("a.py", f"{HEAD}{loop}\n    {ONE_LINE}\n")
    ((_, label),) = counting.labels(uri)
    assert label == said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "client.responses.create(model='gpt-4o', input=prompt)",
            "≈ $0.0040 · ?→400",
        ),
        (
            "client.responses.create(model='gpt-4o', input=f'Say {word}')",
            "≈ $0.0040 · 2+→400",
        ),
        (
            "client.responses.create(model='gpt-4o' if big else 'gpt-4o-mini',"
            " input='Hello')",
            "≈ $0.00024–0.0040 · 1→400",  # noqa: RUF001
        ),
        ("client.responses.create(model='nobodys-model', input='Hello')", "unpriced"),
        (
            "client.embeddings.create(model='text-embedding-3-small',"
            " input='Hi, you there')",
            "<$0.00001 · 4",
        ),
    ],
)
def test_a_label_says_how_much_is_known(counting, source, said):
    uri = counting.open("a.py", HEAD + source)
    ((_, label),) = counting.labels(uri)
    assert label.startswith(said)


def test_loading_weights_takes_gpu_memory(counting):
    uri = counting.open(
        "a.py",
        "from transformers import AutoModel\nAutoModel.from_pretrained('meta/x-8b')\n",
    )
    assert counting.labels(uri) == [(1, "≈ 16 GB of GPU")]


def test_a_digit_more_keeps_the_width_of_a_label(counting):
    uri = counting.open("a.py", HEAD + ONE_LINE)
    (before,) = counting.hints(uri)
    at = ONE_LINE.index("100")
    counting.type(uri, 2, at, "200", over=3)
    (after,) = counting.hints(uri)
    assert before["label"].strip() != after["label"].strip()
    assert len(before["label"]) == len(after["label"])


def test_a_call_that_is_being_typed_keeps_its_hint(counting):
    uri = counting.open("a.py", f"{HEAD}x = 1\n{ONE_LINE}\ny = 2\n")
    before = counting.labels(uri)
    # The method's name is typed anew, and a bracket opened: no call for a while.
    counting.type(uri, 3, 0, "print((", over=len("client.responses.create("))
    assert counting.labels(uri) == before
    # A line above moves it.
    counting.type(uri, 2, 0, "z = 3\n")
    assert counting.labels(uri) == [(4, before[0][1])]
    # Python again, and no call: the hint goes.
    counting.replace(uri, f"{HEAD}z = 3\nx = 1\nprint('gpt-4o')\ny = 2\n")
    assert counting.labels(uri) == []


def test_a_model_name_that_is_being_typed_keeps_the_price(counting):
    uri = counting.open("a.py", f"{HEAD}{ONE_LINE}\ny = 2\n")
    before = counting.labels(uri)
    at = ONE_LINE.index("gpt-4o") + len("gpt-4o")
    counting.type(uri, 2, at - 1, "", over=2)  # `"gpt-4, input=...`
    assert counting.labels(uri) == before
    counting.type(uri, 2, at - 1, 'x"')
    assert counting.labels(uri) == [(2, "unpriced")]


def test_a_hint_is_gone_with_its_line(counting):
    uri = counting.open("a.py", f"{HEAD}{ONE_LINE}\n{ONE_LINE}\n")
    assert len(counting.labels(uri)) == 2
    counting.change(
        uri,
        [
            {
                "range": {
                    "start": {"line": 2, "character": 0},
                    "end": {"line": 3, "character": 0},
                },
                "text": "",
            }
        ],
    )
    assert [line for line, _ in counting.labels(uri)] == [2]


def test_the_tooltip_has_the_prices_the_range_and_the_sources(counting):
    uri = counting.open(
        "a.py",
        f"{HEAD}for m in ['gpt-4o', 'gpt-4o-mini']:\n"
        "    client.responses.create(model=m, input='Hello', max_output_tokens=100)\n",
    )
    (hint,) = counting.hints(uri)
    assert "tooltip" not in hint
    tooltip = counting.request("inlayHint/resolve", hint)["tooltip"]
    assert tooltip["kind"] == "markdown"
    text = tooltip["value"]
    assert "| gpt-4o | $2.5 | $10 | ≈ $0.0010 |" in text
    assert "| gpt-4o-mini | $0.15 | $0.6 | ≈ $0.00006 |" in text
    assert "×2 in its loops" in text  # noqa: RUF001
    assert "one of 2 models" in text
    assert "catalogue" in text


def test_hints_can_be_off(launch, root):
    (root / "cellcost.toml").write_text('[editor]\nhints = "off"\n', "utf-8")
    editor = launch()
    editor.start()
    assert editor.labels(editor.open("a.py", HEAD + CALL)) == []


def test_tokens_are_guessed_at_once_and_counted_when_the_ranks_are_there(alone):
    text = "supercalifragilisticexpialidocious " * 20
    source = f"client.responses.create(model='gpt-4o', input='{text}')"
    uri = alone.open("a.py", HEAD + source)
    ((_, guessed),) = alone.labels(uri)
    assert guessed == "≈ $0.0044 · 175→400"
    alone.is_shown(uri, "≈ $0.0045 · 201→400")
