"""`%cellcost` and `%%cellcost`, typed into a real kernel."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from typing import Any as Kernel  # tests are no package: the class is in conftest.py

import pytest

from cellcost.journal import Reader
from cellcost.records import Event


def events_of(kernel: Kernel, run_id: str) -> list[Event]:
    with Reader(kernel.home) as reader:
        return list(reader.events(run_id=run_id))


def tags_of(kernel: Kernel, run_id: str) -> list[dict[str, str]]:
    """Return the tags of every call of a run, less the one that all have."""
    return [
        {name: tag for name, tag in event.where.tags.items() if name != "environment"}
        for event in events_of(kernel, run_id)
    ]


# -- %cellcost: figures ----------------------------------------------------------------


@pytest.fixture(scope="module")
def spent(start: Any) -> Iterator[Kernel]:
    """A kernel with two priced calls in a cell, and one without a price in another."""
    kernel = start()
    assert kernel.run("%cellcost").shown == "this kernel: $0 · 0 calls"
    assert kernel.run("ask(); ask();", cell_id="a").error == ""
    assert kernel.run("ask_stranger()", cell_id="b").error == ""
    yield kernel
    kernel.close()


def test_a_kernels_figures_are_those_of_the_report(spent: Kernel) -> None:
    rows = json.loads(spent.command("report", "--by", "model", "--json"))
    told = spent.run("%cellcost --json").value
    # 100 tokens at $0.25 and 10 at $2.00 per million, twice.
    assert told["total"]["cost_nusd"] == "90000"
    assert {row["model"]: row["cost_nusd"] for row in told["rows"]} == {
        row["key"]: row["cost_nusd"] for row in rows
    }
    for name in ("input", "output", "cache_read", "reasoning"):
        assert told["total"]["tokens"][name] == sum(row["tokens"][name] for row in rows)
    assert told["total"]["calls"] == sum(row["calls"] for row in rows) == 3
    assert told["total"]["n_unpriced"] == sum(row["unpriced"] for row in rows) == 1
    assert told["gpu"] is None


def test_what_has_no_price_is_never_zero(spent: Kernel) -> None:
    shown = spent.run("%cellcost").shown
    head, _, table = shown.partition("\n")
    assert head == "this kernel: ≥ $0.00009 · 300 → 30 · 3 calls · 1 unpriced"
    (stranger,) = [line for line in table.splitlines() if "smollm2" in line]
    assert "smollm2 at 127.0.0.1" in stranger
    assert "unpriced" in stranger
    assert "$0" not in stranger


def test_a_run_has_its_own_figures_so_far(spent: Kernel) -> None:
    answer = spent.run("ask()\n%cellcost run\nask()\n%cellcost run", cell_id="run")
    assert [bundle["text/plain"] for bundle in answer.bundles] == [
        "this run: $0.00004 · 100 → 10 · 1 call",
        "this run: $0.00009 · 200 → 20 · 2 calls",
    ]


def test_a_cell_has_all_its_runs_and_a_notebook_all_its_cells(spent: Kernel) -> None:
    for calls in (1, 2):
        spent.run("ask()", cell_id="both")
        told = spent.run("%cellcost cell --json", cell_id="both").value
        assert told["total"]["calls"] == calls
    rows = json.loads(spent.command("report", "--by", "notebook", "--json"))
    (row,) = [row for row in rows if row["key"] == str(spent.notebook)]
    told = spent.run("%cellcost notebook --json").value
    assert told["total"]["cost_nusd"] == row["cost_nusd"]
    assert told["total"]["calls"] == row["calls"]


def test_figures_are_shown_as_a_table_that_needs_no_script(spent: Kernel) -> None:
    (bundle,) = spent.run("%cellcost").bundles
    html = bundle["text/html"]
    assert "<strong>≥ $" in html
    assert '<td align="left">gpt-5-mini</td>' in html
    assert "<script" not in html
    assert "style=" not in html


def test_help_names_every_form(spent: Kernel) -> None:
    printed = spent.run("%cellcost help").printed
    for form in ("run", "cell", "notebook", "--json", "%%cellcost", "CostMeter"):
        assert form in printed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("yesterday", "'yesterday' is not known; `%cellcost help` lists what is"),
        ("run cell", "'run cell' is not known"),
        ('"run', "No closing quotation"),
    ],
)
def test_a_line_that_is_not_known_is_a_usage_error(
    spent: Kernel, line: str, said: str
) -> None:
    answer = spent.run(f"%cellcost {line}")
    assert answer.status == "error"
    assert "UsageError: %cellcost: " in answer.errors
    assert said in answer.errors


def test_a_journal_that_cannot_be_read_is_said_and_not_counted(new_kernel: Any) -> None:
    kernel = new_kernel()
    kernel.run("ask()")
    journal = kernel.home / "journal.db"
    assert journal.exists()
    for beside in kernel.home.glob("journal.db-*"):
        beside.unlink()
    journal.write_bytes(b"no database" * 1000)
    answer = kernel.run("x = 1\n%cellcost\nx + 1")
    first, last = (bundle["text/plain"] for bundle in answer.bundles)
    assert first.startswith("this kernel: not known\n")
    assert "cannot be read" in first
    assert last == "2"


def test_a_kernel_without_the_meter_is_said_to_be_so(new_kernel: Any) -> None:
    kernel = new_kernel(CELLCOST_METER="off")
    assert kernel.run("%load_ext cellcost_widgets").error == ""
    shown = kernel.run("%cellcost").shown
    assert shown.startswith("this kernel: not metered\n")
    assert "%load_ext cellcost_meter" in shown
    tagged = kernel.run("%%cellcost team=search\nprint('ran')")
    assert tagged.printed == "ran\n"
    assert "not metered, so nothing is tagged" in tagged.errors


def test_the_magics_come_off_and_on_again(kernel: Kernel) -> None:
    kernel.run("%unload_ext cellcost_widgets")
    assert "not found" in kernel.run("%cellcost").errors
    assert kernel.run("%load_ext cellcost_widgets").error == ""
    assert kernel.run("%cellcost").shown.startswith("this kernel: ")


# -- %%cellcost: tags ------------------------------------------------------------------

SEARCH = {"team": "search", "feature": "query ranker"}
LINE = '%%cellcost team=search feature="query ranker"\n'
BODIES = {
    "plain": ("ask()", 1),
    "await": ("await asyncio.sleep(0); ask()", 1),
    "gathered": ("await asyncio.gather(*(asyncio.to_thread(ask) for _ in '12'))", 2),
    "thread": ("t = threading.Thread(target=ask); t.start(); t.join()", 1),
    "pool": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(2) as pool: list(pool.map(lambda _: ask(), '12'))",
        2,
    ),
    "fork": (
        "from multiprocessing import get_context\n"
        "p = get_context('fork').Process(target=ask); p.start(); p.join()",
        1,
    ),
    "nested": ("get_ipython().run_cell('ask()'); ask()", 2),
    "another magic": ("%%time\nask()", 1),
    "error": ("ask(); 1/0", 1),
}


@pytest.mark.parametrize("how", BODIES)
def test_every_call_of_a_tagged_cell_carries_its_tags_and_the_next_cell_none(
    kernel: Kernel, how: str
) -> None:
    body, calls = BODIES[how]
    answer = kernel.run(LINE + body)
    assert answer.status == ("error" if how == "error" else "ok"), answer.error
    assert tags_of(kernel, answer.msg_id) == [SEARCH] * calls
    assert tags_of(kernel, kernel.run("ask()").msg_id) == [{}]


def test_a_thread_that_outlives_its_cell_keeps_the_tags(kernel: Kernel) -> None:
    first = kernel.run(
        LINE + "go = threading.Event()\n"
        "late = threading.Thread(target=lambda: (go.wait(), ask())); late.start()"
    )
    assert tags_of(kernel, first.msg_id) == []
    assert kernel.run("go.set(); late.join(); ask()").status == "ok"
    assert tags_of(kernel, first.msg_id) == [SEARCH]


def test_a_tagged_cell_shows_its_last_value_and_its_own_lines(kernel: Kernel) -> None:
    assert kernel.run(LINE + "40 + 2").shown == "42"
    answer = kernel.run(LINE + "\n1/0")
    (error,) = [m for m in answer.messages if m["msg_type"] == "error"]
    assert "line 3" in "\n".join(error["content"]["traceback"])


def test_inner_tags_win_over_the_cells(kernel: Kernel) -> None:
    answer = kernel.run(
        "%%cellcost team=search run=1\nimport cellcost\n"
        "with cellcost.tags(team='ads'): ask()\nask()"
    )
    assert tags_of(kernel, answer.msg_id) == [
        {"team": "ads", "run": "1"},
        {"team": "search", "run": "1"},
    ]


def test_a_value_can_be_filled_in(kernel: Kernel) -> None:
    kernel.run("who = 'search'")
    answer = kernel.run("%%cellcost team={who}\nask()\n40 + 2")
    assert tags_of(kernel, answer.msg_id) == [{"team": "search"}]
    assert answer.shown == "42"
    failed = kernel.run("%%cellcost team={who}\n1/0")
    assert failed.status == "error"
    assert Counter(m["msg_type"] for m in failed.messages)["error"] == 2
    assert failed.error == "ZeroDivisionError: division by zero"


def test_a_cell_that_another_one_runs_has_its_own_tags(kernel: Kernel) -> None:
    answer = kernel.run(
        "get_ipython().run_cell('%%cellcost team=search\\nask()'); ask()"
    )
    assert tags_of(kernel, answer.msg_id) == [{"team": "search"}, {}]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "no tags are given"),
        ("team", '"team" is not name=value'),
        ("team=", '"team=" is not name=value'),
        ("team=a team=b", "team is given twice"),
        ('team="a', "a quotation mark is not closed"),
    ],
)
def test_a_bad_tag_is_a_usage_error_and_nothing_of_the_cell_runs(
    kernel: Kernel, line: str, said: str
) -> None:
    answer = kernel.run(f"%%cellcost {line}\nprint('ran')\nask()")
    assert answer.status == "error"
    assert f"UsageError: %%cellcost: {said}" in answer.errors
    assert answer.printed == ""
    assert events_of(kernel, answer.msg_id) == []


def test_the_report_sums_by_the_tags(new_kernel: Any) -> None:
    kernel = new_kernel()
    kernel.run(LINE + "ask(); ask()")
    kernel.run("ask()")
    rows = json.loads(kernel.command("report", "--by", "team", "--json"))
    assert {row["key"]: row["calls"] for row in rows} == {"search": 2, "": 1}
