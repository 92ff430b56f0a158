"""Whatever happened, in whatever order it is told: the parts add up to the total."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cellcost.records import Call, Event, Intent, Line, Live, Where
from cellcost.views import (
    REPORT_KEYS,
    STATES,
    DayBook,
    NotebookBook,
    Tally,
    entries_of,
    entry_tally,
    groups_of,
    report,
)

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Flight:
    intent: Intent
    live: Live | None


@dataclass(frozen=True)
class History:
    """Events in the order stored, and what is in flight at the end."""

    events: tuple[Event, ...]
    pending: tuple[Flight, ...]


METERS = ["input", "output", "cache_read", "gpu_busy", "gpu_held"]
_costs = st.one_of(st.none(), st.integers(0, 10**12))


@st.composite
def lines(draw: st.DrawFn, signed: bool = False) -> tuple[Line, ...]:
    low = -1000 if signed else 0
    return tuple(
        Line(
            line_no=n,
            meter=meter,
            quantity=draw(st.integers(low, 10**6)),
            cost_nusd=draw(_costs),
            reason="no price",
        )
        for n, meter in enumerate(draw(st.lists(st.sampled_from(METERS), max_size=3)))
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    events: list[Event] = []
    pending: list[Flight] = []
    for n in range(draw(st.integers(0, 14))):
        time = START + timedelta(seconds=draw(st.integers(0, 50)))
        where = Where(
            origin="cell",
            cell_id=draw(st.sampled_from(["", "a", "b"])),
            run_id=draw(st.sampled_from(["1", "2", "3"])),
            notebook="n.ipynb",
            tags={"team": draw(st.sampled_from(["x", "y"]))},
        )
        call = Call(
            provider="openai",
            operation="chat",
            request_model=draw(st.sampled_from(["m1", "m2"])),
            status=draw(st.sampled_from([200, 429])),
        )
        kind = draw(st.sampled_from(["llm", "llm", "gpu"]))
        if draw(st.integers(0, 4)) == 0:
            live = Live(id=f"e{n}", time=time, lines=draw(lines()))
            intent = Intent(
                id=f"e{n}",
                time=time,
                where=where,
                call=call,
                expected=draw(lines()),
                kind=kind,
            )
            pending.append(Flight(intent, live if draw(st.booleans()) else None))
            continue
        confidence = draw(st.sampled_from(["measured", "estimated", "partial"]))
        event = Event(
            id=f"e{n}",
            time=time,
            kind=kind,
            where=where,
            call=call,
            lines=draw(lines()),
            confidence=confidence,
            duration_seconds=1.0,
        )
        events.append(event)
        if draw(st.integers(0, 3)) == 0:
            events.append(
                Event(
                    id=f"c{n}",
                    time=time,
                    kind="correction",
                    where=where,
                    call=call,
                    lines=draw(lines(signed=True)),
                    corrects=event.id if draw(st.booleans()) else "pruned",
                )
            )
    order = draw(st.permutations(events))
    return History(tuple(order), tuple(pending))


def known(history: History) -> int:
    """The plain sum of all lines: what every total must be."""
    flying = [f.live.lines if f.live else f.intent.expected for f in history.pending]
    told = [event.lines for event in history.events]
    return sum(line.cost_nusd or 0 for part in (*told, *flying) for line in part)


@settings(max_examples=40, deadline=None)
@given(histories())
def test_a_notebooks_parts_add_up_to_the_plain_sum_of_its_lines(
    history: History,
) -> None:
    book = NotebookBook("n.ipynb")
    book.apply(history.events, history.pending)
    view = book.view()
    assert view.total.known_nusd == known(history)
    cells = sum((cell.tally for cell in view.cells), Tally())
    assert view.breakdown.cells == cells
    runs = [run.tally for cell in view.cells for run in book.runs(cell.cell_id)]
    assert view.breakdown.earlier_runs == sum(runs, Tally()) - cells
    assert view.total == sum(runs, Tally()) + view.breakdown.other


@settings(max_examples=40, deadline=None)
@given(histories(), st.data())
def test_figures_kept_step_by_step_equal_figures_made_at_once(
    history: History, data: st.DataObject
) -> None:
    book = NotebookBook("n.ipynb")
    settled = {event.id: event for event in history.events if not event.corrects}
    early = data.draw(st.lists(st.sampled_from(sorted(settled)))) if settled else []
    for id_ in early:  # seen in flight before it settled
        event = settled[id_]
        assert event.call is not None
        intent = Intent(
            id=id_,
            time=event.time,
            where=event.where,
            call=event.call,
            kind=event.kind,
        )
        book.apply((), [Flight(intent, None)])
    for event in history.events:
        book.apply([event])
        book.apply([event])  # told twice
        book.apply((), history.pending)
    book.apply((), history.pending)
    at_once = sum(
        map(entry_tally, entries_of(history.events, history.pending)), Tally()
    )
    assert book.breakdown().total == at_once
    for cell in book.view().cells:
        calls = sum(map(entry_tally, book.calls(cell.cell_id)), Tally())
        assert cell.tally == calls
        assert cell.state in STATES


@settings(max_examples=40, deadline=None)
@given(histories())
def test_every_report_has_the_same_sum(history: History) -> None:
    for by in REPORT_KEYS:
        rows = report(history.events, by=by, pending=history.pending, zone=UTC)
        told = sum((row.tally for row in rows), Tally())
        total = sum(
            map(entry_tally, entries_of(history.events, history.pending)), Tally()
        )
        assert (told.gpu_busy_ms, told.gpu_held_ms) == (
            total.gpu_busy_ms,
            total.gpu_held_ms,
        )
        if by != "gpu":
            assert told.known_nusd == known(history)
        assert len({row.key for row in rows}) == len(rows)


@settings(max_examples=40, deadline=None)
@given(histories())
def test_a_day_adds_up_by_model(history: History) -> None:
    book = DayBook(START, UTC)
    for event in history.events:
        book.apply([event])
    book.apply((), history.pending)
    view = book.view()
    assert view.total.known_nusd == known(history)
    assert sum((row.tally for row in view.by_model), Tally()) == view.total
    flying = [f for f in history.pending if f.intent.kind == "llm"]
    assert sum(row.tally.calls for row in view.now) == len(flying)


@settings(max_examples=40, deadline=None)
@given(histories())
def test_every_call_is_in_one_group(history: History) -> None:
    entries = entries_of(history.events, history.pending)
    groups = groups_of(entries)
    assert sum(group.count for group in groups) == len(entries)
    total = sum((group.tally for group in groups), Tally())
    assert total == sum(map(entry_tally, entries), Tally())
