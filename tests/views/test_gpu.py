"""What a cell, a notebook and a day show of GPUs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cellcost.records import Event, Live, Where
from cellcost.testing.records import WHERE, gpu_event, intent_of, make_event
from cellcost.views import DayBook, NotebookBook, cell_view, device_name
from cellcost.views.wire import cell_json, total_json

NOBODY = Where(origin="process", notebook=WHERE.notebook)


def test_a_cells_badge_has_its_device_time_and_its_cost() -> None:
    view = cell_view([make_event(), gpu_event(busy_ms=41_000, cost_nusd=34_166_667)])
    assert cell_json(view)["gpu"] == {
        "name": "H100",
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


def test_a_killed_cells_device_time_is_a_lower_bound_and_says_why() -> None:
    note = "the process ended while it used the GPU: its last seconds may be missing"
    view = cell_view([replace(gpu_event(500), confidence="partial", note=note)])
    (chip,) = view.chips
    assert (view.state, chip.text) == ("partial", "stopped early")
    assert "last seconds may be missing" in chip.hint
    assert "answer" not in chip.hint


def test_two_devices_of_a_cell_are_named_most_used_first() -> None:
    use = cell_view([gpu_event(10, device="L4"), gpu_event(20, device="H100")]).gpu
    assert use is not None
    assert use.devices == ("H100", "L4")
    assert use.name == "H100 + 1"
    assert use.busy_ms == 30


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA A100-SXM4-40GB", "A100"),
        ("NVIDIA A100-PCIE-40GB", "A100"),
        ("NVIDIA H100 PCIe", "H100"),
        ("NVIDIA L40S", "L40S"),
        ("Tesla T4", "T4"),
        ("Tesla V100-SXM2-16GB", "V100"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada"),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "A100 MIG 1g.5gb"),
        ("NVIDIA", "NVIDIA"),
    ],
)
def test_a_device_is_named_as_people_name_it(name: str, short: str) -> None:
    assert device_name(name) == short


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


KERNEL = replace(NOBODY, kernel_id="k", notebook="work/a.ipynb")
NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)


def held(minute: float, minutes: float, **options: Any) -> Event:
    """Return an event of a kernel that held a device from a minute on."""
    event = gpu_event(0, held_ms=round(minutes * 60_000), where=KERNEL, **options)
    return replace(
        event,
        time=NINE + timedelta(minutes=minute),
        detail={"held_bytes": 31_000_000_000},
    )


def used(minute: float, minutes: float) -> Event:
    where = replace(KERNEL, origin="cell", run_id="r", cell_id="c")
    event = gpu_event(round(minutes * 60_000), where=where)
    return replace(event, time=NINE + timedelta(minutes=minute))


def still(event: Event) -> Any:
    """Return an event as one that still grows."""
    told = event.time + timedelta(seconds=event.duration_seconds)
    live = Live(id=event.id, time=told, lines=event.lines)
    return SimpleNamespace(intent=intent_of(event), live=live)


def shown(events: list[Event], pending: list[Any]) -> list[tuple[Any, ...]]:
    book = DayBook(NINE, UTC)
    book.apply(events, pending)
    return [
        (view.device, view.kernel_id, view.idle_ms, view.idle_seconds, view.cost_nusd)
        for view in book.view().held
    ]


def test_a_kernel_that_holds_a_gpu_idle_says_for_how_long_and_for_how_much() -> None:
    events = [used(0, 2), held(2, 5, cost_nusd=250), held(7, 5, cost_nusd=250)]
    pending = [still(held(12, 1, cost_nusd=50))]
    assert shown(events, pending) == [("NVIDIA H100", "k", 660_000, 660.0, 550)]


def test_what_was_held_before_the_last_work_is_not_idle_now() -> None:
    events = [held(0, 5, cost_nusd=250), used(5, 2)]
    pending = [still(held(7, 1, cost_nusd=50))]
    assert shown(events, pending) == [("NVIDIA H100", "k", 60_000, 60.0, 50)]


def test_a_gpu_at_work_or_let_go_is_not_held_idle() -> None:
    assert shown([held(0, 5)], []) == []
    assert shown([], [still(held(0, 5)), still(used(1, 2))]) == []


def test_a_held_gpu_without_a_rate_has_no_cost_and_not_zero() -> None:
    assert shown([], [still(held(0, 5, cost_nusd=None))])[0][-1] is None


def test_held_memory_is_what_the_last_events_told() -> None:
    book = DayBook(NINE, UTC)
    book.apply([held(0, 5)], [still(held(5, 1))])
    assert [view.held_bytes for view in book.view().held] == [31_000_000_000]
