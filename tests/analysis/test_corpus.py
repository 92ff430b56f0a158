"""The analyser against the corpus: what it finds, what it resolves, what it invents."""

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cellcost.analysis import CallSite, Notebook, Together, Workspace, analyse

sys.path.insert(0, str(Path(__file__).parent))

from corpus_reader import Expected, Snippet, read_corpus

CORPUS = Path(__file__).parent / "corpus"


@dataclass
class Score:
    calls: int = 0
    lines: int = 0
    models: int = 0
    loops: int = 0
    extra: int = 0
    false: int = 0
    snippets: int = 0
    negatives: int = 0
    wrong: list[str] = field(default_factory=list)


def found_in(
    snippet: Snippet, folder: Path
) -> dict[tuple[str, int | None, int], list[CallSite]]:
    for name, text in snippet.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    workspace = Workspace(folder)
    by_line: dict[tuple[str, int | None, int], list[CallSite]] = defaultdict(list)
    together = Together(find=workspace.find)
    for name in snippet.files:
        unit = workspace.unit(folder / name)
        assert unit is not None
        together.read(unit)
    for name in snippet.files:
        for site in together.sites(str(folder / name)):
            by_line[name, None, site.area.row + 1].append(site)
    if snippet.cells:
        notebook = Notebook("notebook.ipynb")
        notebook.update(list(enumerate(snippet.cells)))
        for site in analyse(notebook):
            by_line["notebook.ipynb", site.area.cell, site.area.row + 1].append(site)
    return by_line


def loop_of(sites: list[CallSite]) -> str:
    return max(
        "" if not s.in_loop else "n" if s.loop_count is None else str(s.loop_count)
        for s in sites
    )


def add(score: Score, snippet: Snippet, folder: Path) -> None:
    by_line = found_in(snippet, folder)
    score.snippets += 1
    score.negatives += not snippet.expected
    for call in snippet.expected:
        score.calls += 1
        sites = by_line.pop((call.file, call.cell, call.line), [])
        if not sites:
            score.wrong.append(f"{snippet.name}: nothing at {call}")
            continue
        score.lines += 1
        check(score, snippet, call, sites)
    score.extra += len(by_line)
    if not snippet.expected:
        score.false += len(by_line)
    score.wrong += [f"{snippet.name}: invented {where}" for where in by_line]


def check(
    score: Score, snippet: Snippet, call: Expected, sites: list[CallSite]
) -> None:
    models = {model.written for site in sites for model in site.models}
    if models == call.models:
        score.models += 1
    else:
        score.wrong.append(f"{snippet.name}: {models} at {call}")
    if loop_of(sites) == call.loop:
        score.loops += 1
    else:
        score.wrong.append(f"{snippet.name}: loop {loop_of(sites)!r} at {call}")


def test_the_corpus_is_found_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The issue asks for 97 % of call lines, 92 % of model sets and no false hit."""
    score = Score()
    for number, snippet in enumerate(read_corpus(CORPUS)):
        add(score, snippet, tmp_path / str(number))
    with capsys.disabled():
        print(  # noqa: T201  # the score is the point of this test
            f"\ncorpus: {score.snippets} snippets ({score.negatives} negative),"
            f" {score.calls} calls: lines {score.lines / score.calls:.1%},"
            f" models {score.models / score.calls:.1%},"
            f" loops {score.loops / score.calls:.1%},"
            f" {score.extra} beside the marks, {score.false} false"
        )
    said = "\n".join(score.wrong)
    assert score.snippets >= 125, said
    assert score.negatives >= 25, said
    assert score.lines >= 0.97 * score.calls, said
    assert score.models >= 0.92 * score.calls, said
    assert score.loops >= 0.97 * score.calls, said
    assert score.false == 0, said
    assert score.extra <= 0.02 * score.calls, said
