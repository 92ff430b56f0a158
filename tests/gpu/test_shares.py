"""Whose the time of a device was, rule by rule, and that nothing is lost or doubled."""

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cellcost.gpu import Division, Observed, ProcessSample, apportion, divide

GB = 10**9


def samples(*percents: int, period: float = 0.25) -> list[tuple[int, int]]:
    """Return device samples of one period each, from time 0 on."""
    return [
        (round((n + 1) * period * 1e6), percent) for n, percent in enumerate(percents)
    ]


def used(pid: int, at: float, percent: int) -> ProcessSample:
    return (pid, round(at * 1e6), percent, 0)


def observed(**facts: Any) -> Observed:
    """One second of a device on which process 1 holds 30 GB, and what a test says."""
    held = facts.pop("held", {1: 30 * GB})
    return Observed(
        **{
            "whole_ms": facts.get("end_us", 1_000_000) // 1000,
            "start_us": 0,
            "end_us": 1_000_000,
            "held_before": held,
            "held_after": held,
            "process_samples": (),
            **facts,
        }
    )


def total(division: Division) -> int:
    return (
        sum(division.busy.values())
        + sum(division.held.values())
        + division.free_ms
        + division.unknown_ms
    )


def test_busy_time_is_split_by_sm_share() -> None:
    division = divide(
        observed(
            held={1: 30 * GB, 2: 10 * GB},
            device_samples=samples(100, 100, 100, 100),
            process_samples=[used(1, 1, 60), used(2, 1, 20)],
        )
    )
    assert division.busy == {1: 750, 2: 250}
    assert not division.held


def test_idle_time_is_split_by_the_memory_held() -> None:
    division = divide(
        observed(held={1: 30 * GB, 2: 10 * GB}, device_samples=samples(0, 0, 0, 0))
    )
    assert division.held == {1: 750, 2: 250}


def test_who_holds_alone_holds_the_whole_device() -> None:
    assert divide(observed(device_samples=samples(0, 0, 0, 0))).held == {1: 1000}


def test_a_half_busy_device_is_half_used_and_half_held() -> None:
    division = divide(
        observed(
            held={1: 30 * GB, 2: 10 * GB},
            device_samples=samples(50, 50, 50, 50),
            process_samples=[used(2, 1, 50)],
        )
    )
    assert division.busy == {2: 500}
    assert division.held == {1: 375, 2: 125}


def test_holding_memory_beside_a_busy_process_costs_nothing_of_its_busy_time() -> None:
    division = divide(
        observed(
            held={1: 70 * GB, 2: 1 * GB},
            device_samples=samples(100, 100, 100, 100),
            process_samples=[used(2, 1, 90)],
        )
    )
    assert division.busy == {2: 1000}
    assert not division.held


def test_a_device_that_nobody_holds_is_free() -> None:
    division = divide(observed(held={}, device_samples=samples(0, 0, 0, 0)))
    assert (division.free_ms, division.unknown_ms) == (1000, 0)


def test_processes_that_take_turns_pay_for_their_own_turns() -> None:
    division = divide(
        observed(
            held={1: GB, 2: GB},
            device_samples=samples(100, 100, 50, 50),
            process_samples=[
                used(1, 0.25, 100),
                used(1, 0.5, 100),
                used(2, 0.75, 50),
                used(2, 1.0, 50),
            ],
        )
    )
    assert division.busy == {1: 500, 2: 250}
    assert division.held == {1: 125, 2: 125}


def test_busy_time_of_which_no_user_is_known_goes_to_who_is_there_alone() -> None:
    division = divide(
        observed(device_samples=samples(80, 80, 80, 80), process_samples=None)
    )
    assert division.busy == {1: 800}
    assert division.held == {1: 200}


def test_busy_time_of_which_no_user_is_known_is_nobodys_among_several() -> None:
    division = divide(
        observed(
            held={1: GB, 2: GB},
            device_samples=samples(80, 80, 80, 80),
            process_samples=None,
        )
    )
    assert not division.busy
    assert division.unknown_ms == 800
    assert division.held == {1: 100, 2: 100}


def test_unknown_memory_is_not_zero_memory() -> None:
    division = divide(
        observed(held={1: GB, 2: None}, device_samples=samples(0, 0, 0, 0))
    )
    assert division.unknown_ms == 1000
    alone = divide(observed(held={2: None}, device_samples=samples(0, 0, 0, 0)))
    assert alone.held == {2: 1000}


def test_memory_that_no_listed_process_holds_is_not_put_on_the_others() -> None:
    division = divide(
        observed(
            held={1: 30 * GB},
            unseen_bytes=10 * GB,
            device_samples=samples(0, 0, 0, 0),
        )
    )
    assert division.held == {1: 750}
    assert division.unknown_ms == 250


def test_a_driver_that_lists_no_processes_leaves_all_to_nobody() -> None:
    division = divide(observed(held=None, device_samples=samples(90, 90, 90, 90)))
    assert division.unknown_ms == 1000


def test_a_process_that_came_meanwhile_came_halfway() -> None:
    division = divide(
        Observed(
            whole_ms=1000,
            start_us=0,
            end_us=1_000_000,
            held_before={1: 10 * GB},
            held_after={1: 10 * GB, 2: 10 * GB},
            device_samples=samples(0, 0, 0, 0),
        )
    )
    assert division.held == {1: 750, 2: 250}


def test_a_device_that_was_left_meanwhile_was_free_from_halfway_on() -> None:
    division = divide(
        Observed(
            whole_ms=1000,
            start_us=0,
            end_us=1_000_000,
            held_before={1: 10 * GB},
            held_after={},
            device_samples=samples(0, 0, 0, 0),
        )
    )
    assert (division.held, division.free_ms) == ({1: 500}, 500)


def test_what_lies_before_the_drivers_buffer_is_unknown() -> None:
    division = divide(
        observed(end_us=10_000_000, device_samples=[(9_800_000, 50), (10_000_000, 50)])
    )
    assert division.unknown_ms == 10_000 - 1_300  # a sample reaches back 1.1 s at most
    assert total(division) == 10_000


def test_without_samples_one_look_stands_for_the_last_seconds_only() -> None:
    division = divide(
        observed(end_us=10_000_000, device_samples=None, busy_percent=100)
    )
    assert (division.busy, division.unknown_ms) == ({1: 2500}, 7500)


def test_a_device_that_tells_nothing_about_use_is_held_and_says_so() -> None:
    division = divide(observed(device_samples=None, process_samples=None))
    assert division.held == {1: 1000}
    assert not division.busy_known


def test_a_device_without_samples_is_as_busy_as_its_processes() -> None:
    division = divide(observed(device_samples=None, process_samples=[used(1, 1, 70)]))
    assert (division.busy, division.held) == ({1: 700}, {1: 300})


def test_a_small_share_is_not_rounded_away_for_ever() -> None:
    owed: dict[str, float] = {}
    sums = {"a": 0, "b": 0}
    for _ in range(10_000):
        parts, owed = apportion(10, {"a": 0.999, "b": 0.001}, owed)
        for key, part in parts.items():
            sums[key] += part
    assert sums == {"a": pytest.approx(99_900, abs=2), "b": pytest.approx(100, abs=2)}


@given(
    st.integers(0, 10**7),
    st.dictionaries(st.integers(0, 40), st.floats(0, 1e9), max_size=40),
    st.dictionaries(st.integers(0, 40), st.floats(-1, 1), max_size=40),
)
@example(1, {0: 5e-324, 1: 5e-324}, {})
def test_parts_always_sum_to_the_whole(
    whole: int, weights: dict[int, float], owed: dict[int, float]
) -> None:
    parts, _ = apportion(whole, weights, owed)
    assert all(part >= 0 for part in parts.values())
    if math.fsum(weights.values()):
        assert sum(parts.values()) == whole
    else:
        assert parts == {}


percents = st.integers(0, 100)
moments = st.integers(-2_000_000, 7_000_000)
held = st.none() | st.dictionaries(
    st.integers(1, 9), st.none() | st.integers(0, 80 * GB), max_size=5
)


@given(
    start_us=st.integers(0, 3_000_000),
    length=st.integers(1, 4_000_000),
    held_before=held,
    held_after=held,
    device_samples=st.none() | st.lists(st.tuples(moments, percents), max_size=12),
    process_samples=st.none()
    | st.lists(st.tuples(st.integers(1, 9), moments, percents, percents)),
    busy_percent=st.none() | percents,
    unseen_bytes=st.sampled_from([0, GB]),
)
def test_whatever_a_driver_says_the_parts_sum_to_the_bill(
    start_us: int, length: int, **facts: Any
) -> None:
    division = divide(
        Observed(
            whole_ms=(start_us + length) // 1000 - start_us // 1000,
            start_us=start_us,
            end_us=start_us + length,
            **facts,
        )
    )
    assert total(division) == division.whole_ms
    assert min([0, *division.busy.values(), *division.held.values()]) == 0
    assert min(division.free_ms, division.unknown_ms) >= 0
    assert 0 not in division.busy
    assert 0 not in division.held
