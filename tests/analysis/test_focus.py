"""A part of a file tells of its rows what the whole file tells."""

import pytest

from cellcost.analysis import CallSite, Document, Notebook, Unit, analyse
from cellcost.analysis.focus import Part, part_of

HEAD = """from openai import OpenAI
client = OpenAI()
MODELS = {"fast": "gpt-4o-mini"}


"""
PLAIN = """def plain_{n}(items):
    return [item for item in items if item]


"""
ASK = """def ask_{n}(text, model="gpt-4o"):
    return client.responses.create(model=model, input=text)


"""
BOT = """class Bot:
    model = "gpt-4.1"

    def ask(self, text):
        return self.send(text, MODELS["fast"])

    def send(self, text, model):
        return client.responses.create(model=model, input=text)


"""
USES = """def user(bot):
    return ask_1("one", "o3")


def caller():
    for n in range(7):
        user(Bot())


"""
SWITCH = """def set_up():
    global client
    client = OpenAI(base_url="https://api.groq.com/openai/v1")


"""
TEXT = (
    HEAD
    + "".join(PLAIN.format(n=n) for n in range(20))
    + "".join(ASK.format(n=n) for n in range(4))
    + BOT
    + USES
    + SWITCH
    + "__all__ = ['plain_1', 'plain_2']\n"
)


def rows_of(unit: Unit, first: int, last: int, cell: int | None = None) -> Part:
    return part_of(unit, lambda c, f, to: c == cell and f <= last and first <= to)


def told(part: Part, sites: tuple[CallSite, ...]) -> list[CallSite]:
    return [site for site in sites if part.holds(site.area.cell, site.area.row)]


@pytest.mark.parametrize("first", range(0, TEXT.count("\n"), 3))
def test_the_calls_on_a_screen_are_told_as_in_the_whole(first: int) -> None:
    document = Document("a.py", TEXT)
    part = rows_of(document, first, first + 5)
    assert told(part, analyse(part)) == told(part, analyse(document))


def test_a_part_leaves_out_what_does_not_lead_to_the_screen() -> None:
    document = Document("a.py", TEXT)
    row = TEXT.split("\n").index('def ask_1(text, model="gpt-4o"):')
    part = rows_of(document, row, row + 1)
    names = {chunk.name for _, _, chunk in part.pieces()} - {""}
    # Who calls it, who calls them, what they call; and what sets up the client.
    assert names == {"ask_1", "user", "caller", "Bot", "set_up"}


def test_a_part_of_a_notebook_holds_what_other_cells_define() -> None:
    notebook = Notebook("a.ipynb")
    notebook.update([(0, HEAD), (1, ASK.format(n=1)), (2, "ask_1('hi', 'o3')")])
    part = rows_of(notebook, 0, 9, cell=1)
    assert told(part, analyse(part)) == told(part, analyse(notebook))
    assert [m.written for m in told(part, analyse(part))[0].models] == ["o3"]


def test_a_decorated_function_is_known_by_its_name() -> None:
    text = "@cache\n# why\n@other(1)\nasync def f():\n    pass\nx = 1\n"
    names = [chunk.name for _, _, chunk in Document("a.py", text).pieces()]
    assert names == ["f", ""]
