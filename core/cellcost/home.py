"""Where cellcost keeps a user's journal, installation id and settings."""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

__all__ = [
    "fallback_home",
    "host_config_files",
    "is_writable",
    "journal_home",
    "temp_folder",
]


def journal_home(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that `CELLCOST_HOME` or the platform gives; creates nothing.

    Linux: `$XDG_DATA_HOME/cellcost`, else `~/.local/share/cellcost`. macOS:
    `~/Library/Application Support/cellcost`. Windows: `%LOCALAPPDATA%/cellcost`.
    A user without a home directory gets `fallback_home()`.
    """
    chosen = env.get("CELLCOST_HOME", "").strip()
    if chosen:
        return _absolute(chosen, env)
    if sys.platform == "win32":
        local = env.get("LOCALAPPDATA", "").strip()
        if local:
            return Path(local) / "cellcost"
        relative = Path("AppData", "Local", "cellcost")
    elif sys.platform == "darwin":
        relative = Path("Library", "Application Support", "cellcost")
    else:
        data = env.get("XDG_DATA_HOME", "").strip()
        # The XDG specification says that a relative value must be ignored.
        if data and Path(data).is_absolute():
            return Path(data) / "cellcost"
        relative = Path(".local", "share", "cellcost")
    home = user_home(env)
    return fallback_home() if home is None else home / relative


def fallback_home() -> Path:
    """Return this user's folder under the temp folder, for when a home is unwritable.

    Its name holds the user id, so that two users of one machine never share it.
    """
    user = (
        os.getuid() if sys.platform != "win32" else os.environ.get("USERNAME", "user")
    )
    return temp_folder() / f"cellcost-{user}"


def temp_folder() -> Path:
    """Return the folder for temporary files, also while nothing can be written to it.

    On a full disk `tempfile.gettempdir`, which tries to write, finds none.
    """
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        return Path(next(filter(None, named), "/tmp"))  # noqa: S108 - only named here


def user_home(env: Mapping[str, str]) -> Path | None:
    """Return the user's home directory, or None where there is none."""
    named = env.get("USERPROFILE" if sys.platform == "win32" else "HOME", "").strip()
    if named:
        return Path(named)
    try:
        return Path.home()
    except RuntimeError:
        return None


def host_config_files(env: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the host-wide settings files, most general first; they need not exist."""
    if sys.platform == "win32":
        machine = Path(
            env.get("PROGRAMDATA", "").strip() or r"C:\ProgramData", "cellcost"
        )
    else:
        machine = Path("/etc/cellcost")
    files = (machine, Path(sys.prefix) / "etc" / "cellcost")
    return tuple(dict.fromkeys(folder / "cellcost.toml" for folder in files))


def is_writable(folder: Path) -> bool:
    """Say whether files can be created in `folder`, by creating one for a moment.

    Permission bits alone do not tell on read-only mounts, full disks and Windows. For
    a folder that does not exist yet, the nearest one above it that does is asked.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"cellcost")
            probe.flush()
    except OSError:
        return False
    return True


def _absolute(text: str, env: Mapping[str, str]) -> Path:
    home = user_home(env)
    if home is not None and (text == "~" or text[:2] in ("~/", "~\\")):
        return home / text[2:]
    return Path(text).absolute()
