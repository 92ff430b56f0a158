"""Finding model calls in source: read whole, and after one key was typed.

The floor of a whole read is tree-sitter's own parse of the same text; of an edit,
tree-sitter's incremental parse.
"""

from collections.abc import Callable

import tree_sitter
import tree_sitter_python

from cellcost.analysis import Document, analyse
from measure import BenchPath, per_call_us

_HEAD = """import json, logging
from openai import OpenAI
client = OpenAI()
MODEL = "gpt-4o"
SYSTEM = "You are helpful."
KNOWN = {"a": 1}
logger = logging.getLogger(__name__)
"""
_PLAIN = '''
def handler_{n}(request, context=None, retries=3):
    """Handle one request of kind {n}."""
    payload = request.get_json() or {{}}
    user = payload.get("user", "anonymous")
    items = [item.strip() for item in payload.get("items", []) if item]
    total = 0
    for index, item in enumerate(items):
        if item.startswith("x"):
            total += len(item) * index
        elif item in KNOWN:
            total -= KNOWN[item]
        else:
            logger.warning("unknown item %s for %s", item, user)
    return {{"total": total, "user": user, "count": len(items)}}

'''
_CALL = """
def ask_{n}(prompt, model=MODEL):
    messages = [{{"role": "system", "content": SYSTEM}}]
    messages.append({{"role": "user", "content": prompt}})
    response = client.chat.completions.create(
        model=model, messages=messages, max_tokens=200
    )
    return response.choices[0].message.content

"""


def program(lines: int) -> str:
    """Return about so many lines in which every fourth function calls a model."""
    parts = [_HEAD]
    count = n = 0
    while count < lines:
        part = _PLAIN.format(n=n) + (_CALL.format(n=n) if n % 4 == 0 else "")
        parts.append(part)
        count += part.count("\n")
        n += 1
    return "".join(parts)


def _whole(text: str) -> Callable[[], object]:
    return lambda: analyse(Document("a.py", text))


def _parse(text: str) -> Callable[[], object]:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
    raw = text.encode()
    return lambda: parser.parse(raw)


def _edit(text: str) -> Callable[[], object]:
    document = Document("a.py", text)
    analyse(document)
    at = text.index("total += len(item)", len(text) // 2)

    def edit() -> object:
        document.edit(at, at, "a")
        return analyse(document)

    return edit


def _parse_edit(text: str) -> Callable[[], object]:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
    raw = text.encode()
    tree = parser.parse(raw)
    at = text.index("total += len(item)", len(text) // 2)
    row = text.count("\n", 0, at)

    def edit() -> object:
        nonlocal raw, tree
        raw = raw[:at] + b"a" + raw[at:]
        tree.edit(at, at, at + 1, (row, 12), (row, 12), (row, 13))
        tree = parser.parse(raw, tree)
        return tree

    return edit


def paths() -> list[BenchPath]:
    """Return the rows: 300, 2,000 and 10,000 lines, whole and edited."""
    rows: list[BenchPath] = []
    for lines, whole_goal_us, edit_goal_us in (
        (300, 20_000, 5_000),
        (2_000, 100_000, 20_000),
        (10_000, 500_000, 100_000),
    ):
        text = program(lines)
        whole, parse = _whole(text), _parse(text)
        edit, parse_edit = _edit(text), _parse_edit(text)
        rows.append(
            BenchPath(
                name=f"analyse {lines:,} lines, read whole",
                figure=lambda whole=whole: per_call_us(whole, calls=1),
                floor=lambda parse=parse: per_call_us(parse, calls=1),
                goal_us=whole_goal_us,
            )
        )
        rows.append(
            BenchPath(
                name=f"analyse {lines:,} lines after one key",
                figure=lambda edit=edit: per_call_us(edit, calls=3),
                floor=lambda parse_edit=parse_edit: per_call_us(parse_edit, calls=3),
                goal_us=edit_goal_us,
            )
        )
    return rows
