"""Cheaper ways to have had the same device time: figures, and what they rest on."""

from datetime import UTC, datetime
from decimal import Decimal

from cellcost.config.gpu import OwnGpuRate
from cellcost.config.off_peak import OffPeak
from cellcost.gpu_places import Place
from cellcost.prices.gpu_advice import GpuAlternative, cheaper
from cellcost.prices.gpu_rates import GpuPrices, GpuRate

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = 3_600_000
GB = 1_000_000_000
H100 = "NVIDIA H100 80GB HBM3"
NIGHT = OwnGpuRate(
    match="*H100*",
    usd_per_hour=Decimal("3.00"),
    off_peak_usd_per_hour=Decimal("1.80"),
    off_peak=(OffPeak(start=1200, end=360, zone="UTC"),),
)


def ways(
    device: str,
    place: Place,
    *own: OwnGpuRate,
    at: datetime = NOON,
    held_gb: int = 0,
) -> tuple[GpuAlternative, ...]:
    prices = GpuPrices(own)
    rate = prices.rate_of(device, at=at, place=place)
    assert isinstance(rate, GpuRate)
    return cheaper(prices, rate, HOUR, at=at, place=place, held_bytes=held_gb * GB)


def test_the_night_of_the_own_rates_is_an_alternative_of_the_day() -> None:
    (found,) = ways(H100, Place(), NIGHT)
    assert (found.kind, found.cost_nusd) == ("off-peak", 1_800_000_000)
    assert found.saves_nusd == 1_200_000_000
    assert "wait" in found.but
    assert ways(H100, Place(), NIGHT, at=datetime(2026, 11, 24, 23, tzinfo=UTC)) == ()


def test_spot_of_the_same_cloud_is_named_with_page_day_and_risk() -> None:
    (found,) = ways(H100, Place(cloud="coreweave"))
    assert (found.kind, found.usd_per_hour) == ("spot", Decimal("2.46375"))
    assert "read 2026-09-20" in found.rests_on
    assert "taken away" in found.but


def test_the_newest_price_of_the_community_counts() -> None:
    (found,) = ways(H100, Place(cloud="runpod"))
    assert (found.kind, found.usd_per_hour) == ("community", Decimal("2.69"))


def test_without_known_memory_no_slice_and_no_smaller_gpu_is_named() -> None:
    found = ways("NVIDIA A100-SXM4-40GB", Place(cloud="aws", instance="p4d.24xlarge"))
    assert found == ()


def test_the_smallest_slice_that_held_the_memory_costs_its_part() -> None:
    own = OwnGpuRate(match="*A100*", usd_per_hour=Decimal("2.10"))
    (found,) = ways("NVIDIA A100-SXM4-40GB", Place(), own, held_gb=8)
    assert found.device == "NVIDIA A100-SXM4-40GB MIG 2g.10gb"
    assert (found.usd_per_hour, found.cost_nusd) == (Decimal("0.60"), 600_000_000)
    assert "2 of 7 slices" in found.rests_on
    assert "others use the rest" in found.but
    assert ways("NVIDIA A100-SXM4-40GB", Place(), own, held_gb=39) == ()


def test_smaller_gpus_of_the_same_cloud_are_those_that_hold_the_memory() -> None:
    place = Place(cloud="modal")
    found = [w for w in ways(H100, place, held_gb=30) if w.kind == "smaller"]
    assert [way.device for way in found] == [
        "L40S",
        "A100 40GB",
        "A100 SXM 80GB",
    ]
    assert all("may take longer" in way.but for way in found)
    more = [w.device for w in ways(H100, place, held_gb=10) if w.kind == "smaller"]
    assert more == ["T4", "L4", "A10"]
    assert not [w for w in ways(H100, place, held_gb=79) if w.device == "L40S"]


def test_no_gpu_of_a_machine_with_eight_is_an_alternative() -> None:
    place = Place(cloud="aws", instance="p5.4xlarge")
    found = ways(H100, place, held_gb=30)
    assert {way.device for way in found if way.kind == "smaller"} == {"L40S"}


def test_what_is_no_cheaper_is_not_named_and_the_cheapest_comes_first() -> None:
    found = ways(H100, Place(cloud="runpod"), held_gb=8)
    assert all(way.saves_nusd > 0 for way in found)
    assert [w.cost_nusd for w in found] == sorted(w.cost_nusd for w in found)
    dear = OwnGpuRate(
        match="*H100*",
        usd_per_hour=Decimal(1),
        off_peak_usd_per_hour=Decimal(2),
        off_peak=NIGHT.off_peak,
    )
    assert ways(H100, Place(), dear) == ()
