"""Sums above functions, cells and files, over stdio."""

import pytest

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
ONE = 'client.responses.create(model="gpt-4o", input="Hello", max_output_tokens=100)'
ASK = """def ask(text, model="gpt-4o"):
    return client.responses.create(model=model, input=text, max_output_tokens=100)
"""


def titles(editor, uri):
    """Return line and text of every lens, as resolved."""
    lenses = [editor.request("codeLens/resolve", lens) for lens in editor.lenses(uri)]
    return [
        (lens["range"]["start"]["line"], lens["command"]["title"]) for lens in lenses
    ]


def test_a_file_and_its_functions_have_their_sum(counting):
    uri = counting.open("a.py", f"{HEAD}def f():\n    {ONE}\n    {ONE}\n\nf()\n{ONE}\n")
    assert titles(counting, uri) == [
        (0, "3 calls · ≈ $0.0030 per run"),
        (2, "2 calls · ≈ $0.0020 per run"),
    ]


def test_a_wrappers_call_and_the_call_in_it_are_the_same_money(counting):
    uri = counting.open("a.py", f"{HEAD}{ASK}\nask('Hi', 'gpt-4o')\n")
    assert titles(counting, uri) == [
        (0, "1 call · ≈ $0.0010 per run"),
        (2, "1 call · ≈ $0.0010 per run"),
    ]


def test_a_run_counts_each_way_that_it_takes_and_every_turn(counting):
    run = "ask('Hi')\nfor n in range(10):\n    ask('Hi')\n"
    uri = counting.open("a.py", HEAD + ASK + run)
    assert titles(counting, uri)[0] == (0, "2 calls · ≈ $0.011 per run")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"while True:\n    {ONE}\n", "1 call · ≈ $0.0010 × n per run"),  # noqa: RUF001
        (
            f"{ONE}\nwhile go():\n    {ONE}\n",
            "2 calls · ≥ $0.0020 per run · 1 × n",  # noqa: RUF001
        ),
        (
            f"{ONE}\n{ONE.replace('gpt-4o', 'nobodys')}\n",
            "2 calls · ≥ $0.0010 per run · 1 unpriced",
        ),
        (ONE.replace("gpt-4o", "nobodys"), "1 call · unpriced"),
    ],
)
def test_a_sum_says_what_it_lacks(counting, code, said):
    uri = counting.open("a.py", HEAD + code)
    assert titles(counting, uri) == [(0, said)]


def test_a_cell_has_what_running_it_costs(counting):
    cells = counting.open_notebook(
        "a.ipynb", [HEAD, ASK, "for n in range(10):\n    ask('Hi')", "1 + 1"]
    )
    assert titles(counting, cells[0]) == []
    assert titles(counting, cells[1]) == [(0, "1 call · ≈ $0.010 per run")]
    assert titles(counting, cells[2]) == [(0, "1 call · ≈ $0.010 per run")]
    assert titles(counting, cells[3]) == []


def test_a_file_without_calls_has_no_lens(counting):
    assert counting.lenses(counting.open("a.py", "x = 1\n")) == []


def test_lenses_can_be_off(launch):
    editor = launch()
    editor.start(options={"cellcost": {"editor": {"lenses": "off"}}})
    assert editor.lenses(editor.open("a.py", HEAD + ONE)) == []
