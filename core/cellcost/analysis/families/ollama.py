"""Ollama: no bill, but a call of a model all the same."""

from cellcost.analysis.families.table import Bills, Family, Kind, Method

__all__ = ["FAMILY"]

_CHAT = Bills(kind="chat", position=0, prompt_at=1)
_TEXT = Bills(kind="completion", position=0, prompt=("prompt", "system"), prompt_at=1)
_EMBED = Bills(
    kind="embeddings", position=0, prompt=("input", "prompt"), prompt_at=1, cap=()
)

_METHODS: dict[str, Method] = {
    "chat": _CHAT,
    "generate": _TEXT,
    "embed": _EMBED,
    "embeddings": _EMBED,
}

FAMILY = Family(
    name="ollama",
    roots=("ollama",),
    kinds=(Kind(name="ollama.client", provider="ollama", model=(), methods=_METHODS),),
    makers=dict.fromkeys(("Client", "AsyncClient"), "ollama.client"),
    functions=_METHODS,
    provider="ollama",
)
