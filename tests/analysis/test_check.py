"""`cellcost check` on files, notebooks and folders."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cellcost.call_sites import call_mark
from cellcost.cli import main
from cellcost.journal import About, Writer
from cellcost.records import Where
from cellcost.testing.records import make_event, make_lines

SOURCE = """from openai import OpenAI
client = OpenAI()
client.responses.create(model="o1-pro", input="x", max_output_tokens=9)
client.responses.create(model="o1-pro", input="x")  # cellcost: ignore[COST001] a demo
"""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLCOST_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CELLCOST_ENV", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text(SOURCE, "utf-8")


def sites(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> list[dict[str, object]]:
    assert main(["check", "--json", *arguments]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_json_lists_every_call_site(capsys: pytest.CaptureFixture[str]) -> None:
    found = sites(capsys, "app")
    assert [(site["line"], site["codes"]) for site in found] == [
        (3, ["COST001"]),
        (4, []),
    ]


def test_a_notebook_names_the_cell_by_its_index(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [
        {"cell_type": "markdown", "source": "x"},
        {"cell_type": "code", "source": SOURCE},
    ]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": cells}), "utf-8")
    found = sites(capsys, "n.ipynb")
    assert [(site["cell"], site["line"]) for site in found] == [(1, 3), (1, 4)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_encodings_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    (tmp_path / "wide.py").write_text(SOURCE, encoding)
    assert [site["line"] for site in sites(capsys, "wide.py")] == [3, 4]


def test_imports_lead_across_the_workspace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "names.py").write_text('MODEL = "gpt-4o-mini"\n', "utf-8")
    (tmp_path / "run.py").write_text(
        "from openai import OpenAI\nfrom names import MODEL\n"
        'OpenAI().responses.create(model=MODEL, input="x")\n',
        "utf-8",
    )
    (site,) = sites(capsys, "run.py")
    assert site["models"] == ["gpt-4o-mini"]


def test_a_module_is_told_what_its_importers_call_it_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "llm.py").write_text(
        "from openai import OpenAI\n\ndef ask(text, model):\n"
        "    return OpenAI().responses.create(model=model, input=text)\n",
        "utf-8",
    )
    (tmp_path / "run.py").write_text(
        "from llm import ask\n\nfor text in ['a', 'b']:\n"
        "    ask(text, model='gpt-4o-mini')\n",
        "utf-8",
    )
    inner = [site for site in sites(capsys, "llm.py", "run.py") if not site["wrapper"]]
    assert [(s["path"], s["models"], s["loop_count"]) for s in inner] == [
        ("llm.py", ["gpt-4o-mini"], 2)
    ]


def test_fail_on_makes_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "app", "--fail-on", "COST001"]) == 1
    assert main(["check", "app", "--fail-on", "COST005"]) == 0
    out = capsys.readouterr().out
    assert "COST001 o1-pro is a large model" in out


def test_the_environment_decides_how_grave_a_large_model_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "--sarif", "--env", "prod", "app"]) == 0
    log = json.loads(capsys.readouterr().out)
    assert [result["level"] for result in log["runs"][0]["results"]] == ["note"]


def test_an_unknown_code_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", "--fail-on", "COST999"])
    assert stopped.value.code == 2
    assert "COST999" in capsys.readouterr().err


def test_a_broken_notebook_and_a_missing_file_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.ipynb").write_text("{", "utf-8")
    assert main(["check", "bad.ipynb", "app"]) == 0
    assert main(["check", "bad.ipynb", "none.py", "app"]) == 2
    said = capsys.readouterr()
    assert "bad.ipynb cannot be read" in said.err
    assert "none.py does not exist" in said.err
    assert "app/main.py:3" in said.out


# Read by hand. `demo.py` and `headless.py` start servers and call no model themselves.
EXAMPLES = [
    ("quickstart.ipynb", 1, 11, "chat"),
    ("quickstart.ipynb", 7, 1, "chat"),
    ("quickstart.ipynb", 9, 1, "messages"),
    ("quickstart.ipynb", 13, 1, "chat"),
    ("quickstart.ipynb", 15, 5, "chat"),
]


def test_every_call_of_the_examples_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    found = [
        (Path(str(site["path"])).name, site["cell"], site["line"], site["kind"])
        for site in sites(capsys, "examples")
    ]
    assert found == EXAMPLES


def test_codes_are_switched_off_and_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def codes(*arguments: str) -> list[object]:
        return [site["codes"] for site in sites(capsys, "app", *arguments)]

    assert codes() == [["COST001"], []]
    assert codes("--off", "cost001") == [[], []]
    assert codes("--on", "COST002") == [["COST001"], ["COST002"]]
    (tmp_path / "cellcost.toml").write_text('[editor]\noff = ["COST001"]\n')
    assert codes() == [[], ["COST002"]]
    assert codes("--on", "COST001") == [["COST001"], ["COST002"]]
    assert main(["check", "app", "--fail-on", "COST001"]) == 1
    assert main(["check", "app", "--off", "COST001", "--fail-on", "COST001"]) == 1


def test_a_path_that_does_not_exist_is_a_wrong_call(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "nowhere"]) == 2
    said = capsys.readouterr()
    assert "nowhere does not exist" in said.err
    assert said.out == "No model calls found.\n"


def test_the_past_of_a_call_is_what_it_is_estimated_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = 'client.responses.create(model="gpt-5-mini", input=text())'
    (tmp_path / "app" / "main.py").write_text(f"{SOURCE}{call}\n")
    where = Where(
        origin="script",
        run_id="r",
        call_site="main.py:<module>:9",
        call_file=str(tmp_path / "app" / "main.py"),
        call_mark=call_mark([call]),
    )
    writer = Writer(tmp_path / "home", about=About(host="h", pid=1, version="0"))
    for _ in range(5):
        writer.settle(replace(make_event(make_lines(20, 10)), where=where))
    writer.close()
    *_, site = sites(capsys, "app")
    cost = str(20 * 250 + 10 * 2000)
    assert site["cost_nusd"] == [cost, cost]
    assert (site["typical_nusd"], site["from_calls"]) == (cost, 5)
    *_, plain = sites(capsys, "app", "--no-history")
    assert (plain["from_calls"], plain["input_tokens"]) == (0, None)
    assert main(["check", "app"]) == 0
    assert "from 5 calls since" in capsys.readouterr().out


def test_a_journal_that_cannot_be_read_is_said_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "journal.db").write_bytes(b"no database at all" * 99)
    assert main(["check", "app"]) == 0
    said = capsys.readouterr()
    assert "app/main.py:3" in said.out
    assert "estimates stand on the source alone" in said.err
