"""Tags that nobody has to write: the release that runs, the experiment that is open.

`release` is the git commit of the working directory, `+` behind it where tracked files
differ. `experiment` is the id of the active MLflow or Weights & Biases run. Whatever
the user sets wins over what is found.
"""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

__all__ = ["FoundTags", "read_release"]

_AGAIN_SECONDS = 10.0
"""A commit made meanwhile is noticed after at most this long, by the next cell."""
_GIT_SECONDS = 5.0
"""On a working tree that takes longer, the release stays unknown."""
_GIT_STATUS = ("git", "status", "--porcelain=v2", "--branch", "--untracked-files=no")
_SHORT = 7

_log = logging.getLogger("cellcost")


class FoundTags:
    """Knows the release, read in the background, and looks at the open experiment."""

    def __init__(self, soon: Callable[[Callable[[], object]], object]) -> None:
        self._soon = soon
        self._release = ""
        self._next_read = 0.0

    def refresh(self) -> None:
        """Have the release read again, unless that was done a moment ago."""
        now = time.monotonic()
        if now >= self._next_read:
            self._next_read = now + _AGAIN_SECONDS
            self._soon(self._read)

    def current(self) -> Mapping[str, str]:
        """Return what is found now."""
        tags: dict[str, str] = {}
        if self._release:
            tags["release"] = self._release
        experiment = _open_experiment()
        if experiment:
            tags["experiment"] = experiment
        return MappingProxyType(tags)

    def _read(self) -> None:
        self._release = read_release(Path.cwd())


def read_release(folder: Path) -> str:
    """Return the commit of the git work tree around `folder`, `+` if it has changes.

    "" where there is no git, no work tree, no commit yet, or no answer in time. Takes
    no lock in the repository.
    """
    try:
        answer = subprocess.run(
            _GIT_STATUS,
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    if answer.returncode != 0:
        return ""
    commit, changed = "", False
    for line in answer.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ")
        elif not line.startswith("#"):
            changed = True
    if not commit or commit == "(initial)":
        return ""
    return commit[:_SHORT] + ("+" if changed else "")


def _open_experiment() -> str:
    """Return the id of the run that MLflow or W&B has open; imports neither."""
    try:
        mlflow = sys.modules.get("mlflow")
        run = mlflow.active_run() if mlflow is not None else None
        if run is not None:
            return str(run.info.run_id)
        wandb = sys.modules.get("wandb")
        run = getattr(wandb, "run", None)
        return "" if run is None else str(run.id)
    except Exception:  # noqa: BLE001 - foreign code, half imported or of another shape
        _log.debug("cellcost: no experiment", exc_info=True)
        return ""
