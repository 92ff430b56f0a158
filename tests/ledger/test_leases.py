"""One holder at a time; who died is followed when its time ends."""

from concurrent.futures import ThreadPoolExecutor

from cellcost_ledger.book.database import Database
from cellcost_ledger.book.leases import release_lease, take_lease


def test_a_lease_is_renewed_by_its_holder_and_taken_when_it_ended(
    book: Database,
) -> None:
    assert take_lease(book, "job", "a", now_us=0, until_us=30)
    assert not take_lease(book, "job", "b", now_us=29, until_us=59)
    assert take_lease(book, "other", "b", now_us=29, until_us=59)
    assert take_lease(book, "job", "a", now_us=29, until_us=59)
    assert not take_lease(book, "job", "b", now_us=30, until_us=60)
    assert take_lease(book, "job", "b", now_us=59, until_us=89)
    assert not take_lease(book, "job", "a", now_us=60, until_us=90)


def test_a_released_lease_is_free_and_nobody_releases_anothers(book: Database) -> None:
    assert take_lease(book, "job", "a", now_us=0, until_us=30)
    release_lease(book, "job", "b")
    assert not take_lease(book, "job", "b", now_us=1, until_us=31)
    release_lease(book, "job", "a")
    assert take_lease(book, "job", "b", now_us=1, until_us=31)


def test_of_8_that_try_at_once_one_holds_it(book: Database) -> None:
    def take(holder: int) -> bool:
        return take_lease(book, "job", str(holder), now_us=0, until_us=30)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1
