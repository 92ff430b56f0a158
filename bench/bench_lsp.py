"""The language server beside a bare pygls server: typing, a cold start, idling.

Each keystroke changes a figure in the asked lines, and the answer must show it: what is
timed is the reading of the new text, not a stale answer.
"""

import time
from collections.abc import Callable
from pathlib import Path

from bench_analysis import program
from lsp_editor import VIEWPORT, Editor
from measure import BenchPath

_OURS = ("-m", "cellcost_lsp")
_FLOOR = (str(Path(__file__).with_name("floor_lsp.py")),)
_KEYS_PER_ROUND = 20
_IDLE_SECONDS = 3.0

_HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
_CALL = 'client.responses.create(model="gpt-4o", max_output_tokens=200, input=PROMPT)\n'
_PROMPT_LINE = "Answer as a patient teacher would, with an example for each point.\n"


class _Typing:
    """Types a digit into the cap of a call, and takes it out again."""

    def __init__(self, command: tuple[str, ...], text: str, at: str) -> None:
        self._editor = Editor(command)
        self._editor.open(text)
        ours = command is _OURS
        self._changes = ours and at != "END"
        start = text.index(at, len(text) // 2 if at in text[len(text) // 2 :] else 0)
        before = text[: start + len(at)]
        self._row = before.count("\n")
        self._column = len(before) - before.rfind("\n") - 1
        self._first = self._row - VIEWPORT // 2
        self._shown: object = None
        self._typed = False
        self._editor.hints(self._first)
        if ours:
            time.sleep(2)  # the ranks are loaded meanwhile, which no key waits for

    def keys(self) -> list[float]:
        """Return the microseconds from each key to its hints."""
        return [self._key() for _ in range(_KEYS_PER_ROUND)]

    def close(self) -> None:
        """End the server."""
        self._editor.close()

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._editor.pid

    def _key(self) -> float:
        time.sleep(0.02)  # a fast typist; the server may finish what it does besides
        self._typed = not self._typed
        started = time.perf_counter_ns()
        if self._typed:
            self._editor.type(self._row, self._column, "0")
        else:
            self._editor.type(self._row, self._column, "", over=1)
        found = self._editor.hints(self._first)
        took = (time.perf_counter_ns() - started) / 1000
        shown = [hint["label"] for hint in found]
        if not found or (self._changes and shown == self._shown):
            raise RuntimeError("the hints are not those of the text")
        self._shown = shown
        return took


def _cold_us(command: tuple[str, ...], text: str) -> float:
    """Return the microseconds from starting a server to its first hints."""
    started = time.perf_counter_ns()
    editor = Editor(command)
    editor.open(text)
    found = editor.hints(0)
    took = (time.perf_counter_ns() - started) / 1000
    editor.close()
    if not found:
        raise RuntimeError("there are no hints")
    return took


def _idle_us(typing: _Typing) -> float:
    """Return the microseconds of processor time that an idle second takes."""
    time.sleep(_IDLE_SECONDS)  # what was typed last is read whole meanwhile
    before = _ran_ns(typing.pid)
    time.sleep(_IDLE_SECONDS)
    return (_ran_ns(typing.pid) - before) / 1000 / _IDLE_SECONDS


def _ran_ns(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((t / "schedstat").read_text().split()[0]) for t in tasks)


def _rss_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


def paths() -> list[BenchPath]:
    """Return the rows: keys at three sizes and in a long prompt, start, idling."""
    rows: list[BenchPath] = []
    servers: list[_Typing] = []

    def typing(command: tuple[str, ...], text: str, at: str) -> _Typing:
        found = _Typing(command, text, at)
        servers.append(found)
        return found

    def row(name: str, ours: _Typing, floor: _Typing, ratio: float) -> None:
        rows.append(
            BenchPath(
                name=name,
                figure=ours.keys,
                floor=floor.keys,
                statistic="p95",
                goal_ratio=ratio,
                rounds=5,
            )
        )

    last: _Typing | None = None
    for lines in (300, 2_000, 10_000):
        text = program(lines)
        last = typing(_OURS, text, "max_tokens=200")
        floor = typing(_FLOOR, text, "max_tokens=200")
        row(f"key -> hints, {lines:,} lines", last, floor, 2)
    prompt = _PROMPT_LINE * (100_000 // len(_PROMPT_LINE))
    long = f'{_HEAD}PROMPT = """{prompt}END."""\n{_CALL}'
    short = f'{_HEAD}PROMPT = """{_PROMPT_LINE}END."""\n{_CALL}'
    row(
        "key -> hints, in a prompt of 100 kB (floor: of one line)",
        typing(_OURS, long, "END"),
        typing(_FLOOR, short, "END"),
        3,
    )
    text = program(300)
    rows.append(
        BenchPath(
            name="start -> first hints, 300 lines",
            figure=lambda: _cold_us(_OURS, text),
            floor=lambda: _cold_us(_FLOOR, text),
            goal_ratio=1.5,
            rounds=5,
        )
    )
    rows.append(_idle(last, servers))
    return rows


def _idle(server: _Typing | None, servers: list[_Typing]) -> BenchPath:
    def close() -> None:
        for one in servers:
            one.close()

    name = "an idle second's processor time"
    if server is None or not Path(f"/proc/{server.pid}/schedstat").exists():
        return BenchPath(
            name=name, figure=lambda: 0.0, skip="only Linux tells", close=close
        )
    idle: Callable[[], float] = lambda: _idle_us(server)  # noqa: E731
    return BenchPath(
        name=f"{name}, 10,000 lines open (memory: {_rss_mb(server.pid)} MB)",
        figure=idle,
        goal_us=2_000,
        rounds=2,
        close=close,
    )
