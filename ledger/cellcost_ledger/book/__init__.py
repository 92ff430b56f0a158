"""The ledger's SQL: nothing outside this package touches the database."""

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

__all__ = ["Connection", "DataError", "IntegrityError"]
