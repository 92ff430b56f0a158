"""Places: which notebook an event belongs to, today, under the name it has now.

The journal holds a notebook's path as its kernel knew it: absolute, or relative to the
server's root. A key here is always the absolute path of the notebook as it is now.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import PurePath

from cellcost.journal import Rename
from cellcost.records import Where

__all__ = ["Places"]

_RTC_DRIVE = "RTC:"
"""The drive that jupyter-collaboration puts before a path of the same file system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Names of notebooks under one server root."""

    root: str
    renames: tuple[Rename, ...] = ()
    """Oldest first; their paths are keys."""
    starts: Mapping[tuple[str, str], datetime] = field(
        default_factory=dict[tuple[str, str], datetime]
    )
    """(kernel id, kernel's own session) -> when its process started."""
    kernels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Kernel id -> key, for kernels that do not know their notebook."""

    def key(self, api_path: str) -> str:
        """Return the key of a path of the contents API."""
        return _joined(self.root, api_path)

    def stored_key(self, path: str) -> str:
        """Return the key of a path as the journal has it, renames apart."""
        return _stored(self.root, path)

    def api_path(self, key: str) -> str:
        """Return a key as the contents API names it; unchanged if outside the root."""
        if not self.inside(key):
            return key
        return PurePath(os.path.relpath(key, self.root)).as_posix()

    def inside(self, key: str) -> bool:
        """Tell whether this server can open the notebook."""
        return _within(key, self.root)

    def of(self, where: Where, time: datetime) -> str:
        """Return the key of the notebook that made a call; "" if it has none."""
        if not where.notebook:
            return self.kernels.get(where.kernel_id, "")
        key = self.stored_key(where.notebook)
        if not self.renames:
            return key
        # A kernel keeps the path it was started with: what happened to that path since
        # the start happened to its notebook, also before this very call.
        since = self.starts.get((where.kernel_id, where.session_id), time)
        return self.followed(key, min(since, time))

    def names(self, key: str) -> tuple[str, ...]:
        """Return every path under which the journal may hold this notebook's events."""
        found = {key: None}
        for rename in reversed(self.renames):
            new = rename.new_path
            for name in tuple(found):
                if _within(name, new):
                    found[rename.old_path + name[len(new) :]] = None
        relative = {self.api_path(name): None for name in found if self.inside(name)}
        return tuple(found | relative)

    def followed(self, key: str, since: datetime) -> str:
        """Return the key that a notebook has now which had `key` at `since`."""
        for rename in self.renames:
            old = rename.old_path
            if rename.time >= since and _within(key, old):
                key = rename.new_path + key[len(old) :]
        return key


# Asked for every event; notebooks are few.
@lru_cache(maxsize=1024)
def _joined(root: str, api_path: str) -> str:
    parts = api_path.removeprefix(_RTC_DRIVE).strip("/").split("/")
    return os.path.normpath(PurePath(root, *parts))


@lru_cache(maxsize=1024)
def _stored(root: str, path: str) -> str:
    if PurePath(path).is_absolute():
        return os.path.normpath(path)
    return _joined(root, path)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
