"""The process beside this one that sends its events to the ledger, also at the end.

A process of its own: what the user's code does to HTTP clients, certificates or threads
cannot hinder it, it outlives a kill, and nothing here is imported for it.
"""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from types import FrameType

__all__ = ["Companion"]

_PATIENCE_SECONDS = 9.0
"""For all at the end: the companion takes 8, a container is given 10 or 30."""


class Companion:
    """Starts with the meter. `settle` brings this process's last records home."""

    def __init__(self, settle: Callable[[], object]) -> None:
        self._settle = settle
        self._pid = os.getpid()
        self._ended = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to send; later calls do nothing. Raises OSError."""
        if self._process is not None or _is_pool_child():
            return
        # A session of its own: Ctrl-C and a terminal's end are not meant for it.
        self._process = subprocess.Popen(
            # -P: a file of the user's in this folder must not stand in for a library.
            [sys.executable, "-P", "-m", "cellcost.sync.companion"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "CELLCOST_METER": "off"},
        )
        atexit.register(self.finish)
        self._take_sigterm()

    def finish(self) -> None:
        """Have the last events sent; waits for it, but not for long."""
        # A forked child inherits this object, and must leave it to its parent.
        if os.getpid() != self._pid or not self._ended.acquire(blocking=False):
            return
        # In a thread: a signal may have come while this one held one of our locks.
        last = threading.Thread(target=self._finish, daemon=True)
        try:
            last.start()
        except RuntimeError:
            self._finish()  # the interpreter ends and starts no thread any more
        else:
            last.join(_PATIENCE_SECONDS)

    def _finish(self) -> None:
        self._settle()
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError):
            # A line, not only the end: forked children hold this pipe open too.
            process.stdin.write(b"end\n")
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)

    def _take_sigterm(self) -> None:
        """Send the last events before SIGTERM ends us, unless the program handles it.

        A program that does ends by itself, and then `finish` runs.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._terminated)

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        self.finish()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _is_pool_child() -> bool:
    """Say whether this is a child of multiprocessing: its parent's companion sends."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None
