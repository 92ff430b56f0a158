"""Which notebook a kernel belongs to, and the tags in that notebook's metadata."""

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

__all__ = ["NotebookTags", "notebook_path"]

_LARGEST_BYTES = 64 * 1024 * 1024
"""A larger notebook is not read for its tags."""
_WAIT_SECONDS = 0.5
"""How long a call may wait for the tags; they are read since its cell began."""

_NO_TAGS: Mapping[str, str] = MappingProxyType({})


def notebook_path(environment: Mapping[str, str]) -> str:
    """Return the notebook that a server started this kernel for; "" if none.

    jupyter_server 2 puts an absolute file path into JPY_SESSION_NAME, and absolute it
    stays: two servers over two folders share one journal, and each has its own
    `Untitled.ipynb`. A name from a server whose files are elsewhere is kept as it is.
    """
    name = environment.get("JPY_SESSION_NAME", "").strip()
    if not name or name.endswith(("/", os.sep)):
        return ""
    path = Path(name)
    if not path.is_absolute():
        return name.replace(os.sep, "/")
    if not path.exists():
        # A client that gives the whole path as the name gets its folder twice.
        beside = Path.cwd() / path.name
        path = beside if beside.exists() else path
    return path.as_posix()


class NotebookTags:
    """The tags under `metadata.cellcost.tags` of a notebook, read in background."""

    def __init__(self, file: str) -> None:
        self._file = str(Path(file).absolute()) if file else ""
        self._tags = _NO_TAGS
        self._stamp: tuple[int, int] = (0, 0)
        self._read = threading.Event()
        if not file:
            self._read.set()

    def refresh(self) -> None:
        """Read the notebook again if it was saved since; returns at once."""
        if not self._file:
            return
        try:
            status = Path(self._file).stat()
        except OSError:
            self._read.set()
            return
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        if status.st_size > _LARGEST_BYTES:
            self._read.set()
            return
        self._read.clear()
        threading.Thread(
            target=self._load, name="cellcost notebook tags", daemon=True
        ).start()

    def current(self) -> Mapping[str, str]:
        """Return the tags; while the file is being read, wait for it once."""
        if not self._read.wait(_WAIT_SECONDS):
            self._read.set()  # a hanging file system: the next call does not wait
        return self._tags

    def _load(self) -> None:
        try:
            self._tags = read_tags(Path(self._file).read_text("utf-8"))
        except (OSError, ValueError):
            pass  # half-written or gone: what was read before still holds
        finally:
            self._read.set()


def read_tags(text: str) -> Mapping[str, str]:
    """Return the tags in a notebook's JSON; ValueError if it is not JSON."""
    found: Any = json.loads(text)
    for key in ("metadata", "cellcost", "tags"):
        if not isinstance(found, dict):
            return _NO_TAGS
        found = cast("dict[str, Any]", found).get(key)
    if not isinstance(found, dict):
        return _NO_TAGS
    return MappingProxyType(
        {str(k): str(v) for k, v in cast("dict[object, object]", found).items()}
    )
