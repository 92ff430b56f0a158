"""Device time becomes events of runs, of what a process holds, and of nothing else."""

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellcost.gpu import OURS, Booking, Device
from cellcost.gpu.book import EVENT_SECONDS, IDLE_SECONDS, GpuBook, Price
from cellcost.journal import About, Reader, Writer
from cellcost.records import Where
from cellcost_meter.attribution import RunContext
from cellcost_meter.runs import LINGER_SECONDS, RunLog

THREE_DOLLARS = Price(Decimal(3), lambda ms: round(ms * 3 * 10**9 / 3_600_000), "own")
UNKNOWN = Price(None, None, reason="no rate for NVIDIA X")


def run(name: str) -> RunContext:
    return RunContext(origin="cell", run_id=name, cell_id=f"cell-{name}")


A, B = run("a"), run("b")


class Kernel:
    """A book over a journal, and a clock that a test moves."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.runs = RunLog()
        self.writer = Writer(home, about=About(host="h", pid=os.getpid(), version="0"))
        self.prices = {"H100": THREE_DOLLARS, "X": UNKNOWN}
        self.book = self.new_book()

    def new_book(self) -> GpuBook[RunContext]:
        return GpuBook(
            journal=self.writer,
            runs=lambda _, start, end: self.runs.owners(start, end),
            where=self.where,
            price=lambda device, _: self.prices[device.name],
        )

    def where(self, owner: str, run: RunContext | None) -> Where:
        if run is None:
            return Where(origin="process", notebook="n.ipynb")
        return Where(origin=run.origin, run_id=run.run_id, cell_id=run.cell_id)

    def uses(
        self,
        at: float,
        busy_ms: int,
        held_ms: int = 0,
        device: str = "H100",
        when: Sequence[tuple[float, float, int]] = (),
    ):
        """Say what the second before `at` used."""
        booking = Booking(
            owner=OURS,
            device=Device(index=0, uuid=f"GPU-{device}", name=device, memory_bytes=0),
            start=at - 1,
            end=at,
            busy_ms=busy_ms,
            held_ms=held_ms,
            energy_mwh=(busy_ms + held_ms) // 10,
            held_bytes=31_000_000_000,
            busy_when=when,
        )
        self.book.take([booking], at)

    def events(self):
        return list(Reader(self.home).events())

    def told(self):
        return [
            (event.where.run_id, line.meter, line.quantity, line.cost_nusd)
            for event in self.events()
            for line in event.lines
        ]


@pytest.fixture
def kernel(tmp_path: Path):
    kernel = Kernel(tmp_path)
    yield kernel
    kernel.writer.close()


def test_what_a_cell_uses_is_one_event_that_grows_while_it_runs(kernel: Kernel) -> None:
    kernel.runs.began(A, 10)
    kernel.uses(11, 600)
    (flying,) = Reader(kernel.home).pending()
    assert (flying.intent.kind, flying.intent.where.run_id) == ("gpu", "a")
    assert flying.intent.expected[0].quantity == 600
    kernel.uses(12, 400)
    (flying,) = Reader(kernel.home).pending()
    assert flying.live is not None
    assert [(line.meter, line.quantity) for line in flying.live.lines] == [
        ("gpu_busy", 1_000)
    ]
    kernel.runs.ended(A, 12)
    assert kernel.events() == []
    kernel.uses(13 + LINGER_SECONDS, 0)
    assert kernel.told() == [("a", "gpu_busy", 1_000, 833_333)]
    (event,) = kernel.events()
    assert event.detail["energy_mwh"] == 100
    assert event.detail["gpu"] == "GPU-H100"
    assert event.lines[0].list_rate == 3
    assert not Reader(kernel.home).pending()


def test_what_is_held_belongs_to_the_process_even_while_a_cell_runs(
    kernel: Kernel,
) -> None:
    kernel.runs.began(A, 10)
    kernel.uses(11, 600, 400)
    kernel.book.finish()
    assert sorted(kernel.told()) == [
        ("", "gpu_held", 400, 333_333),
        ("a", "gpu_busy", 600, 500_000),
    ]


def test_holding_is_an_event_every_five_minutes(kernel: Kernel) -> None:
    for second in range(1, int(EVENT_SECONDS) + 3):
        kernel.uses(second, 0, 1_000)
    assert kernel.told() == [("", "gpu_held", 300_000, 250_000_000)]
    (flying,) = Reader(kernel.home).pending()
    assert flying.intent.expected[0].quantity == 1_000


def test_a_long_cell_is_told_to_days_and_ledgers_while_it_runs(kernel: Kernel) -> None:
    kernel.runs.began(A, 0)
    for second in range(1, int(EVENT_SECONDS) + 3):
        kernel.uses(second, 1_000)
    assert kernel.told() == [("a", "gpu_busy", 300_000, 250_000_000)]
    kernel.book.finish()
    assert sum(quantity for _, _, quantity, _ in kernel.told()) == 302_000


def test_what_is_held_is_never_without_an_event(kernel: Kernel) -> None:
    for second in range(1, 2 * int(EVENT_SECONDS)):
        kernel.uses(second, 0, 1_000)
        assert len(Reader(kernel.home).pending()) == 1


def test_a_device_let_go_is_settled_soon(kernel: Kernel) -> None:
    kernel.uses(1, 0, 1_000)
    kernel.book.take([], 4)
    assert kernel.events() == []
    kernel.book.take([], 1 + IDLE_SECONDS)
    assert kernel.told() == [("", "gpu_held", 1_000, 833_333)]


def test_work_that_nobody_owns_is_the_processs(kernel: Kernel) -> None:
    kernel.uses(11, 600, 400)
    kernel.book.finish()
    assert kernel.told() == [
        ("", "gpu_busy", 600, 500_000),
        ("", "gpu_held", 400, 333_333),
    ]


def test_overlapping_cells_share_what_nobody_can_tell_apart(kernel: Kernel) -> None:
    kernel.runs.began(A, 10)
    kernel.runs.began(B, 10.5)
    kernel.uses(11, 999)
    kernel.book.finish()
    assert sorted(kernel.told()) == [
        ("a", "gpu_busy", 749, 624_167),
        ("b", "gpu_busy", 250, 208_333),
    ]


def test_a_cell_pays_for_the_samples_in_which_it_ran(kernel: Kernel) -> None:
    kernel.runs.began(A, 10)
    kernel.runs.ended(A, 10.5)
    kernel.runs.began(B, 10.51)
    # Busy from 10.4 on: of the sample that both ran in, A ran the most.
    kernel.uses(11, 600, when=[(10.4, 10.55, 100), (10.55, 10.8, 100), (10.8, 11, 100)])
    kernel.book.finish()
    assert sorted(kernel.told()) == [
        ("a", "gpu_busy", 150, 125_000),
        ("b", "gpu_busy", 450, 375_000),
    ]


def test_a_cell_that_ended_before_the_device_was_busy_pays_nothing(
    kernel: Kernel,
) -> None:
    kernel.runs.began(A, 10)
    kernel.runs.ended(A, 10.7)
    kernel.runs.began(B, 10.75)
    kernel.uses(11, 250, when=[(10.7, 10.85, 60), (10.85, 11, 100)])
    kernel.book.finish()
    assert kernel.told() == [("b", "gpu_busy", 250, 208_333)]


def test_a_device_without_a_rate_has_seconds_and_no_cost(kernel: Kernel) -> None:
    kernel.uses(11, 600, device="X")
    kernel.book.finish()
    assert kernel.told() == [("", "gpu_busy", 600, None)]
    assert kernel.events()[0].lines[0].reason == "no rate for NVIDIA X"


def test_a_rate_that_changes_is_a_line_of_its_own(kernel: Kernel) -> None:
    kernel.runs.began(A, 10)
    kernel.uses(11, 1_000)
    half = Price(Decimal("1.5"), lambda ms: round(ms * 1.5e9 / 3_600_000), "off-peak")
    kernel.prices["H100"] = half
    kernel.uses(12, 1_000)
    kernel.book.finish()
    assert kernel.told() == [
        ("a", "gpu_busy", 1_000, 833_333),
        ("a", "gpu_busy", 1_000, 416_667),
    ]
    assert kernel.events()[0].price_id == "off-peak; own"


def test_a_fork_leaves_what_was_open_to_its_parent(kernel: Kernel) -> None:
    kernel.uses(11, 600)
    kernel.new_book().finish()  # a child starts with a book of its own
    assert kernel.events() == []
    assert len(Reader(kernel.home).pending()) == 1


_seconds = st.tuples(st.integers(0, 1_000), st.integers(0, 1_000))
_runs = st.lists(st.tuples(st.floats(0, 8), st.floats(0, 5)), max_size=5)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_seconds, min_size=1, max_size=8), _runs)
def test_what_is_booked_is_what_was_used_to_the_millisecond(
    tmp_path_factory, seconds, runs
) -> None:
    kernel = Kernel(tmp_path_factory.mktemp("home"))
    for n, (start, lasts) in enumerate(sorted(runs)):
        kernel.runs.began(one := run(str(n)), start)
        kernel.runs.ended(one, start + lasts)
    for second, (busy, held) in enumerate(seconds, start=1):
        kernel.uses(second, busy, held)
    kernel.book.finish()
    sums = {"gpu_busy": 0, "gpu_held": 0}
    for _, meter, quantity, _ in kernel.told():
        sums[meter] += quantity
    energy = sum(event.detail["energy_mwh"] for event in kernel.events())
    kernel.writer.close()
    assert sums["gpu_busy"] == sum(busy for busy, _ in seconds)
    assert sums["gpu_held"] == sum(held for _, held in seconds)
    assert energy == sum((busy + held) // 10 for busy, held in seconds)
