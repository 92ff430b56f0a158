"""A workspace of 20,000 small files: the time of a scan, and what a key feels of it.

The floor of the scan is reading the bytes of every file. The floor of a key is the same
key with the same server when nothing is scanned.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_analysis import program
from lsp_editor import Editor
from measure import BenchPath

_FILES = 20_000
_PER_FOLDER = 200
_EVERY = 10
"""Every so manieth file calls a model."""
_SERVER = ("-m", "cellcost_lsp")
_KEYS = 40
_LINES = 2_000

_CALL = """from openai import OpenAI

client = OpenAI()
MODEL = "gpt-4o-mini"


def ask_{n}(question: str) -> str:
    messages = [{{"role": "user", "content": "Answer in one line: " + question}}]
    answer = client.chat.completions.create(
        model=MODEL, messages=messages, max_tokens=100
    )
    return answer.choices[0].message.content
"""
_PLAIN = '''"""Things of kind {n}."""

from dataclasses import dataclass


@dataclass
class Thing{n}:
    name: str
    size: int = {n}

    def grown(self, by: int) -> int:
        return self.size * by + len(self.name)


def read_{n}(path: str) -> list[Thing{n}]:
    with open(path) as file:
        return [Thing{n}(line.strip()) for line in file]
'''


def paths() -> list[BenchPath]:
    """Return the scan beside a plain read, and a key with and without a scan."""
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    root = Path(folder.name)
    _write(root)
    text = program(_LINES)
    scanning = _Typing(root, text)
    quiet = _Typing(None, text)

    def close() -> None:
        scanning.close()
        quiet.close()
        folder.cleanup()

    return [
        BenchPath(
            name=f"scan of {_FILES:,} small files",
            figure=lambda: _scan_us(root),
            floor=lambda: _read_us(root),
            goal_us=30_000_000,
            rounds=2,
        ),
        BenchPath(
            name=f"key -> hints, {_LINES:,} lines, while {_FILES:,} files are scanned",
            figure=scanning.keys,
            floor=quiet.keys,
            statistic="p95",
            goal_ratio=2,
            rounds=3,
            close=close,
        ),
    ]


def _write(root: Path) -> None:
    for number in range(_FILES):
        folder = root / f"package_{number // _PER_FOLDER:03}"
        folder.mkdir(exist_ok=True)
        text = _CALL if number % _EVERY == 0 else _PLAIN
        (folder / f"module_{number}.py").write_text(text.format(n=number), "utf-8")


def _scan_us(root: Path) -> float:
    """Return the microseconds of one whole scan."""
    started = time.perf_counter_ns()
    done = subprocess.run(
        [sys.executable, "-m", "cellcost_lsp.survey.process", str(root)],
        stdout=subprocess.PIPE,
        check=True,
    )
    took = (time.perf_counter_ns() - started) / 1000
    if done.stdout.count(b'"path"') != _FILES // _EVERY:
        raise RuntimeError("not every call was found")
    return took


def _read_us(root: Path) -> float:
    started = time.perf_counter_ns()
    for path in root.rglob("*.py"):
        path.read_bytes()
    return (time.perf_counter_ns() - started) / 1000


class _Typing:
    """Types into a large file, with a workspace that is scanned meanwhile, or none."""

    def __init__(self, workspace: Path | None, text: str) -> None:
        self._editor = Editor(_SERVER, workspace)
        self._editor.open(text)
        at = text.index("max_tokens=200", len(text) // 2) + len("max_tokens=200")
        self._row = text.count("\n", 0, at)
        self._column = at - text.rfind("\n", 0, at) - 1
        self._typed = False
        self._scans = workspace is not None
        self._editor.hints(self._row - 30)
        time.sleep(2)  # the ranks are loaded meanwhile

    def keys(self) -> list[float]:
        """Return the microseconds from each key to its hints."""
        if self._scans:
            self._editor.command("cellcost.rescan")
            self._until_it_scans()
        took = [self._key() for _ in range(_KEYS)]
        if self._scans and self._editor.command("cellcost.workspaceTotals")["complete"]:
            raise RuntimeError("the scan had ended before the last key")
        return took

    def close(self) -> None:
        self._editor.close()

    def _until_it_scans(self) -> None:
        while self._editor.command("cellcost.workspaceTotals")["complete"]:
            time.sleep(0.01)
        time.sleep(0.5)

    def _key(self) -> float:
        time.sleep(0.02)  # a fast typist
        self._typed = not self._typed
        started = time.perf_counter_ns()
        if self._typed:
            self._editor.type(self._row, self._column, "0")
        else:
            self._editor.type(self._row, self._column, "", over=1)
        found: list[Any] = self._editor.hints(self._row - 30)
        if not found:
            raise RuntimeError("there are no hints")
        return (time.perf_counter_ns() - started) / 1000
