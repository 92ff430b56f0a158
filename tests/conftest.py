"""What holds for every test, whoever starts them."""

import signal

import pytest

# A shell that starts us in the background (a CI runner, `nohup`) has SIGINT ignored,
# and every program that a test starts and interrupts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser's tests last.

    Playwright keeps an event loop running in this thread from its first test to the end
    of the session, where no other test could start one.
    """
    items.sort(key=lambda item: "browser" in item.path.parts)
