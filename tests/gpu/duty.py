"""Run by the tests on a real GPU: work at a known duty cycle, or the sampler beside it.

    duty.py work PERCENT MEGABYTES    kernels run PERCENT of the time until stdin ends
    duty.py watch SECONDS PERCENT...  samples a process for each, says JSON

The kernel is PTX that the driver itself compiles, so that no torch or cupy is needed.
"""

import ctypes
import json
import subprocess
import sys
import threading
import time
from typing import Any

SPIN = b"""
.version 6.3
.target sm_50
.address_size 64
.visible .entry spin(.param .u64 nanoseconds)
{
  .reg .pred %again;
  .reg .u64 %begin, %now, %spent, %most;
  ld.param.u64 %most, [nanoseconds];
  mov.u64 %begin, %globaltimer;
LOOP:
  mov.u64 %now, %globaltimer;
  sub.u64 %spent, %now, %begin;
  setp.lt.u64 %again, %spent, %most;
  @%again bra LOOP;
  ret;
}
\0"""
BLOCKS = 1024
CYCLE_SECONDS = 0.1


class Gpu:
    """The first device through the driver's own interface."""

    def __init__(self, megabytes: int) -> None:
        self._cuda: Any = ctypes.CDLL("libcuda.so.1")
        self._context = ctypes.c_void_p()
        module, self._spin = ctypes.c_void_p(), ctypes.c_void_p()
        memory = ctypes.c_uint64()
        self._call("cuInit", 0)
        self._call("cuCtxCreate_v2", ctypes.byref(self._context), 0, 0)
        self._call("cuModuleLoadData", ctypes.byref(module), SPIN)
        self._call("cuModuleGetFunction", ctypes.byref(self._spin), module, b"spin")
        size = ctypes.c_size_t(megabytes << 20)
        self._call("cuMemAlloc_v2", ctypes.byref(memory), size)

    def spin(self, seconds: float) -> None:
        """Keep every SM busy for a while; return when it is done."""
        most = ctypes.c_uint64(round(seconds * 1e9))
        arguments = (ctypes.c_void_p * 1)(
            ctypes.cast(ctypes.byref(most), ctypes.c_void_p)
        )
        # Few enough blocks to be resident at once, or they would run in waves.
        shape = (BLOCKS // 8, 1, 1, 32, 1, 1)
        self._call("cuLaunchKernel", self._spin, *shape, 0, None, arguments, None)
        self._call("cuCtxSynchronize")

    def _call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._cuda, name)(*arguments)
        if code:
            raise SystemExit(f"{name} failed with {code}")


def work(percent: int, megabytes: int) -> None:
    """Run kernels `percent` of the time until stdin ends; then say the truth."""
    gpu = Gpu(megabytes)
    ended = threading.Event()
    threading.Thread(
        target=lambda: (sys.stdin.read(), ended.set()), daemon=True
    ).start()
    say("ready")
    begun, busy = time.perf_counter(), 0.0
    while not ended.is_set():
        started = time.perf_counter()
        if percent:
            gpu.spin(CYCLE_SECONDS * percent / 100)
            busy += time.perf_counter() - started
        ended.wait(max(0.0, CYCLE_SECONDS - (time.perf_counter() - started)))
    say(json.dumps(busy / (time.perf_counter() - begun)))


def watch(seconds: int, percents: list[int]) -> None:
    """Sample a process for each percentage; print what each had and what is true."""
    from cellcost.gpu import Look, Sampler

    workers = [
        subprocess.Popen(
            [sys.executable, __file__, "work", str(percent), str(2048)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for percent in percents
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    names = {worker.pid: str(n) for n, worker in enumerate(workers)}
    looks: list[Look] = []
    enough = threading.Event()

    def take(look: Look) -> None:
        looks.append(look)
        if len(looks) >= seconds:
            enough.set()

    sampler = Sampler(take, sample="on", kernels=lambda: names)
    spent = time.process_time()
    assert sampler.consider(), sampler.reason
    enough.wait(seconds * 3)
    sampler.stop()
    spent = time.process_time() - spent
    truths: list[float] = []
    for worker in workers:
        said, _ = worker.communicate("")
        truths.append(json.loads(said))
    states = [look.states[0] for look in looks]
    bookings = [b for look in looks for b in look.bookings]
    processes: list[dict[str, float]] = []
    for n, truth in enumerate(truths):
        ours = [b for b in bookings if b.owner == str(n)]
        processes.append(
            {
                "truth": truth,
                "busy_ms": sum(b.busy_ms for b in ours),
                "held_ms": sum(b.held_ms for b in ours),
                "mwh": sum(b.energy_mwh or 0 for b in ours),
            }
        )
    found = {
        "device": states[-1].device.name,
        "limits": list(states[-1].limits),
        "cpu_percent": 100 * spent / len(looks),
        "whole_ms": sum(state.whole_ms for state in states),
        "unknown_ms": sum(state.unknown_ms for state in states),
        "free_ms": sum(state.free_ms for state in states),
        "others_ms": sum(state.others_ms for state in states),
        "processes": processes,
    }
    say(json.dumps(found))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(int(sys.argv[2]), int(sys.argv[3]))
    else:
        watch(int(sys.argv[2]), [int(percent) for percent in sys.argv[3:]])
