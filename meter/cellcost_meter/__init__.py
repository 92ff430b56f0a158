"""The meter inside a kernel or process: attribution, capture, recording."""

from typing import Any

__all__ = [
    "install",
    "load_ipython_extension",
    "uninstall",
    "unload_ipython_extension",
]


def install() -> None:
    """Meter this process from now on; a second call does nothing. Never raises."""
    from cellcost_meter import bootstrap

    bootstrap.install()


def uninstall() -> None:
    """Stop metering this process and take the hooks off."""
    from cellcost_meter import bootstrap

    bootstrap.uninstall()


def load_ipython_extension(ipython: Any) -> None:
    """Meter this kernel: what `%load_ext cellcost_meter` calls."""
    install()


def unload_ipython_extension(ipython: Any) -> None:
    """Stop metering this kernel: what `%unload_ext cellcost_meter` calls."""
    uninstall()
