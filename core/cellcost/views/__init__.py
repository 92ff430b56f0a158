"""What a person sees: from records to cells, notebooks, days and reports."""

from cellcost.views.alternatives import Alternative, CostOf, alternatives
from cellcost.views.calls import (
    CallGroup,
    CallView,
    LineSum,
    call_view,
    groups_of,
    line_sums,
    shared_tags,
)
from cellcost.views.cells import CellView, ModelShare, cell_view
from cellcost.views.chips import Chip, how_to_price
from cellcost.views.days import DayBook, DayView, day_bounds
from cellcost.views.entries import Entry, InFlight, entries_of, entry_tally
from cellcost.views.gpu import GpuUse, device_name
from cellcost.views.holding import HeldView
from cellcost.views.notebooks import Breakdown, NotebookBook, NotebookView
from cellcost.views.report import REPORT_KEYS, ReportKey, ReportRow, report
from cellcost.views.runs import Gap, ModelKey
from cellcost.views.site_figures import Past, RunFigure, SiteView
from cellcost.views.sites import SiteBook
from cellcost.views.spots import Spot
from cellcost.views.tally import STATES, State, Tally

__all__ = [
    "REPORT_KEYS",
    "STATES",
    "Alternative",
    "Breakdown",
    "CallGroup",
    "CallView",
    "CellView",
    "Chip",
    "CostOf",
    "DayBook",
    "DayView",
    "Entry",
    "Gap",
    "GpuUse",
    "HeldView",
    "InFlight",
    "LineSum",
    "ModelKey",
    "ModelShare",
    "NotebookBook",
    "NotebookView",
    "Past",
    "ReportKey",
    "ReportRow",
    "RunFigure",
    "SiteBook",
    "SiteView",
    "Spot",
    "State",
    "Tally",
    "alternatives",
    "call_view",
    "cell_view",
    "day_bounds",
    "device_name",
    "entries_of",
    "entry_tally",
    "groups_of",
    "how_to_price",
    "line_sums",
    "report",
    "shared_tags",
]
