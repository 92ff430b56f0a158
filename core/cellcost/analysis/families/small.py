"""SDKs with a handful of calls each."""

from cellcost.analysis.families.openai import METHODS
from cellcost.analysis.families.table import Bills, Family, Kind, Makes

__all__ = ["FAMILIES"]

_EMBED = Bills(kind="embeddings", prompt=("texts", "inputs"), prompt_at=0, cap=())
_HF = Bills(kind="chat", prompt=("messages", "prompt", "text", "question"), prompt_at=0)
_HF_TEXT = Bills(
    kind="completion", prompt=("prompt",), prompt_at=0, cap=("max_new_tokens",)
)
_HF_IMAGE = Bills(kind="image", prompt=("prompt",), prompt_at=0, cap=())

FAMILIES = (
    Family(
        name="huggingface_hub",
        roots=("huggingface_hub",),
        kinds=(
            Kind(
                name="huggingface_hub.client",
                provider="huggingface",
                model=("model",),
                position=0,
                methods={
                    **METHODS,
                    "chat_completion": _HF,
                    "text_generation": _HF_TEXT,
                    "summarization": _HF_TEXT,
                    "translation": _HF_TEXT,
                    "question_answering": _HF_TEXT,
                    "feature_extraction": Bills(
                        kind="embeddings", prompt=("text",), prompt_at=0, cap=()
                    ),
                    "text_to_image": _HF_IMAGE,
                    "image_to_image": _HF_IMAGE,
                    "automatic_speech_recognition": Bills(
                        kind="audio", prompt=(), cap=()
                    ),
                },
            ),
        ),
        makers=dict.fromkeys(
            ("InferenceClient", "AsyncInferenceClient"), "huggingface_hub.client"
        ),
    ),
    Family(
        name="voyageai",
        roots=("voyageai",),
        kinds=(
            Kind(
                name="voyageai.client",
                provider="voyageai",
                model=(),
                methods={
                    "embed": _EMBED,
                    "multimodal_embed": _EMBED,
                    "contextualized_embed": _EMBED,
                    "rerank": Bills(
                        kind="rerank", prompt=("query", "documents"), cap=()
                    ),
                },
            ),
        ),
        makers=dict.fromkeys(("Client", "AsyncClient"), "voyageai.client"),
    ),
    Family(
        name="replicate",
        roots=("replicate",),
        kinds=(
            Kind(
                name="replicate.client",
                provider="replicate",
                model=(),
                methods={
                    name: Bills(
                        kind="chat",
                        model=("ref", "model"),
                        position=0,
                        prompt=("input",),
                        cap=(),
                    )
                    for name in ("run", "stream", "async_run", "async_stream")
                },
            ),
        ),
        makers={"Client": "replicate.client"},
        functions={
            name: Bills(
                kind="chat",
                model=("ref", "model"),
                position=0,
                prompt=("input",),
                cap=(),
            )
            for name in ("run", "stream", "async_run", "async_stream")
        },
        provider="replicate",
    ),
    Family(
        name="xai_sdk",
        roots=("xai_sdk",),
        kinds=(
            Kind(
                name="xai_sdk.client",
                provider="x-ai",
                model=(),
                methods={"chat.create": Makes(kind="xai_sdk.chat")},
            ),
            Kind(
                name="xai_sdk.chat",
                provider="x-ai",
                model=("model",),
                methods=dict.fromkeys(
                    ("sample", "stream", "parse"),
                    Bills(kind="chat", where="receiver", prompt=()),
                ),
            ),
        ),
        makers={
            "Client": "xai_sdk.client",
            "AsyncClient": "xai_sdk.client",
        },
    ),
    Family(
        name="azure_inference",
        roots=("azure.ai.inference",),
        kinds=(
            Kind(
                name="azure_inference.client",
                provider="azure",
                model=("model",),
                methods={
                    "complete": Bills(kind="chat"),
                    "embed": Bills(kind="embeddings", prompt=("input",), cap=()),
                },
            ),
        ),
        makers=dict.fromkeys(
            ("ChatCompletionsClient", "EmbeddingsClient"), "azure_inference.client"
        ),
    ),
    Family(
        name="elevenlabs",
        roots=("elevenlabs", "elevenlabs.client"),
        kinds=(
            Kind(
                name="elevenlabs.client",
                provider="elevenlabs",
                model=(),
                methods={
                    name: Bills(
                        kind="audio",
                        model=("model_id", "model"),
                        prompt=("text",),
                        cap=(),
                    )
                    for name in (
                        "text_to_speech.convert",
                        "text_to_speech.stream",
                        "generate",
                        "speech_to_text.convert",
                    )
                },
            ),
        ),
        makers=dict.fromkeys(("ElevenLabs", "AsyncElevenLabs"), "elevenlabs.client"),
    ),
)
