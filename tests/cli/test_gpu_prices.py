"""`cellcost prices --gpu`: what holds here, and what clouds list."""

import json

RUNPOD = {"RUNPOD_POD_ID": "a1"}
RATE = """
[[gpu_rates]]
match = "*H100*"
usd_per_hour = "3.00"
"""


def found(done) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_list_price_of_the_recognised_cloud_holds_here(cli):
    asked = ("prices", "--gpu", "H100 SXM", "--json", "--at")
    now = found(cli(*asked, "2026-11-24", **RUNPOD))
    assert now["place"]["cloud"] == "runpod"
    (here,) = now["here"]
    assert here["usd_per_hour"] == "3.99"
    assert here["estimated"] is True
    before = found(cli(*asked, "2026-10-01", **RUNPOD))
    assert before["here"][0]["usd_per_hour"] == "3.49"
    assert all(row["source"].startswith("https://") for row in now["list"])


def test_an_own_rate_goes_before_it_and_names_its_file(cli):
    cli.home.mkdir()
    path = cli.home / "cellcost.toml"
    path.write_text(RATE)
    here = found(cli("prices", "--gpu", "NVIDIA H100 80GB HBM3", "--json", **RUNPOD))
    assert here["here"][0]["usd_per_hour"] == "3"
    assert here["here"][0]["source"] == str(path)


def test_a_part_of_a_name_shows_all_that_have_it(cli):
    done = cli("prices", "--gpu", "h100", **RUNPOD)
    assert done.returncode == 0
    head, _, listed = done.stdout.partition("list prices")
    assert head.startswith("here: runpod (RUNPOD_POD_ID is set")
    assert {"H100 SXM", "H100 PCIe", "H100 NVL"} <= {
        line[:9].strip() for line in head.splitlines()
    }
    assert "p5.48xlarge" in listed
    assert "A100" not in done.stdout


def test_a_gpu_that_no_list_has_is_unpriced_with_the_reason(cli):
    done = cli("prices", "--gpu", "AMD Instinct MI300X")
    assert done.returncode == 1
    assert "no price list has AMD Instinct MI300X" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_gpu_of_an_own_rate_alone_is_priced(cli):
    cli.home.mkdir()
    (cli.home / "cellcost.toml").write_text(RATE.replace("H100", "GTX 1080"))
    done = cli("prices", "--gpu", "NVIDIA GeForce GTX 1080")
    assert done.returncode == 0, done.stderr
    assert "list prices" not in done.stdout


def test_a_project_s_rate_waits_for_trust_and_trust_names_it(cli):
    path = cli.folder / "cellcost.toml"
    path.write_text(
        RATE + 'off_peak_usd_per_hour = "1.80"\ncloud = "aws"\n'
        'off_peak = { hours = "20:00-06:00", zone = "UTC" }\n'
    )
    done = cli("prices", "--gpu", "H100")
    assert "waits for `cellcost trust`" in done.stderr
    said = cli("trust").stdout
    assert "GPU *H100* on aws at $3.00 an hour, $1.80 off-peak" in said


def test_a_model_and_a_gpu_are_not_asked_for_at_once(cli):
    assert cli("prices").returncode == 2
    assert cli("prices", "gpt-5", "--gpu").returncode == 2
