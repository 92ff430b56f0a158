"""The magics `%cellcost` (figures) and `%%cellcost` (tags); light until one is run."""

import json
import shlex
import sys
from datetime import timedelta
from typing import Any, NoReturn

from cellcost import context
from cellcost.cell_tags import MAGIC, read_tags, tags_of_cell
from cellcost.clock import utc_now
from cellcost.errors import CellcostError

__all__ = ["BEGAN", "HELP", "register", "unregister"]

BEGAN = utc_now() - timedelta(hours=1)
"""No call of this kernel is older: the meter loads this module when it starts. The hour
is for clocks that are set back."""

HELP = """\
%cellcost             what this kernel's calls cost since it was started
%cellcost run         ... this run of this cell, so far
%cellcost cell        ... every run of this cell
%cellcost notebook    ... this notebook, also in earlier kernels
%cellcost --json      the figures as a dict; money in nano-USD, as text
%cellcost help        this

%%cellcost team=search feature="query ranker"
                      as a cell's first line: tags the calls of the cell

cellcost_widgets.CostMeter() is a meter that stays live in the notebook."""


class Data(dict[str, Any]):
    """Figures as data, shown as JSON."""

    def __repr__(self) -> str:
        return json.dumps(self, indent=1, ensure_ascii=False)


def register(shell: Any) -> None:
    """Bring both magics to `shell`; again does nothing."""
    shell.register_magic_function(_show, magic_kind="line", magic_name=MAGIC)
    shell.register_magic_function(_Tagged(shell), magic_kind="cell", magic_name=MAGIC)
    if _plain not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(_plain)


def unregister(shell: Any) -> None:
    """Take both magics off."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(MAGIC, None)
    if _plain in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(_plain)


def _show(line: str) -> Data | None:
    """Show what this kernel's calls cost; `%cellcost help` says what else."""
    from cellcost_widgets.reading import SCOPES, Scope, here, not_metered, read
    from cellcost_widgets.showing import Shown, to_json

    words = _words(line)
    as_json = "--json" in words
    rest = [word for word in words if word != "--json"]
    if rest in (["help"], ["--help"], ["-h"]):
        sys.stdout.write(HELP + "\n")
        return None
    asked = " ".join(rest) or "kernel"
    scope: Scope | None = next((known for known in SCOPES if known == asked), None)
    if scope is None:
        _refuse(f"{asked!r} is not known; `%cellcost help` lists what is")
    where = here()
    try:
        report = not_metered(scope) if where is None else read(scope, where)
    except CellcostError as error:
        _refuse(str(error))
    if as_json:
        return Data(to_json(report))
    import IPython.display

    output: Any = IPython.display  # it has no types
    output.display(Shown(report))
    return None


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        _refuse(f"{error}: {line}")


def _plain(lines: list[str]) -> list[str]:
    """Leave a tagged cell as it is without its first line, where the meter read that.

    So it runs as any cell does, `await` and last expression included. Otherwise the
    magic gets it: to say what is wrong, or where no request told the meter (a terminal,
    a cell that is run by another).
    """
    if not lines or not lines[0].lstrip().startswith("%%"):
        return lines
    tags = tags_of_cell("".join(lines))
    if not tags or not _hold(tags):
        return lines
    rest = lines[1:]
    if rest and rest[0].startswith("%%"):
        return rest  # another magic, which must be first
    return ["\n", *rest]


def _hold(tags: Any) -> bool:
    """Tell whether calls made here carry these tags already."""
    meter = context.running()
    try:
        return meter is not None and tags.items() <= meter.where(None).tags.items()
    except Exception:  # noqa: BLE001 - the magic does it its own way
        return False


class _Tagged:
    """`%%cellcost` for a cell whose tags the meter has not read."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.__doc__ = "Tag the calls of this cell: `%%cellcost team=search`."

    def __call__(self, line: str, cell: str) -> None:
        try:
            tags = read_tags(line)
        except CellcostError as error:
            _refuse(str(error), magic="%%cellcost")
        if context.running() is None:
            sys.stderr.write(
                "%%cellcost: this kernel is not metered, so nothing is tagged;"
                " %load_ext cellcost_meter starts the meter\n"
            )
        with context.tags(**tags):
            result = self._shell.run_cell(cell)
        failure: Any = result.error_before_exec or result.error_in_exec
        if failure is not None:
            # So that the cell counts as failed; its traceback was shown already.
            failure._render_traceback_ = list
            raise failure


def _refuse(message: str, *, magic: str = "%cellcost") -> NoReturn:
    from IPython.core.error import UsageError

    raise UsageError(f"{magic}: {message}")
