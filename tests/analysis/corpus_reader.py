"""Reads the corpus: snippets with what is expected of them written beside the calls."""

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Expected", "Snippet", "read_corpus"]

_MARK = re.compile(r"[ \t]*#!(?P<said>[^\n]*)$")


@dataclass(frozen=True)
class Expected:
    """One call that must be found."""

    file: str
    cell: int | None
    line: int
    models: frozenset[str]
    loop: str
    """ "" outside loops, "n" in one of unknown length, else how often."""


@dataclass
class Snippet:
    """Files (or cells) and the calls in them."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    cells: list[str] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)

    def add(self, file: str, lines: list[str]) -> None:
        cell = len(self.cells) if file == "" else None
        plain: list[str] = []
        for number, line in enumerate(lines, 1):
            mark = _MARK.search(line)
            if mark:
                line = line[: mark.start()]
                self._expect(file, cell, number, mark["said"].split())
            plain.append(line)
        text = "\n".join(plain) + "\n"
        if file == "":
            self.cells.append(text)
        else:
            self.files[file] = text

    def _expect(self, file: str, cell: int | None, line: int, said: list[str]) -> None:
        loop = ""
        models: set[str] = set()
        for word in said:
            if re.fullmatch(r"x(\d+|n)", word):
                loop = word[1:]
            elif word != "?":
                models.add(word)
        self.expected.append(
            Expected(file or "notebook.ipynb", cell, line, frozenset(models), loop)
        )


def read_corpus(folder: Path) -> list[Snippet]:
    """Return every snippet of the `.txt` files in `folder`."""
    found: list[Snippet] = []
    for path in sorted(folder.glob("*.txt")):
        for part in re.split(r"^=== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            title, _, body = part.partition("\n")
            snippet = Snippet(f"{path.stem}: {title.strip()}")
            file = "main.py"
            lines: list[str] = []
            started = False
            for line in body.splitlines():
                if line.startswith("--- "):
                    if started:
                        snippet.add(file, lines)
                    kind, _, name = line[4:].partition(" ")
                    file = "" if kind == "cell" else name.strip()
                    lines = []
                    started = True
                else:
                    lines.append(line)
                    started = started or bool(line.strip())
            if started:
                snippet.add(file, lines)
            found.append(snippet)
    return found
