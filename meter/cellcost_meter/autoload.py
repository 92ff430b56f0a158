"""Switching the meter's automatic start on and off: files, and exactly those files.

Kernels start it by a startup file of IPython, which comes with the package; where the
package's data landed elsewhere (`pip install --user`) one is written. Any other Python
process starts it by a `.pth` file, only after `cellcost enable --python`.
"""

import os
import site
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from cellcost.errors import CellcostError

__all__ = ["Change", "disable", "disable_python", "enable", "enable_python", "is_off"]

STARTUP = "50-cellcost.py"
PTH = "zz_cellcost_meter.pth"
"""Last in the alphabet: the `.pth` of an editable cellcost must be read before."""

_WRITTEN = "# Written by `cellcost enable`; `cellcost disable` removes it.\n"
STARTUP_CODE = """\
# Starts cellcost's meter in every kernel of this environment.
# IPython runs all startup files in one `try`, in the user's namespace: so nothing may
# be raised here, and no name may stay behind. CELLCOST_METER=off switches it off.


def _cellcost_start():
    try:
        from cellcost_meter.bootstrap import auto_install

        auto_install()
    except BaseException:  # noqa: BLE001, S110 - the user's own startup files come next
        pass


_cellcost_start()
del _cellcost_start
"""
_PTH_CODE = (
    "import importlib.util as u; u.find_spec('cellcost_meter') is not None and"
    " __import__('cellcost_meter.sitewide', fromlist=['start']).start()\n"
)
"""`site` runs lines that begin with `import`; a removed cellcost leaves no error."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to which file."""

    done: str
    path: Path


def off_marker() -> Path:
    """Return the file whose presence keeps the package's own startup file quiet."""
    return Path(sys.prefix, "etc", "cellcost", "meter-off")


def is_off() -> bool:
    """Whether `cellcost disable` was said for this environment."""
    return off_marker().exists()


def startup_folders() -> list[Path]:
    """Return where this environment's IPython looks, the shared folder first."""
    if sys.platform == "win32":
        machine = [Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "ipython")]
    else:
        machine = [Path("/usr/local/etc/ipython"), Path("/etc/ipython")]
    user = Path(os.environ.get("IPYTHONDIR") or Path.home() / ".ipython")
    shared = [Path(sys.prefix, "etc", "ipython"), *machine]
    return [
        shared[0] / "startup",
        user / "profile_default" / "startup",
        *(folder / "startup" for folder in shared[1:]),
    ]


def enable() -> list[Change]:
    """Let every kernel of this environment start the meter; return what was done."""
    changes: list[Change] = []
    if is_off():
        _remove(off_marker())
        changes.append(Change("removed", off_marker()))
    if not any((folder / STARTUP).is_file() for folder in startup_folders()):
        path = write_first(
            [folder / STARTUP for folder in startup_folders()[:2]],
            _WRITTEN + STARTUP_CODE,
        )
        changes.append(Change("written", path))
    return changes


def disable() -> list[Change]:
    """Let no kernel of this environment start the meter; return what was done.

    What `enable` wrote is removed. The package's own startup file stays, and a marker
    beside it keeps it quiet.
    """
    changes: list[Change] = []
    left = False
    for folder in startup_folders():
        path = folder / STARTUP
        if not path.is_file():
            continue
        if path.read_text("utf-8", "replace").startswith(_WRITTEN):
            _remove(path)
            changes.append(Change("removed", path))
        else:
            left = True
    if left and not is_off():
        write_first(
            [off_marker()],
            "Written by `cellcost disable`: kernels of this environment start without"
            " the meter. `cellcost enable` removes it.\n",
        )
        changes.append(Change("written", off_marker()))
    return changes


def enable_python() -> list[Change]:
    """Let every Python process of this environment start the meter."""
    for path in _pth_files():
        if path.is_file() and path.read_text("utf-8", "replace") == _PTH_CODE:
            return []
    return [Change("written", write_first(_pth_files(), _PTH_CODE))]


def disable_python() -> list[Change]:
    """Take back `enable_python`."""
    changes: list[Change] = []
    for path in _pth_files():
        if path.is_file():
            _remove(path)
            changes.append(Change("removed", path))
    return changes


def _pth_files() -> list[Path]:
    folders = [sysconfig.get_path("purelib")]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return [Path(folder, PTH) for folder in folders]


def write_first(paths: list[Path], text: str) -> Path:
    """Write the first of `paths` that can be written."""
    problems: list[str] = []
    for path in paths:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
            continue
        return path
    raise CellcostError(
        f"cannot write {'; '.join(problems)}; run it as who owns this environment"
    )


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CellcostError(
            f"cannot remove {path}: {error.strerror};"
            " run it as who owns this environment"
        ) from None
