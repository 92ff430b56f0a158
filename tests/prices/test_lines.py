"""The lines of a usage partition it, whatever the usage says of itself."""

import decimal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellcost.config.rates import Endpoint
from cellcost.money import line_cost
from cellcost.prices import PriceBook, cost, usage_problem
from cellcost.records import INPUT_METERS, OUTPUT_METERS, Line, Usage, known_cost

MakeBook = Callable[..., PriceBook]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

UNITS = (
    *("input_image", "input_video", "cache_read_image", "output_image"),
    *("output_citation", "web_search", "surprise"),
)
wild = st.integers(-5, 2_000)


@st.composite
def wild_usages(draw: st.DrawFn) -> Usage:
    return Usage(
        input_tokens=draw(wild),
        output_tokens=draw(wild),
        cache_read_tokens=draw(wild),
        cache_write_tokens=draw(wild),
        cache_write_1h_tokens=draw(wild),
        reasoning_tokens=draw(wild),
        input_audio_tokens=draw(wild),
        cache_read_audio_tokens=draw(wild),
        output_audio_tokens=draw(wild),
        other=draw(
            st.dictionaries(
                st.sampled_from(UNITS),
                wild,
            )
        ),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    wild_usages(),
    st.sampled_from(
        [
            ("openai", "gpt-5-mini"),
            ("anthropic", "claude-sonnet-4-5"),
            ("google", "gemini-2.5-flash"),
            ("openai", "whisper-1"),
            ("vllm", "x"),
        ]
    ),
)
def test_any_usage_is_partitioned_and_nothing_raises(
    book: PriceBook, usage: Usage, model: tuple[str, str]
) -> None:
    lines = cost(book.rate_card(*model, at=NOON), usage)
    inputs = [line.quantity for line in lines if line.meter in INPUT_METERS]
    outputs = [line.quantity for line in lines if line.meter in OUTPUT_METERS]
    assert sum(inputs) == max(usage.input_tokens, 0)
    assert sum(outputs) == max(usage.output_tokens, 0)
    assert all(line.quantity > 0 for line in lines)
    assert len({(line.meter, line.variant) for line in lines}) == len(lines)
    for line in lines:
        if line.cost_nusd is None:
            assert line.reason
        elif line.meter in INPUT_METERS | OUTPUT_METERS:
            assert line.contracted_rate is not None
            assert line.cost_nusd == line_cost(line.quantity, line.contracted_rate)


def test_a_line_is_what_its_constructor_makes(book: PriceBook) -> None:
    """Lines are built slot by slot, for speed: nothing may be forgotten."""
    card = book.rate_card("openai", "gpt-5-mini", at=NOON)
    (line,) = cost(card, Usage(input_tokens=1000))
    assert line == Line(
        line_no=1,
        meter="input",
        quantity=1000,
        list_rate=Decimal("0.25"),
        contracted_rate=Decimal("0.25"),
        cost_nusd=250_000,
    )
    assert replace(line, line_no=2).line_no == 2
    assert "cost_nusd=250000" in repr(line)


@pytest.mark.parametrize(
    ("usage", "problem"),
    [
        (Usage(), ""),
        (Usage(input_tokens=10, cache_read_tokens=10), ""),
        (Usage(input_tokens=-1), "a token count is negative"),
        (Usage(input_tokens=10, cache_read_tokens=11), "exceed the input tokens"),
        (
            Usage(input_tokens=10, cache_write_tokens=3, cache_write_1h_tokens=4),
            "for an hour exceed",
        ),
        (Usage(output_tokens=10, reasoning_tokens=11), "exceed the output tokens"),
        (
            Usage(input_tokens=9, input_audio_tokens=3, cache_read_audio_tokens=4),
            "cached audio tokens exceed",
        ),
    ],
)
def test_a_usage_that_contradicts_itself_is_told(usage: Usage, problem: str) -> None:
    found = usage_problem(usage)
    assert problem in found
    assert bool(found) == bool(problem)


def test_nothing_used_costs_nothing_only_where_a_price_is_known(
    book: PriceBook,
) -> None:
    priced = cost(book.rate_card("openai", "gpt-5-mini", at=NOON), Usage())
    unpriced = cost(book.rate_card("openai", "nope", at=NOON), Usage())
    assert known_cost(priced) == 0
    assert known_cost(unpriced) is None


def test_tokens_of_a_model_billed_by_the_hour_are_no_charge_beside_its_hours(
    book: PriceBook,
) -> None:
    card = book.rate_card("openai", "whisper-1", at=NOON)
    tokens = Usage(input_tokens=100, output_tokens=20)
    assert known_cost(cost(card, tokens)) is None
    timed = cost(card, replace(tokens, other={"seconds": 60}))
    assert known_cost(timed) == 6_000_000
    assert all(line.cost_nusd is not None for line in timed)


def test_an_unknown_unit_is_an_unpriced_line(book: PriceBook) -> None:
    card = book.rate_card("openai", "gpt-5-mini", at=NOON)
    lines = cost(card, Usage(input_tokens=1, other={"container_hour": 2}))
    assert lines[1].meter == "container_hour"
    assert lines[1].cost_nusd is None
    assert "no container hour price for model 'gpt-5-mini'" in lines[1].reason


def test_a_unit_may_have_an_own_rate(make_book: MakeBook) -> None:
    endpoint = Endpoint(
        url="http://gw", provider="vllm", rates={"image": Decimal(40_000)}
    )
    card = make_book([endpoint]).rate_card("vllm", "x", at=NOON, endpoint=endpoint)
    (line,) = cost(card, Usage(other={"image": 2}))
    assert line.cost_nusd == 80_000_000


def test_a_notebooks_decimal_context_changes_no_card(make_book: MakeBook) -> None:
    usage = Usage(input_tokens=123_457, other={"seconds": 7})
    kinds = [("openai", "gpt-5-mini"), ("groq", "whisper-large-v3")]
    plain = [cost(make_book().rate_card(p, m, at=NOON), usage) for p, m in kinds]
    with decimal.localcontext() as context:
        context.prec = 2
        context.traps[decimal.Inexact] = True
        hurt = [cost(make_book().rate_card(p, m, at=NOON), usage) for p, m in kinds]
    assert plain == hurt
