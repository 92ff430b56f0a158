"""What `cellcost doctor` says of GPUs, on a driver that plays scenarios."""

import json

from cellcost.testing.simulated_gpu import simulate

RATE = '[[gpu_rates]]\nmatch = "*H100*"\nusd_per_hour = "3.00"\n'


def told(done) -> list[tuple[str, str]]:
    found = json.loads(done.stdout)
    return [(row["state"], row["detail"]) for row in found if row["topic"] == "gpu"]


def test_devices_are_counted_and_each_kind_has_its_rate(cli, tmp_path):
    cli.home.mkdir(parents=True)
    (cli.home / "cellcost.toml").write_text(RATE, "utf-8")
    names = ["NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3", "NVIDIA Z9"]
    (_, first), priced, (state, unpriced) = told(
        cli("doctor", "--json", **simulate(tmp_path, *names))
    )
    assert first.startswith("3 devices, driver 550.54.15, allocation ")
    assert priced[0] == "ok"
    assert priced[1].startswith("NVIDIA H100 80GB HBM3: $3.00 an hour, ")
    assert (state, unpriced) == ("note", "NVIDIA Z9: time is measured, not priced")


def test_without_a_driver_the_reason_is_said(cli, tmp_path):
    gone = simulate(tmp_path) | {"NVML_SCENARIO": str(tmp_path / "gone")}
    ((state, detail),) = told(cli("doctor", "--json", **gone))
    assert state == "ok"
    assert detail.startswith("none to measure: ")


def test_sampling_can_be_off(cli):
    ((state, detail),) = told(cli("doctor", "--json", CELLCOST_GPU_SAMPLE="off"))
    assert (state, detail) == ("note", "gpu.sample is off: no GPU time is measured")
