"""Google: google-genai, google-generativeai and Vertex."""

from cellcost.analysis.families.table import Bills, Family, Kind, Makes

__all__ = ["FAMILY"]

_CAP = ("max_output_tokens",)
_CONTENT = Bills(kind="chat", prompt=("contents",), cap=_CAP)
_EMBED = Bills(kind="embeddings", prompt=("contents", "content"), cap=())
_SEND = Bills(
    kind="chat", where="receiver", prompt=("message", "content"), prompt_at=0, cap=_CAP
)
_ASK = Bills(kind="chat", where="receiver", prompt=("contents",), prompt_at=0, cap=_CAP)
_OLD_EMBED = Bills(
    kind="embeddings", where="receiver", prompt=("texts",), prompt_at=0, cap=()
)
_IMAGES = Bills(kind="image", prompt=("prompt",), cap=())
_MODEL = ("model", "model_name")

FAMILY = Family(
    name="google",
    roots=(
        "google.genai",
        "google.generativeai",
        "google.cloud.aiplatform",
        "vertexai",
    ),
    kinds=(
        Kind(
            name="google.client",
            provider="google",
            model=(),
            methods={
                "models.generate_content": _CONTENT,
                "models.generate_content_stream": _CONTENT,
                "models.embed_content": _EMBED,
                "models.generate_images": _IMAGES,
                "models.edit_image": _IMAGES,
                "models.generate_videos": Bills(
                    kind="video", prompt=("prompt",), cap=()
                ),
                "interactions.create": Bills(kind="chat", prompt=("input",), cap=_CAP),
                "batches.create": Bills(kind="batch", prompt=("src",), cap=()),
                "live.connect": Bills(kind="realtime", prompt=(), cap=()),
                "chats.create": Makes(kind="google.chat"),
            },
        ),
        Kind(
            name="google.chat",
            provider="google",
            model=_MODEL,
            methods={
                "send_message": _SEND,
                "send_message_async": _SEND,
                "send_message_stream": _SEND,
            },
        ),
        Kind(
            name="google.model",
            provider="google",
            model=_MODEL,
            position=0,
            methods={
                "generate_content": _ASK,
                "generate_content_async": _ASK,
                "generate_images": _ASK,
                "predict": _ASK,
                "predict_async": _ASK,
                "predict_streaming": _ASK,
                "get_embeddings": _OLD_EMBED,
                "get_embeddings_async": _OLD_EMBED,
                "start_chat": Makes(kind="google.old_chat"),
                "from_pretrained": Makes(),
            },
        ),
        Kind(
            name="google.old_chat",
            provider="google",
            model=_MODEL,
            position=0,
            methods={
                "send_message": _SEND,
                "send_message_async": _SEND,
                "send_message_streaming": _SEND,
            },
        ),
    ),
    makers={
        "Client": "google.client",
        "GenerativeModel": "google.model",
        "GenerativeModel.from_cached_content": "google.model",
        "TextGenerationModel.from_pretrained": "google.model",
        "TextEmbeddingModel.from_pretrained": "google.model",
        "ChatModel.from_pretrained": "google.model",
        "CodeGenerationModel.from_pretrained": "google.model",
        "ImageGenerationModel.from_pretrained": "google.model",
    },
    functions={
        "embed_content": Bills(kind="embeddings", prompt=("content",), cap=()),
        "embed_content_async": Bills(kind="embeddings", prompt=("content",), cap=()),
        "generate_text": Bills(kind="completion", prompt=("prompt",), cap=_CAP),
    },
)
