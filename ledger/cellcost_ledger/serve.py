"""`cellcost ledger serve`: one process that answers until it is told to stop."""

import json
import logging
import signal
import socket
import sys
import time

import uvicorn

from cellcost.errors import ConfigError
from cellcost_ledger.book.database import Database
from cellcost_ledger.web.app import make_app
from cellcost_ledger.web.desk import Desk

__all__ = ["serve"]

_GRACE_SECONDS = 20
"""For answers under way when the process is told to stop."""


def serve(database: Database, *, host: str, port: int, rate: float) -> None:
    """Answer until SIGTERM or SIGINT; print the address once it can be asked."""
    _log_as_json()
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}"

    def started() -> None:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()

    config = uvicorn.Config(
        make_app(Desk(database, rate=rate), started=started),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ws="none",
        lifespan="on",
    )
    # uvicorn ends in peace on these, then raises them once more, which would make the
    # exit status that of a killed process.
    for ended in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ended, lambda _number, _frame: None)
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise ConfigError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another --port"
        ) from None
    found.listen(512)
    return found


class _JsonLines(logging.Formatter):
    """One JSON object a line: time, level, what happened, its fields."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _log_as_json() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # It would log the addresses of webhooks, which are secrets at some services.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
