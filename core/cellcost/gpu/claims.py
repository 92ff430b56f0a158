"""Claims: which processes sample their own GPU time, so that nobody books it twice."""

import os
from contextlib import suppress
from pathlib import Path

from cellcost.gpu.trees import Process, line_of, process_of

__all__ = ["Claims"]


class Claims:
    """A folder with an empty file for each process that books its tree's time.

    A parent's sampler leaves a tree out from the look on that finds its claim; a dead
    process's claim counts for nothing, whoever has its pid now.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ours: Path | None = None

    def stake(self, process: Process) -> None:
        """Say that `process` samples from now on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ours = self._folder / f"{process.pid}-{process.start}"
        self._ours.touch()

    def drop(self) -> None:
        """Say that it samples no longer."""
        if self._ours is not None:
            with suppress(OSError):  # then it is dead with us
                self._ours.unlink(missing_ok=True)
            self._ours = None

    def forget(self) -> None:
        """Leave the claim to the parent that staked it: this is its fork."""
        self._ours = None

    def by_parent_of(self, process: Process) -> bool:
        """Say whether an ancestor of `process` samples, and with it its whole tree."""
        others = self.others()
        return bool(others) and any(
            ancestor in others for ancestor in line_of(process) if ancestor != process
        )

    def others(self) -> frozenset[Process]:
        """Return the living processes that sample for themselves, without ours."""
        ours = None if self._ours is None else self._ours.name
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - once a second, always
        except OSError:
            return frozenset()
        found: set[Process] = set()
        for name in names:
            pid, _, start = name.partition("-")
            if name == ours or not (pid.isdecimal() and start.isdecimal()):
                continue
            process = Process(int(pid), int(start))
            if process_of(process.pid) == process:
                found.add(process)
            else:
                with suppress(OSError):  # somebody else's
                    (self._folder / name).unlink(missing_ok=True)
        return frozenset(found)
