"""`cellcost prices`: every rate with who says so."""

import json

from cellcost.prices import load_catalogue


def rates_of(done) -> dict[str, dict]:
    assert done.returncode == 0, done.stderr
    (card,) = json.loads(done.stdout)
    return {
        rate["meter"]: rate for rate in card["rates"] if not rate["over_input_tokens"]
    }


def test_the_list_price_names_the_catalogue(cli):
    rates = rates_of(
        cli("prices", "gpt-5", "--provider", "openai", "--json", "--at", "2026-06-01")
    )
    # https://platform.openai.com/docs/pricing, 2025-08-07: $1.25, $0.125, $10 per 1M.
    assert rates["input"]["contracted_rate"] == "1.25"
    assert rates["cache_read"]["contracted_rate"] == "0.125"
    assert rates["output"]["contracted_rate"] == "10"
    version = load_catalogue().version
    assert rates["input"]["source"].startswith(f"{version} openai/gpt-5")


def test_an_own_rate_and_a_discount_name_their_file(cli):
    cli.home.mkdir()
    path = cli.home / "cellcost.toml"
    path.write_text(
        '[[prices]]\nprovider = "openai"\nmodel = "gpt-5"\n'
        "rates = { input = 1 }\ndiscount = 0.5\nvalid_to = 2026-07-01"
    )
    arguments = ("prices", "gpt-5", "--provider", "openai", "--json", "--at")
    rates = rates_of(cli(*arguments, "2026-06-30"))
    assert rates["input"]["contracted_rate"] == "1"
    assert rates["input"]["list_rate"] == "1.25"
    assert rates["input"]["source"] == str(path)
    assert rates["output"]["contracted_rate"] == "5.0"
    assert rates["output"]["source"].endswith(f"less 50 % by {path}")
    rates = rates_of(cli(*arguments, "2026-07-01"))
    assert rates["input"]["contracted_rate"] == "1.25"


def test_without_a_provider_every_list_that_has_the_model_is_shown(cli):
    done = cli("prices", "claude-sonnet-4-5")
    assert done.returncode == 0
    assert "anthropic claude-sonnet-4-5" in done.stdout
    assert "over 200,000 input tokens" in done.stdout


def test_the_clock_of_prices_decides_which_price_holds(cli):
    cli.home.mkdir()
    (cli.home / "cellcost.toml").write_text(
        '[[prices]]\nprovider = "openai"\nmodel = "gpt-5"\nrates = { input = 7 }\n'
        "valid_from = 2030-01-01"
    )
    arguments = ("prices", "gpt-5", "--provider", "openai", "--json")
    now = rates_of(cli(*arguments, CELLCOST_NOW="2026-11-24"))
    later = rates_of(cli(*arguments, CELLCOST_NOW="2030-01-01T00:00:00Z"))
    assert now["input"]["contracted_rate"] == "1.25"
    assert later["input"]["contracted_rate"] == "7"


def test_an_unknown_model_fails_with_what_to_do(cli):
    done = cli("prices", "gpt-99-ultra")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no price list has a model 'gpt-99-ultra'" in done.stderr
    done = cli("prices", "gpt-99-ultra", "--provider", "openai")
    assert done.returncode == 1
    assert "add [[prices]]" in done.stderr


def test_a_wrong_day_is_a_usage_error(cli):
    done = cli("prices", "gpt-5", "--at", "soon")
    assert done.returncode == 2
    assert "'soon' is no day" in done.stderr


def test_a_broken_setting_is_one_line(cli):
    (cli.folder / "cellcost.toml").write_text("[tags]\nteam = 5")
    done = cli("prices", "gpt-5")
    assert done.returncode == 1
    assert done.stderr == (
        f"cellcost: {cli.folder / 'cellcost.toml'}:2: tags.team must be text, not the"
        ' number 5; write "5"\n'
    )
