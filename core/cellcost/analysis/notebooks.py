"""A notebook file as the code cells to analyse."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["code_cells"]


def code_cells(text: str) -> list[tuple[int, str]] | None:
    """Return (index, source) of the Python cells of an .ipynb; None if it is broken.

    A notebook of another language has none.
    """
    try:
        root: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(root, dict):
        return None
    book = cast(dict[str, Any], root)
    if _language(book.get("metadata")) not in ("", "python", "ipython", "python3"):
        return []
    cells: Any = book.get("cells")
    if not isinstance(cells, list):
        return None
    found_cells = cast("Sequence[Any]", cells)
    found: list[tuple[int, str]] = []
    for index, item in enumerate(found_cells):
        if not isinstance(item, dict):
            continue
        cell = cast(dict[str, Any], item)
        if cell.get("cell_type") != "code":
            continue
        found.append((index, _source(cell.get("source"))))
    return found


def _source(source: Any) -> str:
    if isinstance(source, str):
        return source
    if not isinstance(source, list):
        return ""
    parts = cast("Sequence[Any]", source)
    return "".join(part for part in parts if isinstance(part, str))


def _language(metadata: Any) -> str:
    if not isinstance(metadata, Mapping):
        return ""
    found = cast(Mapping[str, Any], metadata)
    for name, key in (("kernelspec", "language"), ("language_info", "name")):
        part: Any = found.get(name)
        if isinstance(part, Mapping):
            language: Any = cast(Mapping[str, Any], part).get(key)
            if isinstance(language, str) and language:
                return language.lower()
    return ""
