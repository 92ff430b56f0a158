"""hints: what a device's own figures say about how well it is used, with evidence.

`busy` is NVML's: the share of time in which some kernel ran, however small. That alone
says nothing of how full a device is; memory traffic and power do, roughly. So a hint
needs two figures that agree, of minutes, and names both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Hint", "Saturation", "hints"]

_MANY_SECONDS: Final = 30.0
"""Loading data and compiling look like a badly used device; they pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """Means over a while of one device; None is what it does not tell."""

    seconds: float
    busy_percent: float
    sm_percent: float | None = None
    """Of our processes."""
    memory_percent: float | None = None
    """Of the time in which memory was read or written."""
    power_watts: float | None = None
    limit_watts: float | None = None
    held_bytes: int | None = None
    memory_bytes: int | None = None

    @property
    def power_percent(self) -> float | None:
        """Drawn power in percent of what the device may draw."""
        if self.power_watts is None or not self.limit_watts:
            return None
        return 100 * self.power_watts / self.limit_watts


@dataclass(frozen=True, slots=True)
class Hint:
    """An advice and the figures that it rests on."""

    key: str
    text: str
    evidence: str


def hints(facts: Saturation) -> Sequence[Hint]:
    """Return what the figures say, the plainest first; empty where they say nothing."""
    if facts.seconds < _MANY_SECONDS:
        return ()
    rules = (_small_kernels, _waits_for_data, _bound_by_memory, _smaller_device)
    return [hint for rule in rules if (hint := rule(facts)) is not None]


def _small_kernels(facts: Saturation) -> Hint | None:
    """Kernels run all the time, and hardly anything of the device works."""
    if facts.busy_percent < 80:
        return None
    for name, value, most in (
        ("SM share", facts.sm_percent, 20),
        ("power", facts.power_percent, 40),
    ):
        idle_memory = facts.memory_percent is None or facts.memory_percent < 30
        if value is not None and value < most and idle_memory:
            return Hint(
                "small_kernels",
                f"GPU is busy {facts.busy_percent:.0f}% but {name} {value:.0f}%: "
                "batch more, or fuse small kernels",
                _evidence(facts),
            )
    return None


def _waits_for_data(facts: Saturation) -> Hint | None:
    """Something runs, and most of the time nothing does."""
    if not 5 <= facts.busy_percent < 50:
        return None
    return Hint(
        "waits",
        f"GPU is idle {100 - facts.busy_percent:.0f}% of the time between kernels: "
        "load data in more workers, or do more in one step",
        _evidence(facts),
    )


def _bound_by_memory(facts: Saturation) -> Hint | None:
    """Memory is what is waited for: a larger batch shares each read."""
    if facts.busy_percent < 80 or facts.memory_percent is None:
        return None
    if facts.memory_percent < 75:
        return None
    return Hint(
        "memory_bound",
        f"memory is read or written {facts.memory_percent:.0f}% of the time: smaller "
        "numbers (bf16, int8) or a larger batch for each read",
        _evidence(facts),
    )


def _smaller_device(facts: Saturation) -> Hint | None:
    """Little time and little memory are used: part of a device would do."""
    if facts.held_bytes is None or not facts.memory_bytes:
        return None
    part = 100 * facts.held_bytes / facts.memory_bytes
    if facts.busy_percent >= 20 or part >= 20 or not facts.held_bytes:
        return None
    return Hint(
        "smaller_device",
        f"{part:.0f}% of its memory and {facts.busy_percent:.0f}% of its time are used:"
        " a smaller GPU or a MIG slice may do",
        _evidence(facts),
    )


def _evidence(facts: Saturation) -> str:
    parts = [f"busy {facts.busy_percent:.0f}%"]
    if facts.sm_percent is not None:
        parts.append(f"SM {facts.sm_percent:.0f}%")
    if facts.memory_percent is not None:
        parts.append(f"memory traffic {facts.memory_percent:.0f}%")
    if facts.power_watts is not None and facts.limit_watts:
        parts.append(f"{facts.power_watts:.0f} of {facts.limit_watts:.0f} W")
    if facts.held_bytes is not None and facts.memory_bytes:
        held, whole = facts.held_bytes / 1e9, facts.memory_bytes / 1e9
        parts.append(f"{held:.0f} of {whole:.0f} GB")
    return f"{', '.join(parts)}; means of {facts.seconds:.0f} s"
