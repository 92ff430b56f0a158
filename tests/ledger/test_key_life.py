"""A key's life: used, rotated, ended; what of it is shown."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Ledger, command

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.keys import Key, create_key, list_keys, rotate_key

HOUR_US = 3_600_000_000


def now_us() -> int:
    return to_microseconds(utc_now())


def known(book: Database, key_id: str) -> Key:
    (found,) = [key for key in list_keys(book) if key.id == key_id]
    return found


@pytest.mark.parametrize("keep_us", [0, HOUR_US])
def test_a_rotated_key_ends_at_its_time_and_the_new_one_may_do_the_same(
    ledger: Ledger, keep_us: int
) -> None:
    old = ledger.key(team="search", teams=["ads"], scopes=["read"], user="ada")
    book = ledger.book()
    made = rotate_key(
        book, old.split("_")[1], now_us=now_us(), ends_us=now_us() + keep_us
    )
    book.close()
    assert made is not None
    answer = ledger.client(made[1]).get("/api/v1/whoami").json()
    assert answer == {
        "team": "search",
        "teams": ["search", "ads"],
        "user": "ada",
        "scopes": ["read"],
        "expires": None,
    }
    status = ledger.client(old).get("/api/v1/whoami").status_code
    assert status == (200 if keep_us else 401)


def test_rotating_lengthens_no_life_but_the_new_keys(book: Database) -> None:
    old, _ = create_key(book, team="search", now_us=1000, expires_us=5000)
    made = rotate_key(book, old.id, now_us=3000, ends_us=9000)
    assert made is not None
    assert known(book, old.id).expires_us == 5000
    assert known(book, made[0].id).expires_us == 7000
    chosen = rotate_key(book, made[0].id, now_us=4000, ends_us=4500, expires_us=6000)
    assert chosen is not None
    assert known(book, made[0].id).expires_us == 4500
    assert known(book, chosen[0].id).expires_us == 6000
    # An ended key is rotated no more: whoever found it gets no new one.
    assert rotate_key(book, old.id, now_us=5000, ends_us=9000) is None
    assert rotate_key(book, "nobody", now_us=1, ends_us=2) is None


def test_last_use_is_shown_and_of_a_refused_use_there_is_none(tmp_path: Path) -> None:
    create = ["key", "create", "--team", "search", "--scope", "read"]
    text = command(tmp_path, *create).stdout.strip()
    unused = command(tmp_path, *create).stdout.split("_")[1]
    ledger = Ledger(str(tmp_path / "ledger.db"), tmp_path)
    ledger.start()
    assert ledger.client(text).get("/api/v1/whoami").status_code == 200
    wrong = f"cck_{unused}_{'x' * 43}"
    assert ledger.client(wrong).get("/api/v1/whoami").status_code == 401
    assert ledger.stop() == 0
    listed = json.loads(command(tmp_path, "key", "list", "--json").stdout)
    uses = {key["id"]: key["last_used"] for key in listed}
    assert uses[unused] is None
    assert uses[text.split("_")[1]] is not None
    shown = command(tmp_path, "key", "list").stdout
    assert "last used" in shown
    assert uses[text.split("_")[1]] in shown
