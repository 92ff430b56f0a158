"""What the ledger's tests start, for benches and the soak: servers and databases.

PostgreSQL runs without fsync there; figures made with it say so.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "ledger"))

from conftest import (
    Client,
    Ledger,
    Postgres,
    cost_of,
    migrated,
    until,
    wire,
)
from conftest import _new_postgres as new_postgres  # not a test, so no fixture

__all__ = [
    "Client",
    "Ledger",
    "Postgres",
    "cost_of",
    "migrated",
    "new_postgres",
    "until",
    "wire",
]
