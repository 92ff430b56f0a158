"""A real JupyterLab with cellcost, its kernels, a fake provider, and a real browser."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cellcost.testing.provider import FakeProvider
from cellcost.testing.simulated_gpu import simulate

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "server_ext" / "cellcost_server" / "labextension"
STARTUP_FILE = ROOT / "meter" / "shared" / "50-cellcost.py"
SCREENSHOTS = ROOT / ".screenshots"
SECONDS = 60


@dataclass
class Lab:
    """A running JupyterLab and the folder that it serves."""

    url: str
    token: str
    folder: Path
    home: Path
    process: subprocess.Popen[bytes]
    log: Path

    def write(self, name: str, *sources: str, kernel: str = "python3") -> list[str]:
        """Write a notebook of code cells and return their ids."""
        stem = Path(name).stem.replace(" ", "-")
        ids = [f"{stem}-{n}" for n in range(len(sources))]
        cells: list[dict[str, Any]] = [
            {
                "id": cell_id,
                "cell_type": "code",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for cell_id, source in zip(ids, sources, strict=True)
        ]
        spec = {"name": kernel, "display_name": kernel, "language": "python"}
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": spec},
            "cells": cells,
        }
        (self.folder / name).write_text(json.dumps(notebook), encoding="utf-8")
        return ids

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the server's REST API and return its JSON."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def set(self, plugin: str, settings: dict[str, Any]) -> None:
        """Store a user setting, as the settings editor does."""
        body = {"raw": json.dumps(settings)}
        self.request("PUT", f"lab/api/settings/{plugin}", body)


def start_lab(folder: Path, *, base_url: str, env: dict[str, str]) -> Iterator[Lab]:
    """Start JupyterLab in `folder`, yield it when it answers, stop it."""
    served, home = folder / "work", folder / "home"
    for made in (served, home):
        made.mkdir()
    (home / "cellcost.toml").write_text(env.pop("CELLCOST_TOML"), encoding="utf-8")
    profile = folder / "ipython" / "profile_default" / "startup"
    profile.mkdir(parents=True)
    shutil.copy(STARTUP_FILE, profile)
    extensions = folder / "labextensions"
    extensions.mkdir()
    (extensions / "cellcost").symlink_to(BUILT)
    _quiet_settings(folder / "settings")
    _bare_kernel(folder / "data" / "kernels" / "bare")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = "browser-tests"
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": str(port),
        "ServerApp.port_retries": "0",
        "ServerApp.base_url": base_url,
        "ServerApp.root_dir": str(served),
        "ServerApp.open_browser": "False",
        "ServerApp.allow_root": "True",
        "ServerApp.jpserver_extensions": "{'cellcost_server': True}",
        "IdentityProvider.token": token,
        "LabApp.extra_labextensions_path": f"['{extensions}']",
        "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CELLCOST", "JUPYTER", "JPY_", "IPYTHON", "OPENAI"))
    }
    log = folder / "lab.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab"]
            + [f"--{name}={value}" for name, value in options.items()],
            env=kept
            | {
                "CELLCOST_HOME": str(home),
                "IPYTHONDIR": str(folder / "ipython"),
                "JUPYTER_CONFIG_DIR": str(folder / "config"),
                "JUPYTER_DATA_DIR": str(folder / "data"),
                "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
                "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
                "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            }
            | env,
            cwd=served,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}{base_url}"
    lab = Lab(url, token, served, home, process, log)
    try:
        _wait_until_up(lab)
        yield lab
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(SECONDS)


def _quiet_settings(folder: Path) -> None:
    """Answer the first-start questions, so that no dialog covers the page."""
    notice = folder / "@jupyterlab" / "apputils-extension"
    notice.mkdir(parents=True)
    (notice / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False}), encoding="utf-8"
    )


def _bare_kernel(folder: Path) -> None:
    """Add a kernel that runs without the meter."""
    folder.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "bare",
        "language": "python",
        "env": {"CELLCOST_METER": "off"},
    }
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def _wait_until_up(lab: Lab) -> None:
    give_up = time.monotonic() + SECONDS
    while True:
        try:
            lab.request("GET", "api/status")
            return
        except (urllib.error.URLError, ConnectionError):
            stopped = lab.process.poll() is not None
            if stopped or time.monotonic() > give_up:
                pytest.fail(f"JupyterLab did not start:\n{lab.log.read_text()[-4000:]}")
            # The port is not there yet: leave the processor to the one that opens it.
            with contextlib.suppress(subprocess.TimeoutExpired):
                lab.process.wait(0.1)


@dataclass
class Desk:
    """One browser page on one lab, with the words that the tests speak."""

    page: Page
    lab: Lab
    provider: FakeProvider
    stranger: FakeProvider
    errors: list[str] = field(default_factory=list)

    def open(self, name: str) -> None:
        """Open a notebook alone in a fresh workspace and wait for its kernel."""
        workspace = Path(name).stem.replace(" ", "-")
        self.page.goto(f"{self.lab.url}lab/workspaces/{workspace}/tree/{name}?reset")
        self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        """Wait until the notebook in front has an idle kernel."""
        self.page.wait_for_selector(
            ".jp-NotebookPanel:not(.lm-mod-hidden) "
            ".jp-Notebook-ExecutionIndicator[data-status=idle]",
            timeout=SECONDS * 1000,
        )
        # The indicator says idle while the session still connects; this line does not.
        expect(
            self.page.locator("#jp-main-statusbar").get_by_text("| Idle").first
        ).to_be_visible(timeout=SECONDS * 1000)

    def cell(self, index: int) -> Locator:
        """Return the cell of the notebook in front at `index`."""
        return self.page.locator(
            ".jp-NotebookPanel:not(.lm-mod-hidden) "
            f'.jp-Cell[data-windowed-list-index="{index}"]'
        )

    def run(self, index: int) -> None:
        """Run a cell as a user does: click into it, Shift+Enter."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def select(self, index: int) -> None:
        """Select a cell in command mode."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Escape")

    def restart(self) -> None:
        """Restart the kernel from the menu."""
        self.menu("Kernel", "Restart Kernel…")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)
        self.wait_for_kernel()

    def menu(self, name: str, *items: str) -> None:
        """Choose an item of a menu, or of a menu within it."""
        self.page.locator(".lm-MenuBar-item", has_text=name).first.click()
        for item in items:
            self.page.locator(".lm-Menu-item", has_text=item).first.click()

    def also_open(self, name: str) -> None:
        """Open a second notebook in the same page, by the file browser."""
        self.page.locator(".jp-DirListing-item", has_text=name).dblclick()
        self.wait_for_kernel()

    def scroll(self, index: int) -> None:
        """Scroll a windowed notebook until the cell at `index` is in view."""
        outer = self.page.locator(
            ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer"
        )
        down = "node => { node.scrollTop += node.clientHeight / 2 }"
        up = "node => { node.scrollTop = 0 }"

        def in_view() -> bool:
            if self.cell(index).count() and self.cell(index).is_visible():
                self.cell(index).scroll_into_view_if_needed()
                return True
            outer.evaluate(up if index < 5 else down)
            return False

        self.until(in_view)

    def until(self, done: Callable[[], object]) -> None:
        """Wait until `done()` is true, as long as any test waits."""
        give_up = time.monotonic() + SECONDS
        while not done():
            assert time.monotonic() < give_up
            self.page.wait_for_timeout(50)

    def badge(self, cell_id: str) -> Locator:
        """Return the visible badges of a cell."""
        return self.page.locator(
            f'[data-cellcost="badge"][data-cell-id="{cell_id}"]:visible'
        )

    def settled(self, cell_id: str, cost_nusd: int) -> Locator:
        """Wait until a cell's badge shows exactly this measured cost."""
        badge = self.badge(cell_id)
        expect(badge).to_have_attribute("data-cost-nusd", str(cost_nusd))
        expect(badge).to_have_attribute("data-state", "measured")
        return badge

    def shot(self, name: str) -> None:
        """Take a picture for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


def _asking(url: str, *, model: str = "gpt-5-mini", stream: bool = False) -> str:
    """Return the source of a cell that asks a model once."""
    make = (
        "from openai import OpenAI\n"
        f"client = OpenAI(base_url={url!r}, api_key='none', max_retries=0)\n"
        f"asked = dict(model={model!r}, messages=[dict(role='user', content='hi')])\n"
    )
    if stream:
        return make + (
            "for part in client.chat.completions.create(**asked, stream=True,\n"
            "        stream_options={'include_usage': True}):\n"
            "    if part.choices:\n"
            "        print(part.choices[0].delta.content or '', end='')"
        )
    return make + (
        "print(client.chat.completions.create(**asked).choices[0].message.content)"
    )


@pytest.fixture(scope="session")
def provider() -> Iterator[FakeProvider]:
    """A provider whose host the settings map to OpenAI's price list."""
    with FakeProvider() as fake:
        yield fake


@pytest.fixture(scope="session")
def stranger() -> Iterator[FakeProvider]:
    """A provider whose host nobody knows: its calls have no price."""
    with FakeProvider() as fake:
        yield fake


@pytest.fixture(scope="session")
def lab(
    tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider, browser: Browser
) -> Iterator[Lab]:
    """JupyterLab under a base URL prefix, as a hub serves it."""
    if not (BUILT / "static").is_dir():
        pytest.fail("The labextension is not built: make test builds it.")
    toml = (
        f'[[endpoints]]\nurl = "{provider.url}"\nprovider = "openai"\n'
        '[[gpu_rates]]\nmatch = "*H100*"\nusd_per_hour = "3.60"\n'
    )
    yield from start_lab(
        tmp_path_factory.mktemp("lab"),
        base_url="/user/ada/",
        env={
            "CELLCOST_TOML": toml,
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "none",
            **simulate(tmp_path_factory.mktemp("gpu")),
        },
    )


NewDesk = Callable[..., Desk]


@pytest.fixture
def new_desk(
    lab: Lab, browser: Browser, provider: FakeProvider, stranger: FakeProvider
) -> Iterator[NewDesk]:
    """Make pages; their contexts close, and uncaught errors of ours fail the test."""
    desks: list[Desk] = []

    def make(**options: Any) -> Desk:
        options = {"viewport": {"width": 1180, "height": 800}} | options
        context = browser.new_context(**options)
        context.set_default_timeout(SECONDS * 1000)
        page = context.new_page()
        desk = Desk(page, lab, provider, stranger)
        page.on("pageerror", lambda error: desk.errors.append(str(error)))
        page.goto(f"{lab.url}lab?token={lab.token}&reset")
        desks.append(desk)
        return desk

    expect.set_options(timeout=20_000)
    yield make
    for desk in desks:
        desk.page.context.close()
    assert [error for desk in desks for error in desk.errors] == []


@pytest.fixture
def desk(new_desk: NewDesk) -> Desk:
    """One page."""
    return new_desk()


@pytest.fixture
def ask() -> Callable[..., str]:
    """Return the source of a cell that asks a model once."""
    return _asking
