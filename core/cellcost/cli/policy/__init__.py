"""`cellcost policy`: what holds for a model here and who says so; are files right."""

from typing import TYPE_CHECKING

from cellcost.cli.policy import check, explain

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["register"]


def register(subparsers: "SubParsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "policy",
        help="what the policy says of a model, and whether its files are right",
        description="What may be called here, and for how much.",
    )
    parts = parser.add_subparsers(dest="part", metavar="COMMAND", required=True)
    explain.register(parts)
    check.register(parts)
