"""Who books which part of a division: shared by trees, or all of it by one server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cellcost.gpu.shares import Division

__all__ = ["SERVER", "Allocation", "Portion", "portions"]

Allocation = Literal["shared", "exclusive"]
SERVER: Final = "server, idle"
"""Whose the rest of a device is that was allocated to a server as a whole."""


@dataclass(frozen=True, slots=True)
class Portion:
    """What one owner had of a device; energy is None where nobody tells."""

    busy_ms: int
    held_ms: int
    energy_mwh: int | None = None
    held_bytes: int | None = 0


def portions(
    division: Division,
    owners: Mapping[int, str],
    *,
    allocation: Allocation,
    energy_mwh: Mapping[int, int] | None = None,
    held_bytes: Mapping[int, int | None] | None = None,
) -> dict[str, Portion]:
    """Return what each owner had; `owners` tells whose a process is.

    With `exclusive` everything that is no owner's is the server's, so that all portions
    sum to the bill. With `shared` the rest stays unattributed.
    """
    busy: dict[str, int] = {}
    held: dict[str, int] = {}
    for into, of in ((busy, division.busy), (held, division.held)):
        for pid, ms in of.items():
            owner = owners.get(pid)
            if owner is not None:
                into[owner] = into.get(owner, 0) + ms
    sizes = _sizes(held_bytes or {}, owners)
    energy = None if energy_mwh is None else _sums(energy_mwh, owners)
    found = {
        owner: Portion(
            busy.get(owner, 0),
            held.get(owner, 0),
            None if energy is None else energy.get(owner, 0),
            sizes.get(owner, 0),
        )
        for owner in dict.fromkeys([*busy, *held])
    }
    if allocation == "exclusive":
        rest_ms = division.whole_ms - sum(p.busy_ms + p.held_ms for p in found.values())
        rest_mwh = None
        if energy_mwh is not None:
            rest_mwh = sum(energy_mwh.values()) - sum(
                p.energy_mwh or 0 for p in found.values()
            )
        if rest_ms or rest_mwh:
            found[SERVER] = Portion(0, rest_ms, rest_mwh)
    return found


def _sums(amounts: Mapping[int, int], owners: Mapping[int, str]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for pid, amount in amounts.items():
        owner = owners.get(pid)
        if owner is not None:
            sums[owner] = sums.get(owner, 0) + amount
    return sums


def _sizes(
    held: Mapping[int, int | None], owners: Mapping[int, str]
) -> dict[str, int | None]:
    sizes: dict[str, int | None] = {}
    for pid, size in held.items():
        owner = owners.get(pid)
        if owner is not None:
            before = sizes.get(owner, 0)
            sizes[owner] = None if size is None or before is None else before + size
    return sizes
