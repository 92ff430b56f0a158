"""What the side panel says of GPUs that are held."""

from dataclasses import replace

from cellcost.views import HeldView
from cellcost_server.gpu import held_rows

HELD = HeldView(
    device="NVIDIA H100 80GB HBM3",
    notebook="work/train.ipynb",
    kernel_id="k",
    idle_ms=7_800_000,
    idle_seconds=7_800.0,
    cost_nusd=6_500_000_000,
    held_bytes=31_000_000_000,
)


def row(view: HeldView) -> list[tuple[str, str]]:
    found = held_rows([view], lambda path: path.rpartition("/")[2])
    return [(row["text"], row["detail"]) for row in found]


def test_a_row_says_who_holds_what_for_how_long_and_for_how_much() -> None:
    assert row(HELD) == [("train.ipynb holds 31 GB of H100", "2 h 10 m idle · $6.50")]


def test_what_is_not_known_is_left_out_or_said() -> None:
    unsaid = replace(HELD, held_bytes=0, cost_nusd=None, notebook="")
    assert row(unsaid) == [("a process holds H100", "2 h 10 m idle · unpriced")]


def test_a_pause_to_think_is_not_idling() -> None:
    assert row(replace(HELD, idle_seconds=59.0)) == []
