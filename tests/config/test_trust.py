"""A cloned repository changes no price until its user says so."""

import json
from datetime import UTC, datetime

import pytest

from cellcost.config.files import read_file
from cellcost.config.trust import read_trust, revoke, trust
from cellcost.errors import ConfigError
from cellcost.prices import load_book

FREE = (
    '[tags]\nteam = "a"\n'
    '[[endpoints]]\nurl = "https://api.openai.com"\nrates = { input = 0, output = 0 }\n'
    '[[prices]]\nprovider = "openai"\nmodel = "*"\ndiscount = 1\n'
)


def test_endpoints_and_prices_of_a_project_wait_for_trust(place):
    path = place.project_file(FREE)
    found = place.load()
    assert [endpoint.trusted for endpoint in found.endpoints] == [False]
    assert (found.prices, found.untrusted) == ((), (path,))
    assert found.tags["team"] == "a"
    place.trust_project()
    found = place.load()
    assert [endpoint.trusted for endpoint in found.endpoints] == [True]
    assert (len(found.prices), found.untrusted) == (1, ())


def test_an_untrusted_endpoint_prices_nothing_and_says_why(place):
    place.project_file(FREE + '[[endpoints]]\nurl = "http://me"\nprovider = "openai"')
    book = load_book(place.load())
    provider, endpoint = book.provider_of("https://api.openai.com/v1/chat/completions")
    assert (provider, endpoint) == ("openai", None)
    provider, endpoint = book.provider_of("http://me/v1/chat/completions")
    assert provider == ""
    at = datetime(2026, 11, 24, tzinfo=UTC)
    card = book.rate_card(provider, "gpt-5", at=at, endpoint=endpoint)
    assert "waits for `cellcost trust`" in card.reason


def test_an_untrusted_endpoint_does_not_cover_a_trusted_one(place):
    place.user_file('[[endpoints]]\nurl = "https://gw.corp"\nprovider = "openai"')
    place.project_file('[[endpoints]]\nurl = "https://gw.corp/v1"\nprovider = "vllm"')
    book = load_book(place.load())
    assert book.provider_of("https://gw.corp/v1/chat/completions")[0] == "openai"
    place.trust_project()
    book = load_book(place.load())
    assert book.provider_of("https://gw.corp/v1/chat/completions")[0] == "vllm"


def test_a_project_without_endpoints_and_prices_waits_for_nothing(place):
    place.project_file('[tags]\nteam = "a"')
    assert place.load().untrusted == ()


def test_an_edited_file_must_be_trusted_again(place):
    place.project_file(FREE)
    place.trust_project()
    path = place.project_file(FREE.replace("discount = 1", "discount = 0.5"))
    found = place.load()
    assert (found.prices, found.untrusted) == ((), (path,))


def test_the_same_content_elsewhere_is_not_trusted(place):
    place.project_file(FREE)
    place.trust_project()
    clone = place.project / "clone"
    clone.mkdir()
    (clone / "cellcost.toml").write_text(FREE)
    assert place.load(cwd=clone).untrusted == (clone / "cellcost.toml",)


def test_an_edit_elsewhere_in_a_pyproject_keeps_the_trust(place):
    text = '[tool.cellcost]\nendpoints = [{ url = "http://a", provider = "vllm" }]\n'
    place.project_file(text, "pyproject.toml")
    place.trust_project("pyproject.toml")
    place.project_file(f"[project]\nname = 'x'\n{text}", "pyproject.toml")
    assert len(place.load().endpoints) == 1
    place.project_file(text.replace("http://a", "http://b"), "pyproject.toml")
    assert [endpoint.trusted for endpoint in place.load().endpoints] == [False]


def test_user_and_host_files_need_no_trust(place):
    place.user_file('[[endpoints]]\nurl = "http://a"\nprovider = "vllm"')
    place.host_file('[[endpoints]]\nurl = "http://b"\nprovider = "vllm"')
    found = place.load()
    assert (len(found.endpoints), found.untrusted) == (2, ())


def test_trust_can_be_revoked(place):
    path = place.project_file(FREE)
    place.trust_project()
    assert revoke(place.home, path)
    assert not revoke(place.home, path)
    assert place.load().untrusted == (path,)


@pytest.mark.parametrize(
    "stored", ["", "{", "[]", '{"files": 5}', '{"files": {"a": {}}}', "\x00"]
)
def test_a_damaged_store_trusts_nothing_and_can_be_written_anew(place, stored):
    path = place.project_file(FREE)
    (place.home / "trust.json").write_text(stored)
    assert place.load().untrusted == (path,)
    place.trust_project()
    assert place.load().untrusted == ()


def test_a_home_that_cannot_hold_the_store_is_said(place):
    path = place.project_file(FREE)
    blocked = place.home / "file"
    blocked.write_text("")
    file = read_file("project", path)
    assert file is not None
    with pytest.raises(ConfigError, match="set CELLCOST_HOME"):
        trust(blocked, file, now=datetime(2026, 11, 24, tzinfo=UTC))


def test_a_link_to_a_trusted_file_is_the_same_file(place, tmp_path):
    place.project_file(FREE)
    place.trust_project()
    link = tmp_path / "link"
    link.symlink_to(place.project, target_is_directory=True)
    assert place.load(cwd=link).untrusted == ()


def test_the_store_names_the_file_and_the_time(place):
    path = place.project_file(FREE)
    place.trust_project()
    (entry,) = read_trust(place.home).values()
    assert (entry.path, entry.since) == (str(path), "2026-11-24T00:00:00+00:00")
    assert json.loads((place.home / "trust.json").read_text())["files"]
