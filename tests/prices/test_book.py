"""A price book keeps its answers exactly as long as they hold."""

import threading
from datetime import UTC, datetime, timedelta, timezone

from cellcost.prices import PriceBook
from cellcost.records import Usage, known_cost

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
USAGE = Usage(input_tokens=1_000_000)


def test_a_card_is_kept_and_given_again(book: PriceBook) -> None:
    first = book.rate_card("openai", "gpt-5-mini", at=NOON)
    assert book.rate_card("openai", "gpt-5-mini", at=NOON + timedelta(days=9)) is first


def test_a_missing_price_is_kept_too(book: PriceBook) -> None:
    first = book.rate_card("openai", "nope", at=NOON)
    assert book.rate_card("openai", "nope", at=NOON + timedelta(days=9)) is first


def test_a_card_changes_on_the_hour_when_its_price_does(book: PriceBook) -> None:
    """DeepSeek: dearer from 01:00 to 04:00 and from 06:00 to 10:00 UTC."""
    day = datetime(2026, 11, 24, tzinfo=UTC)
    dear = []
    for minutes in range(0, 24 * 60, 30):
        at = day + timedelta(minutes=minutes)
        card = book.rate_card("deepseek", "deepseek-v4-pro", at=at)
        if known_cost(book.cost(card, USAGE)) == 1_320_000_000:
            dear.append(minutes / 60)
    assert dear == [1, 1.5, 2, 2.5, 3, 3.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5]


def test_a_card_changes_at_midnight_utc_wherever_the_clock_is(book: PriceBook) -> None:
    tokyo = timezone(timedelta(hours=9))
    cut = datetime(2025, 6, 10, 9, tzinfo=tokyo)  # 2025-06-10 00:00 UTC
    before = book.rate_card("openai", "o3", at=cut - timedelta(microseconds=1))
    after = book.rate_card("openai", "o3", at=cut)
    again = book.rate_card("openai", "o3", at=cut - timedelta(microseconds=1))
    assert known_cost(book.cost(before, USAGE)) == 10_000_000_000
    assert known_cost(book.cost(after, USAGE)) == 2_000_000_000
    assert known_cost(book.cost(again, USAGE)) == 10_000_000_000
    assert (before.price_id, after.price_id) == ("openai/o3", "openai/o3@2025-06-10")


def test_many_unknown_names_do_not_fill_the_memory(book: PriceBook) -> None:
    for number in range(5_000):
        book.rate_card("vllm", f"model-{number}", at=NOON)
        book.provider_of(f"http://host-{number}/v1")
    assert len(vars_of(book, "_cards")) <= 4096
    assert len(vars_of(book, "_hosts")) <= 4096


def vars_of(book: PriceBook, name: str) -> dict[object, object]:
    found: dict[object, object] = getattr(book, name)
    return found


def test_threads_get_the_same_prices(book: PriceBook) -> None:
    found: list[int | None] = []

    def work() -> None:
        for hour in range(24):
            at = datetime(2026, 11, 24, hour, tzinfo=UTC)
            card = book.rate_card("deepseek", "deepseek-v4-pro", at=at)
            found.append(known_cost(book.cost(card, USAGE)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(found), key=str) == [1_320_000_000, 660_000_000]
    assert len(found) == 96
    assert found.count(1_320_000_000) == 4 * 7
