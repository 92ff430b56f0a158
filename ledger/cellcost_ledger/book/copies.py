"""Every row of the book, to be copied out of it and into another."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cellcost_ledger.book.schema import METADATA, job_lease

__all__ = ["all_rows", "is_bytes", "is_empty", "put_rows", "table_names"]

Rows = list[list[Any]]


def table_names() -> list[str]:
    """Return the tables, parents first; who works just now is no part of a book."""
    tables = (table for table in METADATA.sorted_tables if table is not job_lease)
    return [str(table.name) for table in tables]


def all_rows(
    connection: sa.Connection, name: str, *, size: int
) -> tuple[list[str], Iterator[Rows]]:
    """Return a table's columns and its rows, `size` at a time."""
    table = METADATA.tables[name]
    # Not all of it in memory: PostgreSQL's driver would read it at once.
    streaming = connection.execution_options(stream_results=True, max_row_buffer=size)
    result = streaming.execute(sa.select(table))
    pages = ([list(row) for row in page] for page in result.partitions(size))
    return [str(column.name) for column in table.columns], pages


def is_empty(connection: sa.Connection) -> bool:
    """Say whether no table that is there has a row."""
    there = set(sa.inspect(connection).get_table_names())
    return not any(
        connection.execute(
            sa.select(sa.literal(1)).select_from(METADATA.tables[name]).limit(1)
        ).first()
        for name in table_names()
        if name in there
    )


def put_rows(
    connection: sa.Connection, name: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows; columns that they do not name get their default."""
    connection.execute(sa.insert(METADATA.tables[name]), [dict(row) for row in rows])


def is_bytes(name: str, column: str) -> bool:
    """Say whether a column holds bytes."""
    found = METADATA.tables[name].columns[column]
    return isinstance(found.type, sa.LargeBinary)
