"""What figures of a device say, and when they say nothing."""

from typing import Any

import pytest

from cellcost.gpu import Saturation, hints


def facts(**said: Any) -> Saturation:
    return Saturation(**{"seconds": 60.0, "busy_percent": 97.0, **said})


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        ({"sm_percent": 8}, ["small_kernels"]),
        ({"power_watts": 180, "limit_watts": 700}, ["small_kernels"]),
        ({"sm_percent": 95, "power_watts": 180, "limit_watts": 700}, ["small_kernels"]),
        ({"sm_percent": 95, "power_watts": 600, "limit_watts": 700}, []),
        ({"sm_percent": 95, "memory_percent": 88}, ["memory_bound"]),
        ({"sm_percent": 8, "memory_percent": 88}, ["memory_bound"]),
        ({"busy_percent": 30.0}, ["waits"]),
        ({"busy_percent": 0.0}, []),
        ({}, []),  # busy alone says nothing of how full a device is
        (
            {"busy_percent": 1.0, "held_bytes": 2 * 10**9, "memory_bytes": 80 * 10**9},
            ["smaller_device"],
        ),
        (
            {"busy_percent": 1.0, "held_bytes": 40 * 10**9, "memory_bytes": 80 * 10**9},
            [],
        ),
        ({"busy_percent": 1.0, "held_bytes": 0, "memory_bytes": 80 * 10**9}, []),
    ],
)
def test_a_hint_needs_figures_that_agree(said: dict[str, Any], keys: list[str]) -> None:
    assert [hint.key for hint in hints(facts(**said))] == keys


def test_a_hint_says_what_it_rests_on() -> None:
    (hint,) = hints(facts(sm_percent=8, power_watts=180, limit_watts=700))
    assert hint.text.startswith("GPU is busy 97% but SM share 8%: batch more")
    assert hint.evidence == "busy 97%, SM 8%, 180 of 700 W; means of 60 s"


def test_half_a_minute_of_loading_is_no_reason_for_advice() -> None:
    assert not hints(facts(seconds=20.0, sm_percent=1))
