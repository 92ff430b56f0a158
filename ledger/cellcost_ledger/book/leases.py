"""Who does a job that one server does for all: a row that its holder renews."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from cellcost_ledger.book.database import Database
from cellcost_ledger.book.schema import job_lease

__all__ = ["release_lease", "take_lease"]


def take_lease(
    database: Database, name: str, holder: str, *, now_us: int, until_us: int
) -> bool:
    """Say whether `holder` has the job until `until_us`: renewed, or taken if free."""
    free = sa.or_(job_lease.c.holder == holder, job_lease.c.until_us <= now_us)
    renew = (
        sa.update(job_lease)
        .where(job_lease.c.name == name, free)
        .values(holder=holder, until_us=until_us)
    )
    if database.write(lambda c: c.execute(renew).rowcount) == 1:
        return True
    known = sa.select(job_lease.c.name).where(job_lease.c.name == name)
    if database.read(lambda c: c.execute(known).one_or_none()) is not None:
        return False
    first = sa.insert(job_lease).values(name=name, holder=holder, until_us=until_us)
    try:
        database.write(lambda c: c.execute(first))
    except IntegrityError:
        # Another was first, or our own commit was not answered: the next try tells.
        return False
    return True


def release_lease(database: Database, name: str, holder: str) -> None:
    """Free the job at once if `holder` has it."""
    statement = (
        sa.update(job_lease)
        .where(job_lease.c.name == name, job_lease.c.holder == holder)
        .values(until_us=0)
    )
    database.write(lambda c: c.execute(statement))
