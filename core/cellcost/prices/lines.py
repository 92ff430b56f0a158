"""What a usage costs on a rate card: lines that partition the usage."""

from dataclasses import fields
from typing import Any

from cellcost.prices.card import NO_CHARGE, Rate, RateCard, Rates
from cellcost.prices.units import UNIT_ALIASES
from cellcost.records import Line, Usage

__all__ = ["cost", "usage_problem"]

# Token counts that `Usage` has no field for; they are part of its input or output.
_EXTRA_INPUT = {"input_image": ("input_image", ""), "input_video": ("input", "video")}
_EXTRA_CACHED = {"cache_read_image": "image", "cache_read_video": "video"}
_EXTRA_OUTPUT = {
    "output_image": ("output_image", ""),
    "output_video": ("output", "video"),
    "output_citation": ("output", "citation"),
}

# Units that the source counts among others.
_UNIT_PARTS = {
    "document_page": ("annotated_document_page",),
    "audio_second": ("input_audio_second", "output_audio_second"),
}


def cost(card: RateCard, usage: Usage) -> tuple[Line, ...]:
    """Return the lines of a usage, each rounded half-even to a nano-USD.

    Quantities of the input meters sum to `input_tokens`, those of the output meters to
    `output_tokens`, whatever the usage says of its parts; see `usage_problem`. Without
    a price a line costs None and says why. A usage without anything gives no line on a
    priced card (it costs 0), one unpriced line on another.
    """
    total, cached = usage.input_tokens, usage.cache_read_tokens
    written = usage.cache_write_tokens
    rates = card.brackets[0][1]
    for start, higher in card.brackets[1:]:
        if total > start:
            rates = higher
    output, thought = usage.output_tokens, usage.reasoning_tokens
    plain, said = total - cached - written, output - thought
    lines: list[Line] = []
    if (
        usage.other
        or usage.cache_write_1h_tokens
        or usage.input_audio_tokens
        or usage.cache_read_audio_tokens
        or usage.output_audio_tokens
        or plain < 0
        or said < 0
        or cached < 0
        or written < 0
        or thought < 0
        or card.unit_billed
    ):
        _split(card, rates, usage, lines)
    else:  # what nearly every call is
        if plain:
            lines.append(_line(1, rates.input, plain))
        if cached:
            lines.append(_line(len(lines) + 1, rates.cache_read, cached))
        if written:
            ttl = "5m" if card.written_ttl else ""
            rate = rates.tokens["cache_write", ttl]
            lines.append(_line(len(lines) + 1, rate, written))
        if said:
            lines.append(_line(len(lines) + 1, rates.output, said))
        if thought:
            lines.append(_line(len(lines) + 1, rates.reasoning, thought))
    if card.per_request is not None:
        lines.append(_line(len(lines) + 1, card.per_request, 1))
    if not lines and card.reason:
        unknown = Rate("request", "", None, None, 0, 0, card.reason)
        lines.append(_line(1, unknown, 1))
    return tuple(lines)


def usage_problem(usage: Usage) -> str:
    """Return what contradicts itself in a usage, or "".

    Parts that exceed their whole are cut to it when priced, negative counts taken as
    zero: the figure then is an estimate.
    """
    total, cached = usage.input_tokens, usage.cache_read_tokens
    written, audio = usage.cache_write_tokens, usage.input_audio_tokens
    cached_audio = usage.cache_read_audio_tokens
    if (
        total < 0
        or usage.output_tokens < 0
        or cached < 0
        or written < 0
        or usage.cache_write_1h_tokens < 0
        or usage.reasoning_tokens < 0
        or audio < 0
        or cached_audio < 0
        or usage.output_audio_tokens < 0
    ):
        return "a token count is negative"
    if cached + written + audio - cached_audio > total:
        return "cached, written and audio tokens exceed the input tokens"
    if usage.cache_write_1h_tokens > written:
        return "tokens cached for an hour exceed the tokens written to the cache"
    if cached_audio > cached or cached_audio > audio:
        return "cached audio tokens exceed the cached or the audio tokens"
    if usage.reasoning_tokens + usage.output_audio_tokens > usage.output_tokens:
        return "reasoning and audio tokens exceed the output tokens"
    return ""


def _split(card: RateCard, rates: Rates, usage: Usage, lines: list[Line]) -> None:
    """Append the lines of a usage that has more than plain, cached and reasoning."""
    other = {
        UNIT_ALIASES.get(name, name): quantity for name, quantity in usage.other.items()
    }
    left = max(usage.input_tokens, 0)
    parts: list[tuple[str, str, int]] = []

    def take(meter: str, variant: str, wanted: int, within: int) -> int:
        taken = max(min(wanted, within), 0)
        if taken:
            parts.append((meter, variant, taken))
        return taken

    cached = max(min(usage.cache_read_tokens, left), 0)
    left -= cached
    cached_audio = take("cache_read_audio", "", usage.cache_read_audio_tokens, cached)
    cached -= cached_audio
    cached_extra: dict[str, int] = {}
    for name, variant in _EXTRA_CACHED.items():
        cached_extra[variant] = take("cache_read", variant, other.pop(name, 0), cached)
        cached -= cached_extra[variant]
    take("cache_read", "", cached, cached)

    written = max(min(usage.cache_write_tokens, left), 0)
    left -= written
    hour = take("cache_write", "1h", usage.cache_write_1h_tokens, written)
    minutes = "5m" if card.written_ttl or usage.cache_write_1h_tokens > 0 else ""
    take("cache_write", minutes, written - hour, written)

    left -= take("input_audio", "", usage.input_audio_tokens - cached_audio, left)
    for name, (meter, variant) in _EXTRA_INPUT.items():
        wanted = other.pop(name, 0) - cached_extra[name.removeprefix("input_")]
        left -= take(meter, variant, wanted, left)
    parts.insert(0, ("input", "", left))

    left = max(usage.output_tokens, 0)
    plain = len(parts)
    left -= take("reasoning", "", usage.reasoning_tokens, left)
    left -= take("output_audio", "", usage.output_audio_tokens, left)
    for name, (meter, variant) in _EXTRA_OUTPUT.items():
        left -= take(meter, variant, other.pop(name, 0), left)
    parts.insert(plain, ("output", "", left))

    if card.unit_billed and any(other.get(name, 0) > 0 for name in card.units):
        rates = NO_CHARGE
    for meter, variant, quantity in parts:
        if quantity:
            rate = rates.tokens[meter, variant]
            lines.append(_line(len(lines) + 1, rate, quantity))
    _append_units(card, other, lines)


def _append_units(card: RateCard, other: dict[str, int], lines: list[Line]) -> None:
    """Append the lines of units that are not tokens."""
    for whole, subsets in _UNIT_PARTS.items():
        if whole in other:
            part = sum(max(other.get(name, 0), 0) for name in subsets)
            other[whole] = max(other[whole] - part, 0)
    for name, quantity in other.items():
        if quantity <= 0:
            continue
        rate = card.units.get(name)
        if rate is None:
            reason = card.reason or (
                f"no {name.replace('_', ' ')} price for model {card.model!r}"
                f" at {card.provider}"
            )
            rate = Rate(name, "", None, None, 0, 0, reason)
        quantity = max(quantity, card.minimum.get(name, 0))
        lines.append(_line(len(lines) + 1, rate, quantity))


# A frozen dataclass's own __init__ takes 2-3 us a line, setting its slots 0.7 us
# (bench/bench_prices.py): lines are built once for every call.
_SET: Any = [getattr(Line, field.name).__set__ for field in fields(Line)]
(
    _set_line_no,
    _set_meter,
    _set_quantity,
    _set_variant,
    _set_list_rate,
    _set_contracted_rate,
    _set_cost,
    _set_reason,
) = _SET
_new = Line.__new__


def _line(line_no: int, rate: Rate, quantity: int) -> Line:
    denominator = rate.denominator
    amount: int | None
    if denominator == 1:
        amount = quantity * rate.numerator
    elif denominator:
        amount, rest = divmod(quantity * rate.numerator, denominator)
        twice = 2 * rest
        if twice > denominator or (twice == denominator and amount & 1):
            amount += 1
    else:
        amount = None
    line = _new(Line)
    _set_line_no(line, line_no)
    _set_meter(line, rate.meter)
    _set_quantity(line, quantity)
    _set_variant(line, rate.variant)
    _set_list_rate(line, rate.list_rate)
    _set_contracted_rate(line, rate.contracted_rate)
    _set_cost(line, amount)
    _set_reason(line, rate.reason)
    return line
