"""A home, writers on it, and a child process that writes until it is killed."""

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cellcost.journal import About, Writer


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def new_writer(home: Path) -> Iterator[Callable[..., Writer]]:
    writers: list[Writer] = []

    def make(**options: object) -> Writer:
        about = About(host="test", pid=1, version="0")
        writers.append(Writer(home, about=about, **options))  # type: ignore[arg-type]
        return writers[-1]

    yield make
    for writer in writers:
        writer.close()


@pytest.fixture
def spawn(home: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a Python process that runs `code` with `home`, `writer` and the makers."""
    children: list[subprocess.Popen[str]] = []
    prelude = f"""
        import os, signal, sys, threading
        from pathlib import Path
        from cellcost.testing.records import *
        from cellcost.journal import *
        home = Path({str(home)!r})
        def kill_at(step, nth=1):
            seen = 0
            def at(name):
                nonlocal seen
                seen += name == step
                if name == step and seen == nth:
                    os.kill(os.getpid(), signal.SIGKILL)
            return at
        def make_writer(**options):
            return Writer(home, about=About(host=os.uname().nodename, pid=os.getpid(),
                                            version="0"), **options)
        def say(*words):
            print(*words, flush=True)
    """

    def start(code: str, *arguments: str) -> "subprocess.Popen[str]":
        program = textwrap.dedent(prelude) + textwrap.dedent(code)
        child = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()
