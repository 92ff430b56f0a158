"""A script under `cellcost run`, and every place that tags come from."""

import json
from pathlib import Path
from typing import Any

import pytest

from cellcost.testing.provider import FakeProvider

SCRIPT = """
import sys
import cellcost
import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)

@cellcost.tags(function="summary", run=7)
def summarise(text):
    asked = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="gpt-5-mini", messages=asked)

for line in sys.stdin:
    print(summarise(line.strip()).choices[0].message.content)
cellcost.outcome("summary", count=2, quality=0.9, value="1.50")
print(*sys.argv[2:], file=sys.stderr)
sys.exit(7)
"""
CALL_NUSD = 100 * 250 + 10 * 2000
"""100 tokens at $0.25 and 10 at $2 per million: gpt-5-mini on 2026-11-24."""


@pytest.fixture(scope="module", autouse=True)
def tagged_project(desk: Any) -> None:
    """The work folder is a project with tags of its own."""
    (desk.work / "cellcost.toml").write_text(
        '[tags]\nteam = "search"\nfunction = "settings"\nproject = "atlas"\n'
    )


def test_a_script_passes_everything_through_and_the_report_shows_it(
    desk: Any, provider: FakeProvider
) -> None:
    (desk.work / "job.py").write_text(SCRIPT)
    done = desk.cellcost(
        "run",
        *("job.py", provider.url, "--by", "é"),
        input="one\ntwo\n",
        variables={"CELLCOST_TAGS": "environment=prod,team=ops"},
    )
    assert done.stdout == "Hello from the fake provider.\n" * 2
    assert done.stderr == "--by é\n"
    assert done.returncode == 7

    first, second, outcome = desk.events()
    for event in (first, second):
        assert event["origin"] == "script"
        assert event["call_site"] == "job.py:summarise:11"
        assert event["cost_nusd"] == str(CALL_NUSD)
        assert event["tags"] == {
            "environment": "prod",
            "team": "ops",
            "project": "atlas",
            "function": "summary",
            "run": "7",
        }
    assert (outcome["kind"], outcome["cost_nusd"]) == ("outcome", "0")
    assert outcome["run_id"] == first["run_id"] == second["run_id"]
    for by, key in [
        ("call_site", "job.py:summarise:11"),
        ("team", "ops"),
        ("function", "summary"),
        ("environment", "prod"),
    ]:
        row = desk.report(by)[key]
        assert (row["calls"], row["cost_nusd"]) == (2, str(2 * CALL_NUSD))
    assert "job.py:summarise:11" in desk.cellcost("report", "--by", "call_site").stdout


def test_tags_of_settings_notebook_cell_and_code_reach_the_call(
    desk: Any, provider: FakeProvider
) -> None:
    told = {"cellcost": {"tags": {"function": "notebook", "experiment": "e1"}}}
    desk.write("tags.ipynb", told)
    notebook = desk.open("tags.ipynb")
    ask = f"""
import cellcost, openai
client = openai.OpenAI(base_url={provider.url!r}, api_key="none", max_retries=0)
def ask():
    asked = [{{"role": "user", "content": "hi"}}]
    client.chat.completions.create(model="gpt-5-mini", messages=asked)
ask()
"""
    notebook.run(ask, cell="plain")
    notebook.run("ask()", cell="cell", tags=["function:cell", "hide-input"])
    notebook.run(
        "with cellcost.tags(function='code', n=3): ask()",
        cell="code",
        tags=["function:cell"],
    )
    tags = {
        event["cell_id"]: event["tags"]
        for event in desk.events()
        if event["notebook"] == str(desk.work / "tags.ipynb")
    }
    everywhere = {
        "environment": "dev",
        "team": "search",
        "project": "atlas",
        "experiment": "e1",
    }
    assert tags == {
        "plain": {**everywhere, "function": "notebook"},
        "cell": {**everywhere, "function": "cell"},
        "code": {**everywhere, "function": "code", "n": "3"},
    }
    shown = desk.api("cell", path="tags.ipynb", cell_id="code")
    assert shown["tags"] == tags["code"]


def test_any_process_can_meter_itself(desk: Any, provider: FakeProvider) -> None:
    (desk.work / "own.py").write_text(
        "import sys, cellcost_meter, httpx2\n"
        "cellcost_meter.install()\n"
        "httpx2.post(sys.argv[1] + '/chat/completions',"
        " json={'model': 'gpt-5-mini', 'messages': []})\n"
    )
    done = desk.python("own.py", provider.url)
    assert (done.returncode, done.stderr) == (0, "")
    last = desk.events()[-1]
    assert (last["origin"], last["call_site"]) == ("script", "own.py:<module>:3")
    assert last["cost_nusd"] == str(CALL_NUSD)


def test_no_notebook_file_was_changed(desk: Any) -> None:
    path = Path(desk.work / "tags.ipynb")
    assert json.loads(path.read_text())["cells"] == []
