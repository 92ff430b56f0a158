"""A real ledger on a loopback port, journals to send, and passes without waits."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cellcost.config import SyncSettings
from cellcost.journal import About, Writer
from cellcost.records import Event
from cellcost.sync import Drained, Limits, Session
from cellcost.sync.transport import HttpLink
from cellcost.testing.records import make_event

# Last: the name `conftest` is this room's.
sys.path.append(str(Path(__file__).parents[1]))

import warm
from warm import PROGRAM

Process = warm.Started | subprocess.Popen[str]


@dataclass
class Ledger:
    """The ledger's own process on one SQLite file."""

    file: Path
    process: Process | None = None
    url: str = ""
    port: int = 0
    key: str = ""
    tenant: str = "default"

    def run(self, *arguments: str, check: bool = True) -> str:
        of = ("--database", str(self.file))
        done = warm.run(["ledger", *arguments, *of], env=os.environ, cwd=Path.cwd())
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def start(self) -> None:
        self.process = warm.start(
            [
                *("ledger", "serve", "--database", str(self.file)),
                *("--port", str(self.port), "--rate", "100000"),
            ],
            env=os.environ,
            cwd=Path.cwd(),
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.url = next(word for word in line.split() if word.startswith("http://"))
        self.url = self.url.rstrip("/.")
        self.port = int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.communicate(timeout=30)
            self.process = None

    def new_key(self, team: str = "search") -> str:
        of = ("--tenant", self.tenant)
        said = self.run("key", "create", "--team", team, "--scope", "ingest", *of)
        return said.splitlines()[-1]

    def verified(self) -> dict[str, Any]:
        """Return the proof, and that the law holds."""
        said = self.run("verify", "--json", "--tenant", self.tenant)
        found: dict[str, Any] = json.loads(said)
        return found

    def of(self, installation: str) -> dict[str, Any]:
        rows = self.verified()["installations"]
        (row,) = [row for row in rows if row["installation"] == installation]
        return dict(row)


@dataclass
class Book:
    """One journal and what was written to it."""

    home: Path
    events: list[Event] = field(default_factory=list[Event])

    def write(self, n: int, make: Callable[[], Event] = make_event) -> None:
        writer = Writer(self.home, about=About(host="test", pid=1, version="0"))
        for _ in range(n):
            event = make()
            writer.settle(event)
            self.events.append(event)
        writer.close()

    @property
    def cost(self) -> int:
        return sum(line.cost_nusd or 0 for event in self.events for line in event.lines)


def drain(
    home: Path,
    url: str,
    key: str,
    *,
    policy: SyncSettings | None = None,
    waits: list[float] | None = None,
    **options: Any,
) -> Drained:
    """One pass of a session of its own; what it would wait goes into `waits`."""
    waited = [] if waits is None else waits

    def wait(seconds: float) -> bool:
        if seconds:
            waited.append(seconds)
        return False

    at = options.pop("at", None)
    more = {} if at is None else {"at": at}
    session = Session(
        home,
        url=url,
        link=HttpLink(url, key),
        policy=policy or SyncSettings(),
        wait=wait,
        **more,
    )
    with closing(session):
        return session.drain(Limits(**options))


@dataclass(frozen=True)
class Cli:
    """Runs `cellcost` on one home, without the keyring of whoever runs the tests."""

    home: Path

    def __call__(
        self, *arguments: str, stdin: str = "", **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        env = self.env(**variables)
        return warm.run(arguments, env=env, cwd=self.home.parent, stdin=stdin)

    def shell(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run it as a shell does: a script's own start is part of what is tested."""
        return subprocess.run(
            [PROGRAM, *arguments],
            env=self.env(),
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str, **variables: str) -> Process:
        return warm.start(arguments, env=self.env(**variables), cwd=self.home.parent)

    def env(self, **variables: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CELLCOST")}
        own = {
            "CELLCOST_HOME": str(self.home),
            "HOME": str(self.home.parent),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        return {**kept, **own, **variables}
