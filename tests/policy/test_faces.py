"""One table, every face: `cellcost check`, the language server's reading, `explain`."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cellcost.analysis import Document, Finding
from cellcost.cli import main
from cellcost.config import load_settings
from cellcost.prices import load_book
from cellcost.tokens import count
from cellcost_lsp.reading import Snapshot, read
from cellcost_lsp.text import Page, split_lines

NOW = "2026-11-25T23:00:00Z"
HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = 'client.responses.create(model="{}", input="x", max_output_tokens=1000)\n'

RULES = """
[policy]
unpriced = "block"
[[policy.rules]]
match = { environment = "dev", model = "gpt-4o*" }
action = "ask"
message = "Why so old?"
[[policy.rules]]
name = "pro"
match = { size = "large", model = ["*-pro", "!o3-*"] }
action = "block"
suggest = "gpt-6-luna"
[[policy.rules]]
match = { team = "ads", provider = "openai" }
action = "approve"
[[policy.rules]]
match = { environment = "prod", model = "gpt-5.5" }
action = "warn"
[[policy.rules]]
match = { model = "o3-pro" }
action = "allow"
"""
CAPS = '[policy.caps]\ncall = { soft = "0.01", hard = "0.03" }\n'
HOURS = '[[policy.rules]]\nmatch = { hours = "20-7" }\naction = "ask"\n'

# (policy of the user, of the project, model, environment, team, the action)
TABLE = [
    ("", "", "gpt-5.5", "dev", "", "warn"),
    ("", "", "gpt-5.5", "prod", "", "allow"),
    ("", "", "gpt-6-luna", "dev", "", "allow"),
    (RULES, "", "gpt-4o", "dev", "", "ask"),
    (RULES, "", "gpt-4o", "prod", "", "allow"),
    (RULES, "", "gpt-4o-mini", "dev", "ads", "approve"),
    (RULES, "", "o1-pro", "prod", "ads", "block"),
    (RULES, "", "o3-pro", "dev", "", "allow"),
    (RULES, "", "gpt-5.5", "dev", "", "warn"),
    (RULES, "", "gpt-5.5", "prod", "", "warn"),
    (RULES, "", "mine-7b", "prod", "", "block"),
    (RULES, RULES.replace("block", "allow"), "o1-pro", "dev", "", "block"),
    (RULES.replace("block", "warn"), RULES, "o1-pro", "dev", "", "block"),
    ("", CAPS, "gpt-4o", "dev", "", "warn"),
    ("", CAPS, "gpt-5.5", "dev", "", "block"),
    ("", CAPS, "gpt-6-luna", "dev", "", "allow"),
    (HOURS, "", "gpt-6-luna", "prod", "", "ask"),
    ("", "[policy]\nlarge_output_rate = 5\n", "gpt-4o", "dev", "", "warn"),
    ("", "[policy]\nlarge_output_rate = 50\n", "gpt-5.5", "dev", "", "warn"),
    ("[policy]\nlarge_output_rate = 50\n", "", "gpt-5.5", "dev", "", "allow"),
]


@dataclass(frozen=True)
class Said:
    """What a face shows of a call: each code of a policy, and how grave it is."""

    found: tuple[tuple[str, str], ...]
    messages: tuple[str, ...]

    @property
    def grave(self) -> str:
        severities = {severity for _, severity in self.found}
        return next((s for s in ("error", "warning") if s in severities), "information")


CODES = ("COST001", "COST006", "COST007")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, utc: None) -> Path:
    for name in [name for name in os.environ if name.startswith("CELLCOST")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CELLCOST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CELLCOST_NOW", NOW)
    folder = tmp_path / "project"
    for made in (folder / ".git", tmp_path / "home"):
        made.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def by_check(capsys: pytest.CaptureFixture[str]) -> Said:
    assert main(["check", "a.py", "--no-history", "--sarif"]) == 0
    log = json.loads(capsys.readouterr().out)
    results = [r for r in log["runs"][0]["results"] if r["ruleId"] in CODES]
    return Said(
        tuple(
            (r["ruleId"], r["level"].replace("note", "information")) for r in results
        ),
        tuple(r["message"]["text"] for r in results),
    )


def by_language_server(project: Path) -> Said:
    settings = load_settings(cwd=project, env=os.environ)
    path = str(project / "a.py")
    text = (project / "a.py").read_text("utf-8")
    page = Page("file:///a.py", 1, "python", "utf-16", split_lines(text))
    seen = Snapshot("file:///a.py", path, 1, False, {None: page}, (), ())
    reading = read(
        seen,
        Document(path, text),
        None,
        find=lambda name, importer: None,
        book=load_book(settings),
        count=count,
        at=datetime.fromisoformat(NOW).astimezone(UTC),
        settings=settings,
    )
    found: list[Finding] = [f for f in reading.findings if f.code in CODES]
    return Said(
        tuple((f.code, f.severity) for f in found), tuple(f.message for f in found)
    )


@pytest.mark.parametrize(
    ("user", "own", "model", "environment", "team", "action"), TABLE
)
def test_every_face_says_the_same(
    project, capsys, user, own, model, environment, team, action
):
    tags = f'[tags]\nenvironment = "{environment}"\n'
    tags += f'team = "{team}"\n' if team else ""
    (project.parent / "home" / "cellcost.toml").write_text(tags + user, "utf-8")
    (project / "cellcost.toml").write_text(own, "utf-8")
    (project / "a.py").write_text(HEAD + CALL.format(model), "utf-8")

    check, server = by_check(capsys), by_language_server(project)
    assert check == server
    call = ["--input-tokens", "1", "--output-tokens", "1000", "--provider", "openai"]
    assert main(["policy", "explain", model, "--json", *call]) == 0
    explained = json.loads(capsys.readouterr().out)

    assert explained["action"] == action
    assert check.grave == {"block": "error", "allow": "information"}.get(
        action, "warning"
    )
    codes = [code for code, _ in check.found]
    if action in ("ask", "approve"):
        assert codes == ["COST007"]
    if explained["rule"] or explained["cap"]:
        said = [m for m in check.messages if explained["message"] in m]
        assert len(said) == (action != "allow")
        assert all(f"cellcost.toml:{explained['line']}" in m for m in said)
    if action == "allow" and explained["basis"] == "rule":
        assert codes == []
