"""What every soak script shares: sizes by arguments, one figure at the end.

A broken law is an AssertionError: the script ends with a traceback and not with 0.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# The ledger's and sync's tests have the servers, the load and the bad network.
sys.path[:0] = [str(ROOT / "tests" / room) for room in ("ledger", "sync", "journal")]

__all__ = ["ROOT", "sizes", "tell", "temporary"]


def sizes(about: str | None, **full_and_quick: tuple[int, int]) -> argparse.Namespace:
    """Return the sizes asked for; `--quick` makes those that were not named small."""
    parser = argparse.ArgumentParser(description=(about or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="small sizes")
    for name, (full, quick) in full_and_quick.items():
        text = f"{full} (quick: {quick})"
        parser.add_argument(f"--{name}", type=int, default=None, help=text)
    found = parser.parse_args()
    for name, (full, quick) in full_and_quick.items():
        if getattr(found, name) is None:
            setattr(found, name, quick if found.quick else full)
    found.started = time.monotonic()
    return found


def tell(found: argparse.Namespace, **figures: Any) -> None:
    """Print one line: what ran, and what came of it."""
    sized = {k: v for k, v in vars(found).items() if k not in ("quick", "started")}
    seconds = round(time.monotonic() - found.started, 1)
    name = Path(sys.argv[0]).stem
    line = {"soak": name, **sized, **figures, "seconds": seconds, "law": "holds"}
    sys.stdout.write(json.dumps(line) + "\n")


@contextmanager
def temporary() -> Iterator[Path]:
    """Give a folder that goes when the block ends."""
    with tempfile.TemporaryDirectory(prefix="cellcost-soak-") as folder:
        yield Path(folder)
