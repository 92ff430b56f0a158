"""Which caps hold where several files set some."""

from collections.abc import Iterable
from dataclasses import replace

from cellcost.policy.actions import SCOPES
from cellcost.policy.rules import Cap, Policy

__all__ = ["caps_in_force"]


def caps_in_force(policies: Iterable[Policy]) -> tuple[Cap, ...]:
    """Return the lowest hard and the lowest soft cap of each scope, smallest first.

    One cap of each kind: a hard one and a soft one may be of two files.
    """
    caps = [cap for policy in policies for cap in policy.caps]
    found: list[Cap] = []
    for scope in SCOPES:
        here = [cap for cap in caps if cap.scope == scope]
        hard = [(cap.hard_nusd, cap) for cap in here if cap.hard_nusd is not None]
        soft = [(cap.soft_nusd, cap) for cap in here if cap.soft_nusd is not None]
        if hard:
            cap = min(hard, key=lambda pair: pair[0])[1]
            found.append(replace(cap, soft_nusd=None))
        if soft:
            cap = min(soft, key=lambda pair: pair[0])[1]
            found.append(replace(cap, hard_nusd=None))
    return tuple(found)
