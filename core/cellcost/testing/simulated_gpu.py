"""A GPU for machines without one: memory that is held and kernels that only take time.

    gpu = SimulatedGpu()
    gpu.hold(31)  # gigabytes, until `free` or the end of the process
    gpu.work(4.0, sm=80)  # kernels for four seconds, on 80 percent of the device

The driver that `cellcost.testing.nvml` plays tells of it, to this process and others;
`simulate` makes one. Nothing is computed.
"""

import os
import time
from pathlib import Path

from cellcost.testing.nvml import FOREVER, VARIABLE, Scenario, environment

__all__ = ["SimulatedGpu", "simulate"]


def simulate(folder: Path, *names: str) -> dict[str, str]:
    """Write a scenario of idle devices; return the variables for those who see it."""
    scenario = Scenario()
    scenario.setting("follow", 1)
    for name in names or ("NVIDIA H100 80GB HBM3",):
        scenario.device(name)
    return environment(scenario, folder)


class SimulatedGpu:
    """One device of the scenario that `NVML_SCENARIO` names."""

    def __init__(self, device: int = 0) -> None:
        self._path = Path(os.environ[VARIABLE])
        self._device = device

    def hold(self, gigabytes: float) -> None:
        """Hold memory from now on."""
        self._tell("process", self._now(), FOREVER * 1000, int(gigabytes * 1e9))

    def free(self) -> None:
        """Hold nothing any more."""
        self._end("process")

    def work(self, seconds: float, *, sm: int = 90, memory: int = 40) -> None:
        """Run kernels for a while: percent of the SMs, and of the memory's time."""
        now = self._now()
        self._tell("load", now, now + seconds * 1000, sm, memory)
        try:
            time.sleep(seconds)
        except BaseException:
            self._end("load")
            raise

    def _tell(self, kind: str, start: float, end: float, *more: int) -> None:
        pid = os.getpid()
        fields = (kind, self._device, pid, int(start), int(end), *more)
        self._write([*self._lines(), "\t".join(map(str, fields))])

    def _end(self, kind: str) -> None:
        """Let what this process does there now end now."""
        ours = [kind, str(self._device), str(os.getpid())]
        now = self._now()
        lines: list[str] = []
        for line in self._lines():
            fields = line.split("\t")
            if fields[:3] == ours and float(fields[4]) > now:
                fields[4] = str(int(now))
            lines.append("\t".join(fields))
        self._write(lines)

    def _now(self) -> float:
        """Return milliseconds since the scenario's origin."""
        origin = next(line for line in self._lines() if line.startswith("origin\t"))
        return time.time() * 1000 - int(origin.split("\t")[1]) / 1000

    def _lines(self) -> list[str]:
        return self._path.read_text(encoding="utf-8").splitlines()

    def _write(self, lines: list[str]) -> None:
        new = self._path.with_suffix(f".{os.getpid()}")
        new.write_text("\n".join(lines) + "\n", encoding="utf-8")
        new.replace(self._path)
