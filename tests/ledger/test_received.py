"""Reading one event: whatever comes, it is taken or refused, and never breaks."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellcost import records
from cellcost.records import known_cost, tokens_of, unpriced_lines
from cellcost.testing.records import make_event, make_lines
from cellcost_ledger import wire as shapes
from cellcost_ledger.received import (
    Accepted,
    Malformed,
    core_hash,
    known_part,
    read_event,
)

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, wire

SAME = [
    (records.Line, shapes.WireLine, set[str]()),
    (records.Where, shapes.WireWhere, set[str]()),
    (records.Call, shapes.WireCall, set[str]()),
    (records.Event, shapes.WireEvent, {"time"}),
]


@pytest.mark.parametrize(("ours", "theirs", "renamed"), SAME)
def test_the_wire_knows_every_name_of_the_records(
    ours: Any, theirs: type[msgspec.Struct], renamed: set[str]
) -> None:
    names = {field.name for field in dataclasses.fields(ours)}
    assert names - renamed <= set(theirs.__struct_fields__)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
places = st.sampled_from(
    [
        *((name,) for name in shapes.WireEvent.__struct_fields__),
        *(("where", name) for name in shapes.WireWhere.__struct_fields__),
        *(("call", name) for name in shapes.WireCall.__struct_fields__),
        *(("lines", 0, name) for name in shapes.WireLine.__struct_fields__),
    ]
)


@given(st.lists(st.tuples(places, values), min_size=1, max_size=3))
def test_any_value_anywhere_is_taken_or_refused(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    event = wire(1)
    for way, value in changes:
        place: Any = event
        for step in way[:-1]:
            place = place[step] if _has(place, step) else {}
        if isinstance(place, dict):
            place[way[-1]] = value
    raw = json.dumps(event).encode()
    found = read_event(raw, "inst")
    assert isinstance(found, (Accepted, Malformed))
    assert isinstance(known_part(raw), bytes)
    if isinstance(found, Accepted):
        row = found.row
        assert "\0" not in msgspec.json.encode(row).decode().replace("\\u0000", "\0")
        # What is stored hashes to what was taken: `verify` relies on it.
        again = core_hash(
            row["event_id"],
            row["seq"],
            row["kind"],
            row["time_us"],
            row["corrects"],
            found.lines,
        )
        assert again == found.core_hash == row["core_hash"]


def _has(place: Any, step: Any) -> bool:
    if isinstance(place, list):
        return len(place) > 0
    return isinstance(place, dict) and step in place


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(raw: bytes) -> None:
    assert isinstance(read_event(raw, "inst"), Malformed)
    assert isinstance(known_part(raw), bytes)


counts = st.integers(-1000, 1000)
meters = st.sampled_from(
    sorted(records.INPUT_METERS | records.OUTPUT_METERS | {"web_search"})
)
lines = st.lists(
    st.builds(
        lambda meter, quantity, cost: records.Line(
            line_no=0, meter=meter, quantity=quantity, cost_nusd=cost
        ),
        meters,
        counts,
        st.none() | counts,
    ),
    max_size=6,
)


@given(lines)
def test_an_events_sums_are_those_of_the_journal(found: list[records.Line]) -> None:
    numbered = tuple(
        dataclasses.replace(line, line_no=n) for n, line in enumerate(found)
    )
    accepted = read_event(json.dumps(wire(1, make_event(numbered))).encode(), "inst")
    assert isinstance(accepted, Accepted)
    row = accepted.row
    assert row["cost_nusd"] == known_cost(numbered)
    assert row["n_unpriced"] == unpriced_lines(numbered)
    tokens = tokens_of(numbered)
    assert (row["input_tokens"], row["output_tokens"]) == (tokens.input, tokens.output)


def test_the_hash_does_not_depend_on_the_order_of_lines() -> None:
    event: Json = wire(1, make_event(make_lines()))
    turned = {**event, "lines": event["lines"][::-1]}
    both = [read_event(json.dumps(e).encode(), "inst") for e in (event, turned)]
    first, second = both
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.core_hash == second.core_hash
