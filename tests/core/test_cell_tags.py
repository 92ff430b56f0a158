"""The tags on the first line of a cell."""

import pytest

from cellcost.cell_tags import read_tags, tag_line, tags_of_cell
from cellcost.errors import ConfigError

GOOD = {
    "team=search feature=ranker": {"team": "search", "feature": "ranker"},
    "team=search,feature=ranker": {"team": "search", "feature": "ranker"},
    'feature="query ranker, new"': {"feature": "query ranker, new"},
    "run='a=b'": {"run": "a=b"},
    "cost-center=4711  owner.name=ada": {"cost-center": "4711", "owner.name": "ada"},
    "note=#1": {"note": "#1"},
}
BAD = {
    "": "no tags are given",
    "team": '"team" is not name=value',
    "team=": '"team=" is not name=value',
    'team=" "': "is not name=value",
    "=search": '"=search" is not name=value',
    "4team=search": '"4team=search" is not name=value',
    "team = search": '"team" is not name=value',
    "team=a team=b": "team is given twice",
    'team="search': "a quotation mark is not closed",
}


@pytest.mark.parametrize("line", GOOD)
def test_a_line_is_read_as_it_is_written(line: str) -> None:
    assert dict(read_tags(line)) == GOOD[line]


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_says_what_is_wrong_and_tags_nothing(line: str) -> None:
    with pytest.raises(ConfigError) as told:
        read_tags(line)
    assert BAD[line] in str(told.value)
    assert dict(tags_of_cell(f"%%cellcost {line}\nask()")) == {}


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("%%cellcost team=search\nask()", "team=search"),
        ("\n  \n%%cellcost   team=search  \nask()", "team=search"),
        ("%%cellcost\nask()", ""),
        ("%%cellcost", ""),
        ("%%cellcostly team=search\nask()", None),
        ("ask()\n%%cellcost team=search", None),
        ("%cellcost team=search", None),
        ("# %%cellcost team=search", None),
    ],
)
def test_only_the_first_line_of_a_cell_counts(code: str, line: str | None) -> None:
    assert tag_line(code) == line


def test_a_value_that_is_filled_in_later_is_no_tag_yet() -> None:
    assert dict(tags_of_cell("%%cellcost team={team}\nask()")) == {}
    assert dict(tags_of_cell("%%cellcost team=$team\nask()")) == {}
    assert dict(tags_of_cell("%%cellcost team=a\nask('{b}')")) == {"team": "a"}
