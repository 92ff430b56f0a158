"""Model calls in Python source, found and estimated without running anything."""

from cellcost.analysis.analyser import Find, analyse
from cellcost.analysis.callsite import Area, CallSite, Model
from cellcost.analysis.units import Cell, Document, Notebook, Unit

__all__ = [
    "Area",
    "CallSite",
    "Cell",
    "Document",
    "Find",
    "Model",
    "Notebook",
    "Unit",
    "analyse",
]
