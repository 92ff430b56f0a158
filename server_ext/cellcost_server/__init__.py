"""The Jupyter server extension: REST and events over the local journal."""

__all__ = ["_jupyter_labextension_paths", "_jupyter_server_extension_points"]


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """Return what jupyter_server loads."""
    from cellcost_server.extension import CellcostServer

    return [{"module": "cellcost_server", "app": CellcostServer}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Return where `jupyter labextension develop` finds the built labextension."""
    return [{"src": "labextension", "dest": "cellcost"}]
