"""Layers, locks, ties: which value is in force."""

import os
import subprocess
import time
import venv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellcost.config import (
    EditorSettings,
    SyncSettings,
    load_settings,
    load_settings_or_default,
)
from cellcost.errors import ConfigError

ENDPOINT = """
[[endpoints]]
url = "http://127.0.0.1:8080/v1"
provider = "vllm"
rates = { input = 0.1, output = 0.2 }
"""


def test_without_any_file_the_defaults_hold(place):
    found = place.load()
    assert found.home == place.home
    assert found.environment == "dev"
    assert dict(found.tags) == {"environment": "dev"}
    assert found.capture.stream_usage == "count"
    assert found.view.persist == "off"
    assert (found.endpoints, found.prices, found.sources) == ((), (), ())


def test_an_editor_shows_all_but_uncapped_calls_unless_told_otherwise(place):
    assert place.load().editor == EditorSettings()
    place.user_file('[editor]\nhints = "off"\noff = ["COST001", "COST002"]')
    place.project_file("[editor]\noff = []")
    found = place.load().editor
    assert found == EditorSettings(hints=False, off=frozenset())


def test_a_later_layer_overrides_an_earlier_one(place):
    tags = '[tags]\nteam = "{0}"\nfunction = "{0}"\nproject = "{0}"\n'
    place.host_file(tags.format("host"))
    place.user_file('[tags]\nteam = "user"\nfunction = "user"')
    place.project_file('[tags]\nfunction = "project"')
    found = place.load()
    assert dict(found.tags) == {
        "environment": "dev",
        "team": "user",
        "function": "project",
        "project": "host",
    }
    assert [path.parent for path in found.sources] == [
        place.host,
        place.home,
        place.project,
    ]


def test_the_environment_overrides_files_and_arguments_override_it(place):
    place.project_file('[capture]\nstream_usage = "count"\n[tags]\nteam = "a"')
    env = {
        **place.env,
        "CELLCOST_CAPTURE_STREAM_USAGE": "ask",
        "CELLCOST_TAGS": "team=b, owner = ada",
    }
    found = load_settings(cwd=place.project, env=env)
    assert found.capture.stream_usage == "ask"
    assert (found.tags["team"], found.tags["owner"]) == ("b", "ada")
    found = load_settings(
        cwd=place.project,
        env=env,
        arguments={"capture.stream_usage": "count", "tags.team": "c"},
    )
    assert found.capture.stream_usage == "count"
    assert found.tags["team"] == "c"


def test_the_environment_name_comes_from_its_own_variable_first(place):
    place.user_file('[tags]\nenvironment = "staging"')
    assert place.load().environment == "staging"
    assert place.load(CELLCOST_TAGS="environment=test").environment == "test"
    found = place.load(CELLCOST_TAGS="environment=test", CELLCOST_ENV="prod")
    assert found.environment == found.tags["environment"] == "prod"


def test_an_empty_variable_sets_nothing(place):
    found = place.load(CELLCOST_ENV="", CELLCOST_TAGS=" ")
    assert dict(found.tags) == {"environment": "dev"}


def test_endpoints_and_prices_of_all_layers_add_up(place):
    place.host_file('[[endpoints]]\nurl = "https://a.corp"\nprovider = "openai"')
    place.user_file(
        '[[endpoints]]\nurl = "https://a.corp/llama"\nprovider = "vllm"\n'
        '[[prices]]\nprovider = "openai"\nmodel = "gpt-5*"\ndiscount = 0.2\n'
        "valid_from = 2026-01-01\nvalid_to = 2027-01-01"
    )
    place.project_file(ENDPOINT)
    place.trust_project()
    found = place.load()
    assert [endpoint.url for endpoint in found.endpoints] == [
        "https://a.corp",
        "https://a.corp/llama",
        "http://127.0.0.1:8080/v1",
    ]
    assert found.endpoints[2].rates == {
        "input": Decimal("0.1"),
        "output": Decimal("0.2"),
    }
    (price,) = found.prices
    assert price.discount == Decimal("0.2")
    assert (price.valid_from, price.valid_to) == (date(2026, 1, 1), date(2027, 1, 1))
    assert price.source == str(place.home / "cellcost.toml")


@pytest.mark.parametrize(
    "second", ["https://llm.corp/v1/", "HTTPS://LLM.corp/v1", "https://llm.corp/v1"]
)
def test_two_endpoints_for_one_prefix_are_refused(place, second):
    first = '[[endpoints]]\nurl = "https://llm.corp/v1"\nprovider = "openai"\n'
    user = place.user_file(first)
    host = place.host_file(f'[[endpoints]]\nurl = "{second}"\nprovider = "vllm"')
    with pytest.raises(ConfigError) as caught:
        place.load()
    assert str(user) in str(caught.value)
    assert str(host) in str(caught.value)
    assert "https://llm.corp/v1" in str(caught.value)


def test_two_prices_for_one_model_and_day_are_refused(place):
    entry = '[[prices]]\nprovider = "openai"\nmodel = "gpt-5"\ndiscount = 0.1\n'
    path = place.user_file(
        f"{entry}valid_to = 2026-06-02\n{entry}valid_from = 2026-06-01\n"
    )
    with pytest.raises(ConfigError, match="both hold for the same model") as caught:
        place.load()
    assert str(path) in str(caught.value)
    place.user_file(f"{entry}valid_to = 2026-06-01\n{entry}valid_from = 2026-06-01\n")
    assert len(place.load().prices) == 2


def test_a_locked_key_stays_as_the_admin_set_it(place):
    place.host_file(
        'locked = ["capture.stream_usage", "tags.team", "endpoints"]\n'
        '[capture]\nstream_usage = "ask"\n[tags]\nteam = "search"'
    )
    place.user_file(
        '[capture]\nstream_usage = "count"\n[tags]\nteam = "x"\nproject = "p"'
    )
    place.project_file(ENDPOINT)
    place.trust_project()
    found = place.load(CELLCOST_TAGS="team=y", CELLCOST_CAPTURE_STREAM_USAGE="count")
    assert found.capture.stream_usage == "ask"
    assert (found.tags["team"], found.tags["project"]) == ("search", "p")
    assert found.endpoints == ()
    assert len(found.notes) == 5
    assert "capture.stream_usage" in found.notes[0]
    assert str(place.host / "cellcost.toml") in found.notes[0]


def test_a_lock_on_a_section_holds_for_every_key_in_it(place):
    place.host_file('locked = ["tags"]')
    found = place.load(CELLCOST_ENV="prod", CELLCOST_TAGS="free=1")
    assert dict(found.tags) == {"environment": "dev"}


def test_only_an_admin_can_lock(place):
    place.project_file('locked = ["tags"]')
    found = place.load(CELLCOST_ENV="prod")
    assert found.environment == "prod"
    assert "locked" in found.notes[0]


def test_a_broken_file_is_left_out_and_the_others_hold(place):
    place.host_file('locked = ["tags.team"]\n[tags]\nteam = "search"')
    place.user_file('[tags]\nowner = "ada"')
    broken = place.project_file('[tags]\nteam = "x"\nproject = 5')
    found, problem = load_settings_or_default(
        cwd=place.project, env={**place.env, "CELLCOST_ENV": "prod"}
    )
    assert str(problem).startswith(f"{broken}:3: tags.project must be text")
    assert dict(found.tags) == {"environment": "prod", "team": "search", "owner": "ada"}


def test_a_broken_variable_is_left_out_and_the_files_hold(place):
    place.user_file('[tags]\nteam = "a"')
    found, problem = load_settings_or_default(
        cwd=place.project, env={**place.env, "CELLCOST_TAGS": "team"}
    )
    assert "CELLCOST_TAGS" in str(problem)
    assert found.tags["team"] == "a"


def test_the_host_file_of_a_real_environment_counts(tmp_path):
    root = tmp_path / "env"
    venv.create(root, with_pip=False, symlinks=os.name != "nt")
    folder = root / "etc" / "cellcost"
    folder.mkdir(parents=True)
    (folder / "cellcost.toml").write_text('[tags]\nteam = "host"')
    scripts = "Scripts" if os.name == "nt" else "bin"
    core = Path(load_settings.__code__.co_filename).parents[2]
    program = (
        "import os, pathlib, cellcost.config as c;"
        "print(c.load_settings(cwd=pathlib.Path.cwd(), env=os.environ).tags['team'])"
    )
    done = subprocess.run(
        [str(root / scripts / "python"), "-c", program],
        env={**os.environ, "PYTHONPATH": str(core), "CELLCOST_HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "host"


def test_settings_load_in_under_five_milliseconds(place):
    place.user_file('[tags]\nteam = "a"\n' + ENDPOINT)
    place.project_file('[[endpoints]]\nurl = "https://a.corp"\nprovider = "openai"')
    place.trust_project()
    place.load()
    durations = []
    for _ in range(20):
        start = time.perf_counter()
        place.load()
        durations.append(time.perf_counter() - start)
    assert sorted(durations)[5] < 0.005


_scalars = (
    st.text(max_size=20)
    | st.integers()
    | st.booleans()
    | st.floats()
    | st.dates()
    | st.datetimes()
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
_names = st.sampled_from(
    [
        "tags",
        "capture",
        "view",
        "endpoints",
        "prices",
        "locked",
        "stream_usage",
        "persist",
        "url",
        "provider",
        "rates",
        "gpu_hour",
        "model",
        "valid_from",
        "discount",
        "x",
    ]
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.dictionaries(_names, st.dictionaries(_names, _values) | _values, max_size=4),
    st.sampled_from(["[{}]\n", "[[{}]]\n"]),
)
def test_no_file_makes_anything_but_a_config_error(place, tables, header):
    lines = []
    for section, content in tables.items():
        if isinstance(content, dict):
            lines.append(header.format(section))
            lines += [f"{name} = {_toml(value)}\n" for name, value in content.items()]
        else:
            lines.insert(0, f"{section} = {_toml(content)}\n")
    text = "".join(lines)
    place.user_file("")
    (place.home / "cellcost.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        place.load()
    except ConfigError as error:
        assert str(place.home / "cellcost.toml") in str(error)


def _quoted(text: str) -> str:
    escaped = "".join(
        char if char.isalnum() and char.isascii() else f"\\U{ord(char):08X}"
        for char in text
    )
    return f'"{escaped}"'


def _toml(value: object) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        inner = ", ".join(f"{_quoted(k)} = {_toml(v)}" for k, v in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def test_what_leaves_and_where_to_is_no_decision_of_a_project(place):
    place.user_file(
        '[sync]\nurl = "https://ledger.corp/cost/"\nuser = "hash"\npath = "drop"'
    )
    project = place.project_file(
        '[sync]\nurl = "https://thief.example"\nuser = "send"\nca_file = "ca.pem"\n'
        '[tags]\nteam = "x"'
    )
    place.trust_project()
    found = place.load()
    assert found.sync == SyncSettings(
        url="https://ledger.corp/cost", user="hash", path="drop"
    )
    assert found.tags["team"] == "x"
    assert [note for note in found.notes if f"{project}: sync.url counts only" in note]
    assert len(found.notes) == 3


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://LEDGER.corp:8443/", "https://ledger.corp:8443"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://[::1]:8787", "http://[::1]:8787"),
        ("http://localhost:8787", "http://localhost:8787"),
    ],
)
def test_a_ledger_is_reached_encrypted_or_on_this_machine(place, url, kept):
    assert place.load(CELLCOST_SYNC_URL=url).sync.url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://ledger.corp",
        "http://localhost.corp",
        "http://127.0.0.1.corp",
        "http://10.0.0.7:8787",
        "https://ada:secret@ledger.corp",
        "ledger.corp",
    ],
)
def test_an_address_that_would_show_the_key_is_refused(place, url):
    with pytest.raises(ConfigError, match=r"sync\.url|CELLCOST_SYNC_URL"):
        place.load(CELLCOST_SYNC_URL=url)


def test_the_key_of_a_container_is_no_unknown_variable(place):
    assert place.load(CELLCOST_SYNC_KEY="cck_x").sync == SyncSettings()
