"""`[[gpu_rates]]` and `[gpu]`: what counts from which file, and what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal, localcontext

import pytest

from cellcost.config.gpu import GpuSettings, amortised
from cellcost.config.off_peak import OffPeak, next_change
from cellcost.errors import ConfigError

H100 = """
[[gpu_rates]]
match = "*H100*"
usd_per_hour = "3.00"
"""
NIGHT = 'off_peak = { hours = "20:00-06:00", zone = "Europe/Berlin" }\n'


def test_without_settings_gpus_are_watched_and_nothing_is_priced(place):
    found = place.load()
    assert found.gpu == GpuSettings()
    assert found.gpu_rates == ()


def test_a_rate_is_read_with_its_file(place):
    path = place.user_file(H100 + 'cloud = " AWS "\ninstance = "p5.*"\n')
    (rate,) = place.load().gpu_rates
    assert rate.match == "*H100*"
    assert rate.usd_per_hour == Decimal("3.00")
    assert (rate.cloud, rate.instance) == ("aws", "p5.*")
    assert rate.source == str(path)


def test_a_rate_may_be_nothing_if_the_user_says_so(place):
    place.user_file(H100.replace("3.00", "0"))
    assert place.load().gpu_rates[0].usd_per_hour == 0


def test_days_and_windows_are_read(place):
    place.user_file(
        H100
        + "valid_from = 2026-01-01\nvalid_to = 2027-01-01\n"
        + 'off_peak_usd_per_hour = "1.80"\noff_peak = [\n'
        + ' { hours = "20:00-06:00", zone = "Europe/Berlin", days = ["mon-thu"] },\n'
        + ' { hours = "00:00-24:00", zone = "UTC", days = ["fri-sun"] } ]\n'
    )
    (rate,) = place.load().gpu_rates
    assert (rate.valid_from, rate.valid_to) == (date(2026, 1, 1), date(2027, 1, 1))
    assert rate.off_peak_usd_per_hour == Decimal("1.80")
    night, weekend = rate.off_peak
    assert night == OffPeak(
        start=1200, end=360, zone="Europe/Berlin", days=frozenset({0, 1, 2, 3})
    )
    assert weekend.days == {4, 5, 6}


def test_a_bought_gpu_costs_its_price_over_the_hours_of_its_life(place):
    place.user_file(
        '[[gpu_rates]]\nmatch = "*L40S"\nusd = "28000"\nyears = 4\nutilisation = 0.6\n'
    )
    (rate,) = place.load().gpu_rates
    assert rate.usd_per_hour == Decimal("1.331811263")
    assert rate.basis == "$28000 over 4 years, used 0.6 of them"


def test_the_decimal_context_does_not_change_what_was_paid():
    with localcontext() as context:
        context.prec = 2
        assert amortised(Decimal(8760), Decimal(1), Decimal(1)) == 1
        found = amortised(Decimal(28000), Decimal(4), Decimal("0.6"))
    assert found == Decimal("1.331811263")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[gpu_rates]]\nusd_per_hour = "3"\n', "gpu_rates needs match"),
        ('[[gpu_rates]]\nmatch = "*"\n', "needs usd_per_hour, or usd and years"),
        (H100 + 'usd = "9"\nyears = 3\n', "takes usd_per_hour, or usd and years"),
        ('[[gpu_rates]]\nmatch = "*"\nusd = "9"\n', "needs usd and years"),
        (
            '[[gpu_rates]]\nmatch = "*"\nusd = "9"\nyears = 3\nutilisation = 0\n',
            "utilisation must be more than 0",
        ),
        ('[[gpu_rates]]\nmatch = "*"\nusd = "9"\nyears = 0\n', "years must be more"),
        (H100.replace("3.00", "-3"), "must not be negative"),
        (H100.replace("3.00", "three"), 'must be USD like "0.50"'),
        (H100 + NIGHT, "needs both off_peak and off_peak_usd_per_hour"),
        (H100 + 'off_peak_usd_per_hour = "1"\n', "needs both off_peak and"),
        (H100 + "valid_from = 2026-02-01\nvalid_to = 2026-01-01\n", "must be after"),
        (H100 + 'hours = "1"\n', "unknown key gpu_rates.hours"),
        (H100 + H100, "hold for the same GPU"),
        ("[gpu]\nsample = true\n", "gpu.sample must be text"),
        ('[gpu]\nsample = "always"\n', '"auto" or "on" or "off"'),
        ('[gpu]\ncloud = "amazon"\n', 'not "amazon"'),
    ],
)
def test_what_cannot_be_is_refused_and_named(place, text, said):
    place.user_file(text)
    with pytest.raises(ConfigError) as caught:
        place.load()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("off_peak", "said"),
    [
        ('"20:00-06:00"', "must be a table like"),
        ("[]", "is empty"),
        ('{ hours = "20:00-06:00" }', "needs zone"),
        ('{ zone = "UTC" }', "needs hours"),
        ('{ hours = "20-6", zone = "UTC" }', 'hours must be like "20:00-06:00"'),
        ('{ hours = "20:00-24:30", zone = "UTC" }', "from 00:00 to 24:00"),
        ('{ hours = "24:00-06:00", zone = "UTC" }', "from 00:00 to 24:00"),
        ('{ hours = "20:61-06:00", zone = "UTC" }', "from 00:00 to 24:00"),
        ('{ hours = "06:00-06:00", zone = "UTC" }', "begin and end at once"),
        ('{ hours = "20:00-06:00", zone = "Berlin" }', "must be a time zone"),
        ('{ hours = "20:00-06:00", zone = "../x" }', "must be a time zone"),
        ('{ hours = "20:00-06:00", zone = 1 }', "must be a time zone"),
        ('{ hours = "1:00-2:00", zone = "UTC", days = ["monday"] }', "days must be"),
        ('{ hours = "1:00-2:00", zone = "UTC", days = [] }', "days is empty"),
        ('{ hours = "1:00-2:00", zones = "UTC" }', "did you mean zone?"),
    ],
)
def test_a_window_that_cannot_be_is_refused(place, off_peak, said):
    place.user_file(H100 + f'off_peak_usd_per_hour = "1"\noff_peak = {off_peak}\n')
    with pytest.raises(ConfigError, match=r"toml:6: gpu_rates\.off_peak") as caught:
        place.load()
    assert said in str(caught.value)


def test_a_project_s_rates_wait_for_trust(place):
    path = place.project_file(H100)
    found = place.load()
    assert found.gpu_rates == ()
    assert found.untrusted == (path,)
    place.trust_project()
    assert len(place.load().gpu_rates) == 1


def test_a_project_says_nothing_of_how_gpus_are_watched(place):
    place.project_file('[gpu]\nsample = "off"\ncloud = "modal"\nmarket = "spot"\n')
    found = place.load()
    assert found.gpu == GpuSettings()
    assert any("gpu.sample counts only in user" in note for note in found.notes)


def test_files_and_variables_set_the_section(place):
    place.user_file('[gpu]\nsample = "off"\nallocation = "shared"\n')
    found = place.load(CELLCOST_GPU_SAMPLE="on", CELLCOST_GPU_CLOUD="runpod").gpu
    assert found == GpuSettings(sample="on", allocation="shared", cloud="runpod")


def test_an_admin_may_lock_the_rates(place):
    place.host_file('locked = ["gpu_rates", "gpu.sample"]\n' + H100)
    place.user_file(
        '[gpu]\nsample = "off"\n' + H100.replace("*H100*", "*A100*").replace("3", "0")
    )
    found = place.load()
    assert [rate.match for rate in found.gpu_rates] == ["*H100*"]
    assert found.gpu.sample == "auto"
    assert len(found.notes) == 2


NIGHTS = OffPeak(start=20 * 60, end=6 * 60, zone="Europe/Berlin", days=frozenset({4}))


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2026-11-27T18:59", False),  # Friday, 19:59 in Berlin
        ("2026-11-27T19:00", True),
        ("2026-11-28T04:59", True),
        ("2026-11-28T05:00", False),
        ("2026-11-28T20:00", False),  # Saturday night
        ("2026-11-27T03:00", False),  # Friday before dawn belongs to Thursday
        ("2026-07-03T18:00", True),  # summer time: 20:00 in Berlin
        ("2026-07-04T04:00", False),
    ],
)
def test_a_window_follows_the_clock_of_its_zone(at, holds):
    assert NIGHTS.holds(datetime.fromisoformat(at).replace(tzinfo=UTC)) is holds


def test_the_clocks_going_back_make_one_night_longer():
    night = OffPeak(start=20 * 60, end=6 * 60, zone="Europe/Berlin")
    begin = datetime(2026, 10, 24, 18, tzinfo=UTC)
    assert night.holds(begin)
    assert next_change((night,), begin) == datetime(2026, 10, 25, 5, tzinfo=UTC)


def test_a_whole_day_ends_at_midnight():
    day = OffPeak(start=0, end=24 * 60, zone="UTC", days=frozenset({5}))
    saturday = datetime(2026, 11, 28, tzinfo=UTC)
    assert day.holds(saturday)
    assert next_change((day,), saturday) == datetime(2026, 11, 29, tzinfo=UTC)
    sunday = datetime(2026, 11, 29, tzinfo=UTC)
    assert not day.holds(sunday)
    assert next_change((day,), sunday) == datetime(2026, 12, 5, tzinfo=UTC)


def test_what_never_changes_has_no_next_change():
    assert next_change((), datetime(2026, 11, 28, tzinfo=UTC)) is None
