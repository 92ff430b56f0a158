"""OpenAI and its Azure form."""

from cellcost.analysis.families.table import Bills, Family, Kind, Makes, Method

__all__ = ["FAMILY", "METHODS"]

_CAP = ("max_completion_tokens", "max_tokens")
_CHAT = Bills(kind="chat", cap=_CAP, duck=("model", "messages"))
_RESPONSES = Bills(
    kind="responses",
    prompt=("input", "instructions"),
    cap=("max_output_tokens",),
    duck=("model", "input"),
)
_IMAGE = Bills(
    kind="image",
    prompt=("prompt",),
    cap=(),
    duck=("model", "prompt"),
    default="dall-e-2",
)
_AUDIO = Bills(kind="audio", prompt=(), cap=(), duck=("model", "file"))

METHODS: dict[str, Method] = {
    "chat.completions.create": _CHAT,
    "chat.completions.parse": _CHAT,
    "chat.completions.stream": _CHAT,
    "responses.create": _RESPONSES,
    "responses.parse": _RESPONSES,
    "responses.stream": _RESPONSES,
    "completions.create": Bills(
        kind="completion", prompt=("prompt",), duck=("model", "prompt")
    ),
    "embeddings.create": Bills(
        kind="embeddings", prompt=("input",), cap=(), duck=("model", "input")
    ),
    "images.generate": _IMAGE,
    "images.edit": _IMAGE,
    "images.create_variation": Bills(
        kind="image", prompt=(), cap=(), default="dall-e-2"
    ),
    "audio.transcriptions.create": _AUDIO,
    "audio.translations.create": _AUDIO,
    "audio.speech.create": Bills(
        kind="audio", prompt=("input",), cap=(), duck=("model", "input")
    ),
    "videos.create": Bills(kind="video", prompt=("prompt",), cap=(), default="sora-2"),
    "videos.create_and_poll": Bills(
        kind="video", prompt=("prompt",), cap=(), default="sora-2"
    ),
    "realtime.connect": Bills(kind="realtime", prompt=(), cap=()),
    "assistants.create": Makes(kind="openai.assistant"),
    **dict.fromkeys(
        (
            "threads.create_and_run",
            "threads.create_and_run_poll",
            "threads.runs.create",
            "threads.runs.create_and_poll",
            "threads.runs.stream",
        ),
        Bills(
            kind="agent",
            model=("model", "assistant_id"),
            prompt=("instructions", "additional_messages"),
            cap=("max_completion_tokens",),
        ),
    ),
    "with_options": Makes(),
    "copy": Makes(),
}
# The old module-level interface (openai < 1), with Azure's names for a deployment.
_NAMES = ("model", "engine", "deployment_id")
_OLD_CHAT = Bills(kind="chat", model=_NAMES, cap=_CAP)
_OLD_TEXT = Bills(kind="completion", model=_NAMES, prompt=("prompt",))
_OLD_EMBED = Bills(kind="embeddings", model=_NAMES, prompt=("input",), cap=())
_OLD: dict[str, Method] = {
    "ChatCompletion.create": _OLD_CHAT,
    "ChatCompletion.acreate": _OLD_CHAT,
    "Completion.create": _OLD_TEXT,
    "Completion.acreate": _OLD_TEXT,
    "Embedding.create": _OLD_EMBED,
    "Embedding.acreate": _OLD_EMBED,
    "Image.create": _IMAGE,
    "Image.acreate": _IMAGE,
    "Audio.transcribe": Bills(kind="audio", position=0, prompt=(), cap=()),
    "Audio.translate": Bills(kind="audio", position=0, prompt=(), cap=()),
}

FAMILY = Family(
    name="openai",
    roots=("openai", "langfuse.openai"),
    kinds=(
        Kind(
            name="openai.client",
            provider="openai",
            methods=METHODS,
            model=("azure_deployment",),
        ),
        Kind(name="openai.assistant", provider="openai", carries=True),
    ),
    makers={
        "OpenAI": "openai.client",
        "AsyncOpenAI": "openai.client",
        "Client": "openai.client",
        "AsyncClient": "openai.client",
        "AzureOpenAI": "openai.client",
        "AsyncAzureOpenAI": "openai.client",
    },
    providers={"AzureOpenAI": "azure", "AsyncAzureOpenAI": "azure"},
    provider="openai",
    functions={**METHODS, **_OLD},
)
