"""A connection to the book, and transactions that are tried again when they may be."""

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cellcost.errors import ConfigError, LedgerUnavailable
from cellcost.home import journal_home

__all__ = ["Database", "open_database", "resolve_url"]

_T = TypeVar("_T")

VARIABLE = "CELLCOST_LEDGER_DATABASE"

# Serialization failure, deadlock, an administrator's shutdown, a crash, a server still
# starting, too many connections; XX000 is what Citus says of a lost worker.
_PASSING = {"40001", "40P01", "57P01", "57P02", "57P03", "53300", "XX000"}
_ATTEMPTS = 6
_BUSY_SECONDS = 5
_MIN_POSTGRESQL = (15,)


class Database:
    """One engine. SQLite takes one writer at a time, PostgreSQL as many as come."""

    def __init__(
        self,
        url: sa.URL,
        *,
        connections: int = 8,
        statement_seconds: int | None = None,
    ) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.retries = 0
        """Transactions that were tried again."""
        self._writer = threading.Lock()
        options: dict[str, Any] = {
            "pool_size": connections,
            "max_overflow": 0,
            "pool_timeout": 30,
            "json_serializer": _to_json,
            "json_deserializer": msgspec.json.decode,
            # A failed statement's rows do not belong in a log.
            "hide_parameters": True,
        }
        if self.is_sqlite:
            if url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": _BUSY_SECONDS}
        else:
            options["pool_pre_ping"] = True
            options["connect_args"] = _postgresql_arguments(url, statement_seconds)
        self._engine = sa.create_engine(url, **options)
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)

    def write(self, work: Callable[[sa.Connection], _T]) -> _T:
        """Return what `work` returns, committed; its whole transaction is retried.

        `work` must be idempotent: after a connection lost in its commit nobody knows
        whether it was stored. Raises LedgerUnavailable when retrying does not help.
        """
        if not self.is_sqlite:
            return self._attempts(lambda: self._write_once(work))
        with self._writer:
            return self._attempts(lambda: self._write_once(work))

    def read(self, work: Callable[[sa.Connection], _T]) -> _T:
        """Return what `work` returns, reading one state of the book throughout."""
        return self._attempts(lambda: self._read_once(work))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _write_once(self, work: Callable[[sa.Connection], _T]) -> _T:
        with self._engine.connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                return work(connection)

    def _read_once(self, work: Callable[[sa.Connection], _T]) -> _T:
        with self._engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                return work(connection)

    def _attempts(self, once: Callable[[], _T]) -> _T:
        attempt = 1
        while True:
            try:
                return once()
            except PoolTimeout as error:
                raise LedgerUnavailable(
                    "every connection to the database is busy; try again later"
                ) from error
            except DBAPIError as error:
                passes = _passes(error)
                # A full disk or a statement's timeout is not our rows' fault.
                if not passes and not isinstance(error, OperationalError):
                    raise
                if not passes or attempt == _ATTEMPTS:
                    raise LedgerUnavailable(
                        f"the ledger's database failed ({_first_line(error)});"
                        " try again later"
                    ) from error
            self.retries += 1
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
            attempt += 1


def resolve_url(text: str | None, env: Mapping[str, str] = os.environ) -> sa.URL:
    """Return the URL of the book: `text`, else the variable's, else a file at home.

    A text without `://` is the path of a SQLite file. Raises ConfigError for a text
    that names no database that we can use.
    """
    chosen = text or env.get(VARIABLE, "").strip()
    if not chosen:
        chosen = str(journal_home(env) / "ledger.db")
    if "://" not in chosen:
        path = str(Path(chosen).expanduser().absolute())
        return sa.URL.create("sqlite", database=path)
    try:
        url = sa.make_url(chosen)
    except ArgumentError:
        raise ConfigError(
            "the ledger's database is no URL; write postgresql://user@host/name"
        ) from None
    name = url.drivername.partition("+")[0]
    if name == "sqlite" and url.database:
        return url.set(drivername="sqlite")
    if name in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise ConfigError(
        "the ledger keeps its book in a SQLite file or in PostgreSQL, not in"
        f" {name if name != 'sqlite' else 'memory'}"
    )


def open_database(
    text: str | None, *, connections: int = 8, statement_seconds: int | None = None
) -> Database:
    """Return the book that `--database` or the settings name, tried once."""
    database = Database(
        resolve_url(text), connections=connections, statement_seconds=statement_seconds
    )
    if not database.is_sqlite:
        version = database.read(lambda c: c.dialect.server_version_info or ())
        if version < _MIN_POSTGRESQL:
            database.close()
            raise ConfigError(
                f"this PostgreSQL is {'.'.join(map(str, version))}; the ledger needs 15"
                " or newer"
            )
    return database


def _postgresql_arguments(url: sa.URL, statement_seconds: int | None) -> dict[str, Any]:
    arguments: dict[str, Any] = {"connect_timeout": 10}
    if statement_seconds is not None and "options" not in url.query:
        # The second: a server that froze in a transaction must not keep its locks.
        arguments["options"] = (
            f"-c statement_timeout={statement_seconds}s"
            f" -c idle_in_transaction_session_timeout={2 * statement_seconds}s"
        )
    return arguments


def _passes(error: DBAPIError) -> bool:
    """Say whether trying again may help."""
    if error.connection_invalidated:
        return True
    state = _state(error)
    if state:
        return state in _PASSING or state.startswith("08")
    if type(error.orig).__module__.startswith("psycopg"):
        # psycopg gives no state for a connection that was refused or that broke.
        return isinstance(error, OperationalError)
    return "locked" in str(error.orig) or "busy" in str(error.orig)


def _state(error: DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else ""


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0][:300]


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own idea of transactions is off: `_begin_sqlite` begins them.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # An acknowledged event survives a power cut.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
