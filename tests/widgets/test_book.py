"""Book: the same sums as every other view, part by part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from cellcost.ids import new_id
from cellcost.records import Event, Intent, Live
from cellcost.testing.records import CALL, gpu_event, intent_of, make_event, make_lines
from cellcost.views import Tally, report
from cellcost_widgets.book import Book, Figures

MODELS = ("gpt-5", "gpt-5-mini", "smollm2")


@dataclass(frozen=True)
class Flying:
    """A call in flight."""

    intent: Intent
    live: Live | None = None


def call(model: str, tokens: int, *, priced: bool = True) -> Event:
    lines = make_lines(tokens, tokens)
    if not priced:
        lines = tuple(replace(line, cost_nusd=None, reason="none") for line in lines)
    return replace(make_event(lines), call=replace(CALL, request_model=model))


def correction(event: Event, tokens: int) -> Event:
    """Return what adds so many tokens to a call."""
    late = replace(event, id=new_id(), kind="correction", corrects=event.id)
    return replace(late, lines=make_lines(tokens, tokens))


def of(events: Sequence[Event], pending: Sequence[Flying] = ()) -> Figures:
    book = Book(lambda _: True)
    for event in events:
        book.apply([event])
    book.apply([], pending)
    return book.figures()


calls = st.lists(
    st.builds(
        call,
        st.sampled_from(MODELS),
        st.integers(0, 10_000),
        priced=st.booleans(),
    ),
    max_size=8,
)


@given(calls, st.lists(st.integers(0, 500), max_size=4), st.randoms())
def test_rows_add_up_to_the_total_and_are_those_of_the_report(
    made: list[Event], added: list[int], chance: object
) -> None:
    late = [correction(event, more) for event, more in zip(made, added, strict=False)]
    events = [*made, *late, *made]
    chance.shuffle(events)  # type: ignore[attr-defined]  # hypothesis gives a Random
    figures = of(events)
    assert sum((row.tally for row in figures.rows), Tally()) == figures.total
    rows = {row.key: row.tally for row in report(events, by="model")}
    assert {row.key.model: row.tally for row in figures.rows} == {
        key: tally for key, tally in rows.items() if tally != Tally()
    }


def test_records_of_others_are_left_out_and_corrections_follow_their_call() -> None:
    mine, other = call("gpt-5", 10), call("gpt-5", 1_000)
    mine = replace(mine, where=replace(mine.where, session_id="mine"))
    book = Book(lambda where: where.session_id == "mine")
    assert book.apply([mine, other])
    stranger = replace(correction(mine, 5), where=other.where)
    assert book.apply([stranger])
    assert not book.apply([mine, stranger, other])
    assert book.figures().total.tokens.input == 15


def test_a_call_in_flight_is_live_until_it_settles() -> None:
    event = call("gpt-5", 10)
    book = Book(lambda _: True)
    assert book.apply([], [Flying(intent_of(event))])
    assert book.is_live
    assert book.figures().total.cost_nusd == 80 * 250  # of the request alone
    assert book.apply([event])
    assert not book.is_live
    assert book.figures().total.cost_nusd == 10 * 2_250


def test_gpu_time_has_a_row_of_its_own_and_adds_up() -> None:
    figures = of([call("gpt-5", 10), gpu_event()])
    assert [bool(row.device) for row in figures.rows].count(True) == 1
    assert figures.gpu is not None
    assert sum((row.tally for row in figures.rows), Tally()) == figures.total
    assert of([call("gpt-5", 10)]).gpu is None
