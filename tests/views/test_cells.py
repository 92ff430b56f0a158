"""What stands under a cell."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cellcost.records import Event, Line
from cellcost.testing.records import CALL, WHERE, intent_of, make_event, make_lines
from cellcost.views import NotebookBook, cell_view, entries_of, groups_of, shared_tags
from cellcost.views.wire import cell_json

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
NO_PRICE = "no price for model 'x' at openai; add [[prices]] (provider, model, rates)"


def call(at: float = 0, **changes: Any) -> Event:
    return replace(make_event(), time=START + timedelta(seconds=at), **changes)


def unpriced(reason: str = NO_PRICE) -> tuple[Line, ...]:
    return tuple(replace(line, cost_nusd=None, reason=reason) for line in make_lines())


def flying(event: Event) -> Any:
    return SimpleNamespace(intent=intent_of(event), live=None)


def chips(events: Sequence[Event]) -> list[str]:
    return [chip.text for chip in cell_view(events).chips]


STATES = [
    ([], [], "measured"),
    ([call(confidence="provider_reported")], [], "measured"),
    ([call(), call(confidence="estimated")], [], "estimated"),
    ([call(confidence="estimated"), call(confidence="partial")], [], "partial"),
    ([call(confidence="partial"), call(lines=unpriced())], [], "unpriced"),
    ([call(lines=unpriced())], [flying(call())], "live"),
]


@pytest.mark.parametrize(("events", "pending", "state"), STATES)
def test_a_cells_state_is_the_worst_of_its_calls(
    events: list[Event], pending: list[Any], state: str
) -> None:
    assert cell_view(events, pending).state == state


def test_a_cell_without_any_known_cost_says_none_and_not_zero() -> None:
    assert cell_view([call(lines=unpriced())]).cost_nusd is None


def test_a_priced_call_beside_an_unpriced_one_gives_the_known_sum() -> None:
    view = cell_view([call(), call(lines=unpriced())])
    assert (view.cost_nusd, view.tally.n_unpriced) == (45_000, 1)


def test_a_refused_attempt_does_not_make_an_unpriced_call_known() -> None:
    refused = call(lines=(), call=replace(CALL, status=429))
    view = cell_view([refused, call(lines=unpriced())])
    assert view.cost_nusd is None
    assert view.tally.failed_calls == 1


def test_a_call_just_sent_has_an_unknown_cost() -> None:
    sent = SimpleNamespace(intent=replace(intent_of(call()), expected=()), live=None)
    view = cell_view([], [sent])
    assert (view.cost_nusd, view.state, view.tally.n_unpriced) == (None, "live", 0)


def test_a_correction_folds_into_the_call_that_it_corrects() -> None:
    cut = call(confidence="partial", note="the process ended during the call")
    delta = replace(make_lines(50, 5)[0], cost_nusd=12_500)
    correction = call(kind="correction", corrects=cut.id, lines=(delta,))
    view = cell_view([cut, correction])
    assert (view.tally.calls, view.state, view.cost_nusd) == (1, "measured", 57_500)
    assert view.tokens.input == 150
    assert view.chips == ()


def test_a_correction_that_learns_the_price_leaves_nothing_unpriced() -> None:
    first = call(lines=unpriced())
    taken_back = tuple(replace(line, quantity=-line.quantity) for line in unpriced())
    correction = call(
        kind="correction", corrects=first.id, lines=taken_back + make_lines()
    )
    view = cell_view([first, correction])
    assert (view.state, view.cost_nusd) == ("measured", 45_000)
    assert view.tokens.input == 100


def test_the_latest_run_is_shown_and_the_earlier_ones_counted() -> None:
    book = NotebookBook("a")
    for run, at in (("one", 0), ("two", 10), ("three", 20)):
        book.apply([call(at, where=replace(WHERE, run_id=run))])
    # A task of the first run that outlives it is not a new run.
    touched = book.apply([call(30, where=replace(WHERE, run_id="one"))])
    view = book.cell("cell-1")
    assert touched == {"cell-1"}
    assert (view.run_id, view.run_number, view.tally.calls) == ("three", 3, 1)
    assert [run.tally.calls for run in book.runs("cell-1")] == [2, 1, 1]
    assert book.breakdown().earlier_runs.known_nusd == 3 * 45_000


def test_chips_say_what_is_unusual() -> None:
    refused = call(lines=(), call=replace(CALL, status=429), note="HTTP 429")
    again = call(call=replace(CALL, retry_of=refused.id))
    assert chips([refused, again]) == ["retried"]
    assert chips([refused]) == ["1 failed"]
    assert chips([call(confidence="partial")]) == ["stopped early"]
    assert chips([call(), call(confidence="partial")]) == ["1 stopped early"]
    assert chips([call(), call(lines=unpriced())]) == ["1 unpriced"]
    assert chips([call()]) == []


def test_the_unpriced_chip_gives_the_lines_to_add() -> None:
    (chip,) = cell_view([call(lines=unpriced())]).chips
    assert "no price for model 'x' at openai" in chip.hint
    assert '[[prices]]\nprovider = "openai"\nmodel = "gpt-5-mini"\nrates' in chip.hint
    nobody = "this host is no known provider: say whose prices apply with [[endpoints]]"
    here = replace(CALL, provider="", endpoint="127.0.0.1:8080")
    (chip,) = cell_view([call(lines=unpriced(nobody), call=here)]).chips
    assert '[[endpoints]]\nurl = "http://127.0.0.1:8080"\nprovider' in chip.hint


def test_alike_calls_share_a_row_of_the_table() -> None:
    refused = call(lines=(), call=replace(CALL, status=429))
    again = call(call=replace(CALL, retry_of=refused.id))
    groups = groups_of(entries_of([call(), call(), call(), refused, again]))
    assert [(group.label, group.count) for group in groups] == [
        ("gpt-5-mini, 3 alike", 3),
        ("gpt-5-mini, failed (HTTP 429)", 1),
        ("gpt-5-mini, retried once", 1),
    ]
    assert groups[0].duration_seconds == 1.5


def test_calls_of_threads_are_said_to_be_so() -> None:
    view = cell_view([call(), call(where=replace(WHERE, origin="thread"))])
    assert view.origin_note == "1 call from a thread or task it started"


def test_a_view_says_which_source_was_run() -> None:
    known = replace(WHERE, source_hash="0123456789abcdef")
    assert cell_view([call(), call(where=known)]).source_hash == "0123456789abcdef"
    assert cell_view([call()]).source_hash == ""


def test_tags_with_several_values_list_them() -> None:
    other = replace(WHERE, tags={"team": "ads"})
    assert shared_tags(entries_of([call(), call(where=other)])) == {
        "team": "search, ads"
    }


def test_money_is_text_on_the_wire_and_times_are_utc() -> None:
    body = cell_json(cell_view([call()]))
    assert body["cost_nusd"] == "45000"
    assert body["started"] == "2026-11-24T09:00:00+00:00"
    assert body["duration_seconds"] == 0.5
    assert cell_json(cell_view([call(lines=unpriced())]))["cost_nusd"] is None
