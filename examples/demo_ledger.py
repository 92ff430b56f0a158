"""The demo's own ledger: a server on this machine that the notebook's figures reach."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = ["DemoLedger", "LedgerFailed", "demo_ledger"]

CELLCOST = (sys.executable, "-m", "cellcost")


class LedgerFailed(RuntimeError):
    """The demo's ledger could not be started, or does not add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLedger:
    """A ledger that answers."""

    url: str
    page: str
    """The address to open in a browser: it signs in by itself, for two days."""
    environment: Mapping[str, str]
    """What the processes of the demo need so that they send to it."""
    database: Path

    def send(self, environment: Mapping[str, str]) -> None:
        """Send what the demo's journal holds. Raises LedgerFailed if that fails."""
        _run("sync", "--once", environment={**environment, **self.environment})

    def proof(self, environment: Mapping[str, str]) -> dict[str, Any]:
        """Return what `ledger verify` says; LedgerFailed if the law does not hold."""
        told = _run(
            *("ledger", "verify", "--json", "--database", str(self.database)),
            environment=environment,
        )
        found: dict[str, Any] = json.loads(told)
        return found


@contextmanager
def demo_ledger(folder: Path, environment: Mapping[str, str]) -> Iterator[DemoLedger]:
    """Serve a ledger from `folder` until the block ends.

    Raises LedgerFailed with what it said where it does not start.
    """
    database, log_path = folder / "ledger.db", folder / "ledger.log"
    stored = ("--database", str(database))
    ends = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"

    def key(*scopes: str) -> str:
        create = ("ledger", "key", "create", "--team", "demo", "--expires", ends)
        asked = [word for scope in scopes for word in ("--scope", scope)]
        told = _run(*create, *stored, *asked, environment=environment)
        return told.splitlines()[-1].strip()

    sending, reading = key("ingest"), key("read")
    with log_path.open("w") as log:
        server = subprocess.Popen(
            [*CELLCOST, "ledger", "serve", "--port", "0", *stored],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        url = (server.stdout.readline() if server.stdout else "").strip()
        if not url:
            raise LedgerFailed(f"the ledger did not start; see {log_path}")
        yield DemoLedger(
            url=url,
            page=f"{url}/sign-in#key={reading}",
            environment={"CELLCOST_SYNC_URL": url, "CELLCOST_SYNC_KEY": sending},
            database=database,
        )
    finally:
        server.terminate()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def _run(*arguments: str, environment: Mapping[str, str]) -> str:
    ran = subprocess.run(
        [*CELLCOST, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip()
        raise LedgerFailed(f"`cellcost {' '.join(arguments[:2])}` failed: {said}")
    return ran.stdout
