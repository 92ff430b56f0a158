"""What may be called where, and for how much: policies as data, one pure verdict.

What files say is in `rules`, what is imported here judges a call by it.
"""

from cellcost.policy.actions import Action, stricter
from cellcost.policy.verdict import (
    Basis,
    Option,
    PriceOf,
    Question,
    Verdict,
    decide,
    large_from,
    matching,
)

__all__ = [
    "Action",
    "Basis",
    "Option",
    "PriceOf",
    "Question",
    "Verdict",
    "decide",
    "large_from",
    "matching",
    "stricter",
]
