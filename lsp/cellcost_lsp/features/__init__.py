"""What the server answers, one module each: pure functions and a thin `register`."""

from typing import TYPE_CHECKING

from cellcost_lsp.features import (
    code_actions,
    code_lenses,
    commands,
    completion,
    diagnostics,
    hover,
    inlay_hints,
    sending,
    spent,
    workspace_scan,
)

if TYPE_CHECKING:
    from cellcost_lsp.server import CostServer

__all__ = ["register"]

_FEATURES = (
    inlay_hints,
    code_lenses,
    diagnostics,
    code_actions,
    hover,
    completion,
    commands,
    workspace_scan,
    spent,
    sending,
)


def register(server: "CostServer") -> None:
    """Have the server answer with every feature."""
    for feature in _FEATURES:
        feature.register(server)
