"""Model calls in Python source: found, resolved and estimated; nothing is run."""

from cellcost.analysis.analyser import Find, Together, analyse, reached, reached_by
from cellcost.analysis.calibration import calibrated
from cellcost.analysis.callsite import Area, CallSite, Model
from cellcost.analysis.cheaper import Cheaper, cheaper
from cellcost.analysis.codes import (
    CODES,
    OFF_BY_DEFAULT,
    Finding,
    Severity,
    findings,
    ignored,
    silenced,
)
from cellcost.analysis.estimate import (
    Book,
    Candidate,
    Count,
    Estimate,
    Range,
    estimate,
    load_text,
)
from cellcost.analysis.fixes import Edit, Fix, LinesOf, fixes
from cellcost.analysis.naming import Named, named
from cellcost.analysis.notebooks import code_cells
from cellcost.analysis.report import estimate_json, sarif
from cellcost.analysis.spots import spots_of
from cellcost.analysis.units import Cell, Document, Notebook, Unit
from cellcost.analysis.workspace import Workspace, python_files, read_text

__all__ = [
    "CODES",
    "OFF_BY_DEFAULT",
    "Area",
    "Book",
    "CallSite",
    "Candidate",
    "Cell",
    "Cheaper",
    "Count",
    "Document",
    "Edit",
    "Estimate",
    "Find",
    "Finding",
    "Fix",
    "LinesOf",
    "Model",
    "Named",
    "Notebook",
    "Range",
    "Severity",
    "Together",
    "Unit",
    "Workspace",
    "analyse",
    "calibrated",
    "cheaper",
    "code_cells",
    "estimate",
    "estimate_json",
    "findings",
    "fixes",
    "ignored",
    "load_text",
    "named",
    "python_files",
    "reached",
    "reached_by",
    "read_text",
    "sarif",
    "silenced",
    "spots_of",
]
