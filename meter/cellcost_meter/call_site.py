"""Where in the user's code a call was made."""

import inspect
import os
import re
import site
import sys
import sysconfig
from pathlib import Path
from types import FrameType

from cellcost.home import temp_folder

__all__ = ["find", "here"]

_IPYTHON_CELL = re.compile(r"^<ipython-input-|^<ipython console>$|^Cell In")
_KERNEL_CELL = re.compile(r"[\\/]ipykernel_\d+[\\/]\d+\.py$")
_LIBRARY_FOLDER = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
_MOST_FILES = 4096
"""Cells have a file name for each source text, so a long-lived kernel collects them."""

_labels: dict[str, str] = {}


def find(frame: FrameType | None) -> str:
    """Return `cell:qualified.function:line` or `path:qualified.function:line`.

    The first frame from `frame` outward that is outside installed packages, the
    standard library and cellcost; "" if there is none (a task made of library code).
    A path below the working directory is given relative to it.
    """
    while frame is not None:
        code = frame.f_code
        label = _labels.get(code.co_filename)
        if label is None:
            label = _remember(code.co_filename)
        if label:
            return f"{label}:{code.co_qualname}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def here() -> str:
    """Return the call site of whoever calls this, as `find` names it."""
    return find(inspect.currentframe())


def _remember(filename: str) -> str:
    if len(_labels) >= _MOST_FILES:
        _labels.clear()
    label = _labels[filename] = _label(filename)
    return label


def _label(filename: str) -> str:
    """Return how code of this file is named; "" if it is not the user's."""
    if _IPYTHON_CELL.search(filename) or filename == os.environ.get(
        "IPYKERNEL_CELL_NAME"
    ):
        return "cell"
    if _KERNEL_CELL.search(filename) and filename.startswith(_TEMPORARY):
        return "cell"
    if filename.startswith("<"):
        return "stdin" if filename in ("<stdin>", "<console>") else ""
    path = os.path.realpath(filename)
    if _LIBRARY_FOLDER.search(path) or path.startswith(_LIBRARIES):
        return ""
    below = str(Path.cwd().resolve()) + os.sep
    return path.removeprefix(below)


def _library_folders() -> tuple[str, ...]:
    import cellcost

    ours = (Path(cellcost.__file__).parent, Path(__file__).parent)
    paths = sysconfig.get_paths()
    installed = [
        *(paths.get(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")),
        *getattr(site, "getsitepackages", list[str])(),
        site.getusersitepackages() if site.ENABLE_USER_SITE else None,
        # The console scripts and zipped standard library of this interpreter.
        sysconfig.get_path("scripts"),
        *(entry for entry in sys.path if entry.endswith(".zip")),
    ]
    folders = {os.path.realpath(folder) for folder in installed if folder}
    return tuple(folder + os.sep for folder in (*folders, *map(os.path.realpath, ours)))


_LIBRARIES = _library_folders()
_TEMPORARY = (str(temp_folder()), os.path.realpath(temp_folder()))
