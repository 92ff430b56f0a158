"""What a route takes and answers: who may ask, and which arguments there are."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from cellcost_ledger.book.keys import Key, Scope
from cellcost_ledger.web.arguments import Argument
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.questions import refusal

__all__ = ["Operation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: str = "GET"
    path: str
    tells: str
    answer: Any
    """The type of what is answered; None: plain text, or CSV alone."""
    scopes: tuple[Scope, ...] = ()
    """Of which a key must have one; none: no key is asked."""
    arguments: tuple[Argument, ...] = ()
    body: Any = None
    """The type of what is sent."""
    has_csv: bool = False
    refusals: tuple[int, ...] = ()
    """What it may answer beside the refusals of every operation."""

    async def admit(self, request: Request) -> Key:
        """Return the asking key. Raises ApiError unless it may ask, and asks rightly.

        A misspelt filter must not widen an answer: an unknown argument is refused.
        """
        key = await desk_of(request).authorize(request, *self.scopes)
        self.check(request)
        return key

    def check(self, request: Request) -> None:
        """Raise ApiError for an argument that there is not."""
        for name in request.query_params:
            if not any(argument.takes(name) for argument in self.arguments):
                known = ", ".join(argument.name for argument in self.arguments)
                raise refusal(name, f"is none; there are {known or 'none here'}")
