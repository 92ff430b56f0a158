"""What a price takes: a warm rate card and the lines of a usage."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from cellcost.money import line_cost
from cellcost.prices import PriceBook, load_catalogue
from cellcost.records import Line, Usage
from measure import BenchPath, per_call_us

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
CHAT = Usage(
    input_tokens=12_345,
    cache_read_tokens=4_096,
    output_tokens=678,
    reasoning_tokens=256,
)
NOTHING = Decimal(0)
MESSAGES = Usage(
    input_tokens=12_345,
    cache_read_tokens=4_096,
    cache_write_tokens=1_024,
    output_tokens=678,
)


def paths() -> list[BenchPath]:
    book = PriceBook(load_catalogue())

    def card_and_cost(provider: str, model: str, usage: Usage) -> Callable[[], object]:
        return lambda: book.cost(book.rate_card(provider, model, at=AT), usage)

    openai = card_and_cost("openai", "gpt-5-mini", CHAT)
    anthropic = card_and_cost("anthropic", "claude-opus-5-5", MESSAGES)
    lines = book.cost(book.rate_card("openai", "gpt-5-mini", at=AT), CHAT)

    def plain_lines() -> object:
        """Do the same multiplications and build the same lines, without a book."""
        return tuple(
            Line(
                line_no=line.line_no,
                meter=line.meter,
                quantity=line.quantity,
                list_rate=line.list_rate,
                contracted_rate=line.contracted_rate,
                cost_nusd=line_cost(line.quantity, line.contracted_rate or NOTHING),
            )
            for line in lines
        )

    return [
        BenchPath(
            name="rate card + cost, warm: gpt-5-mini, 4 lines",
            figure=lambda: per_call_us(openai, calls=20_000),
            floor=lambda: per_call_us(plain_lines, calls=20_000),
            goal_us=5,
        ),
        BenchPath(
            name="rate card + cost, warm: Claude with cache, 4 lines",
            figure=lambda: per_call_us(anthropic, calls=20_000),
            floor=lambda: per_call_us(plain_lines, calls=20_000),
            goal_us=5,
        ),
        BenchPath(
            name="price list read and first card made",
            figure=lambda: per_call_us(_cold, calls=3),
            floor=None,
            goal_us=60_000,
        ),
        BenchPath(
            name="a model without a price, warm",
            figure=lambda: per_call_us(
                card_and_cost("openai", "no-such-model", CHAT), calls=20_000
            ),
            floor=None,
            goal_us=5,
        ),
    ]


def _cold() -> object:
    return PriceBook(load_catalogue()).rate_card("openai", "gpt-5-mini", at=AT)
