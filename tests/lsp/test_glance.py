"""What a key shows at once is what reading all of the text says of these rows."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from cellcost.config import Settings
from cellcost_lsp.analyst import Analyst
from cellcost_lsp.reading import Reading, snapshot
from cellcost_lsp.sheets import Sheet, Sheets

URI = "file:///nowhere/a.py"
ROOT = Path("/nowhere")
SETTINGS = Settings(home=ROOT)
HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
ASK = "    return client.responses.create(model={}, input='Hi', max_output_tokens={})\n"
PIECES = (
    *(f"MODEL = '{model}'\n" for model in ("gpt-4o", "o3")),
    *("def ask(model=MODEL):\n" + ASK.format("model", cap) for cap in (10, 200)),
    "def small():\n" + ASK.format("'gpt-4o-mini'", 7),
    "def many():\n    for n in range(3):\n        ask('o3')\n",
    "def lone():\n    many()\n    small()\n",
    "class Bot:\n    model = MODEL\n    def ask(self):\n    "
    + ASK.format("self.model", 9),
    "ask()\n",
    "for n in range(20):\n    Bot().ask()\n",
    "x = [n for n in range(3)]\n",
    "\n\n# nothing\n",
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.integers(0, 2),
        st.sampled_from(PIECES),
        st.integers(0, 24),
    ),
    min_size=1,
    max_size=8,
)


def no_file(path: Path) -> None:
    return None


def opened(text: str) -> tuple[Sheets, Sheet]:
    sheets = Sheets("utf-16", ROOT)
    item = types.TextDocumentItem(URI, "python", 1, text)
    return sheets, sheets.open_file(item)


def position(text: str, offset: int) -> types.Position:
    line = text.count("\n", 0, offset)
    return types.Position(line, offset - (text.rfind("\n", 0, offset) + 1))


def edit(sheets: Sheets, old: str, new: str) -> None:
    """Change a text as an editor would: what differs, and no more."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    where = types.Range(position(old, start), position(old, len(old) - end))
    change = types.TextDocumentContentChangePartial(
        range=where, text=new[start : len(new) - end]
    )
    document = types.VersionedTextDocumentIdentifier(2, URI)
    sheets.change_file(types.DidChangeTextDocumentParams(document, [change]))


def whole(analyst: Analyst, sheet: Sheet) -> Reading:
    """Read all of a text, as if it were new."""
    analyst.forget(URI)
    return analyst.read(snapshot(sheet, None), None, SETTINGS, {})[0]


@pytest.fixture(scope="module")
def analysts() -> tuple[Analyst, Analyst]:
    """One that reads all, and one that glances; both keep their price lists."""
    return Analyst(ROOT, no_file), Analyst(ROOT, no_file)


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLCOST_NOW", "2026-11-24T12:00:00Z")


@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), min_size=5, max_size=10), steps=STEPS)
def test_a_screen_tells_what_the_whole_tells(
    analysts: tuple[Analyst, Analyst],
    pieces: list[str],
    steps: list[tuple[int, int, str, int]],
) -> None:
    reader, glancer = analysts
    glancer.forget(URI)
    text = HEAD + "".join(pieces)
    sheets, sheet = opened(text)
    shown = whole(reader, sheet)
    for at, gone, piece, top in steps:
        pieces = [*pieces[:at], piece, *pieces[at + gone :]]
        old, text = text, HEAD + "".join(pieces)
        edit(sheets, old, text)
        rows = (None, top, top + 2)
        seen = snapshot(sheet, shown)
        shown, _ = glancer.glance(seen, shown, SETTINGS, {}, [rows])
        told, wanted = (
            [i for i in found.estimates if rows[1] <= i.site.area.row <= rows[2]]
            for found in (shown, whole(reader, sheet))
        )
        assert told == wanted
