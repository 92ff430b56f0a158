"""`cellcost check --diff`: what a change costs, against real git repositories."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cellcost.call_sites import call_mark
from cellcost.cli import main
from cellcost.clock import utc_now
from cellcost.journal import About, Writer
from cellcost.records import Where
from cellcost.testing.records import make_event, make_lines

IN, OUT = 250, 2000
"""nano-USD a token: gpt-5-mini on 2026-11-24."""
BIG_IN, BIG_OUT = 1250, 10_000
"""gpt-5's."""
HEAD = "from openai import OpenAI\nclient = OpenAI()\n\n"
ASK = (
    'client.responses.create(model="gpt-5-mini", input="one two",'
    " max_output_tokens=100)"
)
DEAR = ASK.replace("gpt-5-mini", "gpt-5")
TOKENS = 2
SMALL, LARGE = TOKENS * IN + 100 * OUT, TOKENS * BIG_IN + 100 * BIG_OUT
"""What one call is taken to cost: its whole prompt, and as much as it may answer."""

Run = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with one commit of `app.py`, in which the commands run."""
    monkeypatch.setenv("CELLCOST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CELLCOST_NOW", "2026-11-24T12:00:00Z")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.delenv("CELLCOST_ENV", raising=False)
    folder = tmp_path / "repo"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "-q")
    (folder / "app.py").write_text(app(ASK))
    commit()
    return folder


def git(*arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ["git", *who, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


def commit() -> None:
    git("add", "-A")
    git("commit", "-q", "-m", "x")


def app(*calls: str, function: str = "ask") -> str:
    body = "".join(f"    {call}\n" for call in calls)
    return f"{HEAD}def {function}():\n{body}"


@pytest.fixture
def diff(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `check --diff HEAD --json` and return what it prints."""

    def run(*arguments: str, status: int = 0) -> dict[str, Any]:
        assert main(["check", "--diff", "HEAD", "--json", *arguments]) == status
        said = capsys.readouterr()
        assert said.err == ""
        found: dict[str, Any] = json.loads(said.out)
        return found

    return run


def told(found: dict[str, Any]) -> list[tuple[str, int | None]]:
    """Return status and what one run costs more, site by site."""
    return [
        (site["status"], None if site["run_nusd"] is None else int(site["run_nusd"]))
        for site in found["sites"]
    ]


def test_no_change_costs_nothing(diff: Run) -> None:
    found = diff()
    assert found["sites"] == []
    assert found["totals"]["run_nusd"] == "0"


def test_another_model_is_a_change(repo: Path, diff: Run) -> None:
    (repo / "app.py").write_text(app(DEAR))
    found = diff()
    assert told(found) == [("changed", LARGE - SMALL)]
    (site,) = found["sites"]
    assert site["before"]["models"] == ["gpt-5-mini"]
    assert site["after"]["run"] == {
        "typical_nusd": str(LARGE),
        "low_nusd": str(TOKENS * BIG_IN),
        "high_nusd": str(LARGE),
        "notes": [],
    }
    assert (site["period_nusd"], site["period_reason"]) == (None, "volume unknown")
    assert found["totals"] == {
        "before_nusd": str(SMALL),
        "after_nusd": str(LARGE),
        "run_nusd": str(LARGE - SMALL),
        "period_nusd": "0",
        "unknown": {},
        "volume_unknown": 1,
    }
    assert found["base"] == git("rev-parse", "HEAD").strip()


@pytest.mark.parametrize(
    "text",
    [
        "import os\n\n\n" + app(ASK),
        app(ASK, function="answer"),
        app("if True:", "    " + ASK),
        app(ASK.replace(", ", ",\n        ")),
        HEAD + "class A:\n    def ask(self):\n        " + ASK + "\n",
    ],
)
def test_a_call_that_only_moved_is_no_change(repo: Path, diff: Run, text: str) -> None:
    (repo / "app.py").write_text(text)
    assert told(diff()) == []


def test_a_renamed_file_is_no_change(repo: Path, diff: Run) -> None:
    git("mv", "app.py", "main.py")
    assert told(diff()) == []
    (repo / "main.py").write_text(app(DEAR))
    assert told(diff()) == [("changed", LARGE - SMALL)]


def test_a_call_that_moved_to_a_new_file_is_no_change(repo: Path, diff: Run) -> None:
    (repo / "new.py").write_text("import json\nimport sys\n" + app(ASK))
    (repo / "app.py").write_text("import new\n")
    assert told(diff()) == []


def test_new_and_deleted_files_count(repo: Path, diff: Run) -> None:
    (repo / "new.py").write_text(app(DEAR))
    assert told(diff()) == [("added", LARGE)]
    (repo / "app.py").unlink()
    (repo / "new.py").unlink()
    found = diff()
    assert told(found) == [("removed", -SMALL)]
    assert found["sites"][0]["before"]["path"] == "app.py"
    assert found["sites"][0]["after"] is None


def test_ignored_files_are_no_change(repo: Path, diff: Run) -> None:
    (repo / ".gitignore").write_text("local.py\n")
    (repo / "local.py").write_text(app(DEAR))
    assert told(diff()) == []


def test_a_constant_of_an_imported_module_changes_who_imports_it(
    repo: Path, diff: Run
) -> None:
    call = ASK.replace('"gpt-5-mini"', "MODEL")
    (repo / "names.py").write_text('MODEL = "gpt-5-mini"\n')
    (repo / "app.py").write_text("from names import MODEL\n" + app(call))
    commit()
    (repo / "names.py").write_text('MODEL = "gpt-5"\n')
    assert told(diff()) == [("changed", LARGE - SMALL)]
    assert told(diff("app.py")) == [("changed", LARGE - SMALL)]
    (repo / "names.py").unlink()
    found = diff()
    assert told(found) == [("changed", None)]
    assert found["totals"]["unknown"] == {"unpriced now": 1}


def test_another_model_from_a_caller_in_another_file_is_a_change(
    repo: Path, diff: Run
) -> None:
    call = ASK.replace('"gpt-5-mini"', "model")
    (repo / "app.py").write_text(app(call).replace("ask()", "ask(model)"))
    (repo / "use.py").write_text('from app import ask\nask("gpt-5-mini")\n')
    commit()
    (repo / "use.py").write_text('from app import ask\nask("gpt-5")\n')
    found = diff()
    assert [(s["wrapper"], s["after"]["path"]) for s in found["sites"]] == [
        (False, "app.py"),
        (True, "use.py"),
    ]
    assert found["totals"]["run_nusd"] == str(LARGE - SMALL)


def test_a_longer_loop_costs_as_much_more(repo: Path, diff: Run) -> None:
    loop = "for _ in range({}): " + ASK
    (repo / "app.py").write_text(app(loop.format(10)))
    commit()
    (repo / "app.py").write_text(app(loop.format(30)))
    assert told(diff()) == [("changed", 20 * SMALL)]
    (repo / "app.py").write_text(app("for _ in others(): " + ASK))
    found = diff()
    assert told(found) == [("changed", None)]
    assert "loop of unknown length" in found["sites"][0]["run_reason"]


def test_a_wrapper_is_the_same_money_and_in_no_sum(repo: Path, diff: Run) -> None:
    source = HEAD + (
        "def ask(model):\n    client.responses.create("
        'model=model, input="one two", max_output_tokens=100)\n\n'
        'ask("{}")\n'
    )
    (repo / "app.py").write_text(source.format("gpt-5-mini"))
    commit()
    (repo / "app.py").write_text(source.format("gpt-5"))
    found = diff()
    assert [site["wrapper"] for site in found["sites"]] == [False, True]
    assert found["totals"]["run_nusd"] == str(LARGE - SMALL)


def test_a_notebooks_cells_are_compared(repo: Path, diff: Run) -> None:
    def notebook(*cells: str) -> str:
        return json.dumps(
            {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
        )

    (repo / "a.ipynb").write_text(notebook(HEAD, ASK))
    commit()
    (repo / "a.ipynb").write_text(notebook(HEAD, "1", ASK))
    assert told(diff()) == []
    (repo / "a.ipynb").write_text(notebook(HEAD, "1", DEAR))
    found = diff()
    assert told(found) == [("changed", LARGE - SMALL)]
    assert (
        found["sites"][0]["before"]["cell"],
        found["sites"][0]["after"]["cell"],
    ) == (
        1,
        2,
    )


# -- what the journal knows -----------------------------------------------------------


def record(repo: Path, calls: int, *, call: str = ASK, days: int = 1) -> None:
    """Let the journal know of calls of 20 tokens in and 10 out."""
    about = About(host="h", pid=1, version="0")
    writer = Writer(repo.parent / "home", about=about)
    where = Where(
        origin="script",
        run_id="r",
        call_site="app.py:ask:5",
        call_file=str(repo / "app.py"),
        call_mark=call_mark([call]),
    )
    time = utc_now() - timedelta(days=days)
    for _ in range(calls):
        event = make_event(make_lines(20, 10))
        writer.settle(replace(event, where=where, time=time))
    writer.close()


def test_the_month_is_told_at_the_volume_that_the_journal_has_seen(
    repo: Path, diff: Run
) -> None:
    record(repo, 6)
    record(repo, 5, days=40)
    (repo / "app.py").write_text("\n" + app(DEAR))
    (site,) = diff()["sites"]
    one = TOKENS * (BIG_IN - IN) + 10 * (BIG_OUT - OUT)
    assert site["calls"] == 6
    assert int(site["run_nusd"]) == one
    assert int(site["period_nusd"]) == 6 * one
    assert site["before"]["reasons"][0].startswith("from 11 calls since ")
    (plain,) = diff("--no-history")["sites"]
    assert plain["calls"] is None
    assert int(plain["run_nusd"]) == LARGE - SMALL


def test_what_a_prompt_gained_is_added_to_the_lengths_of_the_past(
    repo: Path, diff: Run
) -> None:
    call = 'client.responses.create(model="gpt-5-mini", input="one two" + text)'
    (repo / "app.py").write_text(app(call))
    commit()
    record(repo, 6, call=call)
    (repo / "app.py").write_text(app(call.replace("one two", "one two three four")))
    (site,) = diff()["sites"]
    assert int(site["run_nusd"]) == 2 * IN


# -- findings, forms and errors -------------------------------------------------------

LARGE_MODEL = 'client.responses.create(model="o1-pro", input="x", max_output_tokens=9)'


def test_only_new_findings_fail(repo: Path, diff: Run) -> None:
    (repo / "app.py").write_text(app(LARGE_MODEL))
    found = diff("--fail-on", "COST001", status=1)
    assert [site["new_codes"] for site in found["sites"]] == [["COST001"]]
    commit()
    (repo / "app.py").write_text("\n" + app(LARGE_MODEL.replace('"x"', '"y y"')))
    found = diff("--fail-on", "COST001")
    assert [site["new_codes"] for site in found["sites"]] == [[]]


def test_sarif_holds_the_new_findings_only(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repo / "old.py").write_text(app(LARGE_MODEL))
    commit()
    (repo / "app.py").write_text(app(LARGE_MODEL))
    assert main(["check", "--diff", "HEAD", "--sarif"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "app.py"
    assert location["region"]["startLine"] == 5


def test_a_person_reads_a_table(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / "app.py").write_text(app(DEAR, 'client.responses.create(model="own")'))
    record(repo, 6)
    assert main(["check", "--diff", "HEAD"]) == 0
    out = capsys.readouterr().out
    assert "app.py:5  gpt-5-mini → gpt-5  ≈ $0.00002" in out
    assert "6 calls in 30 days" in out
    assert "unpriced now" in out
    assert "≥ $0.0001" in out
    assert main(["check", "--diff", "HEAD", "app.py", "--no-history"]) == 0
    (repo / "app.py").write_text(app(ASK))
    capsys.readouterr()
    assert main(["check", "--diff", "HEAD"]) == 0
    assert capsys.readouterr().out == (
        "No model call costs anything else than in HEAD.\n"
    )


def test_the_work_tree_and_the_index_stay_as_they_are(repo: Path, diff: Run) -> None:
    (repo / "app.py").write_text(app(DEAR))
    (repo / "new.py").write_text(app(DEAR))
    index = (repo / ".git" / "index").read_bytes()
    before = git("status", "--porcelain")
    diff()
    assert (repo / ".git" / "index").read_bytes() == index
    assert git("status", "--porcelain") == before


def test_it_works_from_a_folder_below(
    repo: Path, diff: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo / "sub").mkdir()
    (repo / "sub" / "job.py").write_text(app(ASK))
    commit()
    (repo / "sub" / "job.py").write_text(app(DEAR))
    (repo / "app.py").write_text(app(DEAR))
    monkeypatch.chdir(repo / "sub")
    assert [site["after"]["path"] for site in diff()["sites"]] == ["job.py"]
    assert len(diff("..")["sites"]) == 2


@pytest.mark.parametrize(
    ("base", "said"),
    [("nothing", "'nothing' is no revision of"), ("--all", "'--all' is no revision")],
)
def test_an_unknown_revision_is_said(
    base: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", f"--diff={base}"]) == 1
    assert said in capsys.readouterr().err


def test_outside_a_repository_it_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["check", "--diff", "HEAD"]) == 1
    assert "is in no git repository" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path / "repo")
    assert main(["check", "--diff", "HEAD", "app.py", "../elsewhere"]) == 1
    assert "../elsewhere is not in the repository" in capsys.readouterr().err


def test_without_git_it_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["check", "--diff", "HEAD"]) == 1
    assert "git was not found" in capsys.readouterr().err
