"""A plain process: what its calls belong to, and starting a script metered."""

import os
import subprocess
import sys
from collections.abc import Mapping

from cellcost.ids import new_id
from cellcost_meter import attribution
from cellcost_meter.attribution import RunContext

__all__ = ["home", "run_script"]


def home(environment: Mapping[str, str]) -> RunContext:
    """Return the run that a process is when no cell runs in it.

    The one that its parent handed down (a child of a cell belongs to the cell), else a
    run of its own.
    """
    handed = attribution.from_environment(environment)
    if handed is not None:
        return handed
    return RunContext(origin="script", run_id=new_id(), pid=os.getpid())


def run_script(
    target: str, args: list[str], *, module: bool = False, sync: bool = False
) -> int:
    """Run a script (or module) metered, in this process's place.

    A fresh interpreter, so that the script finds what `python target args` gives it:
    streams, signals, `__main__`, tracebacks and exit status. On POSIX this does not
    return; elsewhere it waits and returns the exit status.
    """
    kind = ("module" if module else "path") + ("+sync" if sync else "")
    command = [sys.executable, "-m", "cellcost_meter.script", kind, target, *args]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606 - the user's own script
    # Windows' exec gives the prompt back at once: wait there, as its launchers do.
    return subprocess.run(command, check=False).returncode
