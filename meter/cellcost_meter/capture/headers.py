"""What the headers of an answer say: ids and accounts, never a credential."""

from collections.abc import Iterable
from typing import NamedTuple

from cellcost_meter.capture.dialects.foreign import short_text

__all__ = ["AnswerHeaders", "read_headers"]

_REQUEST_IDS = (b"x-request-id", b"request-id", b"apim-request-id", b"x-amzn-requestid")
_ACCOUNTS = (b"openai-organization", b"openai-project", b"anthropic-organization-id")
_WANTED = frozenset(
    {
        *_REQUEST_IDS,
        *_ACCOUNTS,
        b"content-encoding",
        b"content-type",
        b"x-litellm-response-cost",
    }
)


class AnswerHeaders(NamedTuple):
    """The few headers that matter."""

    request_id: str
    billing_account: str
    """Organization, and project where one is named: `org-1/proj_2`."""
    encoding: str
    content_type: str
    reported_usd: str


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> AnswerHeaders:
    """Return what `raw` headers say."""
    found: dict[bytes, str] = {}
    for name, value in raw:
        key = name.lower()
        if key in _WANTED:
            found[key] = short_text(value.decode("latin-1"))
    return AnswerHeaders(
        next((found[name] for name in _REQUEST_IDS if name in found), ""),
        "/".join(found[name] for name in _ACCOUNTS if name in found),
        found.get(b"content-encoding", ""),
        found.get(b"content-type", ""),
        found.get(b"x-litellm-response-cost", ""),
    )
