"""Own rates, discounts and endpoints stand above the list; the list stays visible."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cellcost.config.rates import Endpoint, OwnPrice
from cellcost.errors import ConfigError
from cellcost.prices import PriceBook
from cellcost.records import Line, Usage, known_cost

MakeBook = Callable[..., PriceBook]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
USAGE = Usage(
    input_tokens=1000, cache_read_tokens=400, output_tokens=300, reasoning_tokens=100
)


def own(model: str = "gpt-5*", **more: object) -> OwnPrice:
    return OwnPrice(**{"provider": "openai", "model": model, **more})  # type: ignore[arg-type]


def lines_of(
    book: PriceBook, provider: str = "openai", model: str = "gpt-5-mini", **more: object
) -> dict[str, Line]:
    card = book.rate_card(provider, model, **{"at": NOON, **more})  # type: ignore[arg-type]
    return {line.meter: line for line in book.cost(card, USAGE)}


def test_own_rates_replace_the_list_meter_by_meter(make_book: MakeBook) -> None:
    book = make_book(own=[own(rates={"input": Decimal("0.2"), "output": Decimal(1)})])
    lines = lines_of(book)
    assert lines["input"].list_rate == Decimal("0.25")
    assert lines["input"].contracted_rate == Decimal("0.2")
    assert lines["input"].cost_nusd == 600 * 200
    assert lines["cache_read"].contracted_rate == Decimal("0.025")
    assert lines["reasoning"].contracted_rate == Decimal(1)


def test_a_discount_lowers_what_the_rates_do_not_name(make_book: MakeBook) -> None:
    book = make_book(
        own=[own(rates={"input": Decimal("0.2")}, discount=Decimal("0.1"))]
    )
    lines = lines_of(book)
    assert lines["input"].contracted_rate == Decimal("0.2")
    assert lines["output"].list_rate == Decimal(2)
    assert lines["output"].contracted_rate == Decimal("1.8")
    assert lines["output"].cost_nusd == 200 * 1800


def test_a_discount_holds_for_service_tiers_but_own_rates_do_not(
    make_book: MakeBook,
) -> None:
    book = make_book(
        own=[own(rates={"input": Decimal("0.2")}, discount=Decimal("0.5"))]
    )
    lines = lines_of(book, tier="flex")
    assert lines["input"].contracted_rate == Decimal("0.0625")


def test_an_own_price_names_a_model_that_the_list_lacks(make_book: MakeBook) -> None:
    book = make_book(own=[own("secret-*", rates={"input": Decimal(1)})])
    lines = lines_of(book, model="secret-1")
    assert lines["input"].cost_nusd == 600_000
    assert lines["cache_read"].cost_nusd == 400_000
    assert lines["output"].cost_nusd is None
    assert "no output price for model 'secret-1' at openai" in lines["output"].reason


def test_an_own_price_for_a_model_holds_for_its_dated_names(
    make_book: MakeBook,
) -> None:
    book = make_book(own=[own("gpt-5-mini", rates={"input": Decimal(9)})])
    lines = lines_of(book, model="gpt-5-mini-2025-08-07")
    assert lines["input"].contracted_rate == Decimal(9)


def test_a_more_exact_name_counts_before_the_models_own(make_book: MakeBook) -> None:
    book = make_book(
        own=[
            own("gpt-5-mini", rates={"input": Decimal(9)}),
            own("gpt-5-mini-2025*", rates={"input": Decimal(8)}),
        ]
    )
    lines = lines_of(book, model="gpt-5-mini-2025-08-07")
    assert lines["input"].contracted_rate == Decimal(8)


def test_an_own_price_holds_from_its_first_to_before_its_last_day(
    make_book: MakeBook,
) -> None:
    book = make_book(
        own=[
            own(
                valid_from=date(2026, 11, 1),
                valid_to=date(2026, 12, 1),
                discount=Decimal(1),
            )
        ]
    )
    second = timedelta(seconds=1)
    first, last = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    for at, free in (
        (first - second, False),
        (first, True),
        (last - second, True),
        (last, False),
        (first, True),
    ):
        assert (lines_of(book, at=at)["input"].cost_nusd == 0) is free


def test_a_changed_own_price_changes_the_price_id(make_book: MakeBook) -> None:
    ids = {
        make_book(own=[own(discount=Decimal(text))])
        .rate_card("openai", "gpt-5", at=NOON)
        .price_id
        for text in ("0.1", "0.2")
    }
    ids.add(make_book().rate_card("openai", "gpt-5", at=NOON).price_id)
    assert len(ids) == 3
    assert "openai/gpt-5" in ids


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (own("gpt-5"), own("gpt-5")),
        (own("gpt-5*"), own("gpt-5-mini")),
        (own("*mini"), own("gpt*")),
        (own("gpt-[45]"), own("GPT-5")),
        (own("gpt-?"), own("gpt-[a-z]")),
        (own("gpt-5", valid_to=date(2026, 2, 1)), own("gpt-5")),
    ],
)
def test_two_entries_for_one_model_and_day_are_refused(
    make_book: MakeBook, one: OwnPrice, other: OwnPrice
) -> None:
    for pair in ([one, other], [other, one]):
        with pytest.raises(ConfigError, match=r"both hold for the same model.*narrow"):
            make_book(own=pair)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (own("gpt-5"), own("gpt-5-mini")),
        (own("gpt-[45]"), own("gpt-6")),
        (own("gpt-[!5]"), own("gpt-5")),
        (own("*mini"), own("*nano")),
        (
            own("gpt-5", valid_to=date(2026, 2, 1)),
            own("gpt-5", valid_from=date(2026, 2, 1)),
        ),
        (own("gpt-5"), OwnPrice(provider="azure", model="gpt-5")),
    ],
)
def test_entries_that_never_meet_stand_side_by_side(
    make_book: MakeBook, one: OwnPrice, other: OwnPrice
) -> None:
    make_book(own=[one, other])


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (own(rates={"input": Decimal(-1)}), r"rates\.input = -1 is no price"),
        (own(rates={"input": Decimal("NaN")}), r"rates\.input = NaN is no price"),
        (own(discount=Decimal(20)), r"discount = 20; write 0\.2 for 20 % off"),
        (
            own(valid_from=date(2026, 2, 1), valid_to=date(2026, 2, 1)),
            "valid_from 2026-02-01 is not before valid_to",
        ),
    ],
)
def test_an_impossible_entry_is_refused_with_its_place(
    make_book: MakeBook, entry: OwnPrice, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        make_book(own=[entry])


def test_a_hosts_own_rates_are_its_whole_price_list(make_book: MakeBook) -> None:
    endpoint = Endpoint(
        url="http://gw",
        provider="openai",
        rates={"input": Decimal("0.1"), "output": Decimal("0.2")},
    )
    lines = lines_of(make_book([endpoint]), endpoint=endpoint)
    assert lines["input"].list_rate == Decimal("0.25")
    assert lines["input"].contracted_rate == Decimal("0.1")
    assert lines["cache_read"].contracted_rate == Decimal("0.1")  # not the list's
    assert lines["reasoning"].contracted_rate == Decimal("0.2")


def test_a_self_hosted_model_is_priced_by_its_endpoint(make_book: MakeBook) -> None:
    endpoint = Endpoint(
        url="http://gpu01:8000",
        provider="vllm",
        rates={"input": Decimal("0.1"), "output": Decimal("0.4")},
    )
    book = make_book([endpoint])
    provider, found = book.provider_of("http://gpu01:8000/v1/chat/completions")
    lines = lines_of(book, provider, "my-llama", endpoint=found)
    assert known_cost(lines.values()) == 1000 * 100 + 300 * 400
    assert lines["input"].list_rate is None


def test_an_own_price_for_a_model_wins_over_its_host(make_book: MakeBook) -> None:
    endpoint = Endpoint(url="http://gw", provider="vllm", rates={"input": Decimal(1)})
    entry = OwnPrice(provider="vllm", model="big*", rates={"input": Decimal(7)})
    book = make_book([endpoint], [entry])
    lines = lines_of(book, "vllm", "big-1", endpoint=endpoint)
    assert lines["input"].contracted_rate == Decimal(7)


@pytest.mark.parametrize(
    ("provider", "model", "endpoint", "reason"),
    [
        ("", "x", None, "this host is no known provider"),
        ("vllm", "x", None, "a vllm server has no price list; add `rates`"),
        ("acme", "x", None, "provider 'acme' has no price list"),
        ("openai", "nope", None, r"no price for model 'nope' at openai; add \[\["),
        ("openai", "", None, "the call at openai names no model"),
        ("google", "gemma-3-27b-it", None, "is listed without a rate"),
        (
            "vllm",
            "x",
            Endpoint(url="http://g", provider="vllm", gpu_hour=Decimal("3.5")),
            r"http://g costs \$3\.5 per GPU-hour; its share of a call is not metered",
        ),
        (
            "",
            "x",
            Endpoint(url="http://g", provider="vllm", source="p.toml", trusted=False),
            r"http://g in p\.toml waits for `cellcost trust`",
        ),
    ],
)
def test_a_card_without_a_price_says_why_and_what_to_do(
    book: PriceBook, provider: str, model: str, endpoint: Endpoint | None, reason: str
) -> None:
    card = book.rate_card(provider, model, at=NOON, endpoint=endpoint)
    lines = book.cost(card, USAGE)
    assert len(lines) == 4
    for line in lines:
        assert line.cost_nusd is None
        assert line.contracted_rate is None
    assert re.search(reason, card.reason)
    assert {line.reason for line in lines} == {card.reason}


def test_a_discount_without_a_list_price_says_so(make_book: MakeBook) -> None:
    book = make_book(own=[own("nope", discount=Decimal("0.1"))])
    card = book.rate_card("openai", "nope", at=NOON)
    assert "has no list price to lower" in card.reason
