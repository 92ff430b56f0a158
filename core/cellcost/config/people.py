"""Whose call it is, for rules that name people."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cellcost.policy.rules import Policy

__all__ = ["user_name"]


def user_name(policies: "Iterable[Policy]", env: Mapping[str, str]) -> str:
    """Return the user's name on the hub, else on the machine, "" if none is known.

    Also "" where no rule is about a user: looking a name up takes time.
    """
    if not any(rule.match.user for policy in policies for rule in policy.rules):
        return ""
    hub = env.get("JUPYTERHUB_USER", "").strip()
    if hub:
        return hub
    from cellcost.outcomes import machine_and_user

    return machine_and_user()[1]
