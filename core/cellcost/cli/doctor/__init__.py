"""`cellcost doctor`: what works here, and what to do about what does not."""

from cellcost.cli.doctor.command import register

__all__ = ["register"]
