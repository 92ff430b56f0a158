"""The sampler, stepped second by second: what is booked is the device's own time."""

import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from cellcost.gpu import (
    OURS,
    SERVER,
    Booking,
    Claims,
    Look,
    hints,
    saturation_of,
)
from cellcost.gpu.trees import process_of
from cellcost.testing.nvml import (
    GPU_IS_LOST,
    NOT_SUPPORTED,
    Scenario,
    StepClock,
)

from .conftest import START_US, Machine

GB = 10**9


def booked(looks: Sequence[Look], owner: str = OURS) -> tuple[int, int]:
    """Return the busy and held milliseconds of an owner."""
    bookings = [b for look in looks for b in look.bookings if b.owner == owner]
    return sum(b.busy_ms for b in bookings), sum(b.held_ms for b in bookings)


def ends(looks: Sequence[Look]) -> float:
    """Return the time until which the first device is divided."""
    return max(b.end for look in looks for b in look.bookings)


def unknown(looks: Sequence[Look]) -> int:
    return sum(state.unknown_ms for look in looks for state in look.states)


def test_a_busy_process_is_booked_busy_and_then_held(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, os.getpid(), bytes=31 * GB)
    machine.scenario.load(gpu, os.getpid(), sm=80, start=2, end=4)
    sampler = machine.sampler()
    sampler.look()
    looks = machine.look_for(sampler, 6)
    assert booked(looks) == (1600, 4400)
    assert looks[-1].bookings[0].held_bytes == 31 * GB
    assert looks[-1].states[0].unknown_ms == 0
    assert looks[2].states[0].sm_percent == 80


def test_stretches_follow_each_other_without_a_gap(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.process(gpu, os.getpid(), bytes=GB)
    sampler = machine.sampler()
    sampler.look()
    bookings = [b for look in machine.look_for(sampler, 20) for b in look.bookings]
    for before, after in itertools.pairwise(bookings):
        assert before.end == after.start
    time_ms = (bookings[-1].end - bookings[0].start) * 1000
    assert sum(b.held_ms for b in bookings) == int(time_ms)


def test_children_belong_to_us_and_strangers_do_not(
    machine: Machine, child: Callable[[], int]
) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, child(), bytes=10 * GB)
    machine.scenario.process(gpu, 1, bytes=30 * GB)
    sampler = machine.sampler()
    sampler.look()
    looks = machine.look_for(sampler, 4)
    assert booked(looks) == (0, 1000)
    assert sum(look.states[0].others_ms for look in looks) == 3000


def test_energy_is_split_as_the_time_is(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, os.getpid(), bytes=10 * GB)
    machine.scenario.process(gpu, 1, bytes=30 * GB)
    machine.scenario.power(gpu, watts=360)
    sampler = machine.sampler()
    sampler.look()
    looks = machine.look_for(sampler, 100)
    energy = sum(b.energy_mwh or 0 for look in looks for b in look.bookings)
    assert energy == pytest.approx(360 * 100 / 3600 * 1000 / 4, abs=1)


def test_a_stall_is_caught_up_from_the_drivers_buffer(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, os.getpid(), bytes=GB)
    machine.scenario.process(gpu, 1, bytes=GB)
    machine.scenario.load(gpu, os.getpid(), sm=100, start=3, end=6)
    machine.scenario.load(gpu, 1, sm=100, start=6, end=12)
    sampler = machine.sampler()
    sampler.look()
    machine.step(15)
    looks = machine.look_for(sampler, 1)
    assert booked(looks) == (3000, 3500)
    assert unknown(looks) == 0


def test_what_the_driver_has_forgotten_is_nobodys(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, os.getpid(), bytes=GB)
    sampler = machine.sampler()
    sampler.look()
    machine.step(60)
    looks = machine.look_for(sampler, 1)
    # The buffer holds 20 s, and its first sample stands for up to 1.1 s before it.
    assert 20_000 <= booked(looks)[1] <= 21_500
    assert booked(looks)[1] + unknown(looks) == 61_000


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_books_no_hour_more_or_less(
    machine: Machine, hours: int
) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.setting("buffer", 7_200_000)
    machine.scenario.process(gpu, os.getpid(), bytes=GB)
    machine.scenario.load(gpu, os.getpid(), sm=100)
    machine.step(3600)
    sampler = machine.sampler()
    sampler.look()
    before = machine.look_for(sampler, 5)
    machine.step(0.5, wall=0.5 + 3600 * hours)
    after = machine.look_for(sampler, 5)
    busy, held = booked([*before, *after])
    assert busy + held + unknown([*before, *after]) == 10_500
    assert busy >= 8_900


def test_a_suspended_laptop_pays_nothing_for_its_sleep(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, os.getpid(), bytes=GB)
    sampler = machine.sampler()
    sampler.look()
    looks = machine.look_for(sampler, 3)
    machine.step(0, wall=8 * 3600)
    looks += machine.look_for(sampler, 3)
    assert booked(looks)[1] + unknown(looks) == 6000


def test_a_lost_device_is_said_and_comes_back(machine: Machine) -> None:
    lost, well = machine.scenario.device(), machine.scenario.device()
    for gpu in (lost, well):
        machine.scenario.process(gpu, os.getpid(), bytes=GB)
    machine.scenario.setting("period", 250)
    machine.scenario.error(lost, GPU_IS_LOST, start=3, end=10)
    sampler = machine.sampler()
    sampler.look()
    looks = machine.look_for(sampler, 20)
    assert "lost" in looks[4].states[0].reason
    assert not looks[4].states[1].reason
    assert not looks[-1].states[0].reason
    by_device = {
        state.device.uuid: [
            b for look in looks for b in look.bookings if b.device == state.device
        ]
        for state in looks[-1].states
    }
    first, second = by_device.values()
    assert sum(b.held_ms for b in second) == 20_000
    # The driver kept samples meanwhile, and the process was there before and after.
    assert sum(b.held_ms for b in first) == 20_000


def test_a_lost_device_is_not_asked_every_second(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.error(gpu, GPU_IS_LOST, start=1)
    sampler = machine.sampler()
    sampler.look()
    asked = 0
    driver = machine.opened[0]
    devices = driver.devices
    for _ in range(300):
        machine.step(1)
        before = dict(driver.troubles)
        driver.troubles.clear()
        sampler.look()
        asked += bool(driver.troubles)
        driver.troubles.update(before)
    assert devices
    assert 5 <= asked <= 16  # 1, 2, 4 ... 60 s, and the list itself once a minute


def test_a_device_that_is_added_is_found_within_a_minute(machine: Machine) -> None:
    machine.scenario.device()
    new = machine.scenario.device()
    machine.scenario.error(new, GPU_IS_LOST, end=10)
    machine.scenario.process(new, os.getpid(), bytes=GB)
    sampler = machine.sampler()
    assert len(sampler.look().states) == 1
    looks = machine.look_for(sampler, 62)
    assert len(looks[-1].states) == 2
    assert looks[-1].bookings


def test_a_slice_is_held_by_who_holds_it(machine: Machine) -> None:
    whole = machine.scenario.device()
    small = machine.scenario.mig(whole, slices=1)
    other = machine.scenario.mig(whole, slices=3)
    machine.scenario.process(small, os.getpid(), bytes=GB)
    machine.scenario.process(other, 1, bytes=GB)
    sampler = machine.sampler()
    sampler.look()
    looks = machine.look_for(sampler, 3)
    assert booked(looks) == (0, 3000)
    (booking,) = looks[-1].bookings
    assert (str(booking.device.fraction), booking.energy_mwh) == ("1/7", None)
    assert not looks[-1].states[0].busy_known
    assert "use over time: not supported by this device" in looks[-1].states[0].limits


def test_sixteen_devices_are_each_their_own_bill(machine: Machine) -> None:
    machine.scenario.setting("period", 250)
    for _ in range(16):
        gpu = machine.scenario.device()
        machine.scenario.process(gpu, os.getpid(), bytes=GB)
        machine.scenario.load(gpu, os.getpid(), sm=50)
    sampler = machine.sampler()
    sampler.look()
    looks = machine.look_for(sampler, 4)
    assert booked(looks) == (16 * 2000, 16 * 2000)


def test_a_driver_that_lists_other_namespaces_pids_leaves_all_unattributed(
    machine: Machine,
) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, os.getpid(), bytes=GB)
    machine.scenario.load(gpu, os.getpid(), sm=50)
    sampler = machine.sampler(foreign=lambda _: True)
    sampler.look()
    looks = machine.look_for(sampler, 4)
    assert booked(looks) == (0, 0)
    assert unknown(looks) == 4000
    assert looks[-1].states[0].busy_percent == 50


def test_hidden_processes_memory_is_not_put_on_us(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, os.getpid(), bytes=10 * GB)
    machine.scenario.hidden(gpu, gigabytes=30)
    sampler = machine.sampler()
    sampler.look()
    looks = machine.look_for(sampler, 4)
    assert booked(looks) == (0, 1000)
    assert unknown(looks) == 3000


def test_without_permission_to_see_use_a_lone_process_still_has_its_time(
    machine: Machine,
) -> None:
    gpu = machine.scenario.device()
    machine.scenario.process(gpu, os.getpid(), bytes=10 * GB)
    machine.scenario.load(gpu, os.getpid(), sm=50)
    for function in ("nvmlDeviceGetProcessUtilization", "nvmlDeviceGetSamples"):
        machine.scenario.error(gpu, NOT_SUPPORTED, function=function)
    sampler = machine.sampler()
    sampler.look()
    looks = machine.look_for(sampler, 4)
    assert booked(looks) == (2000, 2000)


def test_a_badly_used_device_is_told_from_what_was_sampled(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, os.getpid(), bytes=40 * GB)
    machine.scenario.load(gpu, os.getpid(), sm=8)
    machine.scenario.busy(gpu, percent=97, memory=5)
    machine.scenario.power(gpu, watts=180)
    sampler = machine.sampler()
    sampler.look()
    found = saturation_of([look.states[0] for look in machine.look_for(sampler, 60)])
    assert found is not None
    assert found.power_watts == pytest.approx(180, abs=1)
    assert (found.limit_watts, found.held_bytes) == (700, 40 * GB)
    (hint,) = hints(found)
    assert hint.text.startswith("GPU is busy 97% but SM share 8%: batch more")
    assert hint.evidence == (
        "busy 97%, SM 8%, memory traffic 5%, 180 of 700 W, 40 of 80 GB; means of 60 s"
    )


# -- exclusive ------------------------------------------------------------------------


def test_an_exclusive_device_is_the_servers_where_no_kernel_has_it(
    machine: Machine, child: Callable[[], int]
) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    kernel = child()
    machine.scenario.process(gpu, kernel, bytes=GB, start=2.5, end=4.5)
    machine.scenario.load(gpu, kernel, sm=100, start=2.5, end=3.5)
    sampler = machine.sampler(
        allocation="exclusive", books_rest=True, kernels=lambda: {kernel: "kernel"}
    )
    sampler.look()
    looks = machine.look_for(sampler, 8)
    busy, held = booked(looks, "kernel")
    rest_busy, rest = booked(looks, SERVER)
    assert busy == 1000
    assert held == 1000
    assert (rest_busy, busy + held + rest) == (0, 8000)
    assert unknown(looks) == 0


def test_two_kernels_and_their_server_book_an_exclusive_device_once(
    machine: Machine, child: Callable[[], int]
) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    first, second = child(), child()
    machine.scenario.process(gpu, first, bytes=30 * GB)
    machine.scenario.process(gpu, second, bytes=10 * GB)
    machine.scenario.load(gpu, second, sm=50)
    sampler = machine.sampler(
        allocation="exclusive",
        books_rest=True,
        kernels=lambda: {first: "first", second: "second"},
    )
    sampler.look()
    looks = machine.look_for(sampler, 4)
    assert booked(looks, "first") == (0, 1500)
    assert booked(looks, "second") == (2000, 500)


def test_exclusive_means_the_devices_that_the_job_was_given(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.scenario.device(uuid="GPU-1")
    machine.scenario.device(uuid="GPU-2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    sampler = machine.sampler(allocation="exclusive", books_rest=True)
    sampler.look()
    looks = machine.look_for(sampler, 3)
    assert {b.device.uuid for look in looks for b in look.bookings} == {"GPU-2"}


# -- who samples ----------------------------------------------------------------------


def test_what_a_child_samples_for_itself_is_not_booked_twice(
    machine: Machine, child: Callable[[], int], tmp_path: Path
) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    pid = child()
    machine.scenario.process(gpu, pid, bytes=GB)
    claims = Claims(tmp_path / "claims")
    sampler = machine.sampler(claims=claims)
    sampler.look()
    assert booked(machine.look_for(sampler, 2)) == (0, 2000)
    theirs, process = Claims(tmp_path / "claims"), process_of(pid)
    assert process is not None
    theirs.stake(process)
    assert booked(machine.look_for(sampler, 2)) == (0, 0)
    theirs.drop()
    # Its last second was its own; from the next on the child is ours again.
    assert booked(machine.look_for(sampler, 1)) == (0, 0)
    assert booked(machine.look_for(sampler, 1)) == (0, 1000)


def test_a_server_samples_the_kernels_that_do_not_sample_themselves(
    machine: Machine, child: Callable[[], int], tmp_path: Path
) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    metered, plain = child(), child()
    machine.scenario.process(gpu, metered, bytes=GB)
    machine.scenario.process(gpu, plain, bytes=GB)
    process = process_of(metered)
    assert process is not None
    Claims(tmp_path).stake(process)
    sampler = machine.sampler(
        claims=Claims(tmp_path),
        kernels=lambda: {metered: "metered", plain: "plain"},
    )
    sampler.look()
    looks = machine.look_for(sampler, 2)
    assert {b.owner for look in looks for b in look.bookings} == {"plain"}
    assert booked(looks, "plain") == (0, 1000)


# -- whatever happens -----------------------------------------------------------------

_DEVICES = 2
_PIDS = 4
_second = st.integers(0, 40)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, int, int, int, int, int]]:
    """Draw what some processes do on some devices in 40 seconds."""
    story: list[tuple[str, int, int, int, int, int]] = []
    both = st.tuples(st.integers(0, _DEVICES - 1), st.integers(0, _PIDS - 1))
    for device, who in draw(st.lists(both, unique=True, min_size=1)):
        start, end = sorted((draw(_second), draw(_second)))
        story.append(("process", device, who, start, end, draw(st.integers(1, 40))))
        busy = sorted((draw(st.integers(start, end)), draw(st.integers(start, end))))
        story.append(("load", device, who, *busy, draw(st.integers(1, 100))))
    return story


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    story=stories(),
    steps=st.lists(
        st.sampled_from([0.4, 1.0, 1.0, 1.0, 2.5, 9.0]), min_size=5, max_size=12
    ),
    period=st.sampled_from([100, 167, 500, 1000]),
)
def test_no_millisecond_is_booked_twice_or_lost(
    machine: Machine,
    story: list[tuple[str, int, int, int, int, int]],
    steps: list[float],
    period: int,
) -> None:
    note(f"{story=} {steps=} {period=}")
    clock = StepClock(machine.folder / "clock", start_us=START_US)
    machine.clock = clock
    machine.scenario = scenario = Scenario(origin_us=START_US, clock=clock)
    machine.steady_us = 5_000_000
    clock.step(1.0)
    scenario.setting("period", period)
    for _ in range(_DEVICES):
        scenario.device()
    pids = [os.getpid(), os.getppid(), 1, 2]
    for kind, device, who, start, end, amount in story:
        if kind == "process":
            scenario.process(device, pids[who], bytes=amount * GB, start=start, end=end)
        else:
            scenario.load(device, pids[who], sm=amount, start=start, end=end)
    sampler = machine.sampler()
    sampler.look()
    looks: list[Look] = []
    for step in steps:
        machine.step(step)
        looks.append(sampler.look())
    machine.opened.pop().close()
    whole = {0: 0, 1: 0}
    lost = 0
    for look in looks:
        for state in look.states:
            index = state.device.index
            ours = [b for b in look.bookings if b.device == state.device]
            assert state.booked_ms == sum(b.busy_ms + b.held_ms for b in ours)
            assert state.whole_ms == (
                state.booked_ms + state.others_ms + state.free_ms + state.unknown_ms
            )
            whole[index] += state.whole_ms
            lost += state.unknown_ms
    passed = round(sum(steps) * 1000)
    for divided in whole.values():
        assert passed - 1101 <= divided <= passed
    assert lost <= 0.02 * sum(whole.values())


def test_bookings_are_what_the_meter_takes() -> None:
    wanted = {"device", "start", "end", "busy_ms", "held_ms", "energy_mwh"}
    assert wanted <= set(Booking.__slots__)
