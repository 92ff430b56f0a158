"""The settings' health: which files count, what is wrong in them, what waits."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from cellcost.cli.doctor.finding import Finding, fix, note, ok
from cellcost.config import load_settings_or_default
from cellcost.config.schema import VARIABLES
from cellcost.home import host_config_files

__all__ = ["findings"]


def findings(home: Path, cwd: Path, env: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is to say about the settings of code that runs in `cwd`."""
    settings, problem = load_settings_or_default(cwd=cwd, env=env)
    if problem is not None:
        yield fix(
            "settings",
            str(problem),
            "until then all that is set there is left out",
        )
    if settings.sources:
        names = ", ".join(str(path) for path in settings.sources)
        yield ok("settings", f"from {names}")
    elif problem is None:
        places = ", ".join(
            str(path) for path in (*host_config_files(env), home / "cellcost.toml")
        )
        yield ok("settings", f"defaults; there is no {places} and no project file")
    for path in settings.untrusted:
        yield note(
            "settings",
            f"the endpoints and prices of {path} do not count yet",
            f"look at it, then: cellcost trust {path}",
        )
    for said in settings.notes:
        yield note("settings", said)
    for variable in env:
        near = get_close_matches(variable, VARIABLES, n=1, cutoff=0.85)
        if variable.startswith("CELLCOST") and near and variable not in VARIABLES:
            yield note("settings", f"nothing reads {variable}", f"was {near[0]} meant?")
