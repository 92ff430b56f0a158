"""uses_gpu: whether a process or a child of it works with a GPU, asked cheaply.

No driver is loaded for it: a library that could compute on a device is imported, or an
open file of the process or of a descendant is a device's.
"""

import os
import sys
from collections.abc import Container
from pathlib import Path
from typing import Final

from cellcost.gpu_libraries import GPU_LIBRARIES

__all__ = ["uses_gpu"]

_MOST_PROCESSES: Final = 256


def uses_gpu(
    *, modules: Container[str] | None = None, proc: Path = Path("/proc")
) -> bool:
    """Say whether this process could use a GPU, or one of its tree does."""
    loaded = sys.modules if modules is None else modules
    if any(name in loaded for name in GPU_LIBRARIES):
        return True
    return any(_holds_device(proc / str(pid)) for pid in _tree(os.getpid(), proc))


def _tree(root: int, proc: Path) -> list[int]:
    """Return a process and its descendants, as far as `/proc` tells."""
    found = [root]
    for pid in found:
        for task in _names(proc / str(pid) / "task"):
            try:
                text = (proc / str(pid) / "task" / task / "children").read_text("ascii")
            except OSError:
                continue
            found += [int(child) for child in text.split()]
        if len(found) > _MOST_PROCESSES:
            break
    return found


def _holds_device(process: Path) -> bool:
    for name in _names(process / "fd"):
        try:
            target = str((process / "fd" / name).readlink())
        except OSError:
            continue
        if target.startswith("/dev/nvidia"):
            return True
    return False


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names only, and often
    except OSError:
        return []
