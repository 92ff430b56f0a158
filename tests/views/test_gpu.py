"""What a cell, a notebook and a day show of GPUs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from cellcost.records import Live, Where
from cellcost.testing.records import WHERE, gpu_event, intent_of, make_event
from cellcost.views import NotebookBook, cell_view
from cellcost.views.wire import cell_json, total_json

NOBODY = Where(origin="process", notebook=WHERE.notebook)


def test_a_cells_badge_has_its_device_time_and_its_cost() -> None:
    view = cell_view([make_event(), gpu_event(busy_ms=41_000, cost_nusd=34_166_667)])
    assert cell_json(view)["gpu"] == {
        "devices": ["NVIDIA H100"],
        "busy_ms": 41_000,
        "held_ms": 0,
        "cost_nusd": "34166667",
        "n_unpriced": 0,
    }
    assert view.cost_nusd == 45_000 + 34_166_667
    assert view.tally.calls == 1


def test_a_cell_without_gpu_time_says_nothing_of_gpus() -> None:
    assert cell_json(cell_view([make_event()]))["gpu"] is None


def test_a_device_without_a_rate_is_unpriced_and_its_seconds_are_shown() -> None:
    view = cell_view([gpu_event(busy_ms=500, cost_nusd=None, device="NVIDIA X")])
    assert (view.cost_nusd, view.state) == (None, "unpriced")
    assert view.gpu is not None
    assert (view.gpu.busy_ms, view.gpu.cost_nusd, view.gpu.n_unpriced) == (500, None, 1)
    assert [chip.text for chip in view.chips] == ["1 unpriced"]


def test_two_devices_of_a_cell_are_named_most_used_first() -> None:
    use = cell_view([gpu_event(10, device="L4"), gpu_event(20, device="H100")]).gpu
    assert use is not None
    assert use.devices == ("H100", "L4")
    assert use.busy_ms == 30


def test_a_gpu_in_use_grows_while_its_cell_runs() -> None:
    event = gpu_event(busy_ms=2_000)
    flight: Any = SimpleNamespace(intent=intent_of(event), live=None)
    flight.live = Live(id=event.id, time=event.time, lines=event.lines)
    view = cell_view([], [flight])
    assert view.gpu is not None
    assert (view.gpu.busy_ms, view.tally.live_calls) == (2_000, 0)


def test_what_a_kernel_holds_is_in_the_notebooks_total_and_in_no_cell() -> None:
    book = NotebookBook("work/a.ipynb")
    held = gpu_event(0, held_ms=60_000, cost_nusd=50_000_000, where=NOBODY)
    book.apply([make_event(), held])
    assert [cell.gpu for cell in book.view().cells] == [None]
    other = total_json(book.breakdown().other)
    assert other["gpu"] == {"busy_ms": 0, "held_ms": 60_000}
    assert (other["cost_nusd"], other["calls"]) == ("50000000", 0)
    assert book.breakdown().total.known_nusd == 50_045_000


def test_an_earlier_runs_gpu_time_leaves_the_badge() -> None:
    book = NotebookBook("work/a.ipynb")
    early = datetime(2026, 11, 24, 9, tzinfo=UTC)
    first = replace(gpu_event(busy_ms=7_000), time=early)
    again = replace(WHERE, run_id="run-2")
    second = replace(gpu_event(2_000, where=again), time=early + timedelta(minutes=1))
    book.apply([first, second])
    use = book.cell("cell-1").gpu
    assert use is not None
    assert use.busy_ms == 2_000
    assert book.breakdown().earlier_runs.gpu_busy_ms == 7_000
