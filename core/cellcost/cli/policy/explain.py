"""`cellcost policy explain`: what holds for a model, who says so, and where."""

import argparse
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellcost.cli.output import print_line, styled
from cellcost.clock import price_time
from cellcost.config import Settings, load_settings
from cellcost.errors import ConfigError
from cellcost.money import format_usd, nano_to_text
from cellcost.prices import load_book

if TYPE_CHECKING:
    from cellcost.analysis.judging import Judged
    from cellcost.cli.subparsers import SubParsers
    from cellcost.policy import Option
    from cellcost.policy.rules import Cap, Rule

__all__ = ["register"]


def register(parts: "SubParsers") -> None:
    """Add the command."""
    explain = parts.add_parser(
        "explain",
        help="what holds for a model, which rule says so, and where it stands",
        description="What holds for a call of a model, which rule says so, and where.",
    )
    explain.add_argument("model", metavar="MODEL", help="the name that calls use")
    for name, meaning in (
        ("--provider", "whose model (default: whose name it is)"),
        ("--env", "in this environment (default: the settings')"),
        ("--team", "with this tag (default: the settings')"),
        ("--function", "with this tag (default: the settings')"),
        ("--user", "for this user (default: you)"),
        ("--gpu", "on this GPU"),
    ):
        explain.add_argument(name, metavar="NAME", default="", help=meaning)
    for name in ("--input-tokens", "--output-tokens"):
        explain.add_argument(
            name, type=_tokens, metavar="N", help="for rules and caps by cost and size"
        )
    explain.add_argument("--json", action="store_true", help="a JSON object")
    explain.set_defaults(run=_explain)


def _tokens(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tokens")
    return number


def _explain(arguments: argparse.Namespace) -> int:
    settings = load_settings(cwd=Path.cwd(), env=os.environ)
    judged = _judged(arguments, settings)
    if arguments.json:
        print_line(json.dumps(_explained(judged, settings), indent=1))
        return 0
    for line in _lines(judged, settings):
        print_line(line)
    return 0


def _judged(arguments: argparse.Namespace, settings: Settings) -> "Judged":
    from cellcost.analysis import cheaper
    from cellcost.analysis.imagined import imagined
    from cellcost.analysis.judging import judge
    from cellcost.config.people import user_name

    if (arguments.input_tokens is None) != (arguments.output_tokens is None):
        raise ConfigError("give --input-tokens and --output-tokens, or neither")
    given = {
        "environment": arguments.env,
        "team": arguments.team,
        "function": arguments.function,
    }
    book = load_book(settings)
    item = imagined(
        arguments.model,
        provider=book.catalogue.provider_id(arguments.provider),
        input_tokens=arguments.input_tokens,
        output_tokens=arguments.output_tokens,
        book=book,
        at=price_time(),
    )
    (judged,) = judge(
        item,
        tags={**settings.tags, **{name: text for name, text in given.items() if text}},
        user=arguments.user or user_name(settings.policies, os.environ),
        gpu=arguments.gpu,
        policies=settings.policies,
        instead=partial(cheaper, book=book),
    )
    return judged


def _rules(judged: "Judged", settings: Settings) -> "list[Rule]":
    """Return every rule that is about the call, the verdict's own left out."""
    from cellcost.policy import matching

    now = price_time().astimezone()
    found = matching(judged.ask, settings.policies, now)
    return [rule for rule in found if rule is not judged.verdict.rule]


def _caps(settings: Settings) -> "tuple[Cap, ...]":
    if not settings.policies:
        return ()
    from cellcost.policy.caps import caps_in_force

    return caps_in_force(settings.policies)


def _lines(judged: "Judged", settings: Settings) -> Iterator[str]:
    from cellcost.policy import large_from

    ask, verdict = judged.ask, judged.verdict
    head = f"{verdict.action}: {ask.model} in {ask.environment}"
    yield styled(head, "bold" if verdict.action == "allow" else "warn")
    yield from _row("says", _who(judged, settings))
    yield from _row("why", verdict.message)
    limit = large_from(settings.policies)
    if ask.output_rate is not None:
        size = "large" if verdict.large else "not large"
        yield from _row(
            "size",
            f"{size}: ${ask.output_rate.normalize():f} per 1M output tokens, large"
            f" from ${limit.normalize():f}",
        )
    if ask.unpriced:
        yield from _row("price", f"none: {ask.unpriced}")
    if ask.cost_nusd is not None:
        yield from _row("cost", f"{format_usd(ask.cost_nusd)} a call")
    if verdict.suggest is not None:
        yield from _row("use", _option_text(verdict.suggest, judged))
    for rule in _rules(judged, settings):
        yield from _row("also", f"{rule.action}: {_rule_text(rule)}")
    if verdict.missing:
        yield from _row("no tag", ", ".join(verdict.missing))
    for cap in _caps(settings):
        yield from _row("cap", _cap_text(cap))
    if settings.environment_from and ask.environment == settings.environment:
        yield from _row(
            "here", f"{settings.environment} by {settings.environment_from}"
        )


def _row(name: str, text: str) -> Iterator[str]:
    if text:
        yield f"{name:<7} {text}"


def _who(judged: "Judged", settings: Settings) -> str:
    verdict = judged.verdict
    if verdict.rule is not None:
        return _rule_text(verdict.rule)
    if verdict.cap is not None:
        return _cap_text(verdict.cap)
    if verdict.basis == "unpriced":
        where = _where(verdict.source, verdict.line)
        return f"policy.unpriced of {verdict.layer}, {where}"
    if verdict.basis == "default":
        return "cellcost itself: no policy says anything of it"
    files = len(settings.policies)
    return f"nobody: nothing in {files} polic{'y' if files == 1 else 'ies'}"


def _rule_text(rule: "Rule") -> str:
    name = f'"{rule.name}", ' if rule.name else ""
    return f"{name}{rule.layer} policy, {_where(rule.source, rule.line)}"


def _cap_text(cap: "Cap") -> str:
    limits = (("hard", cap.hard_nusd), ("soft", cap.soft_nusd))
    said = ", ".join(
        f"{format_usd(limit)} {name}" for name, limit in limits if limit is not None
    )
    if cap.scope != "call":
        said += ", not counted yet"
    return f"{cap.scope} {said}: {cap.layer} policy, {_where(cap.source, cap.line)}"


def _where(source: str, line: int | None) -> str:
    return f"{source}:{line}" if line else source


def _option_text(option: "Option", judged: "Judged") -> str:
    rate, own = option.output_rate, judged.ask.output_rate
    if option.cost_nusd is not None and option.own_nusd is not None:
        return (
            f"{option.model}: {format_usd(option.cost_nusd)} instead of"
            f" {format_usd(option.own_nusd)} for the same tokens"
        )
    if rate is None:
        return f"{option.model} (its price is not known)"
    instead = f" instead of ${own.normalize():f}" if own is not None else ""
    return f"{option.model}: ${rate.normalize():f}{instead} per 1M output tokens"


def _explained(judged: "Judged", settings: Settings) -> dict[str, Any]:
    from cellcost.policy import large_from

    ask, verdict = judged.ask, judged.verdict
    return {
        "model": ask.model,
        "provider": ask.provider,
        "environment": ask.environment,
        "action": verdict.action,
        "basis": verdict.basis,
        "message": verdict.message,
        "rule": _rule_json(verdict.rule) if verdict.rule else None,
        "cap": _cap_json(verdict.cap) if verdict.cap else None,
        "layer": verdict.layer,
        "file": verdict.source,
        "line": verdict.line,
        "large": verdict.large,
        "large_output_rate": f"{large_from(settings.policies):f}",
        "output_rate": _text(ask.output_rate),
        "unpriced": ask.unpriced,
        "cost_nusd": nano_to_text(ask.cost_nusd),
        "suggest": _option_json(verdict.suggest),
        "missing_tags": list(verdict.missing),
        "also": [_rule_json(rule) for rule in _rules(judged, settings)],
        "caps": [_cap_json(cap) for cap in _caps(settings)],
    }


def _rule_json(rule: "Rule") -> dict[str, Any]:
    return {
        "action": rule.action,
        "name": rule.name,
        "layer": rule.layer,
        "file": rule.source,
        "line": rule.line,
    }


def _cap_json(cap: "Cap") -> dict[str, Any]:
    return {
        "scope": cap.scope,
        "hard_nusd": nano_to_text(cap.hard_nusd),
        "soft_nusd": nano_to_text(cap.soft_nusd),
        "layer": cap.layer,
        "file": cap.source,
        "line": cap.line,
    }


def _option_json(option: "Option | None") -> dict[str, Any] | None:
    if option is None:
        return None
    return {
        "model": option.model,
        "output_rate": _text(option.output_rate),
        "own_nusd": nano_to_text(option.own_nusd),
        "cost_nusd": nano_to_text(option.cost_nusd),
    }


def _text(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate:f}"
