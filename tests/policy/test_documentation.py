"""docs/policy.md: its five policies hold, and say what the page says of them."""

import json
import re
from pathlib import Path

import pytest

from cellcost.cli import main

TEXT = (Path(__file__).parents[2] / "docs" / "policy.md").read_text("utf-8")
POLICIES = re.findall(r"^### \d\. (.+?)\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE)
ROW = re.compile(
    r"^\| `(?P<model>[^`]+)` in `(?P<env>\w+)`(?: for `(?P<team>\w+)`)?"
    r"(?: of (?P<inputs>\d+) \+ (?P<outputs>\d+) tokens)?(?: at (?P<hour>\d\d):00)?"
    r" \| `(?P<action>\w+)` \|$",
    re.MULTILINE,
)


def test_there_are_five_policies_to_copy():
    assert len(POLICIES) == 5
    rows = re.findall(r"^\| `[^|]*` in [^|]*\|.*$", TEXT, re.MULTILINE)
    assert len(rows) == len(ROW.findall(TEXT)) >= 15


@pytest.mark.parametrize(("name", "section"), POLICIES, ids=[p[0] for p in POLICIES])
def test_a_policy_to_copy_says_what_the_page_says(
    tmp_path, monkeypatch, capsys, utc, name, section
):
    (snippet,) = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    (tmp_path / ".git").mkdir()
    (tmp_path / "cellcost.toml").write_text(snippet, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CELLCOST_HOME", str(tmp_path / "home"))
    for variable in ("CELLCOST_ENV", "CELLCOST_TAGS"):
        monkeypatch.delenv(variable, raising=False)

    assert main(["policy", "check"]) == 0
    printed = capsys.readouterr()
    _, *odd = printed.out.splitlines()
    assert all("is read but not counted yet" in line for line in odd), odd
    assert printed.err == ""
    rows = list(ROW.finditer(section))
    assert rows
    for row in rows:
        hour = row["hour"] or "12"
        monkeypatch.setenv("CELLCOST_NOW", f"2026-11-25T{hour}:00:00Z")
        given = ["--env", row["env"]]
        if row["team"]:
            given += ["--team", row["team"]]
        if row["inputs"]:
            given += ["--input-tokens", row["inputs"]]
            given += ["--output-tokens", row["outputs"]]
        assert main(["policy", "explain", row["model"], "--json", *given]) == 0
        explained = json.loads(capsys.readouterr().out)
        assert explained["action"] == row["action"], row[0]
