"""Run a notebook in a real kernel, without a browser, and print what its cells cost.

    CELLCOST_HOME=... python examples/headless.py NOTEBOOK

It sends each cell as JupyterLab does, with the cell's id and tags, and then reads the
journal that the meter in the kernel wrote. A cell tagged `calls-a-model` that has no
figure afterwards makes it fail.
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

from cellcost.figures import cost_text
from cellcost.home import journal_home
from cellcost.journal import Reader, recover
from cellcost.views import Tally, entries_of, entry_tally

CELL_SECONDS = 300
MUST_CALL = "calls-a-model"


def main(arguments: Sequence[str]) -> int:
    """Run the notebook; return 1 when a cell failed or a calling cell has no figure."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    path = Path(arguments[0])
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    print(
        f"==> running {path.name}: {len(code)} cells, about half a minute", flush=True
    )
    if not run_cells(path, code):
        return 1
    tallies = tally_cells(journal_home())
    print("\n" + table(code, tallies) + "\n")
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
    """Return whether a cell that calls a model has no calls, tokens or cost."""
    if MUST_CALL not in cell["metadata"].get("tags", []):
        return False
    tally = tallies.get(cell["id"], Tally())
    return not (tally.calls and tally.input and tally.cost_nusd)


def table(cells: Sequence[Mapping[str, Any]], tallies: Mapping[str, Tally]) -> str:
    """Return one row a calling cell, in notebook order, then the rest and the sum."""
    keys = [cell["id"] for cell in cells if cell["id"] in tallies]
    keys += sorted(key for key in tallies if key not in keys)
    rows = [("cell", "calls", "tokens", "cost", "state")]
    rows += [row(key or "(no cell)", tallies[key]) for key in keys]
    rows.append(row("total", sum(tallies.values(), Tally())))
    widths = [max(len(line[column]) for line in rows) for column in range(5)]
    return "\n".join(
        f"{cell.ljust(widths[0])}  {calls.rjust(widths[1])}  {tokens.rjust(widths[2])}"
        f"  {cost.rjust(widths[3])}  {state}".rstrip()
        for cell, calls, tokens, cost, state in rows
    )


def row(name: str, tally: Tally) -> tuple[str, str, str, str, str]:
    """Return the table's cells for one tally."""
    return (
        name,
        str(tally.calls),
        f"{tally.input:,} → {tally.output:,}",
        cost_text(tally),
        tally.state,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
