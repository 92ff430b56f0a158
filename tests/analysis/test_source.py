"""Edits keep what they can, and never change what a text means."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cellcost.analysis import Document, Notebook, analyse
from cellcost.analysis.source import _TOKEN, Source
from cellcost.analysis.units import broken

PROGRAM = '''"""Docs with client.chat.completions.create(model="gpt-4o")."""
from openai import OpenAI

client = OpenAI()
MODELS = {
    "fast": "gpt-4o-mini",
    "smart": "gpt-4o",
}


class Bot:
    model = "gpt-4.1"

    def ask(self, text):
        return client.responses.create(model=self.model, input=f"hé {text}")


@staticmethod
def ask(prompt, model=MODELS["fast"]):
    if prompt:
        for _ in range(3):
            x = client.chat.completions.create(model=model, messages=[prompt])
    else:
        x = None
    return x


ask("hi", "gpt-4o")
try:
    Bot().ask("x")
except ValueError:
    pass
'''
PIECES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [
            "\n",
            "\r\n",
            "\r",
            '"""',
            "'",
            "(",
            "]",
            "}",
            "#",
            "\\",
            "\\\n",
            "def f():\n    ",
            "    ",
            "@",
            "else:\n",
            "\f",
            "\u2028",
            "\0",
            'client.responses.create(model="o3", input="x")\n',
            "import openai\n",
        ]
    ),
)
EDITS = st.lists(st.tuples(st.integers(0), st.integers(0, 40), PIECES), max_size=8)


@settings(max_examples=150, deadline=None)
@given(EDITS)
def test_edited_step_by_step_or_read_whole_a_text_is_the_same(
    edits: list[tuple[int, int, str]],
) -> None:
    document = Document("a.py", PROGRAM)
    for start, length, new in edits:
        at = start % (len(document.text) + 1)
        document.edit(at, at + length, new)
        fresh = Document("a.py", document.text)
        assert [(row, chunk.text) for _, row, chunk in document.pieces()] == [
            (row, chunk.text) for _, row, chunk in fresh.pieces()
        ]
    assert analyse(document) == analyse(Document("a.py", document.text))


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=30))
def test_chunks_are_the_text_in_order_with_its_lines_counted(pieces: list[str]) -> None:
    source = Source("".join(pieces))
    assert "".join(chunk.text for chunk in source.chunks) == source.text
    assert sum(chunk.lines for chunk in source.chunks) == source.text.count("\n")


def test_an_edit_reads_only_the_statement_it_touches_again() -> None:
    document = Document("a.py", PROGRAM)
    analyse(document)
    before = {id(chunk) for _, _, chunk in document.pieces()}
    at = document.text.index("range(3)")
    document.edit(at, at, "x")
    after = [chunk for _, _, chunk in document.pieces()]
    assert sum(id(chunk) not in before for chunk in after) == 1


def test_a_notebook_keeps_the_cells_that_did_not_change() -> None:
    notebook = Notebook("n.ipynb")
    notebook.update([(0, "x = 1\n"), (2, "y = 2\n")])
    kept = notebook.cells[0].chunks[0]
    notebook.update([(0, "x = 1\n"), (2, "y = 3\n")])
    assert notebook.cells[0].chunks[0] is kept


def test_a_statement_that_is_being_typed_is_told_from_its_neighbours() -> None:
    document = Document("a.py", "x = 1\ny = f(\n  2,\nimport z\nz(")
    assert [row for row in range(5) if broken(document, None, row)] == [1, 2, 4]
    document.update("x = 1\ny = f(\n  2)\nimport z\nz()")
    assert not any(broken(document, None, row) for row in range(5))


def _end_of_tripled(text: str) -> int:
    """Return where the text in three quotes ends that `text` starts with; -1: open."""
    quotes, at = text[:3], 3
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text.startswith(quotes, at):
            return at + 3
        else:
            at += 1
    return -1


@given(st.sampled_from(['"""', "'''"]), st.text("\\\"'\na", max_size=20))
def test_a_text_in_three_quotes_ends_where_python_ends_it(
    quotes: str, rest: str
) -> None:
    text = quotes + rest
    found = _TOKEN.match(text)
    assert found is not None
    end = _end_of_tripled(text)
    assert (found.lastgroup == "loose") == (end < 0)
    assert end < 0 or found.end() == end
