"""SDKs with the interface of OpenAI's under another name."""

from cellcost.analysis.families.openai import METHODS
from cellcost.analysis.families.table import Family, Kind

__all__ = ["FAMILIES"]

_CLIENTS = (
    # (roots, provider, classes)
    (("groq",), "groq", ("Groq", "AsyncGroq", "Client", "AsyncClient")),
    (("together",), "together", ("Together", "AsyncTogether", "Client")),
    (
        ("fireworks", "fireworks.client"),
        "fireworks",
        ("Fireworks", "AsyncFireworks", "LLM"),
    ),
    (("cerebras.cloud.sdk", "cerebras"), "cerebras", ("Cerebras", "AsyncCerebras")),
    (("aisuite",), "", ("Client",)),
    (("portkey_ai",), "", ("Portkey", "AsyncPortkey")),
    (("zhipuai",), "zhipuai", ("ZhipuAI",)),
    (("zai",), "zai", ("ZaiClient", "ZhipuAiClient")),
    (("openrouter",), "openrouter", ("OpenRouter",)),
    (("perplexity",), "perplexity", ("Perplexity", "AsyncPerplexity")),
    (("sambanova",), "sambanova", ("SambaNova", "AsyncSambaNova")),
    (("volcenginesdkarkruntime",), "volcengine", ("Ark", "AsyncArk")),
    (("writerai",), "writer", ("Writer", "AsyncWriter")),
    (("ai21",), "ai21", ("AI21Client", "AsyncAI21Client")),
)

FAMILIES = tuple(
    Family(
        name=roots[0],
        roots=roots,
        kinds=(
            Kind(
                name=f"{roots[0]}.client",
                provider=provider,
                methods=METHODS,
                model=("model",),
            ),
        ),
        makers=dict.fromkeys(classes, f"{roots[0]}.client"),
        functions={
            "Complete.create": METHODS["completions.create"],
            "ChatCompletion.create": METHODS["chat.completions.create"],
        },
    )
    for roots, provider, classes in _CLIENTS
)
