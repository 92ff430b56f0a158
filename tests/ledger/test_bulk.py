"""Many rows in one statement: what comes back is what was given, on both databases."""

from typing import Any

import pytest
import sqlalchemy as sa

from cellcost_ledger.book import DataError
from cellcost_ledger.book.bulk import add_rows, among, insert_rows
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.schema import (
    ROLLUP_KEYS,
    ROLLUP_SUMS,
    dead_letter,
    rollup_hour,
)

TEXTS = (
    "",
    "plain",
    'a "quoted" word',
    "back\\slash\\",
    "{braces},and,commas",
    "NULL",
    "new\nline\ttab\r",
    "größer als 試験 🧪",
    "'); DROP TABLE event; --",
    "%s ? :name",
)


def letter(number: int, reason: str, raw: bytes, seq: int | None) -> dict[str, Any]:
    return {
        "tenant": "default",
        "installation": "inst",
        "event_id": f"event-{number}",
        "seq": seq,
        "reason": reason,
        "raw": raw,
        "received_us": 2**53 + number,
        "key_id": "key",
    }


def test_any_text_bytes_and_null_come_back_as_they_were(book: Database) -> None:
    rows = [
        letter(n, text, bytes(range(n, 256)), n if n % 2 else None)
        for n, text in enumerate(TEXTS)
    ]
    book.write(lambda c: insert_rows(c, dead_letter, rows))
    found = book.read(
        lambda c: (
            c.execute(sa.select(dead_letter).order_by(dead_letter.c.received_us))
            .mappings()
            .all()
        )
    )
    assert [dict(row) for row in found] == rows


def test_one_of_many_values_is_found_by_one_parameter(book: Database) -> None:
    rows = [letter(n, text, b"", n) for n, text in enumerate(TEXTS)]
    book.write(lambda c: insert_rows(c, dead_letter, rows))

    def found(column: sa.Column[Any], values: list[Any]) -> set[Any]:
        return book.read(
            lambda c: set(c.scalars(sa.select(column).where(among(c, column, values))))
        )

    assert found(dead_letter.c.reason, list(TEXTS[:6])) == set(TEXTS[:6])
    assert found(dead_letter.c.seq, [3, 4, 99]) == {3, 4}
    assert found(dead_letter.c.seq, []) == set()
    assert len(found(dead_letter.c.seq, list(range(100_000)))) == len(TEXTS)


def test_sums_are_added_to_what_is_there(book: Database) -> None:
    key = dict.fromkeys(ROLLUP_KEYS, "x") | {"hour": 5}
    sums = {name: place for place, name in enumerate(ROLLUP_SUMS, 1)}
    row = {**key, **sums}
    for _ in range(3):
        book.write(lambda c: add_rows(c, rollup_hour, [row], keys=ROLLUP_KEYS))
    (found,) = book.read(lambda c: c.execute(sa.select(rollup_hour)).mappings().all())
    assert dict(found) == {**key, **{name: 3 * sums[name] for name in sums}}


def test_postgresql_refuses_a_nul_instead_of_cutting_a_row_in_two(
    book: Database,
) -> None:
    if book.is_sqlite:
        return
    for rows in (
        [letter(1, "a\0b", b"", 1)],
        [letter(1, "a\0b", b"", 1), letter(2, "c", b"", 2)],
    ):
        with pytest.raises(DataError):
            book.write(lambda c, rows=rows: insert_rows(c, dead_letter, rows))
