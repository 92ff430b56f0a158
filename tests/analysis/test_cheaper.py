"""Smaller models of the same provider: only where the comparison is fair."""

from datetime import UTC, datetime
from functools import partial

import pytest

from cellcost.analysis import Document, Estimate, analyse, cheaper, estimate, findings
from cellcost.prices import PriceBook, load_catalogue
from cellcost.prices.retirement import retirement
from cellcost.prices.smaller import SMALLER

AT = datetime(2026, 11, 24, tzinfo=UTC)
BOOK = PriceBook(load_catalogue())
HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
LITELLM = "import litellm\n"
MESSAGES = "[{'role': 'user', 'content': 'one two three'}]"


def words(text: str, model: str) -> int:
    return len(text.split())


def estimates(source: str) -> list[Estimate]:
    sites = analyse(Document("a.py", source))
    return [estimate(site, book=BOOK, count=words, at=AT) for site in sites]


def chat(model: str, prompt: str = MESSAGES) -> str:
    return (
        f"{HEAD}client.chat.completions.create("
        f"model='{model}', messages={prompt}, max_tokens=100)\n"
    )


def offered(source: str) -> list[str]:
    (item,) = estimates(source)
    return [other.written for other in cheaper(item, item.candidates[0], book=BOOK)]


def messages(source: str) -> list[str]:
    instead = partial(cheaper, book=BOOK)
    return [f.message for f in findings(estimates(source), instead=instead)]


def test_the_saving_is_on_the_tokens_of_this_very_call() -> None:
    """9 tokens in, 100 out: gpt-5.5 $5 / $30, gpt-6.1-terra $1 / $5 per 1M."""
    (item,) = estimates(chat("gpt-5.5"))
    nearest = cheaper(item, item.candidates[0], book=BOOK)[0]
    assert nearest.model == "gpt-6.1-terra"
    assert nearest.own_nusd == 9 * 5000 + 100 * 30_000
    assert nearest.cost_nusd == 9 * 1000 + 100 * 5000


def test_the_nearest_step_down_comes_first() -> None:
    assert offered(chat("gpt-5.5")) == ["gpt-6.1-terra", "gpt-6-luna"]


def test_a_name_is_written_as_the_code_writes_it() -> None:
    call = f"litellm.completion('anthropic/claude-opus-4-8', messages={MESSAGES})\n"
    assert offered(LITELLM + call) == [
        "anthropic/claude-sonnet-5-5",
        "anthropic/claude-haiku-5-5",
    ]


@pytest.mark.parametrize("model", ["mine-7b", "gpt-6-luna", "gpt-4o-audio-preview"])
def test_nothing_is_offered_without_a_price_or_a_fair_comparison(model: str) -> None:
    assert offered(chat(model)) == []


def test_another_host_is_offered_nothing() -> None:
    source = chat("gpt-5.5").replace("OpenAI()", "OpenAI(base_url='http://here/v1')")
    assert offered(source) == []


def test_without_a_known_prompt_the_rates_are_compared() -> None:
    (said, *_) = messages(chat("o1-pro", "ask()"))
    assert said == (
        "o1-pro is a large model in dev ($600 per 1M output tokens)."
        " gpt-6.1-terra costs $5 instead of $600."
    )


def test_a_large_model_is_told_with_what_the_call_would_cost_elsewhere() -> None:
    assert messages(chat("gpt-5.5")) == [
        "gpt-5.5 is a large model in dev ($30 per 1M output tokens). The same call on"
        " gpt-6.1-terra: ≈ $0.00051 instead of $0.0030."
    ]


def test_a_retired_model_is_told_with_its_day() -> None:
    (said,) = messages(chat("gpt-3.5-turbo"))
    assert said.startswith(
        "gpt-3.5-turbo is retired: its maker shut it down on 2026-10-23."
    )
    assert messages(chat("gpt-4o-mini")) == []


def test_a_reseller_keeps_its_own_dates() -> None:
    assert retirement("openai", "o1") is not None
    assert retirement("azure", "o1") is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [(provider, model) for provider, models in SMALLER.items() for model in models],
)
def test_what_is_offered_has_a_price_and_stays(provider: str, model: str) -> None:
    card = BOOK.rate_card(provider, model, at=AT)
    assert card.reason == ""
    assert retirement(provider, model) is None
