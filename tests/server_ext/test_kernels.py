"""What is said about the metering of a kernel."""

from dataclasses import replace
from datetime import UTC, datetime

from cellcost.journal import WriterRow
from cellcost_server.kernels import GRACE_SECONDS, KernelFact, meter_json

OK = {"state": "ok", "detail": ""}
KERNEL = KernelFact(
    kernel_id="k",
    path="a.ipynb",
    name="python3",
    language="python",
    state="idle",
    up_since=0.0,
)
ROW = WriterRow(
    id="w",
    host="h",
    pid=1,
    version="1.2",
    kernel_id="k",
    session_id="s",
    notebook="a.ipynb",
    stacks={"httpx2": "hooked", "aiohttp": "not captured: no hook yet"},
    started=datetime(2026, 11, 24, tzinfo=UTC),
    ended=None,
    alive=True,
)
LATER = GRACE_SECONDS + 1


def test_a_living_writer_means_metered_and_names_what_is_not_captured() -> None:
    meter = meter_json(KERNEL, [ROW], now=LATER, journal=OK)
    assert meter["state"] == "metered"
    assert meter["not_captured"] == [{"stack": "aiohttp", "reason": "no hook yet"}]


def test_a_dead_writer_means_nothing() -> None:
    meter = meter_json(KERNEL, [replace(ROW, alive=False)], now=LATER, journal=OK)
    assert meter["state"] == "not_metered"
    assert meter["not_captured"] == []


def test_a_kernel_may_take_a_moment_to_announce_itself() -> None:
    assert meter_json(KERNEL, [], now=1, journal=OK)["state"] == "unknown"
    starting = replace(KERNEL, state="starting", up_since=None)
    assert meter_json(starting, [], now=LATER, journal=OK)["state"] == "unknown"


def test_a_kernel_of_another_language_is_not_metered() -> None:
    meter = meter_json(replace(KERNEL, language="R"), [], now=1, journal=OK)
    assert meter["state"] == "not_metered"
    assert "this one runs R" in meter["detail"]


def test_no_kernel_is_unknown() -> None:
    assert meter_json(None, [], now=LATER, journal=OK)["state"] == "unknown"


def test_what_a_kernel_lost_makes_its_figures_lower_bounds() -> None:
    stacks = {"journal": "lost: 3 of this process's records could be kept nowhere"}
    row = replace(ROW, stacks=stacks)
    journal = meter_json(KERNEL, [row], now=LATER, journal=OK)["journal"]
    assert journal["state"] == "memory"
    assert journal["detail"].startswith("3 of this process's records")
    worse = {"state": "spooling", "detail": "why"}
    assert meter_json(KERNEL, [row], now=LATER, journal=worse)["journal"] == worse
