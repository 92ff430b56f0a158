"""CostMeter in a real kernel: what the page is told, and when."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Any as Kernel  # tests are no package: the class is in conftest.py

import nbformat
import pytest
from nbconvert import HTMLExporter

from cellcost.testing.provider import FakeProvider, Reply

VIEW = "application/vnd.jupyter.widget-view+json"
SHOW = "from cellcost_widgets import CostMeter\nmeter = CostMeter()\nmeter"


def figures_in(message: dict[str, Any]) -> dict[str, Any] | None:
    """Return the figures that a message brings to a meter; None for another."""
    if message["msg_type"] != "comm_msg":
        return None
    figures = message["content"]["data"].get("state", {}).get("figures")
    return figures if isinstance(figures, dict) else None


def calls_are(calls: int, *, live: int = 0) -> Callable[[dict[str, Any]], bool]:
    """Return what is true of a message that tells so many calls."""

    def told(message: dict[str, Any]) -> bool:
        figures = figures_in(message)
        if figures is None or figures["state"] != "known":
            return False
        total = figures["total"]
        return (total["calls"], total["live_calls"]) == (calls, live)

    return told


def last_figures(answer: Any) -> dict[str, Any]:
    figures = figures_in(answer.messages[-1])
    assert figures is not None
    return figures


@pytest.fixture
def shown(new_kernel: Any) -> Kernel:
    """A kernel with a meter on its page, and one call made before it."""
    kernel = new_kernel()
    kernel.run("ask()")
    answer = kernel.run(SHOW)
    assert answer.error == ""
    (bundle,) = answer.bundles
    assert VIEW in bundle
    return kernel


def test_a_meter_moves_while_the_cell_still_runs(
    shown: Kernel, provider: FakeProvider
) -> None:
    held = Reply(hold_after=0)
    provider.script(Reply(), held)
    run = shown.send("ask(); ask(); 40 + 2")
    # The second call waits for us, so that the cell runs while these two are told.
    live = last_figures(shown.wait(run, until=calls_are(3, live=1)))
    assert live["total"]["state"] == "live"
    assert live["text"]["line"][-1] == "1 running"
    held.gate.set()
    done = last_figures(shown.wait(run, until=calls_are(3)))
    assert done["total"]["cost_nusd"] == "135000"
    assert done["text"]["cost"] == "$0.00014"


def test_a_meters_figures_are_those_of_the_report(shown: Kernel) -> None:
    run = shown.send("ask(); ask_stranger()")
    figures = last_figures(shown.wait(run, until=calls_are(3)))
    rows = json.loads(shown.command("report", "--json"))
    assert {row["model"]: row["cost_nusd"] for row in figures["rows"]} == {
        row["key"]: row["cost_nusd"] for row in rows
    }
    assert figures["total"]["cost_nusd"] == "90000"
    assert figures["text"]["cost"] == "≥ $0.00009"
    assert figures["text"]["line"] == ["300 → 30", "3 calls", "1 unpriced"]
    assert [row["cost"] for row in figures["text"]["rows"]] == ["$0.00009", "unpriced"]
    assert figures["gpu"] is None
    assert "secret" not in json.dumps(figures)


def test_a_forked_childs_calls_come_and_the_child_is_silent(shown: Kernel) -> None:
    run = shown.send(
        "from multiprocessing import get_context\n"
        "child = get_context('fork').Process(target=ask)\n"
        "child.start(); child.join(); ask()"
    )
    figures = last_figures(shown.wait(run, until=calls_are(3)))
    assert figures["total"]["cost_nusd"] == "135000"
    assert shown.run("child.exitcode").shown == "0"


def test_only_this_kernels_calls_count(shown: Kernel, new_kernel: Any) -> None:
    other = new_kernel(CELLCOST_HOME=str(shown.home))
    other.run("ask(); ask()")
    assert other.run("%cellcost").shown.endswith("2 calls")
    run = shown.send("ask()")
    figures = last_figures(shown.wait(run, until=calls_are(2)))
    assert figures["total"]["cost_nusd"] == "90000"


def test_an_unreadable_journal_is_a_state_and_the_cell_runs_on(shown: Kernel) -> None:
    shown.run("ask()")
    (shown.home / "other").write_bytes(b"no database" * 1000)
    for beside in shown.home.glob("journal.db-*"):
        beside.unlink()
    (shown.home / "other").replace(shown.home / "journal.db")

    def told(message: dict[str, Any]) -> bool:
        figures = figures_in(message)
        return figures is not None and figures["state"] == "not known"

    figures = last_figures(shown.wait(shown.send("go = 1"), until=told))
    assert "cannot be read" in figures["detail"]
    assert figures["total"]["cost_nusd"] is None
    assert figures["text"]["cost"] == "not known"
    assert figures["rows"] == []
    assert shown.run("ask()").shown == "'Hello from the fake provider.'"
    (bundle,) = shown.run("CostMeter()").bundles
    assert "not known" in bundle["text/plain"]


def test_a_meter_that_is_closed_is_told_nothing_more(shown: Kernel) -> None:
    assert shown.run("meter.close(); second = CostMeter(); second").error == ""
    model = json.loads(shown.run("print(json.dumps(second.model_id))").printed)
    answer = shown.wait(shown.send("ask()"), until=calls_are(2))
    told = [m for m in answer.messages if figures_in(m) is not None]
    assert {m["content"]["comm_id"] for m in told} == {model}


def test_no_meter_without_a_meter_in_the_kernel(new_kernel: Any) -> None:
    kernel = new_kernel(CELLCOST_METER="off")
    (bundle,) = kernel.run(SHOW).bundles
    assert bundle["text/plain"].startswith("this kernel: not metered\n")
    assert "<strong>not metered</strong>" in bundle["text/html"]
    assert kernel.run("ask()").shown == "'Hello from the fake provider.'"


def test_a_saved_notebook_keeps_a_static_table_with_its_time(
    kernel: Kernel, tmp_path: Path
) -> None:
    kernel.run("ask()")
    (bundle,) = kernel.run(SHOW).bundles
    output = nbformat.v4.new_output("execute_result", bundle, execution_count=1)
    cell = nbformat.v4.new_code_cell(SHOW, outputs=[output], execution_count=1)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    html, _ = HTMLExporter().from_notebook_node(notebook)
    assert '<div class="cellcost-figures"><p><strong>$0.00004</strong>' in html
    assert f'<script type="{VIEW}">' not in html
    words = json.loads(kernel.run("print(json.dumps(meter.figures['text']))").printed)
    assert f"<small>{words['at']}</small>" in html
