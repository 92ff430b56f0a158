"""Raw HTTP posts to hosts that bill by the call."""

import re
from typing import NamedTuple

from cellcost.analysis.families.table import Bills, Family, Kind, Method

__all__ = ["FAMILY", "HOSTS", "Host"]


class Host(NamedTuple):
    """Addresses of one provider: `kind` and `model` may be groups of the pattern."""

    pattern: re.Pattern[str]
    provider: str
    kind: str


_OPENAI = (
    r"(?P<kind>chat/completions|responses|completions|embeddings|images/\w+"
    r"|audio/\w+|messages|rerank|fim/completions)(?![\w/]*(?:count|token))"
)


def _host(pattern: str, provider: str, kind: str = "") -> Host:
    return Host(re.compile(pattern), provider, kind)


HOSTS = (
    _host(rf"api\.openai\.com/v1/{_OPENAI}", "openai"),
    _host(
        rf"openai\.azure\.com/openai/deployments/(?P<model>[^/?]*)/{_OPENAI}", "azure"
    ),
    _host(rf"openai\.azure\.com/openai/v1/{_OPENAI}", "azure"),
    _host(
        r"api\.anthropic\.com/v1/(?P<kind>messages|complete)(?!/(?:count_tokens|batches/))",
        "anthropic",
    ),
    _host(
        r"(?:generativelanguage|aiplatform)\.googleapis\.com/[^ ]*?models/"
        r"(?P<model>[^:/?]*):(?:generateContent|streamGenerateContent|predict|rawPredict)",
        "google",
        "chat",
    ),
    _host(
        r"generativelanguage\.googleapis\.com/[^ ]*?models/"
        r"(?P<model>[^:/?]*):(?:batchEmbedContents|embedContent)",
        "google",
        "embeddings",
    ),
    _host(rf"generativelanguage\.googleapis\.com/v1beta/openai/{_OPENAI}", "google"),
    _host(rf"api\.groq\.com/openai/v1/{_OPENAI}", "groq"),
    _host(rf"api\.mistral\.ai/v1/{_OPENAI}", "mistral"),
    _host(
        r"api\.cohere\.(?:ai|com)/v\d/(?P<kind>chat|embed|generate|rerank)", "cohere"
    ),
    _host(rf"api\.together\.(?:xyz|ai)/v1/{_OPENAI}", "together"),
    _host(rf"openrouter\.ai/api/v1/{_OPENAI}", "openrouter"),
    _host(rf"api\.deepseek\.com/(?:v1/|beta/)?{_OPENAI}", "deepseek"),
    _host(rf"api\.fireworks\.ai/inference/v1/{_OPENAI}", "fireworks"),
    _host(rf"api\.perplexity\.ai/{_OPENAI}", "perplexity"),
    _host(rf"api\.x\.ai/v1/{_OPENAI}", "x-ai"),
    _host(rf"api\.cerebras\.ai/v1/{_OPENAI}", "cerebras"),
    _host(rf"api\.moonshot\.(?:ai|cn)/v1/{_OPENAI}", "moonshotai"),
    _host(rf"api\.voyageai\.com/v1/{_OPENAI}", "voyageai"),
    _host(rf"router\.huggingface\.co/[^ ]*?{_OPENAI}", "huggingface"),
    _host(
        r"api-inference\.huggingface\.co/models/(?P<model>[^?]*)", "huggingface", "chat"
    ),
    _host(r":11434/api/(?P<kind>generate|chat|embeddings|embed)\b", "ollama"),
    _host(rf":11434/v1/{_OPENAI}", "ollama"),
    _host(
        r"bedrock-runtime\.[\w-]*\.amazonaws\.com/model/(?P<model>[^/]*)/"
        r"(?:invoke|converse)",
        "aws",
        "chat",
    ),
)

_POST = Bills(kind="http", shape="post")
_REQUEST = Bills(kind="http", shape="request")
_METHODS: dict[str, Method] = {
    "post": _POST,
    "request": _REQUEST,
    "stream": _REQUEST,
    "send": _POST,
}

FAMILY = Family(
    name="http",
    roots=("requests", "httpx", "httpx2", "aiohttp", "urllib", "urllib3", "niquests"),
    kinds=(
        Kind(name="http.client", model=(), methods=_METHODS),
        Kind(name="http.request", model=(), methods={}),
    ),
    makers={
        "AsyncClient": "http.client",
        "AsyncSession": "http.client",
        "Client": "http.client",
        "ClientSession": "http.client",
        "PoolManager": "http.client",
        "Session": "http.client",
        "session": "http.client",
        "request.Request": "http.request",
    },
    functions={
        **_METHODS,
        "request.urlopen": Bills(kind="http", shape="urlopen"),
    },
)
