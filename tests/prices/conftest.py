"""The catalogue that we ship, read once, and books on it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest

from cellcost.config.rates import Endpoint, OwnPrice
from cellcost.prices import Catalogue, PriceBook, load_catalogue

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

MakeBook = Callable[..., PriceBook]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def make_book(catalogue: Catalogue) -> MakeBook:
    def make(
        endpoints: Iterable[Endpoint] = (), own: Iterable[OwnPrice] = ()
    ) -> PriceBook:
        return PriceBook(catalogue, endpoints, own)

    return make


@pytest.fixture
def book(make_book: MakeBook) -> PriceBook:
    return make_book()


@pytest.fixture
def noon() -> datetime:
    return NOON
