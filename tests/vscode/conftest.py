"""A real VS Code (code-server) with the built .vsix, in a real browser."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import cellcost
from cellcost.testing.provider import FakeProvider

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STARTUP_FILE = ROOT / "meter" / "shared" / "50-cellcost.py"
ENTRY = ROOT / ".vscode-test/node_modules/code-server/out/node/entry.js"
VSIX = ROOT / "dist" / f"cellcost-{cellcost.__version__}.vsix"
BIN = Path(sys.executable).parent
SCREENSHOTS = ROOT / ".screenshots"
SECONDS = 120
QUIET = {
    "chat.disableAIFeatures": True,
    "editor.minimap.enabled": False,
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "git.enabled": False,
    "remote.autoForwardPorts": False,
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "workbench.editorAssociations": {"*.ipynb": "jupyter-notebook"},
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
}


@dataclass
class CodeServer:
    """A running code-server and the folder that holds all that is its own."""

    url: str
    folder: Path
    env: dict[str, str]
    """What its programs have in their environment, and this process has not."""
    process: subprocess.Popen[bytes]
    log: Path

    def set(self, settings: dict[str, Any]) -> None:
        """Store the user's settings, for windows that open later."""
        path = self.folder / "data" / "User" / "settings.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(QUIET | settings, indent=2), encoding="utf-8")


def start_code_server(folder: Path, *, env: dict[str, str]) -> Iterator[CodeServer]:
    """Start code-server with the built .vsix, yield it when it answers, stop it."""
    for missing in (path for path in (ENTRY, VSIX) if not path.exists()):
        pytest.fail(f"There is no {missing}: make test-vscode makes it.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CELLCOST", "JUPYTER", "IPYTHON", "OPENAI", "VSCODE"))
    }
    kept |= {"HOME": str(folder)} | env
    command = [
        *(str(BIN / "node"), str(ENTRY)),
        *("--user-data-dir", str(folder / "data")),
        *("--extensions-dir", str(folder / "extensions")),
    ]
    for vsix in (VSIX, *(_packed(name, folder) for name in ("controller", "python"))):
        install = [*command, "--install-extension", str(vsix), "--force"]
        subprocess.run(install, env=kept, check=True, capture_output=True)
    serve = ["--auth", "none", "--bind-addr", f"127.0.0.1:{port}"]
    serve += ["--disable-telemetry", "--disable-update-check"]
    log = folder / "code-server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command + serve,
            env=kept,
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = CodeServer(f"http://127.0.0.1:{port}/", folder, env, process, log)
    server.set({})
    try:
        _wait_until_up(server)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(SECONDS)


def _packed(name: str, folder: Path) -> Path:
    """Return one of the extensions that stand in for Microsoft's, packed."""
    packed = folder / f"{name}.vsix"
    vsce = [str(BIN / "node"), str(ROOT / "lsp/vscode/node_modules/@vscode/vsce/vsce")]
    vsce += ["package", "--no-dependencies", "--allow-missing-repository"]
    vsce += ["--skip-license", "--out", str(packed)]
    subprocess.run(vsce, cwd=HERE / name, check=True, capture_output=True)
    return packed


def _wait_until_up(server: CodeServer) -> None:
    give_up = time.monotonic() + SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{server.url}healthz", timeout=SECONDS).close()
            return
        except (urllib.error.URLError, ConnectionError):
            stopped = server.process.poll() is not None
            if stopped or time.monotonic() > give_up:
                pytest.fail(f"code-server did not start:\n{server.log.read_text()}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.process.wait(0.1)


@dataclass
class Window:
    """One VS Code window on a folder, with the words that the tests speak."""

    page: Page
    server: CodeServer
    folder: Path
    errors: list[str] = field(default_factory=list)

    def open(self, *names: str) -> None:
        """Open the folder with these files."""
        host = urllib.parse.urlsplit(self.server.url).netloc
        files = [
            ["openFile", f"vscode-remote://{host}{self.folder / name}"]
            for name in names
        ]
        query = {"folder": str(self.folder), "payload": json.dumps(files)}
        self.page.goto(f"{self.server.url}?{urllib.parse.urlencode(query)}")
        expect(self.page.locator(".statusbar")).to_be_visible()

    @property
    def status(self) -> Locator:
        """Return cellcost's item in the status bar."""
        return self.page.locator(
            '.statusbar-item[id="cellcost.cellcost.cellcost.today"]'
        )

    @property
    def messages(self) -> Locator:
        """Return the notifications that are open."""
        return self.page.locator(".notification-toast .notification-list-item")

    @property
    def cell_items(self) -> Locator:
        """Return what stands in the status bars of cells and is ours."""
        return self.page.locator(".cell-status-item", has_text="$")

    @property
    def picks(self) -> Locator:
        """Return the list to pick from that is open."""
        return self.page.locator(".quick-input-list")

    def run_cell(self, words: str) -> None:
        """Run the cell that holds these words, as a user does."""
        self.line(words).click()
        self.page.keyboard.press("Shift+Enter")

    def run_command(self, title: str) -> None:
        """Run a command of the palette, once extensions have added theirs."""
        expect(self.status).to_be_visible()
        self.page.keyboard.press("F1")
        box = self.page.locator(".quick-input-widget input")
        box.fill(f">{title}")
        row = self.page.locator(".quick-input-list .monaco-list-row", has_text=title)
        row.first.click()

    def in_terminal(self, command: str) -> None:
        """Type a command into a new terminal."""
        self.run_command("Terminal: Create New Terminal")
        prompt = self.page.locator(".terminal-wrapper.active .xterm-helper-textarea")
        prompt.wait_for(state="attached")
        prompt.focus()
        self.page.keyboard.type(f"{command}\n")

    def set(self, name: str, value: object) -> None:
        """Change a user setting, as the settings editor does."""
        self.run_command("cellcost-test: Set")
        self._answer(json.dumps([name, value]))

    def _answer(self, text: str) -> None:
        box = self.page.locator(".quick-input-widget input[type=text]:visible")
        box.fill(text)
        box.press("Enter")
        expect(box).to_have_count(0)

    def until(self, done: Callable[[], object]) -> None:
        """Wait until `done()` is true, as long as any test waits."""
        give_up = time.monotonic() + SECONDS
        while not done():
            assert time.monotonic() < give_up
            self.page.wait_for_timeout(50)

    def line(self, words: str) -> Locator:
        """Return the lines in editors and cells that hold these words, with hints."""
        return self.page.locator(".view-line", has_text=words)

    def shot(self, name: str) -> None:
        """Take a picture for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"vscode-{name}.png")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def start_server() -> Callable[..., Iterator[CodeServer]]:
    """Start a VS Code of a test's own."""
    return start_code_server


@pytest.fixture(scope="session")
def provider() -> Iterator[FakeProvider]:
    """A provider whose host the settings map to OpenAI's price list."""
    with FakeProvider() as fake:
        yield fake


@pytest.fixture(scope="session")
def code_server(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, provider: FakeProvider
) -> Iterator[CodeServer]:
    """VS Code with the built extension."""
    folder = tmp_path_factory.mktemp("vscode")
    home, startup = folder / "home", folder / "ipython" / "profile_default" / "startup"
    for made in (home, startup):
        made.mkdir(parents=True)
    shutil.copy(STARTUP_FILE, startup)
    endpoint = f'[[endpoints]]\nurl = "{provider.url}"\nprovider = "openai"\n'
    (home / "cellcost.toml").write_text(endpoint, encoding="utf-8")
    # VS Code asks a login shell for the user's PATH.
    (folder / ".bash_profile").write_text(f'PATH="{BIN}:$PATH"\n', encoding="utf-8")
    env = {
        "SHELL": "/bin/bash",
        "CELLCOST_HOME": str(home),
        "CELLCOST_TEST_PYTHON": sys.executable,
        "IPYTHONDIR": str(folder / "ipython"),
        "OPENAI_BASE_URL": provider.url,
        "OPENAI_API_KEY": "none",
    }
    yield from start_code_server(folder, env=env)


NewWindow = Callable[..., Window]


@pytest.fixture
def new_window(
    code_server: CodeServer,
    browser: Browser,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[NewWindow]:
    """Make windows on folders with these files, Python and notebooks opened."""
    windows: list[Window] = []

    def make(
        files: dict[str, str],
        *,
        server: CodeServer | None = None,
        prepare: Callable[[Path], object] = lambda _: None,
        settings: dict[str, Any] | None = None,
        **options: Any,
    ) -> Window:
        server = server or code_server
        folder = tmp_path / f"project{len(windows)}"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755 if text.startswith("#!") else 0o644)
        prepare(folder)
        options = {"viewport": {"width": 1180, "height": 800}} | options
        context = browser.new_context(**options)
        context.set_default_timeout(SECONDS * 1000)
        page = context.new_page()
        window = Window(page, server, folder)
        page.on("pageerror", lambda error: window.errors.append(str(error)))
        windows.append(window)
        server.set(settings or {})
        window.open(*(name for name in files if name.endswith((".py", ".ipynb"))))
        return window

    expect.set_options(timeout=SECONDS * 1000)
    yield make
    for window in windows:
        window.shot(f"end-{request.node.name}")
        window.page.context.close()
