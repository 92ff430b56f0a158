"""A plain process or script: what its calls belong to, and running one metered."""

import os
from collections.abc import Mapping
from dataclasses import replace

from cellcost.ids import new_id
from cellcost_meter import attribution
from cellcost_meter.attribution import RunContext

__all__ = ["home"]


def home(environment: Mapping[str, str]) -> RunContext:
    """Return the run that a process is when no cell runs in it.

    The one that its parent handed down (a child of a cell belongs to the cell), else a
    run of its own.
    """
    handed = attribution.from_environment(environment)
    if handed is not None:
        return handed
    return replace(RunContext(origin="script", run_id=new_id()), pid=os.getpid())
