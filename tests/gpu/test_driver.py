"""What the driver tells, through the real pynvml; and each way in which it fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cellcost.gpu import NoGpu, Reading, Trouble
from cellcost.testing.nvml import (
    GPU_IS_LOST,
    NO_PERMISSION,
    NOT_SUPPORTED,
    VERSION_MISMATCH,
    Scenario,
    environment,
)

from .conftest import Machine

GB = 10**9


def read(machine: Machine, since: float = 0) -> Reading:
    driver = machine.driver()
    device = driver.devices()[0]
    reading = driver.read(device, round(machine.scenario.origin_us + since * 1e6))
    assert isinstance(reading, Reading), reading
    return reading


def test_devices_have_names_memory_and_uuids(machine: Machine) -> None:
    machine.scenario.device(uuid="GPU-1", gigabytes=80)
    machine.scenario.device("NVIDIA L4", uuid="GPU-2", gigabytes=24)
    driver = machine.driver()
    assert [
        (device.index, device.name, device.uuid, device.memory_bytes)
        for device in driver.devices()
    ] == [
        (0, "NVIDIA H100 80GB HBM3", "GPU-1", 80 * GB),
        (1, "NVIDIA L4", "GPU-2", 24 * GB),
    ]
    assert driver.version == "550.54.15"


def test_slices_are_devices_and_know_their_part_of_the_whole(machine: Machine) -> None:
    whole = machine.scenario.device("NVIDIA A100-SXM4-40GB", gigabytes=40)
    machine.scenario.mig(whole, slices=3, name="NVIDIA A100-SXM4-40GB MIG 3g.20gb")
    machine.scenario.mig(whole, slices=1, name="NVIDIA A100-SXM4-40GB MIG 1g.5gb")
    first, *slices = machine.driver().devices()
    assert [(part.parent, str(part.fraction)) for part in slices] == [
        (first.uuid, "3/7"),
        (first.uuid, "1/7"),
    ]


def test_one_look_tells_processes_use_and_energy(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.process(gpu, 11, bytes=31 * GB)
    machine.scenario.process(gpu, 12, bytes=None)
    machine.scenario.load(gpu, 11, sm=80, memory=20)
    machine.scenario.setting("period", 250)
    machine.scenario.setting("rows", 1)
    machine.scenario.power(gpu, watts=400)
    machine.step(0.5)
    reading = read(machine, since=0.5)
    origin = machine.scenario.origin_us
    assert reading.processes == {11: 31 * GB, 12: None}
    assert reading.device_samples == [(origin + 750_000, 80), (origin + 1_000_000, 80)]
    assert reading.process_samples == [
        (11, origin + 750_000, 80, 20),
        (11, origin + 1_000_000, 80, 20),
    ]
    assert reading.energy_mj == 400_000
    assert not reading.limits


def test_no_sample_of_a_process_means_idle_and_is_no_error(machine: Machine) -> None:
    gpu = machine.scenario.device()
    machine.scenario.process(gpu, 11, bytes=GB)
    reading = read(machine)
    assert reading.process_samples == []
    assert not reading.limits


def test_hundreds_of_processes_and_samples_fit(machine: Machine) -> None:
    gpu = machine.scenario.device()
    for pid in range(1, 101):
        machine.scenario.process(gpu, pid, bytes=GB // 10)
        machine.scenario.load(gpu, pid, sm=1)
    machine.scenario.setting("period", 25)
    machine.scenario.setting("rows", 1)
    machine.step(9.5)
    reading = read(machine)
    assert reading.processes is not None
    assert len(reading.processes) == 100
    assert len(reading.process_samples or ()) == 100 * 400
    assert len(reading.device_samples or ()) == 400


@pytest.mark.parametrize(
    ("function", "code", "said"),
    [
        (
            "nvmlDeviceGetProcessUtilization",
            NOT_SUPPORTED,
            "use by process: not supported by this device",
        ),
        (
            "nvmlDeviceGetProcessUtilization",
            NO_PERMISSION,
            "use by process: no permission",
        ),
        (
            "nvmlDeviceGetSamples",
            NOT_SUPPORTED,
            "use over time: not supported by this device",
        ),
        (
            "nvmlDeviceGetTotalEnergyConsumption",
            NOT_SUPPORTED,
            "energy: not supported by this device",
        ),
        (
            "nvmlDeviceGetComputeRunningProcesses_v3",
            NO_PERMISSION,
            "processes: no permission",
        ),
    ],
)
def test_what_a_device_does_not_tell_is_none_and_said(
    machine: Machine, function: str, code: int, said: str
) -> None:
    gpu = machine.scenario.device()
    machine.scenario.load(gpu, 11, sm=80)
    machine.scenario.error(gpu, code, function=function)
    reading = read(machine)
    assert reading.limits == [said]
    field = {
        "nvmlDeviceGetProcessUtilization": reading.process_samples,
        "nvmlDeviceGetSamples": reading.device_samples,
        "nvmlDeviceGetTotalEnergyConsumption": reading.energy_mj,
    }.get(function)
    assert field is None
    if function == "nvmlDeviceGetSamples":
        assert reading.busy_percent == 80


def test_a_lost_device_is_a_reason_and_the_others_are_read(machine: Machine) -> None:
    lost, well = machine.scenario.device(), machine.scenario.device()
    machine.scenario.error(lost, GPU_IS_LOST, start=1)
    driver = machine.driver()
    first, second = driver.devices()
    machine.step(1.0)
    trouble = driver.read(first, 0)
    assert isinstance(trouble, Trouble)
    assert "lost" in trouble.reason
    assert isinstance(driver.read(second, 0), Reading)
    assert [device.index for device in driver.devices()] == [well]
    assert "lost" in driver.troubles[lost]


def test_a_driver_of_another_version_is_a_reason(machine: Machine) -> None:
    machine.scenario.setting("init", VERSION_MISMATCH)
    found = machine.open()
    assert isinstance(found, NoGpu)
    assert "different versions" in found.reason


def test_a_driver_that_is_not_loaded_is_a_reason(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVML_SCENARIO", str(machine.folder / "nothing"))
    found = machine.open()
    assert found == NoGpu("the NVIDIA driver is not loaded")


def test_a_closed_driver_says_so_and_closes_twice(machine: Machine) -> None:
    machine.scenario.device()
    driver = machine.driver()
    device = driver.devices()[0]
    driver.close()
    driver.close()
    assert isinstance(driver.read(device, 0), Trouble)


def test_a_forked_child_may_not_use_its_parents_driver(machine: Machine) -> None:
    machine.scenario.device()
    driver = machine.driver()
    device = driver.devices()[0]
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            theirs = driver.read(device, 0)
            again = machine.driver()
            own = again.read(again.devices()[0], 0)
            said = [isinstance(theirs, Trouble), isinstance(own, Reading)]
            os.write(writer, json.dumps(said).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as answer:
        assert json.loads(answer.read()) == [True, True]
    assert isinstance(driver.read(device, 0), Reading)


PROBE = """
import sys
from cellcost.gpu import NoGpu, open_driver
assert "pynvml" not in sys.modules
driver = open_driver()
if isinstance(driver, NoGpu):
    print(driver.reason)
else:
    reading = driver.read(driver.devices()[0], 0)
    print(reading.processes, list(reading.limits))
"""


def probe(**variables: str) -> str:
    """Return what a fresh process says of its GPUs."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_a_new_process_finds_the_scenario_by_its_variables(tmp_path: Path) -> None:
    scenario = Scenario()
    gpu = scenario.device()
    scenario.process(gpu, 7, bytes=GB)
    assert probe(**environment(scenario, tmp_path)) == f"{{7: {GB}}} []"


def test_a_missing_symbol_is_a_limit_not_an_error(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.device()
    without = environment(
        scenario, tmp_path, without=["nvmlDeviceGetProcessUtilization"]
    )
    assert probe(**without) == (
        '{} ["use by process: the driver\'s library is too old"]'
    )


def test_a_machine_without_the_library_is_a_reason(tmp_path: Path) -> None:
    if Path("/dev/nvidiactl").exists():
        return  # this machine has a driver: nothing to show here
    assert probe(LD_LIBRARY_PATH=str(tmp_path)) == (
        "no NVIDIA driver library (libnvidia-ml.so.1)"
    )


def test_an_environment_without_the_package_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "pynvml.py").write_text("raise ImportError('not here')\n")
    said = probe(PYTHONPATH=str(tmp_path))
    assert said == "nvidia-ml-py is not installed"


def test_only_one_module_imports_pynvml() -> None:
    core = Path(__file__).parents[2] / "core" / "cellcost"
    naming = [
        path.name
        for path in core.rglob("*.py")
        if "pynvml" in path.read_text(encoding="utf-8").replace('"""', "")
        and "import_module(" in path.read_text(encoding="utf-8")
    ]
    assert naming == ["driver.py"]
