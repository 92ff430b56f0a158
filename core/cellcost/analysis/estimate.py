"""What a call site will cost: a range, and why it is no narrower."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from cellcost.analysis.callsite import CallSite, Model
from cellcost.analysis.naming import Named, named
from cellcost.analysis.prompts import PromptSize
from cellcost.analysis.weight_sizes import weights_bytes
from cellcost.config.rates import Endpoint
from cellcost.figures import memory_text
from cellcost.money import format_usd, usd_to_nano
from cellcost.prices import RateCard
from cellcost.records import Line, Usage, known_cost, unpriced_lines

__all__ = [
    "Book",
    "Candidate",
    "Count",
    "Estimate",
    "Range",
    "estimate",
    "load_text",
    "output_rate",
    "price_of_call",
]

Count = Callable[[str, str], int | None]
"""From a text and a model to tokens; None if they cannot be counted."""

# OpenAI cookbook: 3 tokens a message and 3 for the reply's start (2026-11).
_MESSAGE = 3
_PRIMING = 3
# Claude's own tokenizer counts 15-20 % more than o200k, at times more (measured).
_CLAUDE_MORE = 135
# What a chat answer of unknown length is taken to have, for the typical figure only.
_TYPICAL_OUTPUT = 400
_NO_OUTPUT = frozenset({"embeddings", "rerank", "moderation"})
_NO_TOKENS = frozenset({"image", "audio", "video", "load", "realtime"})


class Book(Protocol):
    """What an estimate needs of a price book."""

    def provider_of(self, url: str) -> tuple[str, Endpoint | None]:
        """Return the provider that a URL belongs to, and its endpoint."""
        ...

    def rate_card(
        self,
        provider: str,
        model: str,
        *,
        tier: str = "",
        at: datetime,
        endpoint: Endpoint | None = None,
    ) -> RateCard:
        """Return what a model costs at a moment."""
        ...

    def cost(self, card: RateCard, usage: Usage) -> tuple[Line, ...]:
        """Return the lines that a usage costs."""
        ...

    def gpu_hour(self, at: datetime) -> tuple[Decimal, str] | None:
        """Return USD an hour of the user's GPU, and its pattern, if it is one alone."""
        ...


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`; `high` None is not limited by anything known."""

    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that a call may use, with its price."""

    model: Model
    means: Named
    card: RateCard
    output_rate: Decimal | None
    """USD per 1,000,000 output tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A call site with what one call of it will cost."""

    site: CallSite
    candidates: tuple[Candidate, ...]
    provider: str
    input_tokens: Range | None
    """None: nothing of the prompt is known, or it is no text."""
    prompt_tokens: Range | None
    """What the source tells of the prompt: `input_tokens`, but for past calls."""
    output_tokens: Range | None
    typical_usage: Usage
    """What the typical figure takes the call to use."""
    cost_nusd: Range | None
    """One call, over all candidates; None: no candidate has a price."""
    typical_nusd: int | None
    reasons: tuple[str, ...]
    """Why the range is no narrower, in order of weight."""
    at: datetime
    """The moment whose prices these are."""
    from_calls: int = 0
    """From how many past calls its token counts are; see `calibration`."""
    gpu_bytes: int | None = None
    """GPU memory that the weights which it loads take; None if nothing tells it."""
    gpu_hour_usd: Decimal | None = None
    """What an hour of the user's GPU costs; None unless settings tell of one alone."""

    @property
    def typical_output(self) -> int:
        """Return what the typical figure takes the answer to have."""
        return self.typical_usage.output_tokens


def load_text(item: Estimate) -> str:
    """Return what loading weights takes: `≈ 16 GB of GPU, $3.00 / h`, or `GPU time`."""
    said = "GPU time"
    if item.gpu_bytes is not None:
        said = f"≈ {memory_text(item.gpu_bytes)} of GPU"
    if item.gpu_hour_usd is not None:
        said += f", {format_usd(usd_to_nano(item.gpu_hour_usd))} / h"
    return said


def estimate(site: CallSite, *, book: Book, count: Count, at: datetime) -> Estimate:
    """Return what one call of `site` will cost at the prices of `at`."""
    candidates = tuple(_candidate(model, site, book, at) for model in site.models)
    reasons = list(_reasons(site, candidates))
    priced = [c for c in candidates if not c.card.reason]
    counting = priced[0].means.model if priced else ""
    claude = any("claude" in c.means.model for c in candidates)
    inputs = None if site.kind in _NO_TOKENS else _input(site, counting, claude, count)
    outputs = None if site.kind in _NO_TOKENS else _output(site)
    typical = 0
    if outputs is not None and site.kind not in _NO_OUTPUT:
        typical = min(_TYPICAL_OUTPUT, outputs.high or _TYPICAL_OUTPUT)
    cost, usual = _cost(book, priced, inputs, outputs, typical)
    if cost is not None and (len(priced) < len(candidates) or site.open):
        cost = Range(cost.low, None)
    hour = book.gpu_hour(at) if site.kind == "load" else None
    if hour is not None:
        reasons.append(f'an hour of a GPU: [[gpu_rates]] match = "{hour[1]}"')
    return Estimate(
        site=site,
        candidates=candidates,
        provider=_provider(site, candidates, book),
        input_tokens=inputs,
        prompt_tokens=inputs,
        output_tokens=outputs,
        typical_usage=Usage(
            input_tokens=inputs.low if inputs else 0, output_tokens=typical
        ),
        cost_nusd=cost,
        typical_nusd=usual,
        reasons=tuple(dict.fromkeys(reasons)),
        gpu_bytes=_gpu_bytes(site),
        gpu_hour_usd=hour[0] if hour is not None else None,
        at=at,
    )


def _candidate(model: Model, site: CallSite, book: Book, at: datetime) -> Candidate:
    provider, endpoint = model.provider or site.provider, None
    if site.url:
        provider, endpoint = book.provider_of(site.url)
        means = Named(provider, model.written)
    else:
        means = named(model.written, provider)
    card = book.rate_card(means.provider, means.model, at=at, endpoint=endpoint)
    return Candidate(model, means, card, output_rate(card))


def output_rate(card: RateCard) -> Decimal | None:
    """Return USD per 1,000,000 output tokens; None without a price."""
    if card.reason or not card.brackets:
        return None
    return card.brackets[0][1].output.contracted_rate


def _provider(site: CallSite, candidates: Iterable[Candidate], book: Book) -> str:
    if site.url:
        return book.provider_of(site.url)[0]
    found = {c.means.provider for c in candidates if c.means.provider}
    return found.pop() if len(found) == 1 else site.provider


def _input(site: CallSite, model: str, claude: bool, count: Count) -> Range | None:
    lows: list[int] = []
    whole = bool(site.prompts)
    for prompt in site.prompts:
        tokens = _prompt_tokens(prompt, model, count)
        if tokens is not None:
            lows.append(tokens)
        whole = whole and prompt.whole and tokens is not None
    if not lows or (not whole and not max(lows)):
        return None
    high = max(lows) * (_CLAUDE_MORE if claude else 100) // 100
    return Range(min(lows), high if whole else None)


def _prompt_tokens(prompt: PromptSize, model: str, count: Count) -> int | None:
    total = 0
    for text in prompt.texts:
        tokens = count(text, model)
        if tokens is None:
            return None
        total += tokens
    if prompt.messages:
        total += _MESSAGE * prompt.messages + _PRIMING
    return total


def _output(site: CallSite) -> Range:
    if site.kind in _NO_OUTPUT:
        return Range(0, 0)
    if site.cap is None:
        return Range(0, None)
    requests = max((prompt.requests for prompt in site.prompts), default=1)
    return Range(0, site.cap * requests)


def _cost(
    book: Book,
    priced: Iterable[Candidate],
    inputs: Range | None,
    outputs: Range | None,
    typical: int,
) -> tuple[Range | None, int | None]:
    lows: list[int] = []
    highs: list[int | None] = []
    usual: list[int] = []
    if outputs is None:
        return None, None
    low_in = inputs.low if inputs else 0
    high_in = inputs.high if inputs else None
    for candidate in priced:
        low = price_of_call(book, candidate.card, low_in, outputs.low)
        middle = price_of_call(book, candidate.card, low_in, typical)
        if low is None or middle is None:
            continue
        lows.append(low)
        usual.append(middle)
        if high_in is None or outputs.high is None:
            highs.append(None)
        else:
            highs.append(price_of_call(book, candidate.card, high_in, outputs.high))
    if not lows:
        return None, None
    known = [high for high in highs if high is not None]
    high = max(known) if len(known) == len(highs) else None
    return Range(min(lows), high), max(usual)


def price_of_call(book: Book, card: RateCard, inputs: int, outputs: int) -> int | None:
    """Return what so many tokens cost in nano-USD; None without a price."""
    lines = book.cost(card, Usage(input_tokens=inputs, output_tokens=outputs))
    return None if unpriced_lines(lines) else known_cost(lines)


def _gpu_bytes(site: CallSite) -> int | None:
    if site.kind != "load":
        return None
    sizes = [weights_bytes(model.written) for model in site.models]
    return max((size for size in sizes if size is not None), default=None)


def _reasons(site: CallSite, candidates: Iterable[Candidate]) -> Iterable[str]:
    chosen = list(candidates)
    if not chosen:
        yield "the source does not tell the model"
    elif site.open:
        yield "it may use a model that the source does not tell"
    if len(chosen) > 1:
        yield f"one of {len(chosen)} models"
    for candidate in chosen:
        if candidate.card.reason:
            yield candidate.card.reason
    if site.kind == "load":
        yield "weights are billed by GPU time, not by tokens"
        if _gpu_bytes(site) is not None:
            yield "GPU memory: the weights alone, by the model's name"
        return
    if site.kind in _NO_TOKENS:
        yield f"{site.kind} calls are not billed by the text's tokens alone"
        return
    if not site.prompts or not all(prompt.whole for prompt in site.prompts):
        yield "part of the prompt is known only at run time"
    if site.cap is None and site.kind not in _NO_OUTPUT:
        yield (
            "the cap on its output is known only at run time"
            if site.capped
            else ("nothing caps its output")
        )
    if site.in_loop and site.loop_count is None:
        yield "in a loop of unknown length: the figure is for one turn"
