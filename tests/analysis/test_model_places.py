"""Model names are told from other texts, also while they are being typed."""

import pytest

from cellcost.analysis.model_places import ModelPlace, model_place
from cellcost.analysis.source import Source


def place(marked: str) -> ModelPlace | None:
    """Return what is at the mark `|`."""
    before, _, after = marked.partition("|")
    row = before.count("\n")
    column = len(before) - (before.rfind("\n") + 1)
    return model_place(Source(before + after), row, column)


def name(marked: str) -> str | None:
    found = place(marked)
    return None if found is None else found.name


@pytest.mark.parametrize(
    ("marked", "named"),
    [
        ('c.create(model="gpt-|4o", messages=[])', "gpt-4o"),
        ('c.create(model="|")', ""),
        ('c.create(model="gpt-|', "gpt-"),
        ('c.create(model="gp|\n    messages=[],\n)\n', "gp"),
        ('c.create(\n    model="gpt-4|o",\n    input="x",\n)', "gpt-4o"),
        ('c.create(model=MODEL or "gpt|")', "gpt"),
        ('c.create(model="a" if small else "b|")', "b"),
        ('c.create(model=os.getenv("MODEL", "gpt|"))', "gpt"),
        ('c.create(**{"model": "gpt|"})', "gpt"),
        ('MODEL = "gpt|-4o"', "gpt-4o"),
        ('DEFAULT_MODEL: str = "gpt|"', "gpt"),
        ("self.model_name = 'gpt|'", "gpt"),
        ('config["model"] = "gpt|"', "gpt"),
        ('MODELS = ["gpt-4o", "gpt|"]', "gpt"),
        ('MODELS = {"small": "gpt|"}', "gpt"),
        ('def ask(q, model="gpt|"):\n    pass', "gpt"),
        ('def ask(q, *, model: str = "gpt|"):\n    pass', "gpt"),
        ('class C:\n    def f(self):\n        return g(model="gpt|")\n', "gpt"),
        ('init_chat_model("openai:gpt|")', "openai:gpt"),
        ('litellm.completion("anthropic/cl|", messages=[])', "anthropic/cl"),
        ('x = "🙂é"; f(model="gpt|")', "gpt"),
    ],
)
def test_a_model_name_is_known_by_where_it_stands(marked: str, named: str) -> None:
    assert name(marked) == named


@pytest.mark.parametrize(
    "marked",
    [
        'print("gpt|")',
        'c.create(model="gpt-4o", input="gpt|")',
        'c.create(model="gpt-4o", messages=[{"role": "us|er"}])',
        'c.create(model="use the gpt|")',
        'c.create(model=f"gpt|")',
        'model_path = "gpt|"',
        'data = {"gpt|": 1}',
        'c.create(model="a" if kind == "b|" else "c")',
        'os.getenv("MO|DEL", "x")',
        'c.create(model=os.getenv("MO|DEL", "x"))',
        '"""About MODEL = "gpt|" and more."""',
        '# model="gpt|"',
        "model = 3|",
        'model = {"description": "gpt|"}',
        "|",
        'c.create(|model="gpt")',
    ],
)
def test_other_texts_are_none(marked: str) -> None:
    assert place(marked) is None


def test_columns_count_code_points() -> None:
    found = place('x = "🙂é"; f(model="gpt|")')
    assert found is not None
    assert (found.column, found.end_column, found.callee) == (19, 22, "f")
