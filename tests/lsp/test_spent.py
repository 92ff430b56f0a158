"""What calls really cost, beside the call: a real journal, a real metered script."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cellcost.call_sites import call_mark, source_hash
from cellcost.journal import About, Writer
from cellcost.records import Where
from cellcost.testing.provider import FakeProvider
from cellcost.testing.records import WHERE, intent_of, make_event, make_lines

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
ONE = 'client.responses.create(model="gpt-5-mini", input="Hello")'
OURS = {"cellcost": {"notifications": True}}


@pytest.fixture
def writer(home):
    """A process that makes calls."""
    made = Writer(home, about=About(host="test", pid=1, version="0"))
    yield made
    made.close()


def made_at(path: Path, line: int, text: str = ONE, **more: object) -> Where:
    """Return where a call of a script stands."""
    return replace(
        WHERE,
        origin="script",
        cell_id="",
        notebook="",
        call_site=f"{path.name}::{line}",
        call_file=str(path),
        call_mark=call_mark([text]),
        **more,
    )


def made_in(cell: str, source: str, notebook: Path) -> Where:
    """Return where a call of a cell stands."""
    row = source.split("\n").index(ONE)
    return replace(
        WHERE,
        cell_id=cell,
        notebook=str(notebook),
        source_hash=source_hash(source),
        call_site=f"cell::{row + 1}",
        call_mark=call_mark([ONE]),
    )


def call(writer: Writer, where: Where) -> None:
    event = replace(make_event(make_lines(1000, 100)), where=where)
    writer.begin(intent_of(event))
    writer.settle(event)


@pytest.fixture
def ours(launch):
    """An editor that wants our notifications."""
    editor = launch()
    editor.start(options=OURS)
    return editor


def test_a_call_shows_what_its_last_run_cost(ours, root, writer):
    uri = ours.open("a.py", f"{HEAD}{ONE}\n")
    ((_, before),) = ours.labels(uri)
    assert before.startswith("≈ $")
    call(writer, made_at(root / "a.py", 3))
    ours.until(lambda: ours.labels(uri) == [(2, "$0.00045 last run")])
    (hint,) = ours.hints(uri)
    tooltip = ours.request("inlayHint/resolve", hint)["tooltip"]["value"]
    assert "450,000 nano-dollars" in tooltip
    assert "1.0k → 100" in tooltip
    assert "from 1 call since" in tooltip
    # A line above moves it; another call is another estimate.
    ours.type(uri, 0, 0, "import os\n")
    assert ours.labels(uri) == [(3, "$0.00045 last run")]
    ours.type(uri, 3, ONE.index("Hello"), "Or ")
    assert ours.labels(uri)[0][1].startswith("≈ $")


def test_what_was_spent_before_the_editor_started_is_known(launch, root, writer):
    call(writer, made_at(root / "a.py", 3))
    editor = launch()
    editor.start(options=OURS)
    uri = editor.open("a.py", f"{HEAD}{ONE}\n")
    editor.until(lambda: editor.labels(uri) == [(2, "$0.00045 last run")])


def test_lenses_tell_the_last_run_and_the_month(ours, root, writer):
    source = f"{HEAD}def f():\n    {ONE}\n"
    uri = ours.open("a.py", source)
    for run in ("one", "two", "two"):
        where = made_at(root / "a.py", 4, f"    {ONE}", run_id=run)
        call(writer, replace(where, call_site="a.py:f:4"))

    def titles():
        lenses = [ours.request("codeLens/resolve", lens) for lens in ours.lenses(uri)]
        return [lens["command"]["title"] for lens in lenses]

    said = "1 call · ≈ $0.00020 per run · last $0.00090 · $0.00135 this month"
    ours.until(lambda: titles() == [said, said])


def test_a_models_name_tells_what_the_call_cost_last(ours, root, writer):
    uri = ours.open("a.py", f"{HEAD}{ONE}\n")
    call(writer, made_at(root / "a.py", 3))
    place = {"line": 2, "character": ONE.index("gpt-5-mini") + 1}
    asked = {"textDocument": {"uri": uri}, "position": place}

    def shown():
        return ours.request("textDocument/hover", asked)["contents"]["value"]

    ours.until(lambda: "**$0.00045 last run** · $0.00045 this month" in shown())


def test_todays_spend_is_told_with_its_models(ours, root, writer):
    assert ours.wait_for("cellcost/today") == {
        "text": "$0",
        "tooltip": "**$0 today**\n",
        "costNusd": "0",
        "unpriced": 0,
    }
    call(writer, made_at(root / "a.py", 3))
    told = ours.wait_for("cellcost/today", lambda told: told["text"] != "$0")
    assert (told["text"], told["costNusd"]) == ("$0.00045", "450000")
    assert "| gpt-5-mini" in told["tooltip"]


def test_a_cell_is_told_what_its_run_cost(ours, root, writer):
    source = f"{HEAD}{ONE}"
    cells = ours.open_notebook("a.ipynb", ["x = 1", source])
    call(writer, made_in(cells[1], source, root / "a.ipynb"))
    told = ours.wait_for("cellcost/cells", lambda told: bool(told["cells"]))
    assert told["notebook"] == ours.uri("a.ipynb")
    (cell,) = told["cells"]
    assert (cell["uri"], cell["text"]) == (cells[1], "$0.00045 · 1.0k→100")
    assert (cell["state"], cell["costNusd"]) == ("measured", "450000")
    ours.until(lambda: ours.labels(cells[1]) == [(2, "$0.00045 last run")])


def test_a_kernel_that_knows_no_notebook_still_has_its_cells_told(ours, root, writer):
    source = f"{HEAD}{ONE}"
    cells = ours.open_notebook("a.ipynb", [source])
    where = replace(made_in(cells[0], source, root / "a.ipynb"), notebook="")
    call(writer, where)
    told = ours.wait_for("cellcost/cells", lambda told: bool(told["cells"]))
    assert told["cells"][0]["text"] == "$0.00045 · 1.0k→100"


def test_a_call_in_flight_is_told_as_such(ours, root, writer):
    source = f"{HEAD}{ONE}"
    cells = ours.open_notebook("a.ipynb", [source])
    event = replace(
        make_event(make_lines(1000, 100)),
        where=made_in(cells[0], source, root / "a.ipynb"),
    )
    writer.begin(intent_of(event))
    live = ours.wait_for("cellcost/cells", lambda told: bool(told["cells"]))
    assert live["cells"][0]["state"] == "live"
    writer.settle(event)
    ours.wait_for(
        "cellcost/cells",
        lambda told: told["cells"] and told["cells"][0]["state"] == "measured",
    )


def test_a_journal_that_cannot_be_read_is_said_once_and_comes_back(launch, home):
    (home / "journal.db").write_bytes(b"this is no database, and it is long enough")
    editor = launch()
    editor.start(options=OURS)
    told = editor.wait_for("cellcost/state", lambda told: told["state"] == "trouble")
    assert "cannot be read" in told["message"]
    uri = editor.open("a.py", f"{HEAD}{ONE}\n")
    assert editor.labels(uri)[0][1].startswith("≈ $")
    (home / "journal.db").unlink()
    editor.wait_for(
        "cellcost/state",
        lambda told: told["state"] == "ready",
        since=len(editor.got),
    )
    logged = [m for m in editor.seen("window/logMessage") if "journal" in m["message"]]
    assert len(logged) == 1


def test_other_clients_get_no_notifications_of_ours(alone, root, writer):
    uri = alone.open("a.py", f"{HEAD}{ONE}\n")
    call(writer, made_at(root / "a.py", 3))
    alone.until(lambda: alone.labels(uri) == [(2, "$0.00045 last run")])
    assert not [m for m in alone.got if m["method"].startswith("cellcost/")]


def test_a_script_that_runs_for_real_is_known_beside_its_calls(ours, root, home):
    script = root / "job.py"
    script.write_text(
        "import sys\n"
        "import openai\n"
        "client = openai.OpenAI(\n"
        "    base_url=sys.argv[1], api_key='none', max_retries=0\n"
        ")\n"
        "def ask(text):\n"
        "    return client.chat.completions.create(\n"
        "        model='gpt-5-mini',\n"
        "        messages=[{'role': 'user', 'content': text}],\n"
        "    )\n"
        "for n in range(3):\n"
        "    ask('Hello')\n",
        "utf-8",
    )
    uri = ours.open("job.py", script.read_text("utf-8"))
    ((line, before),) = ours.labels(uri)
    assert (line, before.split(" · ")[-1]) == (9, "×3")  # noqa: RUF001
    with FakeProvider() as provider:
        (home / "cellcost.toml").write_text(
            f'[[endpoints]]\nurl = "{provider.url}"\nprovider = "openai"\n', "utf-8"
        )
        subprocess.run(
            [sys.executable, "-m", "cellcost", "run", str(script), provider.url],
            env={"CELLCOST_HOME": str(home), "CELLCOST_NOW": "2026-11-24T12:00:00Z"},
            check=True,
            cwd=root,
            timeout=120,
        )
    ours.until(lambda: ours.labels(uri) == [(9, "$0.00014 last run")])
