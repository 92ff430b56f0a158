"""Model calls in Python source: found, resolved and estimated; nothing is run."""

from cellcost.analysis.analyser import Find, analyse
from cellcost.analysis.callsite import Area, CallSite, Model
from cellcost.analysis.codes import CODES, Finding, Severity, findings, ignored
from cellcost.analysis.estimate import (
    Book,
    Candidate,
    Count,
    Estimate,
    Range,
    estimate,
)
from cellcost.analysis.naming import Named, named
from cellcost.analysis.notebooks import code_cells
from cellcost.analysis.report import estimate_json, sarif
from cellcost.analysis.units import Cell, Document, Notebook, Unit
from cellcost.analysis.workspace import Workspace, python_files, read_text

__all__ = [
    "CODES",
    "Area",
    "Book",
    "CallSite",
    "Candidate",
    "Cell",
    "Count",
    "Document",
    "Estimate",
    "Find",
    "Finding",
    "Model",
    "Named",
    "Notebook",
    "Range",
    "Severity",
    "Unit",
    "Workspace",
    "analyse",
    "code_cells",
    "estimate",
    "estimate_json",
    "findings",
    "ignored",
    "named",
    "python_files",
    "read_text",
    "sarif",
]
