"""The real `cellcost` command on a home of its own, and journals with known calls."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cellcost.ids import new_id
from cellcost.journal import About, Writer
from cellcost.records import Call, Confidence, Event, Intent, Line, Where

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Cli:
    """Runs `cellcost` as a user of `home` does, in a folder outside any project."""

    home: Path
    folder: Path
    program: str = str(Path(sys.executable).with_name("cellcost"))

    def __call__(
        self, *arguments: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            env=self.env(**variables),
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.program, *arguments],
            env=self.env(**variables),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def env(self, **variables: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CELLCOST")}
        own = {"CELLCOST_HOME": str(self.home), "HOME": str(self.folder)}
        return {**kept, "PYTHONUTF8": "1", "TZ": "UTC", **own, **variables}


@dataclass
class Book:
    """Writes calls with known figures to a journal."""

    writer: Writer

    def call(
        self,
        cost: int | None = 1_250_000,
        *,
        at: datetime = NOON,
        model: str = "gpt-5",
        notebook: str = "work/a.ipynb",
        cell: str = "c1",
        tags: Mapping[str, str] | None = None,
        confidence: Confidence = "measured",
    ) -> Event:
        where = Where(
            origin="cell",
            run_id="r1",
            cell_id=cell,
            notebook=notebook,
            call_site="cell:answer:3",
            tags={"team": "search", "environment": "dev"} if tags is None else tags,
        )
        call = Call(
            provider="openai",
            operation="chat",
            request_model=model,
            response_model=f"{model}-2025-08-07",
            status=200,
        )
        reason = "" if cost is not None else "no price"
        event = Event(
            id=new_id(),
            time=at,
            kind="llm",
            where=where,
            call=call,
            confidence=confidence,
            lines=(
                Line(line_no=0, meter="input", quantity=600, cost_nusd=cost),
                Line(line_no=1, meter="cache_read", quantity=400, cost_nusd=cost),
                Line(
                    line_no=2,
                    meter="output",
                    quantity=350,
                    cost_nusd=cost,
                    reason=reason,
                ),
            ),
        )
        self.begin(event)
        self.writer.settle(event)
        return event

    def begin(self, event: Event) -> Intent:
        assert event.call is not None
        intent = Intent(
            id=event.id,
            time=event.time,
            where=event.where,
            call=event.call,
            expected=event.lines[:1],
        )
        self.writer.begin(intent)
        return intent

    def refused(self, *, at: datetime = NOON) -> Event:
        """A 429: an attempt that used nothing."""
        priced = self.call(0, at=at)
        assert priced.call is not None
        event = replace(
            priced,
            id=new_id(),
            lines=(),
            note="HTTP 429",
            call=replace(priced.call, status=429),
        )
        self.writer.settle(event)
        return event


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def cli(home: Path, tmp_path: Path) -> Cli:
    folder = tmp_path / "folder"
    (folder / ".git").mkdir(parents=True)
    return Cli(home, folder)


@pytest.fixture
def book(home: Path) -> Iterator[Book]:
    writer = Writer(home, about=About(host="test", pid=1, version="0"))
    yield Book(writer)
    writer.close()


@pytest.fixture
def days_ago() -> Callable[[int], datetime]:
    return lambda days: datetime.now(UTC) - timedelta(days=days)
