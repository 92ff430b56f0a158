"""Which functions can spend money at all, told from the words in them.

A function without a paid method's name, an SDK's name or the name of another such
function cannot make a call. Most code is like that, and is only read for its values.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from cellcost.analysis import syntax as s
from cellcost.analysis.families import FAMILIES, duck_words, ducks, family_words
from cellcost.analysis.source import Chunk

__all__ = ["hot_names", "may_spend"]

_DEFINED = re.compile(
    r"(?:async\s+)?def\s+(?P<func>\w+)|class\s+(?P<cls>\w+)"
    r"|(?P<names>[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*(?::[^=\n]*)?=(?!=)"
)
_KEPT = re.compile(
    r"\n[ \t]*+\w++(?:\.\w++)*?\.(?P<name>\w++)[ \t]*+(?::[^=\n]*+)?=(?!=)(?P<value>.*)"
)
"""An attribute that is assigned: what holds it may spend if its value may.

With the line end before it, which is found faster than `^`.
"""
_WORDS = re.compile(r"\w+")
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
    waiting = [item for chunk in kept for item in _kept_items(chunk)]
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


def may_spend(raw: bytes) -> bool:
    """Say whether a source file's bytes can hold a call: True where in doubt.

    False only where no SDK is named and no method chain of one: such a file can at most
    call a function of another file, which holds the call itself.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True  # UTF-16
    if _sdks().search(raw):
        return True
    return b"model" in raw and _chains().search(raw) is not None


@cache
def _sdks() -> re.Pattern[bytes]:
    names = {root.partition(".")[0] for family in FAMILIES for root in family.roots}
    return re.compile("|".join(sorted(map(re.escape, names))).encode() + rb"|%ai\b")


@cache
def _chains() -> re.Pattern[bytes]:
    names = {chain.split(".")[-2] for chain in ducks()}
    return re.compile(rb"\.(?:" + "|".join(sorted(names)).encode() + rb")\b")


def _kept_items(chunk: Chunk) -> tuple[_Item, ...]:
    if chunk.items is None:
        chunk.items = tuple(_items(chunk))
    return chunk.items


def _items(chunk: Chunk) -> Iterator[_Item]:
    text = chunk.text
    for kept in _KEPT.finditer(f"\n{text}"):
        yield (kept["name"],), frozenset(_WORDS.findall(kept["value"]))
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
