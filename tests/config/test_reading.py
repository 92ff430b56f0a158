"""Mistakes in settings: each names file, line, key and likely meaning."""

import pytest

from cellcost.config import load_settings
from cellcost.errors import ConfigError

ENDPOINT = '[[endpoints]]\nurl = "http://a"\nprovider = "vllm"\n'
PRICE = '[[prices]]\nprovider = "openai"\nmodel = "gpt-5"\ndiscount = 0.1\n'


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[tag]\nteam = 'a'", 1, "unknown key tag; did you mean tags?"),
        ("x = 1", 1, "unknown key x"),
        (
            "# usage\nstream_usage = 'ask'",
            2,
            "unknown key stream_usage; did you mean capture.stream_usage?",
        ),
        (
            "[capture]\nstream-usage = 'ask'",
            2,
            "unknown key capture.stream-usage; did you mean stream_usage?",
        ),
        (
            "[capture]\nstream_usage = true",
            2,
            'capture.stream_usage must be text, not the truth value true; write "true"',
        ),
        (
            "[capture]\nstream_usage = 'counts'",
            2,
            'capture.stream_usage must be "ask" or "count", not "counts";'
            " did you mean count?",
        ),
        (
            "\n[tags]\nteam = 5",
            3,
            'tags.team must be text, not the number 5; write "5"',
        ),
        ("[tags]\nteam = ''", 2, "tags.team must not be empty"),
        ("[tags]\nteam = ['a']", 2, "tags.team must be text, not a list"),
        ("tags = 'a'", 1, "tags must be a table: [tags]"),
        ("[endpoints]\nurl = 'http://a'", 1, "must be written [[endpoints]]"),
        ("[[endpoints]]\nprovider = 'vllm'", 1, "endpoints needs url"),
        (
            "[[endpoints]]\nurl = 'http://a'",
            1,
            "endpoints http://a needs provider, rates or gpu_hour",
        ),
        (
            ENDPOINT + "\n[[endpoints]]\nurl = 'http://b'\nproviders = 'vllm'",
            7,
            "unknown key endpoints.providers; did you mean provider?",
        ),
        (
            "[[endpoints]]\nurl = 'http://b'\nprovider = 'opnai'",
            3,
            'endpoints.provider is no known provider: "opnai"; did you mean openai?',
        ),
        (
            "[[endpoints]]\nurl = 'http://b'\nprovider = 'zzzzzz'",
            3,
            'write "self-hosted" for a server without a price list',
        ),
        (
            "[[endpoints]]\nurl = 'localhost:8080'\nprovider = 'vllm'",
            2,
            "did you mean http://localhost:8080?",
        ),
        (
            "[[endpoints]]\nurl = 'https://me:key@a'\nprovider = 'vllm'",
            2,
            "must not hold a user name or password",
        ),
        (
            "[[endpoints]]\nurl = 'https://a/v1?key=1'\nprovider = 'vllm'",
            2,
            "remove the part from ? or # on",
        ),
        (
            "[[endpoints]]\nurl = 'http://a:port'\nprovider = 'vllm'",
            2,
            "not an address",
        ),
        (ENDPOINT + "rates = 3", 4, "rates must be a table like { input = 2.5"),
        (
            ENDPOINT + "rates = { inputs = 3 }",
            4,
            'endpoints.rates cannot name "inputs"; did you mean input?',
        ),
        (
            ENDPOINT + "rates = { input = '3' }",
            4,
            "endpoints.rates input must be a number; write 3 without quotes",
        ),
        (ENDPOINT + "rates = { input = -1 }", 4, "must not be negative"),
        (ENDPOINT + "rates = { input = nan }", 4, "must be a finite number"),
        (ENDPOINT + "rates = { input = true }", 4, "not the truth value true"),
        (ENDPOINT + "rates = { input = 1e12 }", 4, "is too large"),
        (ENDPOINT + "[endpoints.rates]\noutput = -3", 4, "must not be negative"),
        (ENDPOINT + "gpu_hour = 0", 4, "endpoints.gpu_hour must be more than 0"),
        (
            ENDPOINT + "gpu_hour = 2\nrates = { input = 1 }",
            1,
            "takes rates or gpu_hour, not both",
        ),
        (
            "[[prices]]\nprovider = 'openai'\nmodel = 'gpt-5'",
            1,
            "prices gpt-5 needs rates or discount",
        ),
        (
            "[[prices]]\nprovider = 'openai'\nmodel = 'gpt-5'\ndiscount = 15",
            4,
            "prices.discount must be a share from 0 to 1, not 15; for 15 % write 0.15",
        ),
        (PRICE + "valid_from = 'may'", 5, 'must be a day like 2026-11-24, not "may"'),
        (PRICE + "valid_from = 2026-05-01T10:00:00", 5, "write 2026-05-01"),
        (
            PRICE + "valid_from = 2026-05-02\nvalid_to = 2026-05-02",
            1,
            "valid_to 2026-05-02 must be after valid_from 2026-05-02",
        ),
        ("[tags\nteam = 'a'", 1, "is not valid TOML"),
        ("[tags]\nteam = 'a'\nteam = 'b'", 3, "is not valid TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_likely_meaning(place, text, line, said):
    path = place.user_file(text)
    with pytest.raises(ConfigError) as caught:
        place.load()
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_a_pyproject_is_named_too(place):
    path = place.project_file(
        "[project]\nname = 'x'\n\n[tool.cellcost.capture]\nstream = 'ask'",
        "pyproject.toml",
    )
    with pytest.raises(ConfigError) as caught:
        place.load()
    assert str(caught.value).startswith(f"{path}:5: unknown key capture.stream;")


@pytest.mark.parametrize(
    ("provider", "meant"),
    [
        *((name, name) for name in ("openai", "anthropic", "google", "azure", "aws")),
        *((name, name) for name in ("deepseek", "openrouter", "cohere", "groq")),
        *((name, name) for name in ("ollama", "vllm", "llama.cpp", "self-hosted")),
        ("OpenAI", "openai"),
        ("azure.ai.openai", "azure"),
        ("aws.bedrock", "aws"),
        ("gcp.vertex_ai", "google"),
        ("gcp.gemini", "google"),
        ("mistral_ai", "mistral"),
        ("x_ai", "x-ai"),
        ("llama-cpp", "llama.cpp"),
    ],
)
def test_catalogue_ids_otel_names_and_host_kinds_are_providers(place, provider, meant):
    place.user_file(f'[[endpoints]]\nurl = "http://a"\nprovider = "{provider}"')
    (endpoint,) = place.load().endpoints
    assert endpoint.provider == meant


def test_an_endpoint_with_rates_needs_no_provider(place):
    place.user_file('[[endpoints]]\nurl = "http://a"\ngpu_hour = 2.5')
    (endpoint,) = place.load().endpoints
    assert (endpoint.provider, str(endpoint.gpu_hour)) == ("self-hosted", "2.5")


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("CELLCOST_TAGS", "team", '"team" is not name=value'),
        ("CELLCOST_TAGS", "team=a,=b", '"=b" is not name=value'),
        ("CELLCOST_CAPTURE_STREAM_USAGE", "sometimes", 'must be "ask" or "count"'),
        (
            "CELLCOST_CAPTURE_STREAMUSAGE",
            "ask",
            "did you mean CELLCOST_CAPTURE_STREAM_USAGE?",
        ),
    ],
)
def test_a_mistake_in_a_variable_is_named(place, variable, text, said):
    with pytest.raises(ConfigError) as caught:
        place.load(**{variable: text})
    assert str(caught.value).startswith(variable)
    assert said in str(caught.value)


def test_a_mistake_in_an_argument_is_named(place):
    with pytest.raises(ConfigError, match=r"capture\.usage: .*capture\.stream_usage"):
        load_settings(
            cwd=place.project, env=place.env, arguments={"capture.usage": "ask"}
        )


def test_a_lock_on_nothing_is_a_mistake(place):
    path = place.host_file('locked = ["capture.stream"]')
    with pytest.raises(ConfigError) as caught:
        place.load()
    assert f"{path}:1: locked names no setting" in str(caught.value)
    assert "did you mean capture.stream_usage?" in str(caught.value)
