"""Which tags a source sets itself: `with cellcost.tags(team="search")`."""

import re
from collections.abc import Iterable

__all__ = ["tags_in"]

_CALL = re.compile(r"\btags\(((?:[^()]|\([^()]*\))*)\)")
_NAME = re.compile(r"(?<![\w.])(\w+)\s*=(?!=)")


def tags_in(lines: Iterable[str]) -> frozenset[str]:
    """Return the names that calls of `tags(...)` set, wherever they stand."""
    text = "\n".join(lines)
    if "tags(" not in text:
        return frozenset()
    return frozenset(
        name for found in _CALL.finditer(text) for name in _NAME.findall(found[1])
    )
