"""NVML, the driver's own counters: the only module that imports pynvml.

Everything that can be missing (the Python package, the library, the driver, a symbol, a
permission, a device that fell off the bus) comes back as a value with its reason.
"""

import ctypes
import importlib
import os
import struct
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from cellcost.gpu.devices import Device, NoGpu, ProcessSample, Reading, Trouble

__all__ = ["Driver", "open_driver"]

_SUCCESS: Final = 0
_UNINITIALIZED: Final = 1
_NOT_SUPPORTED: Final = 3
_NO_PERMISSION: Final = 4
_NOT_FOUND: Final = 6
_TOO_SMALL: Final = 7
_NO_FUNCTION: Final = 13
_OTHER_VERSION: Final = 25
_GPU_UTILIZATION: Final = 1
"""NVML_GPU_UTILIZATION_SAMPLES."""
_UNKNOWN_BYTES: Final = 2**64 - 1
_MOST_ROWS: Final = 1 << 16

_REASONS: Final = {
    _UNINITIALIZED: "the driver's library was not started in this process",
    _NOT_SUPPORTED: "not supported by this device",
    _NO_PERMISSION: "no permission",
    9: "the NVIDIA driver is not loaded",
    12: "no NVIDIA driver library (libnvidia-ml.so.1)",
    _NO_FUNCTION: "the driver's library is too old",
    _OTHER_VERSION: "the driver's library knows another version",
    15: "the device is lost (it fell off the bus or was taken away)",
    16: "the device must be reset",
    17: "the operating system blocks the driver",
    18: "driver and library have different versions: reboot, or reload the driver",
}

# c_nvmlProcessInfo_v2_t, c_nvmlProcessUtilizationSample_t, c_nvmlSample_t, as C lays
# them out. Read with `struct`, because a ctypes object for each row takes ten times as
# long (bench/bench_gpu.py).
_PROCESS = struct.Struct("=I4xQII")
_USED = struct.Struct("=I4xQII8x")
_SAMPLE = struct.Struct("=QI4x")


def open_driver() -> "Driver | NoGpu":
    """Return the started driver, or why there is none. Loads pynvml at first use."""
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        return NoGpu("nvidia-ml-py is not installed")
    try:
        nvml.nvmlInit()
    except (nvml.NVMLError, OSError, AttributeError) as error:
        return NoGpu(_reason(error))
    return Driver(nvml)


class Driver:
    """The started library, for one thread at a time of the process that opened it."""

    def __init__(self, nvml: ModuleType) -> None:
        self._nvml = nvml
        self._pid = os.getpid()
        self._handles: dict[str, Any] = {}
        self._silent: dict[tuple[str, str], str] = {}
        """(uuid, function) that a device does not offer, and why; not asked again."""
        self._processes = _Rows(_PROCESS, rows=64)
        self._used = _Rows(_USED, rows=256)
        self._samples = _Rows(_SAMPLE, rows=256)
        self._energy = ctypes.c_ulonglong()
        self._energy_at = ctypes.byref(self._energy)
        self._memory: Any = None
        self._type = ctypes.c_int()
        self._type_at = ctypes.byref(self._type)
        self._functions: dict[str, Callable[..., int] | None] = {}
        self.troubles: dict[int, str] = {}
        """Why a device could not be listed, by its number."""

    @property
    def version(self) -> str:
        """The driver's version; empty where it does not tell."""
        try:
            return str(self._nvml.nvmlSystemGetDriverVersion())
        except self._nvml.NVMLError:
            return ""

    @property
    def is_ours(self) -> bool:
        """False in a forked child, whose handles are worth nothing."""
        return os.getpid() == self._pid

    def close(self) -> None:
        """Let the library go, in the process that opened it."""
        if not self.is_ours:
            return
        self._pid = -1
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError:
            return  # it was gone already, with its driver

    def devices(self) -> tuple[Device, ...]:
        """Return the devices now, MIG slices after their parent."""
        self.troubles.clear()
        found: list[Device] = []
        try:
            count = int(self._nvml.nvmlDeviceGetCount())
        except self._nvml.NVMLError as error:
            self.troubles[-1] = _reason(error)
            return ()
        for index in range(count):
            try:
                found += self._device(index)
            except self._nvml.NVMLError as error:
                self.troubles[index] = _reason(error)
        return tuple(found)

    def read(self, device: Device, since_us: int) -> Reading | Trouble:
        """Return what the driver knows of a device since a time, or why nothing."""
        handle = self._handles.get(device.uuid)
        if handle is None or not self.is_ours:
            return Trouble(_REASONS[_UNINITIALIZED], _UNINITIALIZED)
        try:
            return self._read(device.uuid, handle, since_us)
        except _Lost as lost:
            return Trouble(_say(lost.code), lost.code)

    def limit_mw(self, device: Device) -> int | None:
        """Return what the device may draw; None where it does not tell."""
        found = self._value(device, "nvmlDeviceGetEnforcedPowerLimit")
        return None if found is None else int(found)

    def memory_percent(self, device: Device) -> int | None:
        """Return how long memory was read or written lately, in percent of the time."""
        found = self._value(device, "nvmlDeviceGetUtilizationRates")
        return None if found is None else int(found.memory)

    def _value(self, device: Device, name: str) -> Any:
        handle = self._handles.get(device.uuid)
        if handle is None or not self.is_ours:
            return None
        try:
            return getattr(self._nvml, name)(handle)
        except self._nvml.NVMLError:
            return None

    # -- one device's list -------------------------------------------------------------

    def _device(self, index: int) -> list[Device]:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        whole = Device(
            index=index,
            uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
            name=_text(nvml.nvmlDeviceGetName(handle)),
            memory_bytes=int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
        )
        self._handles[whole.uuid] = handle
        return [whole, *self._slices(whole, handle)]

    def _slices(self, whole: Device, handle: Any) -> list[Device]:
        nvml = self._nvml
        try:
            if not nvml.nvmlDeviceGetMigMode(handle)[0]:
                return []
            most = int(nvml.nvmlDeviceGetMaxMigDeviceCount(handle))
        except nvml.NVMLError:
            return []
        found: list[Device] = []
        for number in range(most):
            try:
                part = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number)
                sizes = nvml.nvmlDeviceGetAttributes(part)
                device = Device(
                    index=whole.index,
                    uuid=_text(nvml.nvmlDeviceGetUUID(part)),
                    name=_text(nvml.nvmlDeviceGetName(part)),
                    memory_bytes=int(sizes.memorySizeMB) << 20,
                    parent=whole.uuid,
                    slices=int(sizes.computeInstanceSliceCount),
                    slices_of=most,
                )
            except nvml.NVMLError:
                continue  # numbers of slices that do not exist now
            self._handles[device.uuid] = part
            found.append(device)
        return found

    # -- one look ----------------------------------------------------------------------

    def _read(self, uuid: str, handle: Any, since_us: int) -> Reading:
        samples = self._device_samples(uuid, handle, since_us)
        return Reading(
            processes=self._list(uuid, handle),
            device_samples=samples,
            process_samples=self._process_samples(uuid, handle, since_us),
            used_bytes=self._used_bytes(uuid, handle),
            energy_mj=self._read_energy(uuid, handle),
            busy_percent=None if samples else self._busy(uuid, handle),
            limits=[why for (of, _), why in self._silent.items() if of == uuid],
        )

    def _list(self, uuid: str, handle: Any) -> dict[int, int | None] | None:
        held: dict[int, int | None] | None = None
        for name in (
            "nvmlDeviceGetComputeRunningProcesses_v3",
            "nvmlDeviceGetGraphicsRunningProcesses_v3",
        ):
            function = self._function(uuid, name)
            if function is None:
                continue
            rows = self._processes
            while (code := function(handle, rows.count_at, rows.buffer)) == _TOO_SMALL:
                rows.grow()
            found = rows.take()
            if self._answered(uuid, name, code):
                held = {} if held is None else held
                for pid, size, _, _ in found:
                    more = None if size == _UNKNOWN_BYTES else size
                    # A process may do both: its memory is told twice, not added up.
                    held[pid] = more if more is not None else held.get(pid)
        return held

    def _process_samples(
        self, uuid: str, handle: Any, since_us: int
    ) -> list[ProcessSample] | None:
        name = "nvmlDeviceGetProcessUtilization"
        function = self._function(uuid, name)
        if function is None:
            return None
        rows, since = self._used, ctypes.c_ulonglong(since_us)
        while (
            code := function(handle, rows.buffer, rows.count_at, since)
        ) == _TOO_SMALL:
            rows.grow()
        found = rows.take()
        if code == _NOT_FOUND:
            return []  # nobody ran a kernel since: an answer, not an error
        if not self._answered(uuid, name, code):
            return None
        # Some drivers leave rows of earlier reads, or none at all, in the answer.
        return [row for row in found if row[1] > since_us and row[2] <= 100]

    def _device_samples(
        self, uuid: str, handle: Any, since_us: int
    ) -> list[tuple[int, int]] | None:
        name = "nvmlDeviceGetSamples"
        function = self._function(uuid, name)
        if function is None:
            return None
        rows, since = self._samples, ctypes.c_ulonglong(since_us)
        rows.reset()
        code = function(
            handle, _GPU_UTILIZATION, since, self._type_at, rows.count_at, rows.buffer
        )
        if rows.is_full or code == _TOO_SMALL:
            # Newest rows come last: a full buffer may have lost them.
            rows.grow_to(self._room(function, handle, since))
            code = function(
                handle,
                _GPU_UTILIZATION,
                since,
                self._type_at,
                rows.count_at,
                rows.buffer,
            )
        found = rows.take()
        if code == _NOT_FOUND:
            return []
        if not self._answered(uuid, name, code):
            return None
        return [(at, value) for at, value in found if at > since_us and value <= 100]

    def _room(self, function: Callable[..., int], handle: Any, since: Any) -> int:
        function(
            handle, _GPU_UTILIZATION, since, self._type_at, self._samples.count_at, None
        )
        return self._samples.count

    def _read_energy(self, uuid: str, handle: Any) -> int | None:
        name = "nvmlDeviceGetTotalEnergyConsumption"
        function = self._function(uuid, name)
        if function is None:
            return None
        code = function(handle, self._energy_at)
        return self._energy.value if self._answered(uuid, name, code) else None

    def _used_bytes(self, uuid: str, handle: Any) -> int | None:
        name = "nvmlDeviceGetMemoryInfo_v2"
        function = self._function(uuid, name)
        if function is None:
            return None
        if self._memory is None:
            self._memory = self._nvml.c_nvmlMemory_v2_t()
        # The structure tells its version; `used` of the first counts the driver's own.
        self._memory.version = self._nvml.nvmlMemory_v2
        code = function(handle, ctypes.byref(self._memory))
        return int(self._memory.used) if self._answered(uuid, name, code) else None

    def _busy(self, uuid: str, handle: Any) -> int | None:
        name = "nvmlDeviceGetUtilizationRates"
        function = self._function(uuid, name)
        if function is None:
            return None
        rates = (ctypes.c_uint * 2)()
        code = function(handle, ctypes.byref(rates))
        return rates[0] if self._answered(uuid, name, code) else None

    def _function(self, uuid: str, name: str) -> Callable[..., int] | None:
        """Return a function of the library that this device is not known to lack."""
        if (uuid, name) in self._silent:
            return None
        if name not in self._functions:
            self._functions[name] = getattr(self._nvml.nvmlLib, name, None)
        function = self._functions[name]
        if function is None:
            self._silent[uuid, name] = f"{_SHORT[name]}: {_say(_NO_FUNCTION)}"
        return function

    def _answered(self, uuid: str, name: str, code: int) -> bool:
        if code == _SUCCESS:
            return True
        if code in (_NOT_SUPPORTED, _NO_PERMISSION, _NO_FUNCTION, _OTHER_VERSION):
            self._silent[uuid, name] = f"{_SHORT[name]}: {_say(code)}"
            return False
        raise _Lost(code)


_SHORT: Final = {
    "nvmlDeviceGetComputeRunningProcesses_v3": "processes",
    "nvmlDeviceGetGraphicsRunningProcesses_v3": "graphics processes",
    "nvmlDeviceGetProcessUtilization": "use by process",
    "nvmlDeviceGetSamples": "use over time",
    "nvmlDeviceGetMemoryInfo_v2": "memory of all processes",
    "nvmlDeviceGetTotalEnergyConsumption": "energy",
    "nvmlDeviceGetUtilizationRates": "use",
}


class _Lost(Exception):
    """The device answers no longer."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Rows:
    """A buffer of C structures that is kept from call to call."""

    def __init__(self, row: struct.Struct, *, rows: int) -> None:
        self._row = row
        self._count = ctypes.c_uint()
        self.count_at = ctypes.byref(self._count)
        self.grow_to(rows)

    @property
    def count(self) -> int:
        return self._count.value

    @property
    def is_full(self) -> bool:
        return self._count.value >= self._rows

    def grow(self) -> None:
        """Make room for what the driver just said it has, and some more."""
        if self._rows > _MOST_ROWS:
            raise _Lost(_TOO_SMALL)  # an answer that never fits is none
        self.grow_to(max(self._rows, self.count) * 2)

    def grow_to(self, rows: int) -> None:
        self._rows = max(1, rows)
        self.buffer = ctypes.create_string_buffer(self._row.size * self._rows)
        self._view = memoryview(self.buffer)
        self.reset()

    def reset(self) -> None:
        self._count.value = self._rows

    def take(self) -> list[Any]:
        """Return the rows that the driver wrote, and be ready for the next call."""
        written = min(self._count.value, self._rows)
        rows = list(self._row.iter_unpack(self._view[: written * self._row.size]))
        self.reset()
        return rows


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _say(code: int) -> str:
    return _REASONS.get(code, f"NVML error {code}")


def _reason(error: Exception) -> str:
    code = getattr(error, "value", None)
    return _say(code) if isinstance(code, int) else f"{type(error).__name__}: {error}"
