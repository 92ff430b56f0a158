"""What an hour of the user's GPU costs stands beside what weights take of it."""

from datetime import UTC, date, datetime
from decimal import Decimal

from cellcost.analysis import Document, Estimate, analyse, estimate, load_text
from cellcost.analysis.report import estimate_json
from cellcost.config.gpu import OwnGpuRate
from cellcost.config.off_peak import OffPeak
from cellcost.prices import PriceBook, load_catalogue

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LOAD = (
    "from transformers import AutoModel\n"
    'AutoModel.from_pretrained("meta-llama/Llama-3.1-8B")\n'
)
OURS = OwnGpuRate(match="*H100*", usd_per_hour=Decimal("3.00"))


def loaded(*rates: OwnGpuRate, at: datetime = NOON, source: str = LOAD) -> Estimate:
    book = PriceBook(load_catalogue(), gpu_rates=rates)
    (site,) = analyse(Document("a.py", source))
    return estimate(site, book=book, count=lambda text, model: 1, at=at)


def test_the_only_own_rate_is_told_with_its_pattern() -> None:
    found = loaded(OURS)
    assert load_text(found) == "≈ 16 GB of GPU, $3.00 / h"
    assert 'an hour of a GPU: [[gpu_rates]] match = "*H100*"' in found.reasons


def test_weights_of_unknown_size_still_tell_the_hour() -> None:
    found = loaded(OURS, source=LOAD.replace("Llama-3.1-8B", "secret"))
    assert load_text(found) == "GPU time, $3.00 / h"


def test_without_an_own_rate_or_with_several_no_hour_is_told() -> None:
    other = OwnGpuRate(match="*A100*", usd_per_hour=Decimal(2))
    there = OwnGpuRate(match="*H100*", usd_per_hour=Decimal(2), cloud="aws")
    for rates in ((), (OURS, other), (there,)):
        assert load_text(loaded(*rates)) == "≈ 16 GB of GPU"


def test_the_hour_is_that_of_the_moment() -> None:
    rate = OwnGpuRate(
        match="*",
        usd_per_hour=Decimal("3.00"),
        off_peak_usd_per_hour=Decimal("1.80"),
        off_peak=(OffPeak(start=1200, end=360, zone="UTC"),),
        valid_to=date(2026, 12, 1),
    )
    night = datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert loaded(rate).gpu_hour_usd == Decimal("3.00")
    assert loaded(rate, at=night).gpu_hour_usd == Decimal("1.80")
    assert loaded(rate, at=datetime(2026, 12, 1, tzinfo=UTC)).gpu_hour_usd is None


def test_a_call_that_loads_nothing_has_no_gpu_hour() -> None:
    chat = (
        "from openai import OpenAI\n"
        'OpenAI().responses.create(model="gpt-5", input="hi")\n'
    )
    assert loaded(OURS, source=chat).gpu_hour_usd is None


def test_a_report_has_the_hour_as_text() -> None:
    assert estimate_json(loaded(OURS), ())["gpu_hour_usd"] == "3.00"
    assert estimate_json(loaded(), ())["gpu_hour_usd"] is None
