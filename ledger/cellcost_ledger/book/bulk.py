"""Many rows in one statement: its text is made once, the values go to the driver.

SQLAlchemy's own way takes most of a batch's processor time: it reads every row's
parameters by name, twice (bench/bench_ingest.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

__all__ = [
    "add_rows",
    "among",
    "among_later",
    "carried",
    "insert_rows",
    "insert_values",
]

Row = Mapping[str, Any]
_AT_ONCE = 100
"""SQLite: rows of one statement. The driver lets other threads run at each statement's
start and takes its turn again after it, which between two threads costs more than the
row."""
_POSTGRESQL: sa.Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so


def insert_rows(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Row]
) -> None:
    """Insert rows that all have the names of the first."""
    _put(connection, table, rows, ())


def insert_values(
    connection: sa.Connection,
    table: sa.Table,
    names: tuple[str, ...],
    values: Sequence[tuple[Any, ...]],
) -> None:
    """Insert rows that are values in the order of `names`."""
    if values:
        _put_values(connection, table, names, values, ())


def add_rows(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    keys: Sequence[str],
) -> None:
    """Insert rows; where one of the same keys is, add what is no key to it."""
    _put(connection, table, rows, tuple(keys))


def among(
    connection: sa.Connection, column: sa.Column[Any], values: Iterable[Any]
) -> sa.ColumnElement[bool]:
    """Return that `column` is one of `values`, as one parameter however many."""
    dialect = connection.dialect.name
    return _one_of(dialect, column, None, carried(dialect, values))


def among_later(
    dialect: str, column: sa.Column[Any], name: str
) -> sa.ColumnElement[bool]:
    """Return the same of values that are given as `carried`, by `name`, later."""
    return _one_of(dialect, column, name, None)


def carried(dialect: str, values: Iterable[Any]) -> Any:
    """Return values as the one parameter that a statement with `among_later` takes."""
    wanted = list(values)
    if dialect == "postgresql":
        return wanted
    return msgspec.json.encode(wanted).decode()


def _one_of(
    dialect: str, column: sa.Column[Any], name: str | None, value: Any
) -> sa.ColumnElement[bool]:
    if dialect == "postgresql":
        array = sa.bindparam(name, value, type_=postgresql.ARRAY(column.type))
        return column == sa.any_(array)
    given = sa.func.json_each(sa.bindparam(name, value, type_=sa.Text)).table_valued(
        sa.column("value", column.type)
    )
    return column.in_(sa.select(given.c.value))


def _put(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Row],
    keys: tuple[str, ...],
) -> None:
    if rows:
        names = tuple(rows[0])
        _put_values(connection, table, names, list(map(_values(names), rows)), keys)


def _put_values(
    connection: sa.Connection,
    table: sa.Table,
    names: tuple[str, ...],
    given: Sequence[tuple[Any, ...]],
    keys: tuple[str, ...],
) -> None:
    dialect = connection.dialect.name
    if dialect == "postgresql":
        # Twice as fast as VALUES, measured on PostgreSQL 15 and 18.
        columns = tuple(_array(column) for column in zip(*given, strict=True))
        connection.exec_driver_sql(_text(dialect, table, names, keys), columns)
        return
    whole = len(given) - len(given) % _AT_ONCE
    if whole:
        text = _text(dialect, table, names, keys, _AT_ONCE)
        for start in range(0, whole, _AT_ONCE):
            part = given[start : start + _AT_ONCE]
            connection.exec_driver_sql(text, tuple(chain.from_iterable(part)))
    if whole < len(given):
        connection.exec_driver_sql(
            _text(dialect, table, names, keys), list(given[whole:])
        )


@cache
def _text(
    dialect: str,
    table: sa.Table,
    names: tuple[str, ...],
    keys: tuple[str, ...],
    rows: int = 1,
) -> str:
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    if dialect == "postgresql":
        types = [_type(table, name) for name in names]
        arrays = ", ".join(f"%s::{_carried(type_)}[]" for type_ in types)
        shown = ", ".join(
            f"{name}::{type_}" if _carried(type_) != type_ else name
            for name, type_ in zip(names, types, strict=True)
        )
        text = (
            f"{into} SELECT {shown}"  # noqa: S608
            f" FROM unnest({arrays}) AS given ({', '.join(names)})"
        )
    else:
        one = f"({', '.join('?' * len(names))})"
        text = f"{into} VALUES {', '.join([one] * rows)}"
    if keys:
        sums = ", ".join(
            f"{name} = {table.name}.{name} + excluded.{name}"
            for name in names
            if name not in keys
        )
        text += f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sums}"
    return text


def _array(values: Sequence[Any]) -> str:
    """Return PostgreSQL's text of an array: the driver takes ten times as long."""
    if isinstance(values[0], str) and None not in values:
        # No text holds a NUL here; if one does, the driver refuses it.
        whole = "\0".join(values)
        if whole.count("\0") == len(values) - 1:
            return "{" + _quoted(whole).replace("\0", '","') + "}"
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return _quoted(f"\\x{value.hex()}")
    return _quoted(value) if isinstance(value, str) else str(int(value))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@cache
def _values(names: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    return cast("Callable[[Row], tuple[Any, ...]]", itemgetter(*names))


def _type(table: sa.Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=_POSTGRESQL))


def _carried(type_: str) -> str:
    """Return the type in which a value travels: JSON as the text that it is."""
    return "TEXT" if type_ == "JSONB" else type_
