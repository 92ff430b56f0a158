"""The command that gives an editor the calls of a file, notebook or cell as rows."""

from typing import TYPE_CHECKING, Any

from cellcost.analysis import estimate_json
from cellcost_lsp.costs import about, typical
from cellcost_lsp.guarding import guarded
from cellcost_lsp.reading import Reading

if TYPE_CHECKING:
    from cellcost_lsp.server import CostServer

__all__ = ["call_rows", "register"]


def register(server: "CostServer") -> None:
    """Answer for the command."""

    @server.command("cellcost.showCall")
    @guarded(server, "a command", list[dict[str, Any]])
    async def show_call(uri: str) -> list[dict[str, Any]]:
        reading = await server.fresh(uri)
        return [] if reading is None else call_rows(reading, uri)


def call_rows(reading: Reading, uri: str) -> list[dict[str, Any]]:
    """Return the calls of a file, notebook or cell as JSON, in order.

    As `cellcost check --json` gives them, with the document that each stands in and
    the typical cost as people read it.
    """
    numbers = {cell: number for number, cell in enumerate(reading.pages)}
    codes: dict[int, list[str]] = {}
    for finding in reading.findings:
        codes.setdefault(id(finding.estimate), []).append(finding.code)
    rows: list[dict[str, Any]] = []
    for item in reading.estimates:
        page = reading.pages.get(item.site.area.cell)
        if page is None or uri not in (reading.uri, page.uri):
            continue
        row = estimate_json(item, list(dict.fromkeys(codes.get(id(item), ()))))
        cell = item.site.area.cell
        # The place among the notebook's code cells, not our own number of it.
        row["cell"] = None if cell is None else numbers[cell]
        prices = typical(item)
        text = "unpriced" if prices is None else about(*prices)
        rows.append({"uri": page.uri, "text": text, **row})
    return rows
