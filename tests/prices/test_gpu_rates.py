"""What a GPU-hour costs: own rates first, then the cloud's list, else a reason."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellcost.config.gpu import GpuSettings, OwnGpuRate
from cellcost.config.off_peak import OffPeak
from cellcost.errors import ConfigError
from cellcost.gpu_places import Place
from cellcost.prices.gpu_rates import (
    GpuPrices,
    GpuRate,
    Unpriced,
    cost_nusd,
    split_nusd,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
H100 = "NVIDIA H100 80GB HBM3"
NOWHERE = Place()
AWS = Place(cloud="aws", instance="g5.2xlarge")
NIGHT = OffPeak(start=20 * 60, end=6 * 60, zone="Europe/Berlin")

Own = Callable[..., OwnGpuRate]


def own(match: str = "*H100*", usd: str = "3.00", **more: object) -> OwnGpuRate:
    return OwnGpuRate(match=match, usd_per_hour=Decimal(usd), **more)  # type: ignore[arg-type]


def rate(
    *entries: OwnGpuRate,
    device: str = H100,
    at: datetime = NOON,
    place: Place = NOWHERE,
    gpu: GpuSettings | None = None,
) -> GpuRate:
    found = GpuPrices(entries, gpu=gpu).rate_of(device, at=at, place=place)
    assert isinstance(found, GpuRate)
    return found


def reason(
    device: str = H100, *, place: Place = NOWHERE, gpu: GpuSettings | None = None
) -> str:
    found = GpuPrices(gpu=gpu).rate_of(device, at=NOON, place=place)
    assert isinstance(found, Unpriced)
    return found.reason


def test_an_own_rate_holds_wherever_the_machine_stands() -> None:
    found = rate(own(source="cellcost.toml"))
    assert found.usd_per_hour == Decimal("3.00")
    assert found.source == "cellcost.toml"
    assert found.list_usd_per_hour is None
    assert not found.estimated


def test_an_own_rate_goes_before_the_list_and_the_list_stays_visible() -> None:
    found = rate(own("*A10G", "0.80"), device="NVIDIA A10G", place=AWS)
    assert found.usd_per_hour == Decimal("0.80")
    assert found.list_usd_per_hour == Decimal("1.212")


def test_the_machine_type_gives_the_list_price_with_its_page_and_day() -> None:
    found = rate(device="NVIDIA A10G", place=AWS)
    assert found.usd_per_hour == Decimal("1.212")
    assert found.estimated
    assert found.read == date(2025, 11, 30)
    assert found.source.startswith("https://")
    assert "aws g5.2xlarge, us-east-1" in found.basis
    assert found.price_id == "gpu:aws:g5.2xlarge:on-demand:2025-11-30"


def test_one_gpu_of_a_machine_is_its_price_parted_by_its_gpus() -> None:
    place = Place(cloud="aws", instance="p5.48xlarge")
    found = rate(place=place)
    assert found.usd_per_hour == Decimal("6.88")
    assert "1 of 8 GPUs" in found.basis


def test_a_cloud_without_machine_types_is_priced_by_the_number_of_gpus() -> None:
    one, eight = (Place(cloud="lambda", gpus=n) for n in (1, 8))
    assert rate(place=one).usd_per_hour == Decimal("4.29")
    assert rate(place=eight).usd_per_hour == Decimal("3.99")
    assert rate(place=Place(cloud="lambda")).usd_per_hour == Decimal("4.29")


def test_an_unknown_machine_type_takes_the_cheapest_and_says_so() -> None:
    found = rate(device="NVIDIA A10G", place=Place(cloud="aws"))
    assert found.usd_per_hour == Decimal("1.006")
    assert "the cheapest of" in found.basis


def test_the_price_of_the_day_is_the_last_one_read_before_it() -> None:
    place = Place(cloud="runpod")
    october = rate(place=place, at=datetime(2026, 10, 1, tzinfo=UTC))
    assert october.usd_per_hour == Decimal("3.49")
    assert october.changes_at == datetime(2026, 11, 9, tzinfo=UTC)
    later = rate(place=place)
    assert later.usd_per_hour == Decimal("3.99")
    assert later.changes_at is None


def test_a_day_before_all_readings_takes_the_first_of_them() -> None:
    found = rate(place=Place(cloud="runpod"), at=datetime(2024, 1, 1, tzinfo=UTC))
    assert found.usd_per_hour == Decimal("3.49")
    assert found.read == date(2026, 9, 25)


def test_the_market_is_the_one_that_the_settings_name() -> None:
    found = rate(place=Place(cloud="coreweave"), gpu=GpuSettings(market="spot"))
    assert found.usd_per_hour == Decimal("2.46375")
    assert found.market == "spot"


def test_the_settings_cloud_counts_only_where_none_is_recognised() -> None:
    lambda_cloud = GpuSettings(cloud="lambda")
    assert rate(gpu=lambda_cloud).usd_per_hour == Decimal("4.29")
    place = Place(cloud="runpod")
    assert rate(gpu=lambda_cloud, place=place).usd_per_hour == Decimal("3.99")


def test_a_slice_has_the_rate_of_the_whole_gpu() -> None:
    found = rate(own("*A100*", "2.10"), device="NVIDIA A100-SXM4-40GB MIG 3g.20gb")
    assert found.usd_per_hour == Decimal("2.10")
    assert found.device == "NVIDIA A100-SXM4-40GB"


def test_a_gpu_in_a_place_that_nobody_knows_has_a_reason_and_no_price() -> None:
    said = reason()
    assert "no cloud is recognised" in said
    assert "H100 SXM at $2.46 to $12.29 an hour" in said
    assert "[[gpu_rates]]" in said


@pytest.mark.parametrize(
    ("device", "place", "said"),
    [
        ("AMD Instinct MI300X", AWS, "no price list has AMD Instinct MI300X"),
        ("Tesla T4", Place(cloud="gcp", service="Google Colab"), "prices of its own"),
        (
            "NVIDIA A10G",
            Place(cloud="aws", instance="g5.metal"),
            "price of aws g5.metal A10G",
        ),
        (H100, Place(cloud="oci"), "on-demand list price of oci H100 SXM"),
        ("NVIDIA GeForce RTX 4090", Place(cloud="gcp"), "of gcp RTX 4090"),
    ],
)
def test_what_is_not_listed_has_a_reason(device: str, place: Place, said: str) -> None:
    assert said in reason(device, place=place)


def test_a_service_with_prices_of_its_own_is_priced_by_an_own_rate() -> None:
    place = Place(cloud="gcp", service="Google Colab")
    assert rate(own(), place=place).usd_per_hour == Decimal("3.00")


def test_the_more_particular_entry_wins() -> None:
    entries = (
        own("*", "1"),
        own("*H100*", "2"),
        own("*H100*", "3", cloud="aws"),
        own("*H100*", "4", cloud="aws", instance="p5.*"),
    )
    places = (
        Place(),
        Place(cloud="aws"),
        Place(cloud="aws", instance="P5.48xlarge"),
        Place(cloud="gcp", instance="p5.48xlarge"),
    )
    for turned in (entries, entries[::-1]):
        rates = [rate(*turned, place=place).usd_per_hour for place in places]
        assert rates == [2, 3, 4, 2]
    assert rate(*entries, device="Tesla T4").usd_per_hour == 1


def test_an_entry_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="hold for the same GPU"):
        GpuPrices([own("*H100*"), own("*h100*", source="other.toml")])
    with pytest.raises(ConfigError, match="hold for the same GPU from 2026-06-01 on"):
        GpuPrices([own(), own(valid_from=date(2026, 6, 1))])
    GpuPrices([own("*H100*"), own("*A100*"), own("*H100*", cloud="aws")])


def test_an_entry_holds_on_its_days() -> None:
    entries = (
        own(usd="3", valid_to=date(2026, 11, 1)),
        own(usd="2", valid_from=date(2026, 11, 1)),
    )
    october = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    assert rate(*entries, at=october).usd_per_hour == 3
    assert rate(*entries, at=october).changes_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert rate(*entries).usd_per_hour == 2


def test_what_has_no_own_rate_yet_tells_when_one_begins() -> None:
    soon = own(valid_from=date(2026, 12, 1))
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert rate(soon, place=Place(cloud="lambda")).changes_at == december
    found = GpuPrices([soon]).rate_of(H100, at=NOON, place=NOWHERE)
    assert isinstance(found, Unpriced)
    assert found.changes_at == december
    assert rate(soon, at=december).changes_at is None


def test_the_night_is_cheaper_and_says_when_it_ends() -> None:
    night = own(off_peak_usd_per_hour=Decimal("1.80"), off_peak=(NIGHT,))
    noon = rate(night)
    assert (noon.usd_per_hour, noon.off_peak) == (Decimal("3.00"), False)
    assert noon.changes_at == datetime(2026, 11, 24, 19, tzinfo=UTC)  # 20:00 in Berlin
    late = rate(night, at=datetime(2026, 11, 24, 23, tzinfo=UTC))
    assert (late.usd_per_hour, late.off_peak) == (Decimal("1.80"), True)
    assert late.changes_at == datetime(2026, 11, 25, 5, tzinfo=UTC)
    assert late.price_id != noon.price_id


def test_half_an_hour_of_three_dollars_is_a_dollar_fifty() -> None:
    assert cost_nusd(Decimal("3.00"), 1_800_000) == 1_500_000_000


def test_a_seventh_of_a_gpu_costs_a_seventh() -> None:
    hour = 3_600_000
    assert cost_nusd(Decimal("2.10"), hour, Fraction(1, 7)) == 300_000_000
    sevenths = sum(cost_nusd(Decimal("2.11"), hour, Fraction(1, 7)) for _ in range(7))
    assert abs(sevenths - 2_110_000_000) <= 3
    assert sum(split_nusd(Decimal("2.11"), [hour] * 7, Fraction(1, 7))) == (
        cost_nusd(Decimal("2.11"), 7 * hour, Fraction(1, 7))
    )


def test_a_half_nano_dollar_is_rounded_to_the_even() -> None:
    # 1 ms at $0.0018 an hour is half a nano-dollar; three of them are one and a half.
    assert cost_nusd(Decimal("0.0018"), 1) == 0
    assert cost_nusd(Decimal("0.0018"), 3) == 2


def test_the_notebook_s_decimal_context_changes_nothing() -> None:
    with localcontext() as context:
        context.prec = 2
        assert cost_nusd(Decimal("6.88123"), 3_600_000) == 6_881_230_000
        assert rate(place=Place(cloud="modal")).usd_per_hour == Decimal("3.9492")


rates = st.decimals("0.0001", "100", places=7)
fractions = st.builds(Fraction, st.integers(1, 7), st.just(7))


@given(rates, st.lists(st.integers(0, 10**9), max_size=20), fractions)
def test_the_parts_of_a_bill_sum_to_the_bill(
    usd: Decimal, parts: list[int], fraction: Fraction
) -> None:
    costs = split_nusd(usd, parts, fraction)
    assert sum(costs) == cost_nusd(usd, sum(parts), fraction)
    for part, cost in zip(parts, costs, strict=True):
        assert abs(cost - cost_nusd(usd, part, fraction)) <= 1


@given(rates, st.lists(st.integers(0, 10**9), max_size=20), fractions)
def test_pieces_of_time_one_after_the_other_sum_to_the_whole(
    usd: Decimal, pieces: list[int], fraction: Fraction
) -> None:
    total = booked = 0
    for piece in pieces:
        total += cost_nusd(usd, piece, fraction, after=booked)
        booked += piece
    assert total == cost_nusd(usd, booked, fraction)


@given(rates, st.integers(0, 10**9))
def test_a_correction_takes_back_exactly_what_it_corrects(
    usd: Decimal, milliseconds: int
) -> None:
    assert cost_nusd(usd, -milliseconds) == -cost_nusd(usd, milliseconds)
