"""What a policy can say, from mild to strict, and what a cap holds for."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, get_args

__all__ = [
    "ACTIONS",
    "LARGE_OUTPUT_RATE",
    "SCOPES",
    "Action",
    "PolicyLayer",
    "Scope",
    "stricter",
]

Action = Literal["allow", "warn", "ask", "approve", "block"]

ACTIONS: tuple[Action, ...] = get_args(Action)
"""From the mildest to the strictest."""

PolicyLayer = Literal["host", "team", "user", "project"]
"""Who says so, the most general first."""

Scope = Literal[
    "call",
    "cell",
    "notebook",
    "session",
    "user_day",
    "team_day",
    "team_month",
    "feature",
]

SCOPES: tuple[Scope, ...] = get_args(Scope)
"""What a cap holds for, the smallest first."""

LARGE_OUTPUT_RATE = Decimal(20)
"""USD per 1,000,000 output tokens from which a model is large, if no file says."""

_STRICTNESS: Mapping[Action, int] = MappingProxyType(
    {action: number for number, action in enumerate(ACTIONS)}
)


def stricter(one: Action, other: Action) -> bool:
    """Say whether `one` is stricter than `other`."""
    return _STRICTNESS[one] > _STRICTNESS[other]
