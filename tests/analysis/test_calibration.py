"""Estimates that stand on what the same call used before."""

from datetime import UTC, datetime, timedelta

import pytest

from cellcost.analysis import (
    Document,
    Estimate,
    Range,
    analyse,
    calibrated,
    estimate,
)
from cellcost.prices import PriceBook
from cellcost.prices.catalogue import load_catalogue
from cellcost.views import Past

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIRST = datetime(2026, 11, 3, tzinfo=UTC)
BOOK = PriceBook(load_catalogue())
IN, CACHED, OUT = 250, 25, 2000
"""nano-USD a token: gpt-5-mini on 2026-11-24."""


def words(text: str, model: str) -> int:
    return len(text.split())


def guess(call: str) -> Estimate:
    source = (
        f"from openai import OpenAI\nclient = OpenAI()\ndef ask(text):\n    {call}\n"
    )
    (site,) = analyse(Document("a.py", source))
    return estimate(site, book=BOOK, count=words, at=NOW)


def past_of(
    *calls: tuple[int, int],
    cached: int = 0,
    certain: int | None = None,
    stopped: int = 0,
) -> Past:
    return Past(
        times=tuple(FIRST + timedelta(days=n / 10) for n in range(len(calls))),
        inputs=tuple(call[0] for call in calls),
        cached=(cached,) * len(calls),
        outputs=tuple(call[1] for call in calls),
        certain=len(calls) if certain is None else certain,
        stopped=stopped,
    )


OPEN = 'client.responses.create(model="gpt-5-mini", input=text)'
EXACT = 'client.responses.create(model="gpt-5-mini", input="one two three")'
CAPPED = 'client.responses.create(model="gpt-5-mini", input=text, max_output_tokens=90)'


def test_lengths_come_from_the_past_and_it_says_so() -> None:
    calls = [(100, 10), (200, 20), (300, 30), (400, 40), (500, 50)]
    found = calibrated(guess(OPEN), past_of(*calls), book=BOOK, at=NOW)
    assert found.reasons[0] == "from 5 calls since 3 Nov"
    assert "nothing caps its output" in found.reasons
    assert found.from_calls == 5
    assert (found.input_tokens, found.output_tokens) == (Range(100, 500), Range(10, 50))
    assert found.typical_usage.input_tokens == 300
    assert found.typical_output == 30
    assert found.typical_nusd == 300 * IN + 30 * OUT
    assert found.cost_nusd == Range(100 * IN + 10 * OUT, 500 * IN + 50 * OUT)


def test_few_calls_tell_what_is_typical_but_no_range() -> None:
    plain = guess(OPEN)
    found = calibrated(plain, past_of((100, 10)), book=BOOK, at=NOW)
    assert found.reasons[0] == "from 1 call since 3 Nov"
    assert found.typical_nusd == 100 * IN + 10 * OUT
    assert (found.cost_nusd, found.output_tokens) == (
        plain.cost_nusd,
        plain.output_tokens,
    )
    assert found.input_tokens is None


def test_a_prompt_that_the_source_tells_exactly_stays() -> None:
    plain = guess(EXACT)
    assert plain.input_tokens is not None
    found = calibrated(plain, past_of(*[(999, 10)] * 5), book=BOOK, at=NOW)
    assert found.input_tokens == plain.input_tokens
    assert found.typical_usage.input_tokens == plain.input_tokens.low


def test_no_answer_is_taken_to_be_longer_than_the_cap() -> None:
    found = calibrated(guess(CAPPED), past_of(*[(9, 200)] * 5), book=BOOK, at=NOW)
    assert found.output_tokens == Range(90, 90)


def test_what_came_from_a_cache_costs_less() -> None:
    past = past_of((1000, 10), cached=800)
    found = calibrated(guess(OPEN), past, book=BOOK, at=NOW)
    assert found.typical_nusd == 200 * IN + 800 * CACHED + 10 * OUT


def test_of_many_calls_the_outermost_are_left_out_of_the_range() -> None:
    calls = [(10, n) for n in range(1, 41)]
    found = calibrated(guess(OPEN), past_of(*calls), book=BOOK, at=NOW)
    assert found.output_tokens == Range(3, 38)


def test_a_batch_makes_its_requests_each_time() -> None:
    source = (
        "from langchain_openai import ChatOpenAI\n"
        'ChatOpenAI(model="gpt-5-mini").batch([text(), text(), text()])\n'
    )
    (site,) = analyse(Document("a.py", source))
    plain = estimate(site, book=BOOK, count=words, at=NOW)
    found = calibrated(plain, past_of((100, 10)), book=BOOK, at=NOW)
    assert found.typical_nusd == 3 * (100 * IN + 10 * OUT)


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (
            past_of((1, 1), (1, 1), certain=0),
            "from 2 calls since 3 Nov, counts estimated",
        ),
        (past_of((1, 1), (1, 1), certain=1), "from 2 calls since 3 Nov, 1 estimated"),
        (
            past_of((1, 1), stopped=2),
            "from 1 call since 3 Nov, without 2 that stopped early",
        ),
        (
            Past(
                times=(FIRST - timedelta(days=400),),
                inputs=(1,),
                cached=(0,),
                outputs=(1,),
                certain=1,
                more=True,
            ),
            "from its latest 1 call since 29 Sep 2025",
        ),
    ],
)
def test_what_is_not_certain_is_said(past: Past, said: str) -> None:
    assert calibrated(guess(OPEN), past, book=BOOK, at=NOW).reasons[0] == said


def test_calls_that_stopped_early_calibrate_nothing() -> None:
    plain = guess(OPEN)
    assert calibrated(plain, Past(), book=BOOK, at=NOW) == plain
    found = calibrated(plain, Past(stopped=2), book=BOOK, at=NOW)
    assert found.typical_nusd == plain.typical_nusd
    assert found.reasons[-1] == "all its 2 calls stopped early: that tells no length"


def test_a_model_without_a_price_stays_unpriced() -> None:
    plain = guess('client.responses.create(model="my-own", input=text)')
    found = calibrated(plain, past_of(*[(1, 1)] * 5), book=BOOK, at=NOW)
    assert (found.cost_nusd, found.typical_nusd) == (None, None)


def test_another_model_than_the_priced_ones_leaves_the_range_open() -> None:
    plain = guess(
        'client.responses.create(model="gpt-5-mini" if text else "my-own", input=text)'
    )
    found = calibrated(plain, past_of(*[(10, 1)] * 5), book=BOOK, at=NOW)
    assert found.cost_nusd == Range(10 * IN + OUT, None)
