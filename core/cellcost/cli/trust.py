"""`cellcost trust`: let a project's file set endpoints and prices."""

import argparse
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from cellcost.cli.output import Column, print_line, table
from cellcost.clock import utc_now
from cellcost.config.files import (
    FILE_NAME,
    PYPROJECT,
    SettingsFile,
    find_project_file,
    read_file,
)
from cellcost.config.gpu import OwnGpuRate
from cellcost.config.rates import Endpoint, OwnPrice
from cellcost.config.reading import Checked, check_file
from cellcost.config.trust import is_trusted, read_trust, revoke, trust
from cellcost.errors import ConfigError
from cellcost.figures import percent_text
from cellcost.home import host_config_files, journal_home

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers

__all__ = ["register"]


def register(subparsers: "SubParsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "trust",
        help="let a project's settings set endpoints and prices",
        description=(
            "Let a project's cellcost.toml (or [tool.cellcost] in its pyproject.toml)"
            " set endpoints and prices. Whoever can write that file could otherwise"
            " change what your calls seem to cost. An edited file must be trusted anew."
        ),
    )
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        metavar="PATH",
        help="the file or its folder (default: the project of the current folder)",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="show what is trusted")
    what.add_argument("--revoke", action="store_true", help="trust it no longer")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    home = journal_home(os.environ)
    if arguments.list:
        return _list(home)
    if arguments.revoke:
        return _revoke(home, arguments.path)
    file = _project_file(home, arguments.path)
    checked = check_file(file)
    if not (checked.endpoints or checked.prices or checked.gpu_rates):
        print_line(f"{file.path} sets no endpoints and no prices: it needs no trust.")
        return 0
    entry = trust(home, file, now=utc_now())
    print_line(f"Trusted {entry.path} as it is now:")
    for line in _said(checked):
        print_line(f"  {line}")
    print_line("Running kernels follow after a restart.")
    return 0


def _list(home: Path) -> int:
    entries = read_trust(home)
    if not entries:
        print_line("No project file is trusted.")
        return 0
    rows = [
        (entry.path, entry.since, _state(Path(entry.path), home))
        for entry in sorted(entries.values(), key=lambda entry: entry.path)
    ]
    for line in table((Column("file"), Column("since"), Column("state")), rows):
        print_line(line)
    return 0


def _state(path: Path, home: Path) -> str:
    try:
        file = read_file("project", path)
    except ConfigError:
        return "cannot be read"
    if file is None:
        return "gone"
    same = is_trusted(file, read_trust(home))
    return "in force" if same else "edited since: trust it again"


def _revoke(home: Path, given: Path | None) -> int:
    path = given or _project_file(home, None).path
    names = [path / FILE_NAME, path / PYPROJECT] if path.is_dir() else [path]
    revoked = [name for name in names if revoke(home, name)]
    if not revoked:
        raise ConfigError(
            f"{path} was not trusted; `cellcost trust --list` shows what is"
        )
    for name in revoked:
        print_line(f"No longer trusted: {name}")
    return 0


def _project_file(home: Path, given: Path | None) -> SettingsFile:
    user_file = home / FILE_NAME
    if given is None:
        found = find_project_file(Path.cwd(), os.environ, user_file=user_file)
        if found is None:
            raise ConfigError(
                f"no cellcost.toml and no [tool.cellcost] for {Path.cwd()};"
                " name the file: cellcost trust PATH"
            )
        return found
    path = given.absolute()
    if path == user_file or path in host_config_files(os.environ):
        raise ConfigError(f"{path} is not a project's file: it is trusted anyway")
    names = [path / FILE_NAME, path / PYPROJECT] if path.is_dir() else [path]
    for name in names:
        file = read_file("project", name)
        if file is not None:
            return file
    wanted = f"{FILE_NAME} or {PYPROJECT} with [tool.cellcost]"
    if not path.exists():
        raise ConfigError(f"{path} does not exist; name a {wanted}, or its folder")
    raise ConfigError(f"{path} holds no cellcost settings; name a {wanted}")


def _said(checked: Checked) -> list[str]:
    return [
        *(_endpoint_said(endpoint) for endpoint in checked.endpoints),
        *(_price_said(price) for price in checked.prices),
        *(_gpu_said(rate) for rate in checked.gpu_rates),
    ]


def _endpoint_said(endpoint: Endpoint) -> str:
    said = f"{endpoint.url} is {endpoint.provider}"
    if endpoint.rates:
        said += f" at {_rates_said(endpoint.rates)}"
    if endpoint.gpu_hour is not None:
        said += f" at ${endpoint.gpu_hour:f} per GPU-hour"
    return said


def _price_said(price: OwnPrice) -> str:
    said = f"{price.provider} {price.model}"
    if price.rates:
        said += f" at {_rates_said(price.rates)}"
    if price.discount is not None:
        said += f" less {percent_text(price.discount)}"
    if price.valid_from:
        said += f" from {price.valid_from}"
    return said + (f" until {price.valid_to}" if price.valid_to else "")


def _gpu_said(rate: OwnGpuRate) -> str:
    where = " ".join(filter(None, (rate.cloud, rate.instance)))
    said = f"GPU {rate.match}" + (f" on {where}" if where else "")
    said += f" at ${rate.usd_per_hour:f} an hour"
    if rate.off_peak_usd_per_hour is not None:
        said += f", ${rate.off_peak_usd_per_hour:f} off-peak"
    if rate.valid_from:
        said += f" from {rate.valid_from}"
    return said + (f" until {rate.valid_to}" if rate.valid_to else "")


def _rates_said(rates: Mapping[str, Decimal]) -> str:
    parts = (f"{meter} ${rate:f}" for meter, rate in rates.items())
    return f"{', '.join(parts)} per 1M"
