"""Figures as words and as HTML: unknown is not zero, and names are not code."""

from dataclasses import replace

from cellcost.clock import utc_now
from cellcost.testing.records import CALL, gpu_event, make_event
from cellcost_widgets.book import Book
from cellcost_widgets.reading import Report, not_known, not_metered
from cellcost_widgets.showing import state_json, to_html, to_json, to_text


def report_of(*events: object) -> Report:
    book = Book(lambda _: True)
    book.apply(events)  # type: ignore[arg-type]  # each is an Event
    return Report(scope="kernel", at=utc_now(), figures=book.figures())


def unpriced(model: str) -> object:
    event = make_event()
    lines = tuple(replace(line, cost_nusd=None, reason="?") for line in event.lines)
    call = replace(CALL, request_model=model, provider="", endpoint="10.0.0.7:8000")
    return replace(event, lines=lines, call=call)


def test_nothing_known_is_not_zero_in_any_form() -> None:
    for report in (not_known("kernel", "why"), not_metered("kernel")):
        assert to_json(report)["total"]["cost_nusd"] is None
        assert "$0" not in to_text(report)
        assert "$0" not in to_html(report)
        assert state_json(report)["text"]["cost"] == report.state
    alone = report_of(unpriced("llama"))
    assert to_text(alone).startswith("this kernel: unpriced · 100 → 10 · 1 call")
    assert "llama at 10.0.0.7" in to_html(alone)


def test_a_model_that_is_named_like_code_stays_text() -> None:
    report = report_of(unpriced("<script>alert(1)</script>"), unpriced("a\x1b[2Jb"))
    assert "<script>" not in to_html(report)
    assert "&lt;script&gt;" in to_html(report)
    assert "\x1b" not in to_text(report)


def test_gpu_time_is_shown_where_there_is_some_and_nowhere_else() -> None:
    report = report_of(make_event(), gpu_event(41_000, 2_000))
    assert state_json(report)["text"]["gpu"] == "GPU H100 41 s busy · 2.0 s held"
    assert to_json(report)["gpu"]["busy_ms"] == 41_000
    assert "H100" in to_html(report)
    assert to_json(report_of(make_event()))["gpu"] is None
    assert "GPU" not in to_html(report_of(make_event()))
