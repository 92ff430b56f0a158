"""Values found at the edges of a large JSON body, without parsing its middle.

A quote inside a string is escaped (`\\"usage\\"`), so an unescaped `"usage":` is a key.
"""

import json
from typing import Any

__all__ = ["EDGE_BYTES", "Edges", "edges_of", "value_at"]

EDGE_BYTES = 4 * 1024

Edges = tuple[bytes, bytes]
"""The last and the first few KB of a body."""

_DECODER = json.JSONDecoder()


def edges_of(body: bytes) -> Edges:
    """Return the edges of `body`, the end first: most stands there."""
    return body[-EDGE_BYTES:], body[:EDGE_BYTES]


def value_at(edges: Edges, name: str) -> Any:
    """Return the JSON value of the last key `name` found at an edge, or None."""
    key = b'"' + name.encode() + b'"'
    for edge in edges:
        end = len(edge)
        while (at := edge.rfind(key, 0, end)) >= 0:
            end = at
            if at and edge[at - 1 : at] == b"\\":
                continue
            rest = edge[at + len(key) :].lstrip()
            if not rest.startswith(b":"):
                continue
            text = rest[1:].decode("utf-8", "ignore").lstrip()
            try:
                value, stop = _DECODER.raw_decode(text)
            except ValueError:
                continue
            if stop < len(text):  # a number at the very end may go on beyond the edge
                return value
    return None
