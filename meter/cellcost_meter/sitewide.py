"""The meter in any Python process of an environment: what the `.pth` file starts.

Runs at the start of every interpreter, pip's too, so it only asks to be told when a
client library is imported; the meter is loaded then.
"""

from types import ModuleType

__all__ = ["start"]


def start() -> None:
    """Start the meter once this process imports a client library. Never raises."""
    try:
        from cellcost_meter.capture import STACKS
        from cellcost_meter.imports import when_imported

        for stack in STACKS:
            when_imported(stack, _install)
    except Exception as error:  # noqa: BLE001 - an interpreter must start
        import logging

        logging.getLogger("cellcost").warning("cellcost did not start: %r", error)


def _install(module: ModuleType) -> None:
    from cellcost_meter import bootstrap

    bootstrap.auto_install_in_process()
