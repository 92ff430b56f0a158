"""Real servers for tests: some have one to themselves, most share one."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stdio_editor import PATIENCE, Editor, Json


class Launcher:
    """Starts servers, and ends those that it has started."""

    def __init__(self, folder: Path, root: Path, home: Path) -> None:
        self._folder, self._root = folder, root
        self._started: list[Editor] = []
        self._sockets: list[socket.socket] = []
        env = {k: v for k, v in os.environ.items() if not k.startswith("CELLCOST_")}
        self._env = env | {
            "CELLCOST_HOME": str(home),
            "CELLCOST_NOW": "2026-11-24T12:00:00Z",
            "HOME": str(folder),
        }

    def __call__(
        self, *, configuration: Json = None, tcp: bool = False, **variables: str
    ) -> Editor:
        """Start a server that has not been initialized."""
        log = self._folder / f"server-{len(self._started)}.log"
        command = [sys.executable, "-m", "cellcost_lsp"]
        if tcp:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            command += ["--tcp", f"127.0.0.1:{port}"]
        with log.open("wb") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**self._env, **variables},
                cwd=self._folder,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        reading: BinaryIO = process.stdout
        writing: BinaryIO = process.stdin
        if tcp:
            connection = _connected(port)
            reading = writing = connection.makefile("rwb")
            self._sockets.append(connection)
        editor = Editor(reading, writing, self._root, process, log, configuration)
        self._started.append(editor)
        return editor

    def end(self) -> None:
        """End every server, however it fares."""
        for editor in self._started:
            if editor.process.poll() is None:
                editor.process.kill()
            editor.process.wait(PATIENCE)
            for stream in (editor.process.stdin, editor.process.stdout, editor.wire):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        for connection in self._sockets:
            connection.close()


class Shared:
    """Servers that tests share, one for each encoding, started when first needed."""

    def __init__(self, launch: Launcher) -> None:
        self._launch = launch
        self._running: dict[str, Editor] = {}

    def server(self, encoding: str) -> Editor:
        """Return the editor of a server that runs."""
        editor = self._running.get(encoding)
        if editor is None or editor.process.poll() is not None:
            editor = self._running[encoding] = self._launch()
            editor.start(encodings=[encoding])
        return editor

    def stop(self) -> None:
        """Shut the servers down; each must end as the protocol says."""
        for editor in self._running.values():
            if editor.process.poll() is None:
                assert editor.stop() == 0


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that shared servers have open; each test has one of its own in it."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / ".git").mkdir()
    return folder


@pytest.fixture(scope="session")
def shared(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("shared")
    launch = Launcher(folder, workspace, folder / "home")
    servers = Shared(launch)
    try:
        yield servers
        servers.stop()
    finally:
        launch.end()


@pytest.fixture
def root(workspace: Path) -> Path:
    """The folder of the test's files: what a server of its own has open."""
    folder = Path(tempfile.mkdtemp(dir=workspace))
    (folder / ".git").mkdir()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of the journal and the user's settings."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def launch(root: Path, home: Path, tmp_path: Path) -> Iterator[Launcher]:
    """Start servers; every one is ended after the test."""
    launcher = Launcher(tmp_path, root, home)
    try:
        yield launcher
    finally:
        launcher.end()


@pytest.fixture
def alone(launch: Launcher) -> Editor:
    """An editor whose server is the test's own: it may be changed, stopped, killed."""
    started = launch()
    started.start()
    return started


@pytest.fixture
def editor_in(shared: Shared, root: Path) -> Iterator[Callable[[str], Editor]]:
    """Open an editor that counts in an encoding; its server is shared."""
    entered: list[Editor] = []

    def enter(encoding: str) -> Editor:
        editor = shared.server(encoding)
        editor.enter(root)
        entered.append(editor)
        return editor

    yield enter
    for editor in entered:
        try:
            editor.leave()
        except BaseException:
            editor.process.kill()  # the next test gets another
            editor.process.wait(PATIENCE)
            raise


@pytest.fixture
def editor(editor_in: Callable[[str], Editor]) -> Editor:
    """An editor without settings, nothing open; its server is shared."""
    return editor_in("utf-16")


@pytest.fixture
def counting(editor: Editor) -> Editor:
    """An editor whose server has loaded the ranks: token counts are exact."""
    uri = editor.open(
        "warm.py",
        "from openai import OpenAI\n"
        "OpenAI().responses.create(model='gpt-4o', input='Hello')\n",
    )
    editor.is_shown(uri, "≈ $0.0040 · 1→400")
    editor.close(uri)
    return editor


def _connected(port: int) -> socket.socket:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
