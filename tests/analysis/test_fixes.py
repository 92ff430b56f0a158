"""Fixes leave valid Python, and do what they say when the code is read again."""

import ast
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from cellcost.analysis import (
    Document,
    Finding,
    Notebook,
    Unit,
    Workspace,
    analyse,
    cheaper,
    estimate,
    findings,
    silenced,
)
from cellcost.analysis.fixes import Edit, Fix, fixes
from cellcost.policy.rules import Policy
from cellcost.prices import PriceBook, load_catalogue

sys.path.insert(0, str(Path(__file__).parent))

from corpus_reader import Snippet, read_corpus

AT = datetime(2026, 11, 24, tzinfo=UTC)
BOOK = PriceBook(load_catalogue())
CORPUS = Path(__file__).parent / "corpus"
HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
MESSAGES = 'messages=[{"role": "user", "content": "hi"}]'


def words(text: str, model: str) -> int:
    return len(text.split())


def applied(edits: Iterable[Edit], text: str) -> str:
    """Return a text after the edits of it."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda e: (e.area.row, e.area.column), reverse=True):
        area = edit.area
        head = lines[area.row][: area.column]
        tail = lines[area.end_row][area.end_column :]
        lines[area.row : area.end_row + 1] = [head + edit.text + tail]
    return "\n".join(lines)


@dataclass
class Project:
    """The files of a folder, or the cells of one notebook."""

    root: Path
    files: dict[str, str]
    cells: list[str]

    def lines(self, path: str, cell: int | None) -> list[str] | None:
        if cell is not None:
            return self.cells[cell].split("\n")
        text = self.files.get(str(Path(path).relative_to(self.root)))
        return None if text is None else text.split("\n")

    def read(self, only: str = "") -> dict[str, list[Finding]]:
        """Return the findings by file (or of one), all: every model is large."""
        workspace = Workspace(self.root, read=self._read)
        units: list[Unit] = [
            Document(str(self.root / n), t) for n, t in self.files.items()
        ]
        if self.cells:
            notebook = Notebook(str(self.root / "notebook.ipynb"))
            notebook.update(list(enumerate(self.cells)))
            units.append(notebook)
        found: dict[str, list[Finding]] = {}
        for unit in units:
            if only not in ("", unit.path):
                continue
            sites = analyse(unit, find=workspace.find)
            items = [estimate(s, book=BOOK, count=words, at=AT) for s in sites]
            found[unit.path] = list(
                findings(
                    items,
                    policies=(Policy(large_output_rate=Decimal("0.1")),),
                    off=(),
                    instead=partial(cheaper, book=BOOK),
                )
            )
        return found

    def _read(self, path: Path) -> str | None:
        return self.files.get(str(path.relative_to(self.root)))

    def after(self, fix: Fix) -> "Project":
        files, cells = dict(self.files), list(self.cells)
        for name in files:
            edits = [e for e in fix.edits if Path(e.area.path) == self.root / name]
            files[name] = applied(edits, files[name])
        for cell, text in enumerate(cells):
            cells[cell] = applied([e for e in fix.edits if e.area.cell == cell], text)
        return Project(self.root, files, cells)

    def texts(self) -> list[str]:
        return [*self.files.values(), *self.cells]


def project_of(snippet: Snippet, root: Path) -> Project:
    for name, text in snippet.files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return Project(root, snippet.files, snippet.cells)


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def same(found: list[Finding], like: Finding) -> list[Finding]:
    """Return the findings of one code on calls like one's, in order."""
    site = like.estimate.site
    return [
        f
        for f in found
        if f.code == like.code
        and (f.estimate.site.kind, f.estimate.site.function)
        == (site.kind, site.function)
    ]


def holds(before: list[Finding], finding: Finding, fix: Fix, after: Project) -> bool:
    """Say whether a fix did what it says; `before` are its file's findings."""
    area = finding.estimate.site.area
    if fix.title.startswith("Ignore"):
        lines = after.lines(area.path, area.cell)
        return lines is not None and silenced(finding, lines)
    then = after.read(area.path)[area.path]
    if fix.title.startswith("Use"):
        new = next(o for o in finding.cheaper if fix.title.split()[1] == o.model)
        old = finding.candidate
        assert old is not None
        fewer = uses(then, old.model.written) < uses(before, old.model.written)
        return fewer and uses(then, new.written) > uses(before, new.written)
    return len(same(then, finding)) < len(same(before, finding))


def uses(found: list[Finding], name: str) -> int:
    """Return how many calls may use a model of this name."""
    sites = {id(f.estimate): f.estimate.site for f in found}
    return sum(m.written == name for s in sites.values() for m in s.models)


def test_every_fix_in_the_corpus_is_valid_python_and_does_what_it_says(
    tmp_path: Path,
) -> None:
    kinds: Counter[str] = Counter()
    wrong: list[str] = []
    for number, snippet in enumerate(read_corpus(CORPUS)):
        project = project_of(snippet, tmp_path / str(number))
        read = project.read()
        for finding in (f for found in read.values() for f in found):
            before = read[finding.estimate.site.area.path]
            for fix in fixes(finding, project.lines):
                kinds[f"{finding.code} {fix.title.split()[0]}"] += 1
                after = project.after(fix)
                broken = [
                    new
                    for old, new in zip(project.texts(), after.texts(), strict=True)
                    if parses(old) and not parses(new)
                ]
                if broken or not holds(before, finding, fix, after):
                    why = "breaks" if broken else "does not do"
                    wrong.append(f"{snippet.name}: {finding.code} {why}: {fix.title}")
    assert wrong == [], "\n".join([*wrong, str(kinds)])
    assert kinds["COST001 Use"] > 150, kinds
    assert kinds["COST002 Cap"] > 60, kinds
    assert kinds["COST001 Ignore"] > 150, kinds


def offered(source: str, code: str, root: Path) -> list[tuple[str, bool, str]]:
    """Return (title, best, text after it) of every fix of one code in `source`."""
    project = Project(root, {"a.py": source}, [])
    return [
        (fix.title, fix.best, project.after(fix).files["a.py"])
        for finding in project.read()[str(root / "a.py")]
        if finding.code == code
        for fix in fixes(finding, project.lines)
    ]


def test_a_model_is_changed_in_the_file_that_defines_it(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        {
            "config.py": "MODEL = 'gpt-5.5'  # the large one\n",
            "main.py": f"{HEAD}from config import MODEL\n"
            f"client.chat.completions.create(model=MODEL, {MESSAGES})\n",
        },
        [],
    )
    (tmp_path / "config.py").write_text("", "utf-8")
    finding = project.read()[str(tmp_path / "main.py")][0]
    fix = fixes(finding, project.lines)[0]
    assert fix.title.startswith("Use gpt-6.1-terra in config.py (≈ $")
    after = project.after(fix)
    assert after.files["config.py"] == "MODEL = 'gpt-6.1-terra'  # the large one\n"
    assert after.files["main.py"] == project.files["main.py"]


def test_a_name_that_is_put_together_is_not_changed(tmp_path: Path) -> None:
    source = (
        f"{HEAD}size = '5.5'\n"
        f"client.chat.completions.create(model='gpt-' + size, {MESSAGES})\n"
    )
    titles = [title for title, _, _ in offered(source, "COST001", tmp_path)]
    assert titles == ["Ignore COST001 here, with a reason"]


def test_columns_count_code_points(tmp_path: Path) -> None:
    call = f"client.chat.completions.create(model='gpt-5.5', {MESSAGES})\n"
    source = f"{HEAD}a = '🙂é'; {call}"
    (_, best, after), *_ = offered(source, "COST001", tmp_path)
    assert best
    assert after == source.replace("gpt-5.5", "gpt-6.1-terra")


@pytest.mark.parametrize(
    ("call", "capped"),
    [
        (
            "client.responses.create(model='gpt-4o', input='x')\n",
            "client.responses.create(model='gpt-4o',"
            " max_output_tokens=1024, input='x')\n",
        ),
        (
            "client.responses.create(\n    model='gpt-5',\n    input='x',  # why\n)\n",
            "client.responses.create(\n    model='gpt-5',\n"
            "    max_output_tokens=8192,\n    input='x',  # why\n)\n",
        ),
        ("client.responses.create(**options, model='gpt-4o', input='x')\n", None),
    ],
)
def test_a_cap_goes_among_the_arguments(
    tmp_path: Path, call: str, capped: str | None
) -> None:
    found = [
        after
        for title, _, after in offered(HEAD + call, "COST002", tmp_path)
        if title.startswith("Cap")
    ]
    assert found == ([] if capped is None else [HEAD + capped])


def test_a_system_prompt_is_marked_for_the_cache(tmp_path: Path) -> None:
    head = (
        f'import anthropic\nc = anthropic.Anthropic()\nRULES = """{"rule " * 1500}"""\n'
    )
    call = (
        "for q in qs:\n    c.messages.create(model='claude-haiku-4-5', max_tokens=9,"
        " system={}, messages=[{{'role': 'user', 'content': q}}])\n"
    )
    marked = '[{"type": "text", "text": RULES, "cache_control": {"type": "ephemeral"}}]'
    (_, best, after), *_ = offered(head + call.format("RULES"), "COST004", tmp_path)
    assert best
    assert after == head + call.format(marked)
    unmarked = marked.replace(', "cache_control": {"type": "ephemeral"}', "")
    (_, _, after), *_ = offered(head + call.format(unmarked), "COST004", tmp_path)
    assert offered(after, "COST004", tmp_path) == []
    # What is given may be a list already: nothing tells.
    unknown = head.replace("RULES =", "RULES = rules() if x else")
    titles = [
        t for t, _, _ in offered(unknown + call.format("RULES"), "COST004", tmp_path)
    ]
    assert titles == ["Ignore COST004 here, with a reason"]


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ("create(model='gpt-5.5', input='x')", "create(model='gpt-5.5', input='x') #"),
        (
            "create(model='gpt-5.5', input='x')  # cellcost: ignore[COST003] so",
            "create(model='gpt-5.5', input='x')"
            "  # cellcost: ignore[COST003, COST001] so",
        ),
        (
            "create(\n  model='gpt-5.5', input='x') + '''\na'''",
            "create( #\n  model='gpt-5.5', input='x') + '''\na'''",
        ),
        ("create(model='gpt-5.5', input='x') + '''\na'''", None),
        ("create(model='gpt-5.5', input='x') \\\n  + 1", None),
    ],
)
def test_a_comment_goes_where_a_line_of_the_call_ends_in_code(
    tmp_path: Path, call: str, after: str | None
) -> None:
    source = f"{HEAD}r = client.responses.{call}\n"
    found = [
        text
        for title, _, text in offered(source, "COST001", tmp_path)
        if title.startswith("Ignore")
    ]
    if after is None:
        assert found == []
    else:
        said = after.replace(" #", "  # cellcost: ignore[COST001] reason", 1)
        wanted = said if "ignore[COST003" not in after else after
        assert found == [f"{HEAD}r = client.responses.{wanted}\n"]
