"""A call that stands in no source, to ask what it would cost and what holds for it."""

from dataclasses import replace
from datetime import datetime

from cellcost.analysis.callsite import Area, CallSite, Model
from cellcost.analysis.estimate import Book, Estimate, Range, estimate
from cellcost.records import Usage

__all__ = ["imagined"]


def imagined(
    model: str,
    *,
    provider: str = "",
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    book: Book,
    at: datetime,
) -> Estimate:
    """Return a chat with a model; without its tokens its cost is not known."""
    site = CallSite(
        area=Area("", None, 0, 0, 0, 0),
        kind="chat",
        family="",
        provider=provider,
        function="",
        models=(Model(model, provider),),
        open=False,
        loops=(),
        prompts=(),
        cap=None,
        capped=False,
        wraps=False,
    )
    found = estimate(site, book=book, count=lambda text, model: None, at=at)
    if input_tokens is None or output_tokens is None:
        return replace(found, output_tokens=None)
    return replace(
        found,
        input_tokens=Range(input_tokens, input_tokens),
        output_tokens=Range(output_tokens, output_tokens),
        typical_usage=Usage(input_tokens=input_tokens, output_tokens=output_tokens),
    )
