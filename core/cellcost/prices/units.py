"""What can be priced: rate names, and which rate each class of tokens falls back to."""

from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "CHAINS",
    "SOURCE_UNITS",
    "UNIT_ALIASES",
    "UNIT_CHAINS",
    "Unit",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """A rate name of ours and how many units one price of the source buys."""

    rate: str
    per: int = 1_000_000


# genai-prices 0.2.3 (data_units.py) -> ours. A key that is not here stops `compile`.
SOURCE_UNITS = MappingProxyType(
    {
        "input_mtok": Unit("input"),
        "output_mtok": Unit("output"),
        "cache_read_mtok": Unit("cache_read"),
        "cache_write_mtok": Unit("cache_write"),
        "cache_write_5m_mtok": Unit("cache_write_5m"),
        "cache_write_1h_mtok": Unit("cache_write_1h"),
        "input_audio_mtok": Unit("input_audio"),
        "cache_audio_read_mtok": Unit("cache_read_audio"),
        "input_image_mtok": Unit("input_image"),
        "cache_image_read_mtok": Unit("cache_read_image"),
        "input_video_mtok": Unit("input_video"),
        "cache_video_read_mtok": Unit("cache_read_video"),
        "output_reasoning_mtok": Unit("reasoning"),
        "output_audio_mtok": Unit("output_audio"),
        "output_image_mtok": Unit("output_image"),
        "output_video_mtok": Unit("output_video"),
        "output_citation_mtok": Unit("output_citation"),
        "input_mchars": Unit("input_character"),
        "input_text_messages_kcount": Unit("input_text_message", 1_000),
        "audio_hours": Unit("audio_second", 3_600),
        "input_audio_hours": Unit("input_audio_second", 3_600),
        "output_audio_hours": Unit("output_audio_second", 3_600),
        "input_gpixels": Unit("input_pixel", 1_000_000_000),
        "input_document_kpages": Unit("document_page", 1_000),
        "input_annotated_document_kpages": Unit("annotated_document_page", 1_000),
        "rerank_searches_kcount": Unit("rerank_search", 1_000),
        "web_searches_kcount": Unit("web_search", 1_000),
        "social_searches_kcount": Unit("social_search", 1_000),
        "storage_searches_kcount": Unit("storage_search", 1_000),
        "code_executions_kcount": Unit("code_execution", 1_000),
        "requests_kcount": Unit("request", 1_000),
    }
)

# (meter, variant) of a line -> rate names, the most special first. A class without a
# price of its own pays its parent's, as genai-prices computes it.
CHAINS = MappingProxyType(
    {
        ("input", ""): ("input",),
        ("input", "video"): ("input_video", "input"),
        ("input_audio", ""): ("input_audio", "input"),
        ("input_image", ""): ("input_image", "input"),
        ("cache_read", ""): ("cache_read", "input"),
        ("cache_read", "image"): (
            "cache_read_image",
            "cache_read",
            "input_image",
            "input",
        ),
        ("cache_read", "video"): (
            "cache_read_video",
            "cache_read",
            "input_video",
            "input",
        ),
        ("cache_read_audio", ""): (
            "cache_read_audio",
            "cache_read",
            "input_audio",
            "input",
        ),
        ("cache_write", ""): ("cache_write", "input"),
        ("cache_write", "5m"): ("cache_write_5m", "cache_write", "input"),
        ("cache_write", "1h"): ("cache_write_1h", "cache_write", "input"),
        ("output", ""): ("output",),
        ("output", "video"): ("output_video", "output"),
        ("output", "citation"): ("output_citation", "output"),
        ("output_audio", ""): ("output_audio", "output"),
        ("output_image", ""): ("output_image", "output"),
        ("reasoning", ""): ("reasoning", "output"),
    }
)

# Units that are not tokens -> rate names, the most special first.
UNIT_CHAINS = MappingProxyType(
    {
        "annotated_document_page": ("annotated_document_page", "document_page"),
        "audio_second": ("input_audio_second", "audio_second"),
        "input_audio_second": ("input_audio_second", "audio_second"),
        "output_audio_second": ("output_audio_second", "audio_second"),
    }
)

# Names that providers (or genai-prices) use for our units in `Usage.other`.
UNIT_ALIASES = MappingProxyType(
    {
        "audio_seconds": "audio_second",
        "seconds": "audio_second",
        "input_audio_seconds": "input_audio_second",
        "output_audio_seconds": "output_audio_second",
        "characters": "input_character",
        "input_characters": "input_character",
        "code_executions": "code_execution",
        "file_search": "storage_search",
        "input_text_messages": "input_text_message",
        "input_pixels": "input_pixel",
        "pages": "document_page",
        "input_document_pages": "document_page",
        "input_annotated_document_pages": "annotated_document_page",
        "rerank_searches": "rerank_search",
        "search_units": "rerank_search",
        "social_searches": "social_search",
        "storage_searches": "storage_search",
        "web_searches": "web_search",
        "web_search_requests": "web_search",
        "input_image_tokens": "input_image",
        "input_video_tokens": "input_video",
        "cache_image_read_tokens": "cache_read_image",
        "cache_video_read_tokens": "cache_read_video",
        "output_image_tokens": "output_image",
        "output_video_tokens": "output_video",
        "output_citation_tokens": "output_citation",
    }
)
