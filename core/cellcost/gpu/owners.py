"""Who books which part of a division: shared by trees, or all of it by one server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cellcost.gpu.shares import OTHERS, Division, Party, apportion

__all__ = ["SERVER", "Allocation", "Portion", "energies", "portions"]

Allocation = Literal["shared", "exclusive"]
SERVER: Final = "server, idle"
"""Whose the rest of a device is that was allocated to a server as a whole."""


@dataclass(frozen=True, slots=True)
class Portion:
    """What one owner had of a device."""

    busy_ms: int
    held_ms: int
    held_bytes: int | None = 0
    """None where the driver does not tell."""

    @property
    def ms(self) -> int:
        return self.busy_ms + self.held_ms


def portions(
    division: Division,
    *,
    allocation: Allocation,
    held_bytes: Mapping[Party, int | None] | None = None,
) -> dict[str, Portion]:
    """Return what each owner had of a device that is divided by owners.

    With `exclusive` everything that is no owner's is the server's, so that all portions
    sum to the bill. With `shared` the rest stays unattributed.
    """
    found = {
        str(party): Portion(
            division.busy.get(party, 0),
            division.held.get(party, 0),
            (held_bytes or {}).get(party, 0),
        )
        for party in dict.fromkeys([*division.busy, *division.held])
        if party != OTHERS
    }
    if allocation == "exclusive":
        rest_ms = division.whole_ms - sum(part.ms for part in found.values())
        if rest_ms:
            found[SERVER] = Portion(0, rest_ms)
    return found


def energies(
    whole_mwh: int | None,
    whole_ms: int,
    found: Mapping[str, Portion],
    owed: Mapping[str, float],
) -> tuple[Mapping[str, int], Mapping[str, float]]:
    """Split energy as the time is split; what is nobody's portion is under ""."""
    if whole_mwh is None:
        return {}, {}
    weights: dict[str, float] = {owner: part.ms for owner, part in found.items()}
    weights[""] = whole_ms - sum(weights.values())
    return apportion(whole_mwh, weights, owed)
