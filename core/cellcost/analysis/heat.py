"""Which functions can spend money at all, told from the words in them.

A function without a paid method's name, an SDK's name or the name of another such
function cannot make a call. Most code is like that, and is only read for its values.
"""

import re
from collections.abc import Iterable, Iterator

from cellcost.analysis import syntax as s
from cellcost.analysis.families import duck_words, family_words
from cellcost.analysis.source import Chunk

__all__ = ["hot_names"]

_DEFINED = re.compile(
    r"(?:async\s+)?def\s+(?P<func>\w+)|class\s+(?P<cls>\w+)"
    r"|(?P<names>[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*(?::[^=\n]*)?=(?!=)"
)
_Item = tuple[tuple[str, ...], frozenset[str]]


def hot_names(chunks: Iterable[Chunk], known: Iterable[str] = ()) -> set[str]:
    """Return the words that make a function worth running for its calls."""
    kept = list(chunks)
    words: set[str] = set()
    for chunk in kept:
        words |= chunk.words
    hot = set(family_words(words))
    if "model" in words:
        hot |= duck_words()
    hot.update(known)
    waiting = [item for chunk in kept for item in _items(chunk)]
    while True:
        cold: list[_Item] = []
        for names, said in waiting:
            if said.isdisjoint(hot):
                cold.append((names, said))
            else:
                hot.update(name for name in names if not name.startswith("__"))
        if len(cold) == len(waiting):
            return hot
        waiting = cold


def _items(chunk: Chunk) -> Iterator[_Item]:
    text = chunk.text
    at = 0
    while text.startswith("@", at):
        end = text.find("\n", at)
        if end < 0:
            return
        at = end + 1
    found = _DEFINED.match(text, at)
    if found is None:
        return
    if found["func"]:
        yield (found["func"],), chunk.words - {found["func"]}
    elif found["cls"]:
        yield from _methods(chunk, found["cls"])
    else:
        names = tuple(name.strip() for name in found["names"].split(","))
        yield names, chunk.words


def _methods(chunk: Chunk, cls: str) -> Iterator[_Item]:
    for stmt in chunk.body:
        if not isinstance(stmt, s.ClassDef):
            continue
        for part in stmt.body:
            if isinstance(part, s.FuncDef):
                yield (cls, part.name), part.words() - {part.name}
            elif isinstance(part, s.ClassDef | s.Assign | s.ExprStmt):
                # A client or a model in the class body: the whole class may spend.
                yield (cls,), chunk.words
        for base in stmt.bases:
            if isinstance(base, s.Name):
                yield (cls,), frozenset({base.id})
