"""Figures as the terminal shows them: the same rounding as the badge."""

from decimal import Decimal

import pytest

from cellcost.figures import (
    cached_text,
    cost_text,
    count_text,
    notes_text,
    percent_text,
    tokens_text,
)
from cellcost.records import Tokens
from cellcost.views import Tally


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (812, "812"),
        (999, "999"),
        (1_000, "1.0k"),
        (1_240, "1.2k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (3_400_000, "3.4M"),
        (99_950_000, "100M"),
        (1_234_000_000, "1,234M"),
        (-1_240, "-1.2k"),
    ],
)
def test_counts_have_three_digits_at_most(count, text):
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("tally", "text"),
    [
        (Tally(), "$0"),
        (Tally(known_nusd=13_200_000, n_priced=1), "$0.0132"),
        (Tally(known_nusd=13_200_000, n_priced=1, n_estimated=1), "≈ $0.0132"),
        (Tally(known_nusd=13_200_000, n_priced=1, n_partial=1), "≥ $0.0132"),
        (Tally(known_nusd=13_200_000, n_priced=1, live_calls=1), "≥ $0.0132"),
        (
            Tally(known_nusd=13_200_000, n_priced=1, n_unknown=1, n_unpriced=1),
            "≥ $0.0132",
        ),
        (Tally(n_unknown=1, n_unpriced=1), "unpriced"),
        (Tally(n_unknown=1, live_calls=1), "unknown"),
        (Tally(known_nusd=1, n_priced=1), "<$0.00001"),
        (Tally(known_nusd=-13_200_000, n_priced=1), "-$0.0132"),
    ],
)
def test_a_cost_says_how_certain_it_is(tally, text):
    assert cost_text(tally) == text


def test_tokens_and_their_cached_share():
    assert tokens_text(Tokens()) == ""
    assert tokens_text(Tokens(input=1_240, output=350)) == "1.2k → 350"
    assert cached_text(Tokens(input=1_000)) == ""
    assert cached_text(Tokens(input=1_000, cache_read=400)) == "40%"
    assert cached_text(Tokens(input=1_000, cache_read=1)) == "<1%"


def test_notes_count_calls_and_name_a_single_one():
    tally = Tally(n_unpriced=2, n_partial=1, failed_calls=3)
    assert notes_text(tally) == "2 unpriced · 1 stopped early · 3 failed"
    assert notes_text(Tally(n_partial=1), counted=False) == "stopped early"
    assert notes_text(Tally(calls=5)) == ""


def test_a_share_is_shown_in_percent():
    assert percent_text(Decimal("0.15")) == "15 %"
    assert percent_text(Decimal("0.125")) == "12.5 %"
    assert percent_text(Decimal(1)) == "100 %"
