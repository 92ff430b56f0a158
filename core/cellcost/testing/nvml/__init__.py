"""Scenarios of GPUs, played by a library that the real pynvml loads as the driver's.

    scenario = Scenario()
    gpu = scenario.device()
    scenario.process(gpu, os.getpid(), bytes=31 * 10**9)
    scenario.load(gpu, os.getpid(), sm=80, start=1.0, end=4.0)
    with played(scenario, folder):
        ...  # `cellcost.gpu` and whatever else uses pynvml sees an H100

Another process sees it with `environment(scenario, folder)` among its variables.
"""

import ctypes
import hashlib
import mmap
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "FOREVER",
    "GPU_IS_LOST",
    "NOT_SUPPORTED",
    "NO_PERMISSION",
    "VERSION_MISMATCH",
    "NoCompiler",
    "Scenario",
    "StepClock",
    "environment",
    "library",
    "played",
]

SOURCE = Path(__file__).with_name("scenario.c")
VARIABLE = "NVML_SCENARIO"
FOREVER = 10.0**9
NOT_SUPPORTED = 3
NO_PERMISSION = 4
GPU_IS_LOST = 15
VERSION_MISMATCH = 18


class NoCompiler(RuntimeError):
    """There is no C compiler to build the library with."""


class StepClock:
    """The scenario's time as a test steps it: microseconds in eight shared bytes."""

    def __init__(self, path: Path, *, start_us: int) -> None:
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 8)
        self.path = path
        self.us = start_us
        self.step(0)

    def step(self, seconds: float) -> None:
        """Let `seconds` pass, or come back with a negative number."""
        self.us += round(seconds * 1_000_000)
        self._page[:8] = self.us.to_bytes(8, "little")


@dataclass(slots=True)
class Scenario:
    """What the devices of a machine do; times are seconds since `origin_us`."""

    origin_us: int = field(default_factory=lambda: time.time_ns() // 1000)
    clock: StepClock | None = None
    lines: list[str] = field(default_factory=list[str])
    n_devices: int = 0

    def device(
        self,
        name: str = "NVIDIA H100 80GB HBM3",
        *,
        uuid: str = "",
        gigabytes: float = 80,
        max_mig: int = 7,
    ) -> int:
        """Add a device; return the number that the other methods take."""
        uuid = uuid or f"GPU-{self.n_devices:08x}-0000-4000-8000-{self.n_devices:012x}"
        self._add("device", uuid, name, int(gigabytes * 1e9), max_mig)
        self.n_devices += 1
        return self.n_devices - 1

    def mig(
        self,
        parent: int,
        *,
        slices: int,
        name: str = "",
        uuid: str = "",
        gigabytes: float = 10,
    ) -> int:
        """Add a MIG slice of `parent`; return its number."""
        uuid = uuid or f"MIG-{self.n_devices:08x}-0000-5000-8000-{self.n_devices:012x}"
        name = name or f"NVIDIA H100 80GB HBM3 MIG {slices}g.{gigabytes:.0f}gb"
        self._add("mig", uuid, name, int(gigabytes * 1e9), slices, parent)
        self.n_devices += 1
        return self.n_devices - 1

    def process(
        self,
        device: int,
        pid: int,
        *,
        bytes: int | None,  # noqa: A002 - as NVML calls them
        start: float = 0,
        end: float = FOREVER,
    ) -> None:
        """Let a process hold memory; None where the driver does not tell how much."""
        self._add(
            "process", device, pid, _ms(start), _ms(end), -1 if bytes is None else bytes
        )

    def hidden(
        self, device: int, *, gigabytes: float, start: float = 0, end: float = FOREVER
    ) -> None:
        """Let processes that the driver does not list hold memory."""
        self._add("hidden", device, _ms(start), _ms(end), int(gigabytes * 1e9))

    def load(
        self,
        device: int,
        pid: int,
        *,
        sm: int,
        memory: int = 0,
        start: float = 0,
        end: float = FOREVER,
    ) -> None:
        """Let a process run kernels: percent of the SMs and of the memory's time."""
        self._add("load", device, pid, _ms(start), _ms(end), sm, memory)

    def busy(
        self,
        device: int,
        *,
        percent: int,
        memory: int = 0,
        start: float = 0,
        end: float = FOREVER,
    ) -> None:
        """Say how long kernels ran on the device; without it the sum of its loads."""
        self._add("busy", device, _ms(start), _ms(end), percent, memory)

    def power(
        self, device: int, *, watts: float, start: float = 0, end: float = FOREVER
    ) -> None:
        """Say what the device draws; 70 W without it."""
        self._add("power", device, _ms(start), _ms(end), int(watts * 1000))

    def error(
        self,
        device: int,
        code: int,
        *,
        function: str = "*",
        start: float = 0,
        end: float = FOREVER,
    ) -> None:
        """Let a function of the driver (or all that take the device) fail."""
        self._add("error", device, _ms(start), _ms(end), code, function)

    def setting(self, name: str, value: int | str) -> None:
        """Set `period`, `buffer` (milliseconds), `init` (an error code) or `driver`.

        `follow` 1 lets a scenario that is written again take the place of the old one.
        """
        self._add(name, value)

    def write(self, path: Path) -> None:
        """Write the file that the library plays, in one step."""
        head = [f"origin\t{self.origin_us}"]
        if self.clock is not None:
            head.append(f"clock\t{self.clock.path}")
        new = path.with_suffix(".new")
        new.write_text("\n".join([*head, *self.lines]) + "\n", encoding="utf-8")
        new.replace(path)

    def _add(self, *fields: object) -> None:
        self.lines.append("\t".join(map(str, fields)))


def library(*, without: Sequence[str] = ()) -> Path:
    """Return the built library, made once for each source and choice of symbols."""
    flags = ["-O2", "-shared", "-fPIC", "-fvisibility=hidden"]
    flags += [
        "-Wl,-soname,libnvidia-ml.so.1",
        *(f"-DWITHOUT_{name}" for name in without),
    ]
    key = hashlib.sha256(SOURCE.read_bytes() + repr(flags).encode()).hexdigest()[:16]
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"cellcost-nvml-{user}-{key}"
    built = folder / "libnvidia-ml.so.1"
    if not built.exists():
        compiler = shutil.which("cc")
        if compiler is None:
            raise NoCompiler("no C compiler: install gcc and libc6-dev")
        folder.mkdir(mode=0o700, exist_ok=True)
        new = folder / f"{os.getpid()}.new"
        subprocess.run([compiler, *flags, "-o", str(new), str(SOURCE)], check=True)
        new.replace(built)
    return built


def environment(
    scenario: Scenario, folder: Path, *, without: Sequence[str] = ()
) -> dict[str, str]:
    """Return the variables with which a new process sees the scenario."""
    path = folder / "scenario.tsv"
    scenario.write(path)
    return {
        VARIABLE: str(path),
        "LD_LIBRARY_PATH": str(library(without=without).parent),
    }


@contextmanager
def played(scenario: Scenario, folder: Path) -> Generator[None]:
    """Play a scenario in this process, whose pynvml then finds our library."""
    # By its soname it is from now on what CDLL("libnvidia-ml.so.1") answers with.
    ctypes.CDLL(str(library()))
    path = folder / "scenario.tsv"
    scenario.write(path)
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
