"""The meter inside a kernel or process: attribution, capture, recording."""

from typing import Any

__all__ = [
    "install",
    "load_ipython_extension",
    "uninstall",
    "unload_ipython_extension",
]


def install(*, sync: bool = False) -> None:
    """Meter this process from now on; a second call does nothing. Never raises.

    `sync` sends its events to the ledger that you are logged in to, as they come, and
    the last ones when the process ends, also by SIGTERM.
    """
    from cellcost_meter import bootstrap

    bootstrap.install(sync=sync)


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
