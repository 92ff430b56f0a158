"""Starting and stopping the one meter of this process.

Standard library and our own light modules only: this runs while a kernel starts.
Settings and prices are loaded when the first call needs them.
"""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

from cellcost import __version__, context
from cellcost.home import journal_home
from cellcost.journal import About, Writer
from cellcost.records import Event, Where
from cellcost_meter import (
    attribution,
    autoload,
    call_site,
    capture,
    carry,
    kernel,
    process,
)
from cellcost_meter.attribution import RunContext
from cellcost_meter.capture.watching import HookWatch
from cellcost_meter.found_tags import FoundTags
from cellcost_meter.gpu import GpuMeter
from cellcost_meter.notebook import NotebookTags
from cellcost_meter.recorder import CallRecorder
from cellcost_meter.runs import RunLog
from cellcost_meter.settings import CurrentSettings

if TYPE_CHECKING:
    from cellcost.prices import PriceBook
    from cellcost_meter.companion import Companion

__all__ = [
    "OFF_VARIABLE",
    "auto_install",
    "auto_install_in_process",
    "install",
    "uninstall",
]

OFF_VARIABLE = "CELLCOST_METER"
"""`CELLCOST_METER=off` keeps the meter from loading by itself."""

_log = logging.getLogger("cellcost")
_lock = threading.RLock()
_running: list["Meter"] = []


def install(*, sync: bool = False) -> None:
    """Meter this process from now on; again does nothing. Never raises."""
    try:
        with _lock:
            if not _running:
                _running.append(Meter(os.environ))
                _running[0].start()
            if sync:
                _running[0].sync()
            shell = kernel.this_shell()
            if shell is not None:
                _running[0].follow(shell)
    except Exception:  # noqa: BLE001 - a process without a meter beats no process
        _log.warning("cellcost could not start its meter", exc_info=True)


def auto_install() -> None:
    """Meter this kernel unless somebody said not to. Never raises.

    `CELLCOST_METER=off` says so for one process, `cellcost disable` for an environment.
    """
    if not (_is_switched_off() or autoload.is_off()):
        install()


def auto_install_in_process() -> None:
    """Meter this process unless `CELLCOST_METER=off` says not to. Never raises."""
    if not _is_switched_off():
        install()


def _is_switched_off() -> bool:
    value = os.environ.get(OFF_VARIABLE, "").strip().lower()
    return value in ("off", "0", "false", "no")


def uninstall() -> None:
    """Stop metering this process and take the hooks off. Never raises."""
    with _lock:
        while _running:
            _running.pop().stop()


class Meter:
    """The parts of one running meter."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._settings = CurrentSettings(environment, changed=self._new_settings)
        self._stacks: dict[str, str] = {}
        self._stops: list[Callable[[], None]] = []
        self._attached: kernel.Attached | None = None
        self._companion: Companion | None = None
        home = process.home(environment)
        attribution.set_home(home)
        attribution.set_tag_sources(base=self._base_tags)
        self.writer = Writer(
            journal_home(environment),
            about=About(
                host=socket.gethostname(),
                pid=os.getpid(),
                version=__version__,
                notebook=home.notebook,
                kernel_id=home.kernel_id,
                session_id=home.session_id,
            ),
        )
        self.recorder = CallRecorder(
            journal=self.writer,
            book=self._book,
            where=attribution.where,
            call_site=call_site.here,
        )
        self._runs = RunLog()
        self._gpu = GpuMeter(
            home=journal_home(environment),
            journal=self.writer,
            runs=self._runs,
            where=attribution.where_of,
            settings=self._settings.get,
            announce=self._announce,
        )
        self._found = FoundTags(self.recorder.flusher.soon)
        self._watch = HookWatch(self._announce)

    def start(self) -> None:
        """Put the hooks on; each part that fails is left out and said."""
        context.set_running(self)
        self._stops.append(lambda: context.set_running(None))
        self._begin("attribution by threads", self._start_carrying)
        self._begin("capture", self._start_capture)
        self._begin("gpu", self._gpu.start)

    def follow(self, shell: Any) -> None:
        """Attribute calls to the cells of `shell`, if that is not so yet."""
        if self._attached is not None:
            return
        identity = kernel.identity(shell, self._environment)
        attribution.set_home(
            RunContext(
                origin="process",
                notebook=identity.notebook,
                kernel_id=identity.kernel_id,
                session_id=identity.session_id,
            )
        )
        notebook = NotebookTags(identity.notebook)
        attribution.set_tag_sources(base=self._base_tags, notebook=notebook.current)

        def before_run() -> None:
            notebook.refresh()
            self._settings.look()
            self._gpu.before_run(time.monotonic())
            if self._stacks:  # a client library is there: calls may follow
                self._found.refresh()
                self._watch.look(self._stacks)

        self._attached = kernel.attach(
            shell,
            identity,
            announce=self._announce,
            on_run=before_run,
            runs=self._runs,
        )
        self.recorder.flusher.soon(
            lambda: self.writer.announce(
                kernel_id=identity.kernel_id,
                session_id=identity.session_id,
                notebook=identity.notebook,
                stacks=json.dumps(self._stacks),
            )
        )
        try:
            kernel.offer_magics(shell)
        except Exception:  # noqa: BLE001 - a meter without magics still meters
            _log.warning("cellcost: no %%cellcost in this kernel", exc_info=True)

    def stop(self) -> None:
        """Take every hook off."""
        if self._attached is not None:
            self._attached.stop()
        for stop in reversed(self._stops):
            stop()
        self.recorder.flusher.finish()
        self.writer.close()

    def sync(self) -> None:
        """Have a companion send the events; again does nothing."""
        from cellcost_meter.companion import Companion

        if self._companion is None:
            self._companion = Companion(self._settle_last)
        self._companion.start()

    def _settle_last(self) -> None:
        self._gpu.stop()
        self.recorder.flusher.finish()
        self.writer.close()

    def where(self, frame: FrameType | None) -> Where:
        """Return who runs at this moment; `frame` is where cellcost was called."""
        return attribution.where(call_site.find(frame))

    def record(self, event: Event) -> None:
        """Store an event that was no call."""
        self.recorder.record(event)

    def _begin(self, what: str, start: Callable[[], Callable[[], None]]) -> None:
        try:
            self._stops.append(start())
        except Exception as error:  # noqa: BLE001 - the other parts still work
            _log.warning("cellcost: no %s", what, exc_info=True)
            self._announce(what, f"not captured: {type(error).__name__}")

    def _start_carrying(self) -> Callable[[], None]:
        return carry.install(announce=self._announce, on_thread=self._runs.started).stop

    def _start_capture(self) -> Callable[[], None]:
        return capture.install(
            self.recorder,
            announce=self._announce,
            stream_usage=lambda: self._settings.get().capture.stream_usage,
        )

    def _announce(self, stack: str, state: str) -> None:
        self._stacks = {**self._stacks, stack: state}
        self._found.refresh()
        stacks = json.dumps(self._stacks)
        self.recorder.flusher.soon(lambda: self.writer.announce(stacks=stacks))

    def _new_settings(self) -> None:
        self.recorder.forget_book()
        self._gpu.new_settings()

    def _base_tags(self) -> Mapping[str, str]:
        return {**self._found.current(), **self._settings.get().tags}

    def _book(self) -> "PriceBook":
        from cellcost.prices import load_book

        settings = self._settings.get()
        return load_book(settings, left_out=self._settings.left_out)
