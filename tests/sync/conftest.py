"""Fixtures over `sending`: a ledger, a journal, the command line, a bad network."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from faulty_proxy import FaultyProxy
from sending import Book, Cli, Ledger


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """One ledger for every test that leaves it running."""
    found = Ledger(tmp_path_factory.mktemp("ledger") / "book.db")
    found.start()
    yield found
    found.stop()


@pytest.fixture
def ledger(running: Ledger) -> Ledger:
    """The running ledger as a company of its own has it: empty."""
    found = replace(running, tenant=f"tenant-{uuid4().hex[:8]}")
    found.key = found.new_key()
    return found


@pytest.fixture
def own_ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger to stop, restart and restore."""
    found = Ledger(tmp_path / "book.db")
    found.key = found.new_key()
    found.start()
    yield found
    found.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def book(home: Path) -> Book:
    return Book(home)


@pytest.fixture
def cli(home: Path) -> Cli:
    return Cli(home)


@pytest.fixture
def proxy(ledger: Ledger) -> Iterator[FaultyProxy]:
    """A bad network before the ledger of all tests."""
    found = FaultyProxy(ledger.port)
    yield found
    found.close()
