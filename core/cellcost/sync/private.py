"""Small files that are the user's alone: written whole, readable by nobody else."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from cellcost.ids import new_id

__all__ = ["hashing_secret", "write_private"]

_HASHING: Final = "sync-hashing"
_BYTES: Final = 32


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path` at once, with mode 0600. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f".{path.name}.{new_id()}")
    try:
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def hashing_secret(home: Path) -> bytes:
    """Return what names are hashed with in this home, made when first asked for.

    Raises OSError when it can be neither read nor stored: a hash that changes with
    every process would be of no use.
    """
    path = home / _HASHING
    for _ in range(2):
        with suppress(FileNotFoundError):
            found = path.read_bytes()
            if len(found) >= _BYTES:
                return found
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f".{_HASHING}.{new_id()}")
        write_private(new, secrets.token_bytes(_BYTES))
        try:
            # A link never replaces: of two processes that begin at once one wins.
            _link_or_replace(new, path)
        finally:
            new.unlink(missing_ok=True)
    return path.read_bytes()


def _link_or_replace(new: Path, path: Path) -> None:
    try:
        path.hardlink_to(new)
    except FileExistsError:
        if path.stat().st_size < _BYTES:
            new.replace(path)
    except OSError:
        if not path.exists():  # a file system without links
            new.replace(path)
