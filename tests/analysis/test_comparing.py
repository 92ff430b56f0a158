"""Which call site of now is which of before, and what became of it."""

from datetime import UTC, datetime

import pytest

from cellcost.analysis import Document, analyse, estimate
from cellcost.analysis.comparing import Change, Version, compared, paired
from cellcost.call_sites import call_mark
from cellcost.prices import PriceBook
from cellcost.prices.catalogue import load_catalogue

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BOOK = PriceBook(load_catalogue())


def words(text: str, model: str) -> int:
    return len(text.split())


def versions(
    body: str, *, file: str = "a.py", calls: int | None = None
) -> list[Version]:
    text = f"from openai import OpenAI\nclient = OpenAI()\n{body}"
    unit = Document(file, text)
    lines = unit.lines()
    found: list[Version] = []
    for site in analyse(unit):
        own = lines[site.area.row : site.area.end_row + 1]
        found.append(
            Version(
                estimate=estimate(site, book=BOOK, count=words, at=NOW),
                file=file,
                mark=call_mark(own),
                text="\n".join(line.strip() for line in own),
                calls=calls,
            )
        )
    return found


def ask(text: str = "hi", model: str = "gpt-5-mini", cap: int = 100) -> str:
    return (
        f'client.responses.create(model="{model}", input="{text}",'
        f" max_output_tokens={cap})"
    )


def function(name: str, *calls: str) -> str:
    return f"def {name}():\n" + "".join(f"    {call}\n" for call in calls)


def pairs(before: list[Version], after: list[Version]) -> list[tuple[str, str]]:
    """Return the prompts of each pair; "" where there is no call."""

    def prompt(version: Version | None) -> str:
        return version.text.split('input="')[1].split('"')[0] if version else ""

    return [(prompt(was), prompt(now)) for was, now in paired(before, after)]


def test_calls_that_changed_places_are_the_same_calls() -> None:
    before = versions(function("f", ask("a"), ask("b")))
    after = versions(function("f", ask("b"), ask("a")))
    assert pairs(before, after) == [("b", "b"), ("a", "a")]


def test_alike_calls_are_paired_in_order_and_the_rest_came_or_went() -> None:
    one, three = function("f", ask()), function("f", ask(), ask(), ask())
    assert pairs(versions(one), versions(three)) == [
        ("hi", "hi"),
        ("", "hi"),
        ("", "hi"),
    ]
    assert pairs(versions(three), versions(one)) == [
        ("hi", "hi"),
        ("hi", ""),
        ("hi", ""),
    ]


def test_an_edited_call_is_found_by_its_model_first() -> None:
    before = versions(function("f", ask("a", "gpt-5"), ask("b", "gpt-4o")))
    after = versions(function("f", ask("c", "gpt-4o"), ask("d", "gpt-5")))
    assert pairs(before, after) == [("b", "c"), ("a", "d")]


def test_an_edited_call_in_a_renamed_function_is_found_by_its_text() -> None:
    before = versions(function("f", ask("tell a story about the sea")))
    after = versions(function("g", ask("tell a story about the sky", cap=200)))
    assert len(paired(before, after)) == 1
    other = versions(function("g", "client.responses.create(model=name(), input=x)"))
    assert len(paired(before, other)) == 2


def test_a_call_of_another_kind_is_another_call() -> None:
    before = versions(function("f", ask()))
    after = versions(function("f", 'client.embeddings.create(model="x", input="hi")'))
    assert len(paired(before, after)) == 2


def change(before: str, after: str, *, calls: int | None = None) -> Change:
    (was,), (now,) = versions(before, calls=calls), versions(after)
    return compared(was, now)


ONE = 250 + 100 * 2000
"""One token in, 100 out, of gpt-5-mini on 2026-11-24."""


def test_calls_of_a_month_grow_with_the_loop() -> None:
    loop = "for _ in range({}):\n    " + ask() + "\n"
    found = change(loop.format(10), loop.format(20), calls=30)
    assert (found.status, found.run_nusd) == ("changed", 10 * ONE)
    # 30 calls were three runs of ten; they would be sixty now.
    assert found.period_nusd == 30 * ONE


def test_what_went_saves_what_it_cost() -> None:
    (was,) = versions(ask() + "\n", calls=7)
    found = compared(was, None)
    assert (found.run_nusd, found.period_nusd) == (-ONE, -7 * ONE)
    assert found.after_money is None


def test_a_new_call_has_no_volume() -> None:
    (now,) = versions(ask() + "\n")
    found = compared(None, now)
    assert (found.run_nusd, found.period_nusd) == (ONE, None)
    assert found.period_reason == "volume unknown"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (ask(model="my-own"), ask(), "unpriced before"),
        (ask(), ask(model="my-own"), "unpriced now"),
        (ask(), f"while x: {ask()}", "a loop of unknown length on one side only"),
        (
            'client.embeddings.create(model="text-embedding-3-small", input="hi")',
            'client.embeddings.create(model="text-embedding-3-small", input=text)',
            "length unknown now",
        ),
    ],
)
def test_what_is_unknown_is_no_number(before: str, after: str, reason: str) -> None:
    found = change(before + "\n", after + "\n", calls=5)
    assert (found.run_nusd, found.run_reason) == (None, reason)
    assert (found.period_nusd, found.period_reason) == (None, reason)


def test_a_cap_changes_the_range_and_is_told_though_the_typical_figure_stays() -> None:
    found = change(
        'client.responses.create(model="gpt-5-mini", input="hi")\n',
        ask(cap=400) + "\n",
    )
    assert (found.status, found.run_nusd) == ("changed", 0)
    assert found.before_money is not None
    assert found.before_money.high is None
    assert found.before_money.notes == ("no known limit",)
