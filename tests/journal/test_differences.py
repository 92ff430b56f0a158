"""Whatever was stored, the correcting lines make the sums what they should be."""

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cellcost.journal.differences import correcting_lines
from cellcost.records import Line, unpriced_lines

rates = st.sampled_from([None, Decimal("0.25"), Decimal(2)])


@st.composite
def lines(draw: st.DrawFn) -> tuple[Line, ...]:
    found: list[Line] = []
    for number in range(draw(st.integers(0, 4))):
        rate = draw(rates)
        quantity = draw(st.integers(1, 1000))
        found.append(
            Line(
                line_no=number + 1,
                meter=draw(st.sampled_from(["input", "output", "cache_read"])),
                quantity=quantity,
                list_rate=rate,
                cost_nusd=None if rate is None else int(quantity * rate * 1000),
                reason="" if rate else "no price",
            )
        )
    # One unpriced line for each meter, as `cost` makes them.
    unique = {(x.meter, x.list_rate): x for x in found}
    return tuple(unique.values())


def sums(found: tuple[Line, ...]) -> tuple[Counter[str], int, int]:
    quantities: Counter[str] = Counter()
    for line in found:
        quantities[line.meter] += line.quantity
    cost = sum(line.cost_nusd or 0 for line in found)
    return quantities, cost, unpriced_lines(found)


@given(lines(), lines())
def test_stored_and_correction_sum_to_the_truth(
    stored: tuple[Line, ...], true: tuple[Line, ...]
) -> None:
    correction = correcting_lines(stored, true)
    assert sums(stored + correction) == sums(true)


@given(lines(), lines(), lines())
def test_a_correction_can_itself_be_corrected(
    first: tuple[Line, ...], second: tuple[Line, ...], third: tuple[Line, ...]
) -> None:
    known = first + correcting_lines(first, second)
    assert sums(known + correcting_lines(known, third)) == sums(third)


@given(lines())
def test_the_same_lines_need_no_correction(found: tuple[Line, ...]) -> None:
    assert correcting_lines(found, found) == ()
