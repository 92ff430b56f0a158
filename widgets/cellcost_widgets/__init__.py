"""Views inside a notebook: a live meter of the kernel, and the magics `%cellcost`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cellcost_widgets.meter import CostMeter

__all__ = ["CostMeter", "load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(ipython: Any) -> None:
    """Bring `%cellcost` and `%%cellcost`: what `%load_ext cellcost_widgets` calls.

    The meter calls it in every kernel, so this imports the standard library only.
    """
    from cellcost_widgets import magics

    magics.register(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics off: what `%unload_ext cellcost_widgets` calls."""
    from cellcost_widgets import magics

    magics.unregister(ipython)


def __getattr__(name: str) -> Any:
    """Import the widget when it is asked for: a kernel without one never pays."""
    if name != "CostMeter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cellcost_widgets.meter import CostMeter

    return CostMeter
