"""Question: a request for estimates, checked and bounded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from cellcost_server.answers import ApiError

__all__ = ["MOST_CELLS", "MOST_CHARACTERS", "Question", "question_of"]

MOST_CELLS = 2_000
MOST_CHARACTERS = 1_000_000
"""Of all sources together: what a notebook of code never reaches."""

_SHAPE = 'Send {"path": "a.ipynb", "cells": [{"id": "...", "source": "..."}]}.'


@dataclass(frozen=True, slots=True)
class Question:
    """What the cells of `path` will cost; `cells` are (id, source), as they stand."""

    path: str
    # No log line and no traceback may show a source.
    cells: tuple[tuple[str, str], ...] = field(repr=False)


def question_of(body: bytes) -> Question:
    """Return what is asked. Raises ApiError that never quotes the body."""
    try:
        sent: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise _refused("The body is not JSON.") from None
    if not isinstance(sent, dict):
        raise _refused("The body is no object.")
    fields = cast("dict[str, Any]", sent)
    path, listed = fields.get("path"), fields.get("cells")
    if not isinstance(path, str) or not path:
        raise _refused("'path' is missing.")
    if not isinstance(listed, list):
        raise _refused("'cells' is no list.")
    cells = tuple(_cell(item) for item in cast("Sequence[Any]", listed))
    if len({cell_id for cell_id, _ in cells}) < len(cells):
        raise _refused("Two cells have one id.")
    size = sum(len(source) for _, source in cells)
    if len(cells) > MOST_CELLS or size > MOST_CHARACTERS:
        raise ApiError(
            413,
            "too_large",
            f"{len(cells)} cells of {size} characters are too much to look at.",
            f"At most {MOST_CELLS} cells and {MOST_CHARACTERS} characters.",
        )
    return Question(path, cells)


def _cell(item: Any) -> tuple[str, str]:
    if isinstance(item, dict):
        fields = cast("dict[str, Any]", item)
        cell_id, source = fields.get("id"), fields.get("source")
        if isinstance(cell_id, str) and cell_id and isinstance(source, str):
            return cell_id, source
    raise _refused("A cell has no 'id' or no 'source'.")


def _refused(message: str) -> ApiError:
    return ApiError(400, "bad_request", message, _SHAPE)
