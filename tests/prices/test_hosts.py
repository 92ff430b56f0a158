"""A URL belongs to the provider whose host it is, and to nobody else."""

from collections.abc import Callable

import pytest

from cellcost.config.rates import Endpoint
from cellcost.errors import ConfigError
from cellcost.prices import PriceBook
from cellcost.prices.hosts import parse_url

MakeBook = Callable[..., PriceBook]


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://api.openai.com/v1/chat/completions", "openai"),
        ("https://API.OpenAI.com:443/v1/responses?x=1", "openai"),
        ("https://api.openai.com./v1", "openai"),
        ("https://api.anthropic.com/v1/messages", "anthropic"),
        ("https://team.openai.azure.com/openai/deployments/x?api-version=1", "azure"),
        ("https://generativelanguage.googleapis.com/v1beta/models/x", "google"),
        ("https://us-east1-aiplatform.googleapis.com/v1/projects/p", "google"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/model/x/invoke", "aws"),
        ("https://api.moonshot.cn/v1/chat/completions", "moonshotai"),
        ("https://openrouter.ai/api/v1/chat/completions", "openrouter"),
        ("https://router.huggingface.co/groq/openai/v1", "huggingface_groq"),
        ("https://w.cloud.databricks.com/serving-endpoints/x", "databricks"),
        ("https://w.cloud.databricks.com/api/2.0/jobs", ""),
        ("https://api.openai.com.evil.example/v1", ""),
        ("https://api.moonshot.evil.example/v1", ""),
        ("https://evil.example/x.googleapis.com", ""),
        ("https://api.openai.com@evil.example/v1", ""),
        ("https://evil.example/https://api.openai.com/", ""),
        ("https://api.openai.com:8443/v1", ""),
        ("http://127.0.0.1:8080/v1/chat/completions", ""),
        ("http://[::1]:8080/v1", ""),
        ("not a url", ""),
        ("http://[broken", ""),
        ("https://host:99999/v1", ""),
        ("", ""),
    ],
)
def test_a_url_belongs_to_its_host(book: PriceBook, url: str, provider: str) -> None:
    assert book.provider_of(url) == (provider, None)
    assert book.provider_of(url) == (provider, None)  # the kept answer


@pytest.mark.parametrize(
    ("prefix", "url", "holds"),
    [
        ("http://gpu01:8000/v1", "http://gpu01:8000/v1/chat/completions", True),
        ("http://gpu01:8000/v1/", "http://gpu01:8000/v1", True),
        ("http://gpu01:8000/v1", "http://gpu01:8000/v10/chat", False),
        ("http://gpu01:80", "http://gpu01:8000/v1", False),
        ("http://gpu01:80", "http://gpu01/v1", True),
        ("http://gpu01", "http://gpu01:8000/v1", True),
        ("http://gpu01", "http://gpu012/v1", False),
        ("http://gpu01", "http://gpu01.evil.example/v1", False),
        ("http://gpu01", "https://gpu01/v1", False),
        ("gpu01:8000", "http://gpu01:8000/v1", True),
        ("HTTP://GPU01:8000", "http://gpu01:8000/v1", True),
    ],
)
def test_an_endpoint_holds_what_its_prefix_says(
    make_book: MakeBook, prefix: str, url: str, holds: bool
) -> None:
    endpoint = Endpoint(url=prefix, provider="vllm")
    expected = ("vllm", endpoint) if holds else ("", None)
    assert make_book([endpoint]).provider_of(url) == expected


def test_the_longest_prefix_wins_whatever_the_order(
    make_book: MakeBook,
) -> None:
    wide = Endpoint(url="http://gw", provider="litellm")
    port = Endpoint(url="http://gw:4000", provider="openrouter")
    deep = Endpoint(url="http://gw/openai", provider="openai")
    for endpoints in ([wide, port, deep], [deep, port, wide]):
        book = make_book(endpoints)
        assert book.provider_of("http://gw:4000/openai/v1")[1] is deep
        assert book.provider_of("http://gw:4000/v1")[1] is port
        assert book.provider_of("http://gw:5000/v1")[1] is wide


def test_an_endpoint_wins_over_a_known_host_and_speaks_our_ids(
    make_book: MakeBook,
) -> None:
    mine = Endpoint(url="https://api.openai.com/v1", provider="azure.ai.openai")
    assert make_book([mine]).provider_of("https://api.openai.com/v1/x") == (
        "azure",
        mine,
    )


def test_an_untrusted_endpoint_names_no_provider(make_book: MakeBook) -> None:
    local = Endpoint(url="http://gw", provider="vllm", trusted=False)
    known = Endpoint(url="https://api.openai.com", provider="vllm", trusted=False)
    book = make_book([local, known])
    assert book.provider_of("http://gw/v1") == ("", local)
    assert book.provider_of("https://api.openai.com/v1") == ("openai", None)


def test_two_endpoints_with_one_prefix_are_refused(make_book: MakeBook) -> None:
    one = Endpoint(url="http://GW/v1/", provider="vllm", source="a.toml")
    other = Endpoint(url="http://gw/v1", provider="ollama", source="b.toml")
    with pytest.raises(ConfigError, match=r"a\.toml and b\.toml.*remove one"):
        make_book([one, other])


def test_an_endpoint_that_is_no_url_is_refused(make_book: MakeBook) -> None:
    with pytest.raises(ConfigError, match=r"a\.toml.*is no URL; write it like"):
        make_book([Endpoint(url="http://", provider="vllm", source="a.toml")])


def test_a_url_is_known_without_its_credentials() -> None:
    assert "secret" not in repr(parse_url("https://me:secret@gw/v1?key=secret"))
