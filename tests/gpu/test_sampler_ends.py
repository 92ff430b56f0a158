"""The sampler at its edges: its clock, a claim that fails, a driver that hangs."""

import os
import threading
from pathlib import Path

import pytest

from cellcost.gpu import Claims

from .conftest import Machine

GB = 10**9


def test_the_samples_of_a_booking_are_on_its_own_clock(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.setting("period", 250)
    machine.scenario.process(gpu, os.getpid(), bytes=GB)
    machine.scenario.load(gpu, os.getpid(), sm=100, start=1.5, end=2)
    sampler = machine.sampler()
    sampler.look()
    bookings = [b for look in machine.look_for(sampler, 3) for b in look.bookings]
    (working,) = [booking for booking in bookings if booking.busy_ms]
    assert all(
        working.start <= start < end <= working.end
        for start, end, _ in working.busy_when
    )
    assert sum((b - a) * part / 100 for a, b, part in working.busy_when) == (
        pytest.approx(working.busy_ms / 1000)
    )


def test_without_a_claim_nothing_is_sampled_and_it_is_said(
    machine: Machine, tmp_path: Path
) -> None:
    machine.scenario.device()
    (tmp_path / "file").write_text("in the way", "utf-8")
    folder = tmp_path / "file" / "claims"
    sampler = machine.sampler(claims=Claims(folder), needed=lambda: True)
    assert not sampler.consider()
    assert "claims cannot be written" in sampler.reason


def test_a_driver_that_hangs_does_not_hold_up_the_end(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cellcost.gpu.sampler._END_SECONDS", 0.1)
    machine.scenario.device()
    sampler = machine.sampler()
    sampler.look()
    stuck, go = threading.Event(), threading.Event()
    monkeypatch.setattr(sampler, "_look", lambda _: (stuck.set(), go.wait()))
    hanging = threading.Thread(target=sampler.look)
    hanging.start()
    stuck.wait()
    sampler.stop()  # returns
    go.set()
    hanging.join()
