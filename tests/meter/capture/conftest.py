"""A meter on real clients, a fake provider and a real journal."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

import httpx
import httpx2
import pytest

from cellcost.call_sites import CallPlace
from cellcost.config import Endpoint
from cellcost.journal import About, PendingCall, Reader, Writer
from cellcost.prices import PriceBook
from cellcost.prices.catalogue import load_catalogue
from cellcost.records import Event, Where
from cellcost.testing.provider import FakeProvider
from cellcost_meter.capture import httpx_stack
from cellcost_meter.recorder import CallRecorder

PATIENCE_SECONDS = 10.0


def wait_until(ready: Callable[[], bool]) -> None:
    """Wait until `ready()`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while not ready():
        assert time.monotonic() < deadline, "waited too long"
        pause.wait(0.005)


@pytest.fixture
def only_event() -> Callable[[Path], Event]:
    """Return the only event of a home once it is stored."""

    def read(home: Path) -> Event:
        found: list[Event] = []

        def enough() -> bool:
            with Reader(home) as reader:
                found[:] = list(reader.events())
            return bool(found)

        wait_until(enough)
        (event,) = found
        return event

    return read


@dataclass
class Metered:
    """What a test needs of the running meter."""

    home: Path
    recorder: CallRecorder
    writer: Writer
    stacks: dict[str, str] = field(default_factory=dict)
    stream_usage: Literal["ask", "count"] = "count"
    run_id: str = "run-1"
    cell_id: str = "cell-1"

    def events(self, count: int = 1) -> list[Event]:
        """Return the stored events once there are at least `count`."""
        with Reader(self.home) as reader:
            return self._until(lambda: list(reader.events()), count)

    def event(self) -> Event:
        """Return the only event."""
        (event,) = self.events()
        return event

    def pending(self) -> list[PendingCall]:
        """Return the calls in flight."""
        with Reader(self.home) as reader:
            return list(reader.pending())

    def _until(self, read: Callable[[], list[Event]], count: int) -> list[Event]:
        found: list[Event] = []

        def enough() -> bool:
            found[:] = read()
            return len(found) >= count

        wait_until(enough)
        return found


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as fake:
        yield fake


@pytest.fixture
def meter(tmp_path: Path, provider: FakeProvider) -> Iterator[Metered]:
    """Both stacks hooked; the fake provider's prices are OpenAI's."""
    home = tmp_path / "home"
    writer = Writer(home, about=About(host="h", pid=1, version="0"))
    endpoints = (
        Endpoint(url=f"{provider.origin}/v1/messages", provider="anthropic"),
        Endpoint(url=provider.origin, provider="openai"),
    )
    metered: Metered

    def where(call_site: CallPlace) -> Where:
        return Where(
            origin="cell",
            run_id=metered.run_id,
            cell_id=metered.cell_id,
            call_site=call_site.name,
        )

    recorder = CallRecorder(
        journal=writer,
        book=lambda: PriceBook(load_catalogue(), endpoints),
        where=where,
        call_site=lambda: CallPlace("test.py:f:1"),
    )
    metered = Metered(home=home, recorder=recorder, writer=writer)

    def announce(stack: str, state: str) -> None:
        metered.stacks[stack] = state

    stops = [
        httpx_stack.hook(
            module,
            recorder=recorder,
            announce=announce,
            stack=module.__name__,
            stream_usage=lambda: metered.stream_usage,
        )
        for module in (httpx, httpx2)
    ]
    yield metered
    for stop in stops:
        stop()
    recorder.flusher.finish()
    writer.close()


def dollars(per_million: str, tokens: int) -> int:
    """Return what `tokens` cost in nano-USD."""
    return int(Decimal(per_million) * 1000 * tokens)
