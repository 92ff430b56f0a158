"""Records are frozen, and their totals keep the unknown apart from zero."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest

from cellcost.records import (
    INPUT_METERS,
    OUTPUT_METERS,
    Event,
    Line,
    Tokens,
    Usage,
    Where,
    known_cost,
    tokens_of,
    unpriced_lines,
)

PRICED = (
    Line(line_no=1, meter="input", quantity=600, cost_nusd=150_000),
    Line(line_no=2, meter="cache_read", quantity=300, cost_nusd=10_000),
    Line(line_no=3, meter="cache_read_audio", quantity=100, cost_nusd=1),
    Line(line_no=4, meter="cache_write", quantity=50, variant="1h", cost_nusd=2),
    Line(line_no=5, meter="output", quantity=200, cost_nusd=400_000),
    Line(line_no=6, meter="reasoning", quantity=100, cost_nusd=200_000),
    Line(line_no=7, meter="web_search", quantity=2, cost_nusd=20_000_000),
)


def test_no_lines_cost_nothing_and_unpriced_lines_cost_unknown() -> None:
    assert known_cost(()) == 0
    assert known_cost([Line(line_no=1, meter="input", quantity=5)]) is None


def test_the_known_sum_leaves_the_unknown_out_and_counts_it() -> None:
    lines = (*PRICED, Line(line_no=8, meter="output", quantity=1, reason="no price"))
    assert known_cost(lines) == 20_760_003
    assert unpriced_lines(lines) == 1


def test_a_withdrawn_unpriced_line_is_counted_off() -> None:
    lines = [
        Line(line_no=1, meter="input", quantity=5, reason="no price"),
        Line(line_no=1, meter="input", quantity=-5, reason="no price"),
    ]
    assert unpriced_lines(lines) == 0


def test_tokens_count_cache_as_input_and_reasoning_as_output() -> None:
    assert tokens_of(PRICED) == Tokens(
        input=1050, output=300, cache_read=400, cache_write=50, reasoning=100
    )


def test_tokens_of_parts_add_up() -> None:
    assert tokens_of(PRICED[:3]) + tokens_of(PRICED[3:]) == tokens_of(PRICED)


def test_no_meter_is_both_input_and_output() -> None:
    assert not INPUT_METERS & OUTPUT_METERS


def test_a_record_cannot_change() -> None:
    usage = Usage(input_tokens=1)
    with pytest.raises(FrozenInstanceError):
        usage.input_tokens = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        usage.other["web_search"] = 1  # type: ignore[index]
    assert replace(usage, output_tokens=3) == Usage(input_tokens=1, output_tokens=3)


def test_an_event_without_lines_is_one_that_cost_nothing() -> None:
    event = Event(
        id="x",
        time=datetime(2026, 11, 24, tzinfo=UTC),
        kind="llm",
        where=Where(origin="cell"),
    )
    assert known_cost(event.lines) == 0
    assert event.confidence == "measured"
