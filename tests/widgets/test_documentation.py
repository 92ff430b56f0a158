"""docs/widgets.md says what the magics and the widget can do, and no more."""

import re
from pathlib import Path

from cellcost.cell_tags import read_tags, tag_line
from cellcost.views import Tally
from cellcost.views.wire import total_json
from cellcost_widgets.magics import HELP
from cellcost_widgets.reading import SCOPES, not_known
from cellcost_widgets.showing import to_json

TEXT = (Path(__file__).parents[2] / "docs" / "widgets.md").read_text(encoding="utf-8")


def test_every_scope_is_documented_and_in_the_help() -> None:
    forms = {"" if scope == "kernel" else f" {scope}" for scope in SCOPES}
    assert {*re.findall(r"^\| `%cellcost( \w+)?`", TEXT, re.MULTILINE)} == {
        *forms,
        " help",
    }
    for form in forms:
        assert f"%cellcost{form} " in HELP


def test_the_tags_shown_can_be_read() -> None:
    (shown,) = re.findall(r"^```\n(%%.*?)```", TEXT, re.DOTALL | re.MULTILINE)
    line = tag_line(shown)
    assert line is not None
    assert dict(read_tags(line)) == {"team": "search", "feature": "query ranker"}


def test_every_key_of_the_json_is_documented() -> None:
    known = to_json(not_known("kernel", "why"))
    for key in (*known, *total_json(Tally())):
        if key not in ("scope", "at", "detail"):
            assert f"`{key}`" in TEXT, key
