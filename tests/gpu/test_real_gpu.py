"""On a real GPU: what is booked against what was done. `-s` prints the table.

Where no device is, these tests say so and do not run: nothing else can stand in for
what a real driver tells, and when.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DUTY = Path(__file__).with_name("duty.py")
SECONDS = 30

pytestmark = pytest.mark.skipif(
    not Path("/dev/nvidiactl").exists(), reason="no NVIDIA device here"
)


def watched(*percents: int) -> dict[str, Any]:
    """Return what the sampler booked for processes of these duty cycles.

    In a process of its own: this one may have loaded the library of scenarios.
    """
    done = subprocess.run(
        [sys.executable, str(DUTY), "watch", str(SECONDS), *map(str, percents)],
        capture_output=True,
        text=True,
        timeout=SECONDS * 4 + 60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    whole = found["whole_ms"]
    sys.stdout.write(table(found))
    parts = sum(part["busy_ms"] + part["held_ms"] for part in found["processes"])
    assert (
        parts + found["unknown_ms"] + found["free_ms"] + found["others_ms"]
    ) == whole
    assert found["unknown_ms"] <= 0.02 * whole
    return found


def table(found: dict[str, Any]) -> str:
    """Return what was found as text: the figures that docs/gpu.md may quote."""
    whole = found["whole_ms"]
    lines = [
        f"\n{found['device']}, {whole} ms, limits {found['limits']}",
        f"  sampler {found['cpu_percent']:.2f} % of a core",
    ]
    lines += [
        f"  truth {100 * process['truth']:5.1f} %   "
        f"busy {100 * process['busy_ms'] / whole:5.1f} %   "
        f"held {100 * process['held_ms'] / whole:5.1f} %   {process['mwh']} mWh"
        for process in found["processes"]
    ]
    lines.append(f"  unknown {found['unknown_ms']} ms, others {found['others_ms']} ms")
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("percent", [25, 50, 90])
def test_a_known_duty_cycle_is_booked_within_five_percent(percent: int) -> None:
    found = watched(percent)
    (process,) = found["processes"]
    assert process["busy_ms"] / found["whole_ms"] == pytest.approx(
        process["truth"], abs=0.05
    )


def test_two_processes_share_a_device_by_what_they_use() -> None:
    found = watched(60, 20)
    first, second = found["processes"]
    ratio = first["truth"] / (first["truth"] + second["truth"])
    busy = first["busy_ms"] + second["busy_ms"]
    assert first["busy_ms"] / busy == pytest.approx(ratio, abs=0.1)


def test_a_device_that_is_held_idle_is_held() -> None:
    found = watched(0)
    (process,) = found["processes"]
    assert process["held_ms"] >= 0.95 * found["whole_ms"]
    assert process["mwh"] > 0 or "energy" in " ".join(found["limits"])
