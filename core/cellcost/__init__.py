"""What notebook cells and model calls cost: the core that every room stands on."""

from cellcost.context import tags
from cellcost.outcomes import outcome

__all__ = ["__version__", "outcome", "tags"]

__version__ = "0.1.0"
