"""The process that reads a workspace: paths come in, lines of JSON go out.

It has a processor's time of its own, so that the editor's server answers as if nothing
was read, and gives its memory back when it ends.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from cellcost.analysis import python_files
from cellcost.clock import price_time
from cellcost.config import load_settings_or_default
from cellcost.prices import load_book
from cellcost.tokens import count
from cellcost_lsp.survey.spends import to_json
from cellcost_lsp.survey.surveyor import Surveyor

__all__ = ["main"]

_REPORT_SECONDS = 0.25
_MOST_FILES = 100_000
"""A folder with more is hardly one project; its totals say that they are not whole."""
_NICE = 10


def main(folders: Sequence[str]) -> int:
    """Read the files below some folders; the first is the workspace's root.

    Writes `{"total": n}`, then `{"path": ...}` for each file with calls and `{"done":
    n}` from time to time.
    """
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICE)
    root = Path(folders[0])
    settings, _ = load_settings_or_default(cwd=root, env=os.environ)
    surveyor = Surveyor(root, book=load_book(settings), count=count, at=price_time())
    found_files = python_files(Path(folder) for folder in folders)
    paths = list(dict.fromkeys(islice(found_files, _MOST_FILES)))
    more = next(found_files, None) is not None
    _write({"total": len(paths) + more})
    told = time.monotonic()
    for number, path in enumerate(paths, 1):
        found = surveyor.read(path)
        if found is not None:
            _write(to_json(found))
        if time.monotonic() - told >= _REPORT_SECONDS:
            told = time.monotonic()
            _write({"done": number})
    _write({"done": len(paths)})
    return 0


def _write(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
