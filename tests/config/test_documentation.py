"""docs/configuration.md: every setting is in it, and what it shows works."""

import re
import tomllib
from pathlib import Path

import pytest

from cellcost.config.schema import SETTINGS, VARIABLES

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
TEXT = PAGE.read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_every_setting_is_documented_in_a_row_of_its_own(setting):
    (row,) = [
        line for line in TEXT.splitlines() if line.startswith(f"| `{setting.key}`")
    ]
    assert setting.meaning in row
    for choice in setting.choices:
        assert f"`{choice}`" in row
    if setting.default:
        assert f"`{setting.default}`" in row
    if setting.variable:
        assert f"`{setting.variable}`" in row
    assert "Required." in row or not setting.required


def test_nothing_is_documented_that_is_no_setting():
    keys = {setting.key for setting in SETTINGS}
    shown = set(re.findall(r"^\| `([a-z_.]+)`", TEXT, re.MULTILINE))
    assert shown == keys


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_is_documented(variable):
    assert f"`{variable}`" in TEXT


def test_every_variable_that_the_code_reads_is_known():
    rooms = Path(__file__).parents[2]
    sources = [
        path.read_text(encoding="utf-8")
        for room in ("core", "meter", "server_ext/cellcost_server")
        for path in (rooms / room).rglob("*.py")
    ]
    read = {
        name
        for source in sources
        for name in re.findall(r'"(CELLCOST_[A-Z_]*[A-Z])"', source)
    }
    assert read <= set(VARIABLES)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_is_a_settings_file_that_holds(place, snippet):
    place.host_file(snippet)
    found = place.load()
    table = tomllib.loads(snippet)
    assert len(found.endpoints) == len(table.get("endpoints", ()))
    assert len(found.prices) == len(table.get("prices", ()))
    assert len(found.gpu_rates) == len(table.get("gpu_rates", ()))
    assert len(found.policies) == ("policy" in table)
    assert found.notes == ()
