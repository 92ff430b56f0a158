"""The tables that tests of policies share, and a clock in UTC."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def utc() -> Iterator[None]:
    """Make local time UTC: rules with `hours` go by the machine's clock."""
    before = os.environ.get("TZ")
    reread = getattr(time, "tzset", lambda: None)  # Windows has none
    os.environ["TZ"] = "UTC"
    reread()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    reread()
