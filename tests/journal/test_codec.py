"""Records become JSON that anybody reads, and come back as they were."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellcost.journal import codec
from cellcost.records import Call, Event, Intent, Line, Where

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
RATES = st.none() | st.decimals(0, 1_000, places=4).map(Decimal)
COUNTS = st.integers(-(2**62), 2**62)
TAGS = st.dictionaries(WORDS, WORDS, max_size=3).map(MappingProxyType)

WHERES = st.builds(
    Where,
    origin=st.sampled_from(["cell", "thread", "process"]),
    cell_id=WORDS,
    call_site=WORDS,
    notebook=WORDS,
    user=WORDS,
    tags=TAGS,
)
CALLS = st.builds(
    Call,
    provider=WORDS,
    operation=WORDS,
    endpoint=WORDS,
    request_model=WORDS,
    service_tier=WORDS,
    status=st.none() | st.integers(100, 599),
    streamed=st.booleans(),
    retry_of=WORDS,
)
LINES = st.lists(
    st.builds(
        Line,
        line_no=st.integers(1, 99),
        meter=WORDS,
        quantity=COUNTS,
        variant=WORDS,
        list_rate=RATES,
        contracted_rate=RATES,
        cost_nusd=st.none() | COUNTS,
        reason=WORDS,
    ),
    max_size=3,
).map(tuple)
NOW = datetime(2026, 11, 25, 12, 0, 0, 123456, UTC)


@given(
    st.builds(
        Event,
        id=WORDS,
        time=st.just(NOW),
        kind=st.just("llm"),
        where=WHERES,
        call=st.none() | CALLS,
        lines=LINES,
        duration_seconds=st.floats(0, 1e6),
        note=WORDS,
        corrects=WORDS,
        price_id=WORDS,
        catalogue_version=WORDS,
        detail=st.dictionaries(WORDS, WORDS | st.booleans(), max_size=2).map(
            MappingProxyType
        ),
    )
)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    told = json.dumps(codec.event_to_wire(event))
    assert codec.event_from_wire(json.loads(told)) == event


@given(
    st.builds(
        Intent,
        id=WORDS,
        time=st.just(NOW),
        where=WHERES,
        call=CALLS,
        expected=LINES,
        worst_nusd=st.none() | COUNTS,
    )
)
def test_an_intent_comes_back_as_it_was(intent: Intent) -> None:
    told = json.dumps(codec.intent_to_wire(intent))
    assert codec.intent_from_wire(json.loads(told)) == intent


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_a_duration_that_json_cannot_say_is_refused(seconds: float) -> None:
    where = Where(origin="cell")
    event = Event(
        id="x", time=NOW, kind="outcome", where=where, duration_seconds=seconds
    )
    with pytest.raises(ValueError, match="no such number"):
        codec.event_body(event)


def test_one_place_after_another_is_told_as_itself() -> None:
    def told(where: Where) -> Any:
        event = Event(id="x", time=NOW, kind="outcome", where=where)
        return codec.event_to_wire(event)["where"]

    first, second = (Where(origin="cell", cell_id=name) for name in ("a", "b"))
    assert [told(one)["cell_id"] for one in (first, first, second, first)] == [*"aaba"]
