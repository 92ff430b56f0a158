"""Money is exact, rounds once, and never shows a cost as nothing."""

import decimal
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellcost.money import format_usd, line_cost, nano_to_text, usd_to_nano

rates = st.decimals(0, 10_000, places=6)


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "$0"),
        (1, "<$0.00001"),
        (9_999, "<$0.00001"),
        (10_000, "$0.00001"),
        (410_000, "$0.00041"),
        (830_000, "$0.00083"),
        (995_000, "$0.00100"),
        (13_200_000, "$0.0132"),
        (34_000_000, "$0.0340"),
        (9_996_000, "$0.0100"),
        (99_960_000, "$0.100"),
        (497_000_000, "$0.497"),
        (999_499_999, "$0.999"),
        (999_500_000, "$1.00"),
        (1_000_000_000, "$1.00"),
        (12_400_000_000, "$12.40"),
        (999_994_999_999, "$999.99"),
        (999_995_000_000, "$1,000"),
        (1_240_000_000_000, "$1,240"),
        (1_234_567_500_000_000, "$1,234,568"),
        (-13_200_000, "-$0.0132"),
        (-5, "-<$0.00001"),
    ],
)
def test_an_amount_reads_as_people_write_it(nano: int, text: str) -> None:
    assert format_usd(nano) == text


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (9_999, "<$0.00001"),
        (410_000, "$0.00041"),
        (995_000, "$0.0010"),
        (13_200_000, "$0.013"),
        (99_600_000, "$0.10"),
        (497_000_000, "$0.50"),
        (994_999_999, "$0.99"),
        (995_000_000, "$1.00"),
        (12_400_000_000, "$12.40"),
        (-13_200_000, "-$0.013"),
    ],
)
def test_an_estimate_reads_with_two_digits(nano: int, text: str) -> None:
    assert format_usd(nano, digits=2) == text


@given(st.integers(1, 10**18))
def test_something_that_cost_never_reads_as_nothing(nano: int) -> None:
    text = format_usd(nano)
    assert any(digit in text for digit in "123456789")


@given(st.integers(10_000, 10**18))
def test_a_shown_amount_is_within_half_of_its_last_digit(nano: int) -> None:
    shown = Decimal(format_usd(nano)[1:].replace(",", ""))
    step = Decimal(1).scaleb(int(shown.as_tuple().exponent))
    assert abs(shown - Decimal(nano).scaleb(-9)) <= step / 2


@given(st.integers(10_000, 10**15), st.integers(0, 10**15))
def test_more_never_reads_as_less(nano: int, more: int) -> None:
    def value(text: str) -> Decimal:
        return Decimal(text[1:].replace(",", ""))

    assert value(format_usd(nano)) <= value(format_usd(nano + more))


@given(st.integers(0, 10**12), rates)
def test_a_line_costs_its_quantity_times_its_rate(quantity: int, rate: Decimal) -> None:
    with decimal.localcontext() as context:
        context.prec = 60
        exact = Decimal(quantity) * rate * 1000
        assert line_cost(quantity, rate) == int(
            exact.to_integral_value(ROUND_HALF_EVEN)
        )


@given(st.integers(0, 10**12), rates)
def test_a_withdrawn_line_costs_exactly_the_opposite(
    quantity: int, rate: Decimal
) -> None:
    assert line_cost(-quantity, rate) == -line_cost(quantity, rate)


@pytest.mark.parametrize(
    ("quantity", "rate", "nano"),
    [
        (1, "0.0005", 0),  # 0.5 nano-USD: half goes to even
        (3, "0.0005", 2),  # 1.5
        (5, "0.0005", 2),  # 2.5
        (1_000_000, "0.25", 250_000_000),
        (0, "15", 0),
    ],
)
def test_halves_round_to_even(quantity: int, rate: str, nano: int) -> None:
    assert line_cost(quantity, Decimal(rate)) == nano


def test_the_decimal_context_of_a_notebook_changes_no_price() -> None:
    with decimal.localcontext() as context:
        context.prec = 2
        context.traps[decimal.Inexact] = True
        assert line_cost(123_457, Decimal("1.23456789")) == 152_416_048
        assert usd_to_nano(Decimal("1234.567891234")) == 1_234_567_891_234
        assert format_usd(1_234_567_891_234) == "$1,235"


def test_money_on_the_wire_is_text_and_unknown_is_not_zero() -> None:
    assert nano_to_text(12_345_678_901_234_567_890) == "12345678901234567890"
    assert nano_to_text(0) == "0"
    assert nano_to_text(None) is None
