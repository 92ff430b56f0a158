"""`cellcost policy check`: are the policies right, and do they say what is meant."""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellcost.cli.output import complain, print_line, styled
from cellcost.clock import price_time
from cellcost.config import Settings
from cellcost.errors import ConfigError
from cellcost.prices import load_book

if TYPE_CHECKING:
    from cellcost.cli.subparsers import SubParsers
    from cellcost.policy.checking import Oddity
    from cellcost.policy.rules import Policy

__all__ = ["register"]


def register(parts: "SubParsers") -> None:
    """Add the command."""
    check = parts.add_parser(
        "check",
        help="whether the policies in force, or in some files, are right",
        description="Read policies and say what is wrong or odd in them.",
        epilog="Exit status: 0 all can be read; 1 one cannot. What is odd is no error.",
    )
    check.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="settings files (default: those in force here)",
    )
    check.add_argument("--json", action="store_true", help="a JSON object")
    check.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    from cellcost.policy.checking import oddities

    settings, errors = _read(arguments.paths)
    odd = list(
        oddities(
            settings.policies,
            book=load_book(settings),
            own=settings.prices,
            at=price_time(),
        )
    )
    if arguments.json:
        print_line(json.dumps(_checked(settings.policies, odd, errors), indent=1))
    else:
        _print_checked(settings.policies, odd, whole=not errors)
        for error in errors:
            complain(str(error))
    return int(bool(errors))


def _read(paths: Sequence[Path]) -> tuple[Settings, tuple[ConfigError, ...]]:
    """Return the policies in force, or those of some files, and what is wrong."""
    from cellcost.config.loading import load_settings_and_problems

    settings, errors = load_settings_and_problems(cwd=Path.cwd(), env=os.environ)
    if not paths:
        return settings, errors
    policies: list[Policy] = []
    wrong: list[ConfigError] = []
    for path in paths:
        try:
            found = _policy_of(path)
        except ConfigError as error:
            wrong.append(error)
            continue
        if found is not None:
            policies.append(found)
    return replace(settings, policies=tuple(policies)), tuple(wrong)


def _policy_of(path: Path) -> "Policy | None":
    from cellcost.config.files import read_file
    from cellcost.config.reading import check_file

    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name its cellcost.toml")
    file = read_file("user", path)
    if file is None:
        missing = "has no [tool.cellcost]" if path.exists() else "does not exist"
        raise ConfigError(f"{path} {missing}")
    return check_file(file).policy


def _print_checked(
    policies: "Sequence[Policy]", odd: "Sequence[Oddity]", *, whole: bool
) -> None:
    for policy in policies:
        print_line(
            f"{policy.source}: {_count(len(policy.rules), 'rule')},"
            f" {_count(len(policy.caps), 'cap')}"
        )
    if not policies and whole:
        print_line("There is no policy: a large model in dev is a warning, no more.")
    elif not whole:
        read = _count(len(policies), "policy", "policies")
        print_line(f"{read} could be read; a file with a mistake counts for nothing.")
    for one in odd:
        where = f"{one.source}:{one.line}" if one.line else one.source
        print_line(styled(f"{where}: {one.text}", "warn"))


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _checked(
    policies: "Sequence[Policy]",
    odd: "Sequence[Oddity]",
    errors: Sequence[ConfigError],
) -> dict[str, Any]:
    return {
        "policies": [
            {
                "layer": policy.layer,
                "file": policy.source,
                "rules": len(policy.rules),
                "caps": len(policy.caps),
            }
            for policy in policies
        ],
        "odd": [{"file": o.source, "line": o.line, "text": o.text} for o in odd],
        "errors": [str(error) for error in errors],
    }
