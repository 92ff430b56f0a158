"""Costs computed by hand from published prices; the arithmetic is in the table."""

import csv
from datetime import datetime
from pathlib import Path

import pytest

from cellcost.prices import PriceBook
from cellcost.records import Usage, known_cost, unpriced_lines

ROWS = list(
    csv.DictReader(
        Path(__file__).with_name("table.csv").read_text("utf-8").splitlines()
    )
)
FIELDS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "reasoning": "reasoning_tokens",
    "input_audio": "input_audio_tokens",
    "cache_read_audio": "cache_read_audio_tokens",
}


def usage_of(text: str) -> Usage:
    known: dict[str, int] = {}
    other: dict[str, int] = {}
    for part in text.split():
        name, _, count = part.partition("=")
        if name in FIELDS:
            known[FIELDS[name]] = int(count)
        else:
            other[name] = int(count)
    return Usage(**known, other=other)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['model']} {row['how']}")
def test_a_usage_costs_what_was_computed_by_hand(
    book: PriceBook, row: dict[str, str]
) -> None:
    card = book.rate_card(
        row["provider"],
        row["model"],
        tier=row["tier"],
        at=datetime.fromisoformat(row["at"]),
    )
    lines = book.cost(card, usage_of(row["usage"]))
    if row["cost_nusd"]:
        assert known_cost(lines) == int(row["cost_nusd"])
        assert unpriced_lines(lines) == 0
        assert card.price_id
        assert card.catalogue_version
    else:
        assert known_cost(lines) is None
        assert all(line.reason for line in lines)


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(ROWS) >= 25
