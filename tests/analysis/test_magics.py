"""Cells as Python: magics are read in place, and no line moves."""

from cellcost.analysis.magics import python_of


def test_a_tagged_cell_is_the_python_below_its_tags() -> None:
    plain = python_of("%%cellcost team=search\nask()\n")
    assert plain.text == "\nask()\n"
    assert plain.times == 1
