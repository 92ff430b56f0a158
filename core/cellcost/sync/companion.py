"""`python -m cellcost.sync.companion`: sends a process's events while it lives.

A process that a container or a pool may end at any moment starts it. It ends after its
standard input: then it sends what is left, also what a killed parent left unsettled.
"""

import os
import signal
import sys
import threading
from types import FrameType

from cellcost.home import journal_home
from cellcost.sync.watching import Watcher

__all__ = ["FLUSH_SECONDS", "main"]

FLUSH_SECONDS = 8.0
"""Below the grace that Docker (10 s) and Kubernetes (30 s) give a container."""


def main() -> None:
    """Send until standard input ends or SIGTERM comes."""
    stop = threading.Event()

    def until_the_end() -> None:
        sys.stdin.buffer.readline()
        stop.set()

    def ended(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ended)
    # The parent's group gets Ctrl-C; the last events are still to come then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=until_the_end, daemon=True).start()
    Watcher(
        journal_home(os.environ), os.environ, stop=stop, flush_seconds=FLUSH_SECONDS
    ).run()


if __name__ == "__main__":
    main()
