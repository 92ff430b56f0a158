"""What model calls cost: price lists, rate cards, lines. Stdlib only, no network."""

from cellcost.prices.book import OwnLayer, PriceBook, load_book
from cellcost.prices.card import Rate, RateCard, Rates
from cellcost.prices.catalogue import HOST_KINDS, Catalogue, load_catalogue
from cellcost.prices.lines import cost, usage_problem

__all__ = [
    "HOST_KINDS",
    "Catalogue",
    "OwnLayer",
    "PriceBook",
    "Rate",
    "RateCard",
    "Rates",
    "cost",
    "load_book",
    "load_catalogue",
    "usage_problem",
]
