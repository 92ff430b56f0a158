"""What the journal knows of each call site, and what it does not claim to know."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellcost.call_sites import call_mark, source_hash
from cellcost.records import Event, Intent, Line, Live, Where
from cellcost.testing.records import intent_of, make_event, make_lines
from cellcost.views import SiteBook, SiteView, Spot, Tally, entries_of, entry_tally

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FILE = "/notes/app/job.py"
NOTEBOOK = "/notes/app/a.ipynb"
CALL_NUSD = 100 * 250 + 10 * 2000
"""What `make_lines()` cost."""
ASK = "answer = client.create(model='gpt-5-mini')"
OTHER = "other = client.create(model='gpt-5')"


@dataclass(frozen=True)
class Flight:
    intent: Intent
    live: Live | None = None


def in_file(
    line: int = 10,
    *,
    text: str = ASK,
    function: str = "summarise",
    run: str = "run-1",
    at: datetime = NOW,
    lines: tuple[Line, ...] | None = None,
    file: str = FILE,
) -> Event:
    where = Where(
        origin="script",
        run_id=run,
        call_site=f"job.py:{function}:{line}",
        call_file=file,
        call_mark=call_mark([text]) if text else "",
    )
    return replace(make_event(lines), where=where, time=at)


def in_cell(
    line: int = 1,
    *,
    text: str = ASK,
    source: str = ASK,
    cell: str = "cell-1",
    function: str = "<module>",
    run: str = "run-1",
    at: datetime = NOW,
) -> Event:
    where = Where(
        origin="cell",
        run_id=run,
        cell_id=cell,
        notebook=NOTEBOOK,
        source_hash=source_hash(source),
        call_site=f"cell:{function}:{line}",
        call_mark=call_mark([text]),
    )
    return replace(make_event(), where=where, time=at)


def spot(
    first: int = 10,
    last: int | None = None,
    *,
    text: str = ASK,
    function: str = "summarise",
    cell: str = "",
    source: str = "",
    magic: bool = False,
) -> Spot:
    return Spot(
        function=function,
        first_line=first,
        last_line=last or first,
        marks=frozenset({call_mark([text])}),
        cell=cell,
        source_hash=source_hash(source) if source else "",
        cell_magic=magic,
    )


def book_of(*events: Event) -> SiteBook:
    book = SiteBook()
    book.apply(events)
    return book


def seen(book: SiteBook, *spots: Spot, path: str = FILE) -> list[int | None]:
    """Return how many calls the last run made at each spot; None where unknown."""
    views = book.sites(path, spots, now=NOW)
    return [None if view is None else view.last.tally.calls for view in views]


def only(book: SiteBook, wanted: Spot | None = None, path: str = FILE) -> SiteView:
    (view,) = book.sites(path, [wanted or spot()], now=NOW)
    assert view is not None
    return view


# -- figures --------------------------------------------------------------------------


def test_the_last_run_is_the_one_that_began_last() -> None:
    early, late = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    book = book_of(
        in_file(run="b", at=late),
        in_file(run="b", at=late + timedelta(seconds=3)),
        in_file(run="a", at=early),
        # A call that a long run of before makes now does not make it the last one.
        in_file(run="a", at=NOW),
    )
    last = only(book).last
    assert (last.run_id, last.tally.calls, last.started) == ("b", 2, late)
    assert last.tally.cost_nusd == 2 * CALL_NUSD
    assert last.duration_seconds == 3.5
    assert [(key.model, tally.calls) for key, tally in last.by_model] == [
        ("gpt-5-mini", 2)
    ]


def test_the_month_is_the_utc_month_so_far() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    book = book_of(
        in_file(at=start - timedelta(seconds=1)), in_file(at=start), in_file()
    )
    assert only(book).month_nusd == 2 * CALL_NUSD
    (before,) = book.sites(FILE, [spot()], now=start - timedelta(days=2))
    assert before is not None
    assert before.month_nusd == CALL_NUSD


def test_an_unpriced_call_is_unknown_and_not_zero() -> None:
    unpriced = (Line(line_no=1, meter="input", quantity=5, reason="no price"),)
    view = only(book_of(in_file(lines=unpriced)))
    assert view.last.tally.cost_nusd is None
    assert view.last.tally.state == "unpriced"
    assert view.month_nusd is None


def test_averages_are_of_whole_answers_only() -> None:
    cut = replace(in_file(lines=make_lines(500, 1)), confidence="partial")
    guessed = replace(in_file(lines=make_lines(300, 30)), confidence="estimated")
    refused = in_file(lines=())
    past = only(book_of(in_file(), cut, guessed, refused)).past
    assert (past.inputs, past.outputs) == ((100, 300), (10, 30))
    assert (past.average_input, past.average_output) == (200, 20)
    assert (past.certain, past.stopped, past.more) == (1, 1, False)


def test_only_the_latest_64_answers_are_kept() -> None:
    events = [
        in_file(at=NOW + timedelta(seconds=n), lines=make_lines(1, n))
        for n in range(1, 101)
    ]
    past = only(book_of(*events)).past
    assert past.outputs == tuple(range(37, 101))
    assert past.more


def test_a_recovered_call_that_settles_is_corrected_not_added() -> None:
    partial = replace(
        in_file(lines=make_lines(100, 2)), confidence="partial", note="killed"
    )
    correction = replace(
        in_file(lines=make_lines(0, 8)),
        kind="correction",
        corrects=partial.id,
    )
    book = book_of(partial)
    assert only(book).last.tally.state == "partial"
    assert only(book).past.stopped == 1
    book.apply([correction])
    view = only(book)
    assert (view.last.tally.calls, view.last.tally.state) == (1, "measured")
    assert view.last.tally.cost_nusd == view.month_nusd == CALL_NUSD
    assert (view.past.outputs, view.past.stopped) == ((10,), 0)


def test_a_correction_of_a_sure_call_moves_the_sums() -> None:
    event = in_file()
    change = Line(line_no=1, meter="output", quantity=5, cost_nusd=10_000)
    correction = replace(in_file(lines=(change,)), kind="correction", corrects=event.id)
    view = only(book_of(event, correction))
    assert (view.last.tally.calls, view.last.tally.output) == (1, 15)
    assert view.month_nusd == CALL_NUSD + 10_000


def test_putting_a_record_twice_changes_nothing() -> None:
    event = in_file()
    correction = replace(in_file(), kind="correction", corrects=event.id)
    book = book_of(event, correction, event, correction)
    assert only(book).last.tally.cost_nusd == 2 * CALL_NUSD


def test_a_call_in_flight_is_live_and_then_settles() -> None:
    event = in_file()
    book = SiteBook()
    assert book.apply((), [Flight(intent_of(event))]) == {FILE}
    assert only(book).last.tally.state == "live"
    assert book.apply((), [Flight(intent_of(event))]) == frozenset()
    book.apply([event], [Flight(intent_of(event))])
    tally = only(book).last.tally
    assert (tally.state, tally.calls, tally.cost_nusd) == ("measured", 1, CALL_NUSD)


def test_retries_are_calls_of_their_own_and_failures_cost_nothing() -> None:
    refused = in_file(lines=())
    assert refused.call is not None
    refused = replace(refused, call=replace(refused.call, status=429))
    again = in_file()
    assert again.call is not None
    again = replace(again, call=replace(again.call, retry_of=refused.id))
    view = only(book_of(refused, again))
    assert (view.last.tally.calls, view.last.tally.failed_calls) == (2, 1)
    assert view.last.tally.cost_nusd == CALL_NUSD
    assert len(view.past) == 1


def test_calls_without_a_run_are_never_summed_as_one() -> None:
    book = book_of(in_file(run=""), in_file(run="", at=NOW + timedelta(seconds=1)))
    assert only(book).last.tally.calls == 1
    assert only(book).month_nusd == 2 * CALL_NUSD


# -- functions, files, cells ----------------------------------------------------------


def test_a_function_holds_what_is_defined_in_it() -> None:
    book = book_of(
        in_file(function="App.ask"),
        in_file(20, function="App.ask.<locals>.inner.<locals>.<listcomp>"),
        in_file(30, function="<module>"),
    )
    calls = {
        name: view.last.tally.calls
        for name in ("App", "App.ask", "App.ask.inner", "main")
        if (view := book.function(FILE, name, now=NOW)) is not None
    }
    assert calls == {"App": 2, "App.ask": 2, "App.ask.inner": 1}
    whole = book.file(FILE, now=NOW)
    assert whole is not None
    assert (whole.last.tally.calls, whole.month_nusd) == (3, 3 * CALL_NUSD)


def test_a_notebook_has_all_that_its_cells_ran_also_in_modules() -> None:
    module = in_file()
    module = replace(
        module, where=replace(module.where, notebook=NOTEBOOK, cell_id="cell-1")
    )
    book = SiteBook()
    assert book.apply([module, in_cell()]) == {FILE, NOTEBOOK}
    for path, calls in ((NOTEBOOK, 2), (FILE, 1)):
        view = book.file(path, now=NOW)
        assert view is not None
        assert view.last.tally.calls == calls
    cell = book.cell("cell-1", now=NOW)
    assert cell is not None
    assert cell.last.tally.calls == 2
    assert set(book.cells(NOTEBOOK, {"cell-1": "", "cell-2": ""}, now=NOW)) == {
        "cell-1"
    }


def test_a_cells_uri_of_an_earlier_window_may_be_another_cell_now() -> None:
    uri = "vscode-notebook-cell:/notes/app/a.ipynb#W0sZmlsZQ%3D%3D"
    book = book_of(in_cell(cell=uri))
    now, hour = NOW + timedelta(hours=1), timedelta(hours=1)
    assert book.cell(uri, now=now) is None
    assert book.cell(uri, now=now, opened=NOW + hour) is None
    assert book.cell(uri, now=now, opened=NOW - hour) is not None
    assert book.cell(uri, now=now, source_hash=source_hash(ASK)) is not None
    assert book.cell(uri, now=now, source_hash=source_hash(OTHER)) is None


def test_a_file_is_found_by_another_name_of_it(tmp_path: Path) -> None:
    real = tmp_path / "real.py"
    real.write_text("")
    (tmp_path / "link.py").symlink_to(real)
    book = book_of(in_file(file=str(real)))
    assert seen(book, spot(), path=str(tmp_path / "link.py")) == [1]
    assert seen(book, spot(), path=str(tmp_path / "job.py")) == [None]


def test_a_relative_name_alone_is_nobodys() -> None:
    assert seen(book_of(in_file(file="")), spot(), path="/notes/app/job.py") == [None]


# -- which spot -----------------------------------------------------------------------


def test_a_call_is_known_again_after_it_moved() -> None:
    book = book_of(in_file(10), in_file(12, text=OTHER))
    assert seen(book, spot(12), spot(14, text=OTHER)) == [1, 1]
    assert seen(book, spot(11, text=OTHER)) == [1]


def test_a_call_that_was_edited_is_another_call() -> None:
    assert seen(book_of(in_file()), spot(text=OTHER)) == [None]


def test_a_call_of_another_function_is_another_call() -> None:
    assert seen(book_of(in_file()), spot(function="main")) == [None]


def test_a_call_made_from_another_line_of_the_function_is_not_claimed() -> None:
    gathered = in_file(20, text="asyncio.run(main())", function="<module>")
    assert seen(book_of(gathered), spot(5, function="")) == [None]


def test_alike_calls_in_one_function_are_told_by_their_lines() -> None:
    book = book_of(in_file(10), in_file(12), in_file(12))
    assert seen(book, spot(10), spot(12)) == [1, 2]


def test_alike_calls_that_moved_are_not_guessed() -> None:
    book = book_of(in_file(10), in_file(12))
    assert seen(book, spot(12), spot(14)) == [None, None]


def test_alike_calls_that_ran_again_where_they_are_have_no_known_month() -> None:
    late = NOW + timedelta(seconds=9)
    book = book_of(
        in_file(10, run="a"),
        in_file(11, run="a"),
        in_file(30, run="b", at=late),
        in_file(40, run="b", at=late),
    )
    spots = [spot(30), spot(40)]
    assert seen(book, *spots) == [1, 1]
    for view in book.sites(FILE, spots, now=NOW):
        assert view is not None
        assert view.month is None


def test_a_call_without_a_mark_is_its_functions_only_spots() -> None:
    book = book_of(in_file(11, text=""))
    assert seen(book, spot(10, 12)) == [1]
    assert seen(book, spot(20, 22)) == [None]
    assert seen(book, spot(10, 12), spot(20, text=OTHER)) == [None, None]


def test_a_later_run_that_cannot_be_told_hides_the_earlier_one() -> None:
    later = in_file(11, text="", run="b", at=NOW + timedelta(seconds=1))
    book = book_of(in_file(10), later)
    assert seen(book, spot(10, 11)) == [1]
    assert seen(book, spot(20)) == [None]


@pytest.mark.parametrize("source", [ASK, OTHER])
def test_a_cells_call_is_known_by_its_text_in_whichever_cell(source: str) -> None:
    book = book_of(in_cell(source=source, cell="gone"))
    here = spot(1, function="", cell="cell-9", source=ASK)
    assert seen(book, here, path=NOTEBOOK) == [1]


def test_a_function_of_one_cell_that_another_calls_is_the_first_ones() -> None:
    book = book_of(in_cell(2, function="ask", cell="caller", source="ask()"))
    here = spot(2, function="ask", cell="definer", source=f"def ask():\n    {ASK}")
    assert seen(book, here, path=NOTEBOOK) == [1]


def test_alike_cells_are_told_by_their_ids() -> None:
    book = book_of(in_cell(cell="a"), in_cell(cell="b"), in_cell(cell="b"))
    spots = [spot(1, function="", cell=cell, source=ASK) for cell in ("a", "b", "c")]
    assert seen(book, *spots, path=NOTEBOOK) == [1, 2, None]


def test_what_a_line_magic_runs_is_told_by_the_line_of_the_unchanged_cell() -> None:
    source = f"import x\n%time {ASK}"
    ran = in_cell(2, text="get_ipython().run_line_magic(...)", source=source)
    same = spot(2, function="", cell="cell-1", source=source)
    assert seen(book_of(ran), same, path=NOTEBOOK) == [1]
    edited = spot(2, function="", cell="cell-1", source=source + "\n")
    assert seen(book_of(ran), edited, path=NOTEBOOK) == [None]


def test_what_a_cell_magic_runs_is_the_only_spots() -> None:
    source = f"%%time\n{ASK}\n{OTHER}"
    ran = in_cell(1, text="get_ipython().run_cell_magic(...)", source=source)
    spots = [
        spot(line, function="", cell="cell-1", source=source, text=text, magic=True)
        for line, text in ((2, ASK), (3, OTHER))
    ]
    assert seen(book_of(ran), spots[0], path=NOTEBOOK) == [1]
    assert seen(book_of(ran), *spots, path=NOTEBOOK) == [None, None]


# -- memory ---------------------------------------------------------------------------


def test_places_beyond_the_limit_are_forgotten_and_months_say_so() -> None:
    book = SiteBook(most_places=2)
    early = NOW - timedelta(hours=1)
    book.apply([in_file(text=f"call({n})", at=early) for n in range(2)])
    book.apply([in_file(text=f"call({n})") for n in (1, 2)])
    spots = [spot(text=f"call({n})") for n in range(3)]
    views = book.sites(FILE, spots, now=NOW)
    assert [view and view.last.tally.calls for view in views] == [None, 2, 1]
    assert [view and view.month for view in views] == [None, None, None]
    whole = book.file(FILE, now=NOW)
    assert whole is not None
    assert whole.month_nusd == 4 * CALL_NUSD


# -- whatever happened, sums are the plain ones ---------------------------------------


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Calls of two functions in three runs, some of them corrected later."""
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 12))):
        partial = [e for e in events if e.confidence == "partial" and not e.corrects]
        change = draw(st.integers(-5, 50))
        if partial and draw(st.booleans()):
            target = draw(st.sampled_from(partial))
            events.append(
                replace(
                    target,
                    id=f"c{len(events)}",
                    kind="correction",
                    corrects=target.id,
                    confidence="measured",
                    lines=make_lines(0, change),
                )
            )
            continue
        event = in_file(
            function=draw(st.sampled_from(["f", "g"])),
            run="abc"[run := draw(st.integers(0, 2))],
            at=NOW - timedelta(days=20 * run, seconds=draw(st.integers(0, 99))),
            lines=make_lines(10, draw(st.integers(0, 50))),
        )
        confidence = draw(st.sampled_from(["measured", "partial", "estimated"]))
        events.append(replace(event, confidence=confidence, id=f"e{len(events)}"))
    return events


@given(histories(), st.data())
def test_every_figure_is_the_plain_sum_of_its_calls(
    events: list[Event], data: st.DataObject
) -> None:
    book = SiteBook()
    for event in events:
        if not event.corrects and data.draw(st.booleans()):
            book.apply((), [Flight(intent_of(event))])
        book.apply([event])
    entries = entries_of(events)
    for function in ("f", "g"):
        own = [e for e in entries if f":{function}:" in e.where.call_site]
        (view,) = book.sites(FILE, [spot(function=function)], now=NOW)
        if view is None:
            assert not own
            continue
        assert view.total == sum(map(entry_tally, own), Tally())
        month = [e for e in own if (e.time.year, e.time.month) == (2026, 11)]
        assert view.month == sum(map(entry_tally, month), Tally())
        assert view.last.run_id == min(e.where.run_id for e in own)
        last = [e for e in own if e.where.run_id == view.last.run_id]
        assert view.last.tally == sum(map(entry_tally, last), Tally())
        assert view.past.stopped == sum(e.confidence == "partial" for e in own)
