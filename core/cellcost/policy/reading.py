"""From what a settings file holds under `policy` to a policy, every value checked."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from cellcost.config.files import SettingsFile
from cellcost.config.reading import table_of, value_of
from cellcost.config.schema import keys_of
from cellcost.config.setting import Setting
from cellcost.config.values import Value, likely
from cellcost.errors import ConfigError
from cellcost.money import usd_to_nano
from cellcost.policy.actions import Action, Scope
from cellcost.policy.rules import Cap, Hours, Match, Patterns, Policy, Rule

__all__ = ["read_policy"]

_RULES = "policy.rules"
_CAPS = "policy.caps"
_MATCH = "policy.rules.match"

# Words of other tools and habits, and what they are called here.
_MEANT: Mapping[str, str] = {
    "deny": "block",
    "forbid": "block",
    "stop": "block",
    "permit": "allow",
    "confirm": "ask",
    "env": "environment",
    "cost": "call_cost",
    "day": "user_day",
    "month": "team_month",
}


def read_policy(file: SettingsFile, content: object) -> Policy:
    """Return what a file says under `policy`.

    Raises ConfigError naming file, line, key and likely meaning; of two rules that
    contradict each other it names both.
    """
    table = table_of(file, "policy", content)
    known = {setting.name: setting for setting in keys_of("policy")}
    values: dict[str, Value] = {}
    for name, value in table.items():
        if name in known:
            values[name] = value_of(file, known[name], value)
        elif name not in ("caps", "rules"):
            raise _unknown(file, "policy", name, (*known, "caps", "rules"))
    rules = tuple(_rules(file, table.get("rules", [])))
    _refuse_contradictions(file, rules)
    return Policy(
        layer=file.layer,
        source=str(file.path),
        rules=rules,
        caps=tuple(_caps(file, table.get("caps", {}))),
        unpriced=cast(Action | None, values.get("unpriced")),
        unpriced_line=file.line_of("policy", "unpriced"),
        large_output_rate=cast(Decimal | None, values.get("large_output_rate")),
        require_tags=cast(tuple[str, ...], values.get("require_tags", ())),
    )


def _rules(file: SettingsFile, content: object) -> Iterator[Rule]:
    if not isinstance(content, list):
        raise file.error(
            f"{_RULES} must be written [[{file.prefix}{_RULES}]], once a rule",
            section=_RULES,
        )
    for index, entry in enumerate(cast(list[object], content)):
        yield _rule(file, table_of(file, _RULES, entry), index)


def _rule(file: SettingsFile, table: Mapping[str, Any], index: int) -> Rule:
    known = {setting.name: setting for setting in keys_of(_RULES)}
    values: dict[str, str] = {}
    for name, value in table.items():
        if name in known:
            _refuse_synonym(file, known[name], value, index)
            values[name] = str(value_of(file, known[name], value, index))
        elif name != "match":
            keys = {setting.name for setting in keys_of(_MATCH)}
            where = f"match.{name}" if name in keys else ""
            raise _unknown(file, _RULES, name, (*known, "match"), index, where)
    if "action" not in values:
        said = f"{_RULES} needs action: {known['action'].meaning}"
        raise file.error(said, section=_RULES, index=index)
    if "match" not in table:
        raise file.error(
            f"{_RULES} needs match: which calls it is about; {{}} is every call",
            section=_RULES,
            index=index,
        )
    return Rule(
        action=cast(Action, values["action"]),
        match=_match(file, table["match"], index),
        name=values.get("name", ""),
        message=values.get("message", ""),
        suggest=values.get("suggest", ""),
        source=str(file.path),
        line=file.line_of(_RULES, "", index) or file.line_of("policy", "rules"),
        layer=file.layer,
    )


def _refuse_synonym(
    file: SettingsFile, setting: Setting, value: object, index: int
) -> None:
    meant = _MEANT.get(value) if isinstance(value, str) else None
    if setting.choices and meant in setting.choices:
        raise file.error(
            f'{setting.key} "{value}" is no action; did you mean "{meant}"?',
            section=setting.section,
            name=setting.name,
            index=index,
        )


def _match(file: SettingsFile, content: object, index: int) -> Match:
    if not isinstance(content, dict):
        raise file.error(
            f'{_MATCH} must be a table like {{ model = "gpt-5*" }}',
            section=_RULES,
            name="match",
            index=index,
        )
    known = {setting.name: setting for setting in keys_of(_MATCH)}
    values: dict[str, Value] = {}
    for name, value in cast(dict[str, object], content).items():
        if name not in known:
            raise _unknown(file, _MATCH, name, known, index)
        try:
            values[name] = value_of(file, known[name], value, index)
        except ConfigError as error:
            # An inline table has no line of its own for each of its keys.
            said = str(error).partition(f": {_MATCH}.")[2]
            raise _at_match(file, f"{_MATCH}.{said}", index) from None
    return Match(
        environment=_patterns(values, "environment"),
        team=_patterns(values, "team"),
        function=_patterns(values, "function"),
        user=_patterns(values, "user"),
        provider=_patterns(values, "provider"),
        model=_patterns(values, "model"),
        gpu=_patterns(values, "gpu"),
        large="size" in values,
        call_nusd=_nano(values.get("call_cost")),
        tokens=_whole(values.get("tokens")),
        hours=_hours(values.get("hours")),
    )


def _patterns(values: Mapping[str, Value], name: str) -> Patterns | None:
    found = values.get(name)
    return None if found is None else Patterns.of(cast(tuple[str, ...], found))


def _nano(value: Value | None) -> int | None:
    return usd_to_nano(value) if isinstance(value, Decimal) else None


def _whole(value: Value | None) -> int | None:
    return int(value) if isinstance(value, Decimal) else None


def _hours(value: Value | None) -> Hours | None:
    if not isinstance(value, str):
        return None
    start, end = (int(hour) for hour in value.split("-"))
    return Hours(start, end)


def _caps(file: SettingsFile, content: object) -> Iterator[Cap]:
    table = table_of(file, _CAPS, content)
    known = {setting.name: setting for setting in keys_of(_CAPS)}
    for name, value in table.items():
        if name not in known:
            raise _unknown(file, _CAPS, name, known)
        limits = cast(dict[str, Decimal], value_of(file, known[name], value))
        yield Cap(
            scope=cast(Scope, name),
            hard_nusd=_nano(limits.get("hard")),
            soft_nusd=_nano(limits.get("soft")),
            source=str(file.path),
            line=file.line_of(_CAPS, name),
            layer=file.layer,
        )


def _refuse_contradictions(file: SettingsFile, rules: tuple[Rule, ...]) -> None:
    seen: dict[Match, tuple[int, Rule]] = {}
    for index, rule in enumerate(rules):
        first, other = seen.setdefault(rule.match, (index, rule))
        if other.action != rule.action:
            raise file.error(
                f"policy.rules contradict each other: {_said(rule, index)} and"
                f" {_said(other, first)} match the same calls; remove one",
                section=_RULES,
                index=index,
            )


def _said(rule: Rule, index: int) -> str:
    name = f'"{rule.name}"' if rule.name else f"rule {index + 1}"
    where = f" in line {rule.line}" if rule.line else ""
    return f"{name}{where} ({rule.action})"


def _unknown(
    file: SettingsFile,
    section: str,
    name: str,
    known: "Mapping[str, Setting] | tuple[str, ...]",
    index: int = 0,
    meant: str = "",
) -> ConfigError:
    meant = meant or (_MEANT[name] if _MEANT.get(name) in known else "")
    hint = f"; did you mean {meant}?" if meant else likely(name, known)
    said = f"unknown key {section}.{name}{hint}"
    if section == _MATCH:
        return _at_match(file, said, index)
    return file.error(said, section=section, name=name, index=index)


def _at_match(file: SettingsFile, said: str, index: int) -> ConfigError:
    return file.error(said, section=_RULES, name="match", index=index)
