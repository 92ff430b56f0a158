"""Where in the user's code a call was made."""

import inspect
import linecache
import os
import re
import site
import sys
import sysconfig
import time
import tokenize
import weakref
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType

from cellcost.call_sites import CELL, NOWHERE, CallPlace, call_mark
from cellcost.home import temp_folder

__all__ = ["find", "here"]

_IPYTHON_CELL = re.compile(r"^<ipython-input-|^<ipython console>$|^Cell In")
_KERNEL_CELL = re.compile(r"[\\/]ipykernel_\d+[\\/]\d+\.py$")
_LIBRARY_FOLDER = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
_MOST_FILES = 4096
"""Cells have a file name for each source text, so a long-lived kernel collects them."""
_LARGEST_EDITED = 256 * 1024
"""Bytes up to which an edited file is compiled, to see whether it is what runs."""
_MOST_PLACES = 4096
"""Instructions whose place is kept: one a call in the user's source."""

_labels: dict[str, tuple[str, str]] = {}
_places: dict[tuple[int, int], tuple[weakref.ref[CodeType], CallPlace]] = {}
_started = time.time()


def find(frame: FrameType | None) -> CallPlace:
    """Return `cell:qualified.function:line` or `path:qualified.function:line`.

    The first frame from `frame` outward that is outside installed packages, the
    standard library and cellcost; nothing if there is none (a task made of library
    code). A path below the working directory is given relative to it.
    """
    while frame is not None:
        code = frame.f_code
        found = _labels.get(code.co_filename)
        if found is None:
            found = _remember(code.co_filename)
        if found[0]:
            known = _places.get((id(code), frame.f_lasti))
            if known is not None and known[0]() is code:
                return known[1]
            return _place(frame, *found)
        frame = frame.f_back
    return NOWHERE


def here() -> CallPlace:
    """Return the call site of whoever calls this, as `find` names it."""
    return find(inspect.currentframe())


def _remember(filename: str) -> tuple[str, str]:
    if len(_labels) >= _MOST_FILES:
        _labels.clear()
        _places.clear()
    found = _labels[filename] = _label(filename)
    return found


def _label(filename: str) -> tuple[str, str]:
    """Return how code of this file is named, and its path; "" if not the user's."""
    if _IPYTHON_CELL.search(filename) or filename == os.environ.get(
        "IPYKERNEL_CELL_NAME"
    ):
        return CELL, ""
    if _KERNEL_CELL.search(filename) and filename.startswith(_TEMPORARY):
        return CELL, ""
    if filename.startswith("<"):
        return ("stdin" if filename in ("<stdin>", "<console>") else ""), ""
    path = os.path.realpath(filename)
    if _LIBRARY_FOLDER.search(path) or path.startswith(_LIBRARIES):
        return "", ""
    below = str(Path.cwd().resolve()) + os.sep
    return path.removeprefix(below), path


def _place(frame: FrameType, label: str, file: str) -> CallPlace:
    """Return the place of a frame, and keep it for the next call from there."""
    code, at = frame.f_code, frame.f_lasti
    try:
        mark = call_mark(_lines(code, at, file))
    except Exception:  # noqa: BLE001 - a call without a mark beats no call
        mark = ""
    place = CallPlace(f"{label}:{code.co_qualname}:{frame.f_lineno}", file, mark)
    if len(_places) >= _MOST_PLACES:
        _places.clear()
    _places[id(code), at] = weakref.ref(code), place
    return place


def _lines(code: CodeType, at: int, file: str) -> list[str]:
    """Return the source lines of an instruction; none where they may be others now."""
    first, last, _, _ = next(islice(code.co_positions(), at // 2, None))
    if first is None or last is None:
        return []
    if file:
        status = Path(file).stat()
        if status.st_mtime < _started:
            return linecache.getlines(file)[first - 1 : last]
        # Edited since this process began: what runs may be the text of before.
        if status.st_size > _LARGEST_EDITED:
            return []
        with tokenize.open(file) as opened:
            text = opened.read()
        return text.split("\n")[first - 1 : last] if _is_of(code, text) else []
    # IPython puts the text of every cell there.
    entry = linecache.cache.get(code.co_filename)
    return entry[2][first - 1 : last] if entry is not None and len(entry) > 2 else []


def _is_of(code: CodeType, text: str) -> bool:
    """Say whether `code` was compiled from `text`: a module that was loaded again."""
    waiting = [compile(text, code.co_filename, "exec", dont_inherit=True)]
    while waiting:
        found = waiting.pop()
        if _identity(found) == _identity(code):
            return True
        waiting += [part for part in found.co_consts if isinstance(part, CodeType)]
    return False


def _identity(code: CodeType) -> tuple[object, ...]:
    plain = tuple(part for part in code.co_consts if not isinstance(part, CodeType))
    place = (code.co_qualname, code.co_firstlineno, code.co_linetable)
    return (*place, code.co_code, code.co_names, repr(plain))


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
