"""HeldView: the GPUs that processes hold while nothing of theirs runs."""

from collections.abc import Iterable
from dataclasses import dataclass

from cellcost.records import GPU_BUSY, GPU_HELD, known_cost
from cellcost.views.entries import Entry
from cellcost.views.gpu import gpu_lines

__all__ = ["HeldView", "held_now"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldView:
    """A device that a process holds at this moment, idle since its last work there."""

    device: str
    notebook: str
    kernel_id: str
    idle_ms: int
    """Device time held since, weighted by the share of the device."""
    idle_seconds: float
    """How long ago the last work ended, or holding began."""
    cost_nusd: int | None
    """What holding cost since; None where the device has no rate."""
    held_bytes: int
    """Memory held; 0 where it is not known yet."""


def held_now(entries: Iterable[Entry]) -> tuple[HeldView, ...]:
    """Return what is held at this moment, of a day's GPU entries; dearest first."""
    owners: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.time):
        # Of a MIG slice nobody can tell whether it works or idles.
        if entry.kind == "gpu" and " MIG " not in entry.model:
            where = entry.where
            key = (where.kernel_id, where.notebook, entry.model)
            owners.setdefault(key, []).append(entry)
    found = (_held(*key, booked) for key, booked in owners.items())
    views = [view for view in found if view is not None]
    return tuple(sorted(views, key=lambda view: -(view.cost_nusd or 0)))


def _held(
    kernel_id: str, notebook: str, device: str, booked: list[Entry]
) -> HeldView | None:
    holding = [entry for entry in booked if _has(entry, GPU_HELD)]
    if not any(entry.live for entry in holding):
        return None
    if any(entry.live and _has(entry, GPU_BUSY) for entry in booked):
        return None  # it works right now
    idle_from = max(
        (entry.ended for entry in booked if _has(entry, GPU_BUSY)),
        default=holding[0].time,
    )
    idle = [entry for entry in holding if entry.live or entry.ended > idle_from]
    lines = [
        line for entry in idle for line in gpu_lines(entry) if line.meter == GPU_HELD
    ]
    now = max(entry.live_at or entry.ended for entry in idle)
    return HeldView(
        device=device,
        notebook=notebook,
        kernel_id=kernel_id,
        idle_ms=sum(line.quantity for line in lines),
        idle_seconds=max(0.0, (now - idle_from).total_seconds()),
        cost_nusd=known_cost(lines),
        held_bytes=next(
            (entry.held_bytes for entry in reversed(holding) if not entry.live), 0
        ),
    )


def _has(entry: Entry, meter: str) -> bool:
    return any(line.meter == meter for line in gpu_lines(entry))
