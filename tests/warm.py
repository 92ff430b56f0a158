"""The real `cellcost` in a process of its own, without its imports each time.

One Python imports what the command imports, once, and forks for each start: a process
with its own arguments, environment, folder and streams, to be killed like any other. It
differs from a shell's start in what happens before `main`, which takes a second or two;
tests of that start `PROGRAM`. Where there is no fork, every start is one of `PROGRAM`.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

__all__ = ["PROGRAM", "Started", "run", "start"]

PROGRAM = str(Path(sys.executable).with_name("cellcost"))
_LOADED = (
    "cellcost.cli.entry",
    "cellcost.sync",
    "cellcost_ledger.actions",
    "cellcost_ledger.web.app",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn",
)
_STREAMS = 3


# -- the tests' side ------------------------------------------------------------------


class Started:
    """A process that was started; what `subprocess.Popen` has of the same names."""

    def __init__(
        self, pid: int, stdout: IO[str] | None = None, stderr: IO[str] | None = None
    ) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        if self.returncode is None:
            self.returncode = _forker().ask({"ended": self.pid})[0]
        return self.returncode

    def wait(self, timeout: float = 120) -> int:
        """Return how it ended, once it has."""
        deadline = time.monotonic() + timeout
        while (found := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("cellcost", timeout)
            time.sleep(0.005)
        return found

    def send_signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        # Nobody else can get its number meanwhile: it is not waited for before.
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = 120) -> tuple[str, str]:
        """Return all that it says until its end; its streams are closed then."""
        said = {self.stdout: "", self.stderr: ""}

        def read(stream: IO[str]) -> None:
            said[stream] = stream.read()
            stream.close()

        streams = [stream for stream in (self.stdout, self.stderr) if stream]
        readers = [threading.Thread(target=read, args=(s,)) for s in streams]
        for reader in readers:
            reader.start()
        try:
            self.wait(timeout)
        finally:
            if self.returncode is None:
                self.kill()
            for reader in readers:
                reader.join()
        return said[self.stdout], said[self.stderr]


def start(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdout: int | IO[Any] = subprocess.PIPE,
    stderr: int | IO[Any] = subprocess.PIPE,
    stdin: IO[Any] | None = None,
) -> "Started | subprocess.Popen[str]":
    """Start `cellcost` with these arguments; with `-c` first, a program like Python's.

    A stream is a pipe, `subprocess.DEVNULL` or an open file.
    """
    if not hasattr(os, "fork"):
        program = [sys.executable] if arguments[:1] == ["-c"] else [PROGRAM]
        return subprocess.Popen(
            [*program, *arguments],
            env=env,
            cwd=cwd,
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - a name, not a place
        reading: list[IO[str] | None] = []
        given = [(stdin or nothing).fileno()]
        written: list[int] = []
        for stream in (stdout, stderr):
            ours = None
            if stream == subprocess.PIPE:
                end, other = os.pipe()
                ours = os.fdopen(end, encoding="utf-8")
                written.append(other)
                given.append(other)
            elif isinstance(stream, int):
                given.append(nothing.fileno())
            else:
                given.append(stream.fileno())
            reading.append(ours)
        asked = {"arguments": list(arguments), "env": dict(env), "cwd": str(cwd)}
        (pid,) = _forker().ask(asked, given)
        for end in written:
            os.close(end)
    return Started(pid, *reading)


def run(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdin: str = "",
    timeout: float = 120,
) -> "subprocess.CompletedProcess[str]":
    """Run it to its end and return what it said."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as said,
        tempfile.TemporaryFile("w+", encoding="utf-8") as complained,
        tempfile.TemporaryFile("w+", encoding="utf-8") as asked,
    ):
        asked.write(stdin)
        asked.seek(0)
        process = start(
            arguments, env=env, cwd=cwd, stdout=said, stderr=complained, stdin=asked
        )
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        said.seek(0)
        complained.seek(0)
        return subprocess.CompletedProcess(
            list(arguments), status, said.read(), complained.read()
        )


class _Forker:
    """The Python that has imported all, and forks when asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        with theirs:
            # Its own folder stays out of the path, as with a program.
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        atexit.register(self.close)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()

    def ask(self, asked: Mapping[str, Any], given: Sequence[int] = ()) -> list[Any]:
        with self._lock:
            text = json.dumps(asked).encode() + b"\n"
            sent = socket.send_fds(self._socket, [text], given)
            self._socket.sendall(text[sent:])
            answer = b""
            while not answer.endswith(b"\n"):
                part = self._socket.recv(1 << 16)
                assert part, "the process that starts others is dead"
                answer += part
        found: list[Any] = json.loads(answer)
        return found


_known: list[_Forker] = []
_making = threading.Lock()


def _forker() -> _Forker:
    with _making:
        if not _known:
            _known.append(_Forker())
        return _known[0]


# -- the forking side -----------------------------------------------------------------


def _next_start(control: socket.socket) -> list[str]:
    """Return, in each forked process, its arguments; the first never returns."""
    living: set[int] = set()
    while True:
        text, given, _, _ = socket.recv_fds(control, 1 << 16, _STREAMS)
        while text and not text.endswith(b"\n"):
            text += control.recv(1 << 16)
        if not text:
            # Whoever asked is gone; what it left is nobody's.
            for pid in living:
                os.kill(pid, signal.SIGKILL)
            os._exit(0)
        asked: dict[str, Any] = json.loads(text)
        if "ended" in asked:
            pid, status = os.waitpid(asked["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
            living.discard(pid)
        else:
            answer = os.fork()
            if answer == 0:
                control.close()
                for place, number in enumerate(given):
                    os.dup2(number, place)
                for number in given:
                    os.close(number)
                _renew_streams()
                os.environ.clear()
                os.environ.update(asked["env"])
                os.chdir(asked["cwd"])
                signal.signal(signal.SIGINT, signal.default_int_handler)
                arguments: list[str] = asked["arguments"]
                return arguments
            living.add(answer)
            for number in given:
                os.close(number)
        control.sendall(json.dumps([answer]).encode() + b"\n")


def _renew_streams() -> None:
    """Have Python see what its streams are now: a pipe is no file, for one."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115


def _serve() -> None:
    import importlib
    from importlib.metadata import entry_points

    # An interrupt at the terminal is for the tests, which then hang up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _LOADED:
        importlib.import_module(name)
    for command in entry_points(group="cellcost.commands"):
        command.load()
    # What is there is shared with every fork: no collection touches it.
    gc.freeze()
    control = socket.socket(fileno=int(sys.argv[1]))
    arguments = _next_start(control)
    if arguments[:1] == ["-c"]:
        sys.argv = ["-c", *arguments[2:]]
        exec(arguments[1], {"__name__": "__main__"})
        sys.exit()
    from cellcost.cli import main

    sys.argv = [PROGRAM, *arguments]
    sys.exit(main())


if __name__ == "__main__":
    _serve()
