"""`cellcost check`: what model calls in source files will cost, before they run."""

from cellcost.cli.check.command import register

__all__ = ["register"]
