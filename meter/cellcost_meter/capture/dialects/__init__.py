"""The wire formats we read, and which one a request speaks.

One small module a format; a new one is a module and a row in `DIALECTS`.
"""

from functools import lru_cache

from cellcost_meter.capture.dialects.anthropic_messages import MESSAGES
from cellcost_meter.capture.dialects.openai_chat import CHAT, COMPLETIONS
from cellcost_meter.capture.dialects.openai_embeddings import EMBEDDINGS
from cellcost_meter.capture.dialects.openai_responses import RESPONSES
from cellcost_meter.capture.dialects.reading import Answer, Asked, Dialect, StreamReader
from cellcost_meter.capture.dialects.unread import UNREAD

__all__ = ["DIALECTS", "Answer", "Asked", "Dialect", "StreamReader", "dialect_of"]

DIALECTS: tuple[Dialect, ...] = (CHAT, COMPLETIONS, EMBEDDINGS, MESSAGES, RESPONSES)


def _last(path: bytes) -> bytes:
    """Return the last segment, or the verb behind its colon (`x:generateContent`)."""
    segment = path.rpartition(b"/")[2]
    return segment.rpartition(b":")[2]


_BY_LAST: dict[bytes, list[tuple[bytes, Dialect]]] = {}
for _dialect in (*DIALECTS, *UNREAD):
    for _suffix in _dialect.suffixes:
        _BY_LAST.setdefault(_last(_suffix), []).append((_suffix, _dialect))


def dialect_of(raw_path: bytes) -> Dialect | None:
    """Return the dialect spoken at a request target (path and query), or None.

    Most requests of a process are no model calls: one look-up turns them away.
    """
    return _spoken_at(raw_path.partition(b"?")[0])


@lru_cache(maxsize=1024)
def _spoken_at(path: bytes) -> Dialect | None:
    path = path.rstrip(b"/")
    for suffix, dialect in _BY_LAST.get(_last(path), ()):
        if path.endswith(suffix):
            return dialect
    return None
