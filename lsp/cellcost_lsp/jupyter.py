"""Jupyter: how jupyter-lsp starts this server (entry point `jupyter_lsp_spec_v1`)."""

import sys
from typing import Any

__all__ = ["KEY", "spec"]

KEY = "zz-cellcost"
"""JupyterLab talks to one server a language: that of the highest rank, of equal ranks
the first by name. This name is the last: nobody's own Python server is put aside."""

_HOME = "https://github.com/cellcost/cellcost"


def spec(app: Any) -> dict[str, dict[str, Any]]:
    """Return what jupyter-lsp needs to know; `app` is its manager."""
    return {
        KEY: {
            "version": 2,
            "display_name": "cellcost",
            "argv": [sys.executable, "-m", "cellcost_lsp"],
            "languages": ["python"],
            "mime_types": ["text/x-python", "text/python", "text/x-ipython"],
            "requires_documents_on_disk": False,
            "urls": {"home": _HOME, "issues": f"{_HOME}/issues"},
            "install": {"pip": "pip install cellcost"},
            "troubleshoot": "Run `cellcost-lsp --version` in the server's environment.",
        }
    }
