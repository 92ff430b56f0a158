"""The `cellcost` command.

A room adds sub-commands through the entry point group `cellcost.commands`: each entry
is a function `register(subparsers)` that adds parsers and says with
`set_defaults(run=...)` what runs: a function from the parsed arguments to the exit
status. A `CellcostError` that it raises becomes one line on standard error.
"""

from cellcost.cli.entry import main

__all__ = ["main"]
