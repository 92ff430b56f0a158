"""OS file locks that die with their process: flock on POSIX, LockFileEx on Windows."""

import os
import sys
from pathlib import Path
from typing import Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FileLock", "is_held"]

# Byte locked on Windows; far beyond any content, so that reads are not refused.
_WINDOWS_OFFSET: Final = 1 << 30


class FileLock:
    """An exclusive lock on a file, held until released or the process ends.

    The file is created if missing. After taking the lock the path is checked to still
    be this file: a lock on an unlinked file protects nothing, so it is taken anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._fd is not None

    @property
    def fd(self) -> int:
        """The locked file's descriptor; only while held."""
        if self._fd is None:
            raise ValueError(f"{self.path} is not locked")
        return self._fd

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take the lock; False if someone else holds it and `blocking` is False.

        Raises OSError when the file cannot be opened.
        """
        while self._fd is None:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                if not _lock(fd, blocking=blocking):
                    return False
                if _same_file(fd, self.path):
                    self._fd = fd
            finally:
                # Also on an interrupt: a forgotten descriptor keeps its lock.
                if self._fd != fd:
                    os.close(fd)
        return True

    def release(self, *, unlink: bool = False) -> None:
        """Give the lock back; with `unlink` remove the file first, while it is ours."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        if unlink:
            self.path.unlink(missing_ok=True)
        os.close(fd)  # closing the last descriptor releases the lock

    def abandon(self) -> None:
        """Close our descriptor without unlocking: for a forked child.

        The parent's lock lives as long as any copy of the descriptor; an explicit
        unlock here would take it from the parent.
        """
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)


def is_held(path: Path) -> bool | None:
    """Return whether some process holds the lock at `path`; None if no such file."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    except OSError:
        return True  # cannot tell: never declare a writer dead on a guess
    try:
        return not _lock(fd, blocking=False)
    finally:
        os.close(fd)


def _same_file(fd: int, path: Path) -> bool:
    if sys.platform == "win32":
        return True  # an open file cannot be unlinked there
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":

    def _lock(fd: int, *, blocking: bool) -> bool:
        os.lseek(fd, _WINDOWS_OFFSET, os.SEEK_SET)
        while True:
            try:
                msvcrt.locking(fd, msvcrt.LK_LOCK if blocking else msvcrt.LK_NBLCK, 1)
            except OSError:
                # LK_LOCK gives up after ten tries of a second each.
                if not blocking:
                    return False
            else:
                return True

else:

    def _lock(fd: int, *, blocking: bool) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
