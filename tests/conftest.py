"""What holds for every test, whoever starts them, and the browser that some need."""

import os
import shutil
import signal
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A shell that starts us in the background (a CI runner, `nohup`) has SIGINT ignored,
# and every program that a test starts and interrupts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser's tests last.

    Playwright keeps an event loop running in this thread from its first test to the end
    of the session, where no other test could start one.
    """
    rooms = {"browser", "ledger_pages"}
    items.sort(key=lambda item: not rooms.isdisjoint(item.path.parts))


def _chromium() -> str:
    """Return the browser's path; without one, skip loudly or fail in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    missing = "NO CHROMIUM: no browser test was run (apt-get install chromium)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    warnings.warn(missing, RuntimeWarning, stacklevel=2)
    return pytest.skip(missing)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A headless Chromium."""
    path = _chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
