"""GPUs that kernels hold while nothing runs there, as rows of the side panel."""

from collections.abc import Callable, Iterable
from typing import Any

from cellcost.figures import duration_text, memory_text
from cellcost.money import format_usd
from cellcost.views import HeldView, device_name

__all__ = ["held_rows"]

_SAID_AFTER_SECONDS = 60.0
"""A pause to think is not idling."""


def held_rows(
    held: Iterable[HeldView], notebook_name: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Return a row for each device that a kernel holds idle, dearest first."""
    return [
        {
            "text": f"{_who(view, notebook_name)} holds {_what(view)}",
            "detail": f"{duration_text(view.idle_seconds)} idle · {_cost(view)}",
            "kernel_id": view.kernel_id,
            "level": "warn",
        }
        for view in held
        if view.idle_seconds >= _SAID_AFTER_SECONDS
    ]


def _who(view: HeldView, notebook_name: Callable[[str], str]) -> str:
    return notebook_name(view.notebook) if view.notebook else "a process"


def _what(view: HeldView) -> str:
    name = device_name(view.device)
    return f"{memory_text(view.held_bytes)} of {name}" if view.held_bytes else name


def _cost(view: HeldView) -> str:
    return "unpriced" if view.cost_nusd is None else format_usd(view.cost_nusd)
