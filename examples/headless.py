"""Run notebooks in real kernels, without a browser, and print what their cells cost.

    CELLCOST_HOME=... python examples/headless.py NOTEBOOK [NOTEBOOK ...]

It sends each cell as JupyterLab does, with the cell's id and tags, and then reads the
journal that the meter in the kernel wrote. A cell tagged `calls-a-model` or
`uses-a-gpu` that has no figure afterwards makes it fail.
"""

import json
import os
import queue
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from cellcost.cli.output import Column, table
from cellcost.figures import cost_text, duration_text
from cellcost.home import journal_home
from cellcost.journal import Reader, recover
from cellcost.views import Tally, entries_of, entry_tally

CELL_SECONDS = 300
MUST_CALL = "calls-a-model"
MUST_USE_GPU = "uses-a-gpu"
COLUMNS = (
    Column("cell"),
    Column("calls", "right"),
    Column("tokens", "right"),
    Column("gpu", "right"),
    Column("cost", "right"),
    Column("state"),
)


def main(arguments: Sequence[str]) -> int:
    """Run the notebooks; return 1 when a cell failed or has no figure and should."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    code: list[Mapping[str, Any]] = []
    for path in map(Path, arguments):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found = [cell for cell in cells if cell["cell_type"] == "code"]
        many = f"{len(found)} cells, about half a minute"
        print(f"==> running {path.name}: {many}", flush=True)
        if not run_cells(path, found):
            return 1
        code += found
    tallies = tally_cells(journal_home())
    print("", *lines_of(code, tallies), "", sep="\n")
    blank = [cell["id"] for cell in code if lacks_figure(cell, tallies)]
    if blank:
        print(f"no figure for {', '.join(blank)}: run `cellcost doctor`")
        return 1
    return 0


def run_cells(path: Path, cells: Sequence[Mapping[str, Any]]) -> bool:
    """Run the cells in a new kernel; return whether all ended well."""
    manager = KernelManager(kernel_name="python3")
    log = path.with_suffix(".log").open("w")
    manager.start_kernel(
        stdout=log,
        stderr=log,
        cwd=str(path.parent),
        # jupyter_server names the notebook to a kernel by this variable.
        env={**os.environ, "JPY_SESSION_NAME": path.name},
    )
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        for number, cell in enumerate(cells, 1):
            started = time.monotonic()
            error = run_cell(client, cell)
            seconds = time.monotonic() - started
            outcome = f"{seconds:.1f} s" if error is None else f"failed\n{error}"
            print(f"    [{number}/{len(cells)}] {cell['id']}: {outcome}", flush=True)
            if error is not None:
                return False
        return True
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
        log.close()


def run_cell(client: BlockingKernelClient, cell: Mapping[str, Any]) -> str | None:
    """Run one cell as JupyterLab would; return its traceback, or None if it worked."""
    source = cell["source"]
    content = {
        "code": source if isinstance(source, str) else "".join(source),
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    metadata = {
        "cellId": cell["id"],
        "deletedCells": [],
        "recordTiming": False,
        "tags": cell["metadata"].get("tags", []),
    }
    message = client.session.msg("execute_request", content, metadata=metadata)
    client.shell_channel.send(message)
    until = time.monotonic() + CELL_SECONDS
    while time.monotonic() < until:
        try:
            reply = client.get_shell_msg(timeout=1)
        except queue.Empty:
            if not client.is_alive():
                return "the kernel died"
            continue
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            if reply["content"]["status"] == "ok":
                return None
            return "\n".join(reply["content"].get("traceback", ["aborted"]))
    return f"still running after {CELL_SECONDS} seconds"


def tally_cells(home: Path) -> dict[str, Tally]:
    """Return what each cell id used and cost, from the journal."""
    recover(home)
    tallies: dict[str, Tally] = {}
    with Reader(home) as reader:
        for entry in entries_of(reader.events(), reader.pending()):
            cell_id = entry.where.cell_id
            tallies[cell_id] = tallies.get(cell_id, Tally()) + entry_tally(entry)
    return tallies


def lacks_figure(cell: Mapping[str, Any], tallies: Mapping[str, Tally]) -> bool:
    """Return whether a cell lacks what its tags say that it must have."""
    tags = cell["metadata"].get("tags", [])
    tally = tallies.get(cell["id"], Tally())
    if MUST_CALL in tags and not (tally.calls and tally.input and tally.cost_nusd):
        return True
    return MUST_USE_GPU in tags and not (tally.gpu_busy_ms and tally.cost_nusd)


def lines_of(
    cells: Sequence[Mapping[str, Any]], tallies: Mapping[str, Tally]
) -> list[str]:
    """Return one row a calling cell, in notebook order, then the rest and the sum."""
    keys = [cell["id"] for cell in cells if cell["id"] in tallies]
    keys += sorted(key for key in tallies if key not in keys)
    rows = [row(key or "(no cell)", tallies[key]) for key in keys]
    return table(COLUMNS, rows, footer=row("total", sum(tallies.values(), Tally())))


def row(name: str, tally: Tally) -> tuple[str, str, str, str, str, str]:
    """Return the table's cells for one tally."""
    return (
        name,
        str(tally.calls),
        f"{tally.input:,} → {tally.output:,}" if tally.calls else "",
        duration_text((tally.gpu_busy_ms + tally.gpu_held_ms) / 1000),
        cost_text(tally),
        tally.state,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
