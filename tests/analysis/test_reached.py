"""What running each cell of a notebook calls."""

from pathlib import Path

import pytest

from cellcost.analysis import (
    CallSite,
    Document,
    Notebook,
    Workspace,
    analyse,
    reached,
    reached_by,
)

SETUP = "from openai import OpenAI\nclient = OpenAI()\n"
ASK = (
    "def ask(text, model='gpt-4o'):\n"
    "    return client.responses.create(model=model, input=text)\n"
)


def cells(*sources: str) -> dict[int, tuple[CallSite, ...]]:
    notebook = Notebook("n.ipynb")
    notebook.update(list(enumerate(sources)))
    return reached(notebook)


def models(sites: tuple[CallSite, ...]) -> list[list[str]]:
    return [[model.written for model in site.models] for site in sites]


def test_a_cell_that_only_defines_a_function_calls_nothing() -> None:
    assert cells(SETUP, ASK) == {}


def test_a_call_belongs_to_the_cell_that_runs_it() -> None:
    found = cells(SETUP, ASK, "ask('hi')", "1 + 1")
    assert list(found) == [2]
    (site,) = found[2]
    assert (site.area.cell, site.area.row, site.wraps) == (1, 1, False)


def test_each_cell_has_its_own_model_prompt_and_loop() -> None:
    found = cells(
        SETUP,
        ASK,
        "ask('one')",
        "for n in range(7):\n    ask('two', model='gpt-5')",
    )
    assert models(found[2]) == [["gpt-4o"]]
    assert models(found[3]) == [["gpt-5"]]
    assert (found[2][0].in_loop, found[3][0].loop_count) == (False, 7)
    assert found[2][0].prompts[0].texts == ("one",)


def test_two_calls_of_one_function_are_two_calls() -> None:
    found = cells(SETUP, ASK, "ask('a')\nask('a')", "[ask('a') for _ in range(3)]")
    assert len(found[2]) == 2
    assert [site.loop_count for site in found[3]] == [3]


def test_a_wrapper_and_the_call_in_it_count_once() -> None:
    found = cells(SETUP, ASK, "def twice(m):\n    ask('x', m)\n    ask('y', m)\n", "")
    assert found == {}
    found = cells(
        SETUP, ASK, "def twice(m):\n    ask('x', m)\n    ask('y', m)\n", "twice('o1')"
    )
    assert models(found[3]) == [["o1"], ["o1"]]


@pytest.mark.parametrize("turns", [3, 90])
def test_a_function_is_followed_in_every_cell_that_calls_it(turns: int) -> None:
    found = cells(SETUP, ASK, *["ask('hi')"] * turns)
    assert list(found) == list(range(2, 2 + turns))


def test_a_call_in_an_imported_file_belongs_to_the_cell(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text(SETUP + ASK, "utf-8")
    notebook = Notebook(str(tmp_path / "n.ipynb"))
    notebook.update([(0, "from helpers import ask"), (1, "ask('hi')")])
    found = reached(notebook, find=Workspace(tmp_path).find)
    assert list(found) == [1]
    (site,) = found[1]
    assert site.area.path == str(tmp_path / "helpers.py")


def test_magics_belong_to_their_cell() -> None:
    found = cells("1 + 1", "%%ai openai:gpt-4o\nhello", "%%timeit\n" + SETUP)
    assert models(found[1]) == [["openai:gpt-4o"]]
    timed = cells(SETUP, ASK, "%%timeit\nask('x')")
    assert (timed[2][0].in_loop, timed[2][0].loop_count) == (True, None)


def test_broken_cells_hide_nothing_of_the_others() -> None:
    found = cells(SETUP, ASK, "ask('hi'", "ask('ho')")
    assert sorted(found) == [2, 3]


SCRIPT = (
    SETUP
    + ASK
    + "def twice(text, m):\n"
    + "    ask(text, m)\n"
    + "    return ask(text, m)\n"
    + "ask('x')\n"
    + "for n in range(10):\n"
    + "    twice('y', 'gpt-4o-mini')\n"
)


def test_a_script_calls_what_its_run_reaches_as_often_as_it_does() -> None:
    found = reached_by(Document("a.py", SCRIPT))
    assert models(found) == [["gpt-4o"], ["gpt-4o-mini"], ["gpt-4o-mini"]]
    assert [site.loop_count for site in found] == [1, 10, 10]
    assert reached_by(Document("a.py", SETUP + ASK)) == ()


def test_a_wrapper_names_the_calls_that_it_leads_to() -> None:
    sites = analyse(Document("a.py", SCRIPT))
    (inner,) = [site for site in sites if not site.wraps]
    wrappers = [site for site in sites if site.wraps]
    assert [site.area.row for site in wrappers] == [5, 6, 7, 9]
    assert {site.inside for site in wrappers} == {(inner.area,)}
    assert inner.inside == ()
