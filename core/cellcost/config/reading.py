"""One settings layer checked: a file, the environment or arguments, as typed values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from cellcost.config.environments import EnvironmentRule
from cellcost.config.files import SettingsFile
from cellcost.config.gpu import OwnGpuRate, amortised
from cellcost.config.rates import Endpoint, OwnPrice
from cellcost.config.schema import (
    LISTS,
    SETTINGS,
    TAG_SECTION,
    VARIABLES,
    Setting,
    keys_of,
    scalar_settings,
    sections,
)
from cellcost.config.values import Invalid, Value, check, likely
from cellcost.errors import ConfigError

if TYPE_CHECKING:
    from cellcost.policy.rules import Policy

# What leaves this machine, and where to, is no decision of a cloned repository.
_NOT_PROJECT = frozenset(s.key for s in SETTINGS if s.not_project)

__all__ = [
    "Checked",
    "check_arguments",
    "check_environment",
    "check_file",
    "table_of",
    "value_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one layer sets, every value checked."""

    source: str
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    """By dotted key: `capture.stream_usage`, `tags.team`."""
    endpoints: tuple[Endpoint, ...] = ()
    prices: tuple[OwnPrice, ...] = ()
    gpu_rates: tuple[OwnGpuRate, ...] = ()
    environments: tuple[EnvironmentRule, ...] = ()
    policy: "Policy | None" = None
    locked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_file(file: SettingsFile) -> Checked:
    """Return what a settings file sets.

    Raises ConfigError naming file, line, key and likely meaning.
    """
    values: dict[str, str] = {}
    locked: tuple[str, ...] = ()
    notes: list[str] = []
    policy: Policy | None = None
    tables: dict[str, list[dict[str, Value]]] = {name: [] for name in LISTS}
    for name, content in file.table.items():
        if name in LISTS:
            tables[name] = _read_list(file, name, content)
        elif name == "policy":
            # Imported here: most files have no policy.
            from cellcost.policy.reading import read_policy

            policy = read_policy(file, content)
        elif name in sections():
            section = _read_section(file, name, content)
            if file.layer == "project":
                kept = {k: v for k, v in section.items() if k not in _NOT_PROJECT}
                notes += [
                    f"{file.path}: {key} counts only in user and host-wide files;"
                    " ignored here"
                    for key in section
                    if key not in kept
                ]
                section = kept
            values.update(section)
        elif name == "locked" and file.layer == "host":
            locked = _read_locked(file, content)
        elif name == "locked":
            notes.append(
                f"{file.path}: `locked` counts only in host-wide files; ignored here"
            )
        else:
            raise _unknown(file, name)
    return Checked(
        source=str(file.path),
        values=values,
        endpoints=tuple(_endpoint(row, str(file.path)) for row in tables["endpoints"]),
        prices=tuple(_price(row, str(file.path)) for row in tables["prices"]),
        gpu_rates=tuple(_gpu_rate(row, str(file.path)) for row in tables["gpu_rates"]),
        environments=tuple(
            _environment(row, str(file.path)) for row in tables["environments"]
        ),
        policy=policy,
        locked=locked,
        notes=tuple(notes),
    )


def check_environment(env: Mapping[str, str]) -> Checked:
    """Return what CELLCOST_* variables set. Raises ConfigError naming the variable.

    A variable that is set but empty counts as not set.
    """
    values: dict[str, str] = {}
    tags = env.get("CELLCOST_TAGS", "").strip()
    if tags:
        values.update(_read_tags(tags))
    known = {s.variable: s for s in scalar_settings() if s.variable}
    for variable, setting in known.items():
        text = env.get(variable, "").strip()
        if text:
            values[setting.key] = _checked_text(variable, setting, text)
    prefixes = tuple(
        {f"CELLCOST_{s.section}_".upper() for s in scalar_settings()}
        - {"CELLCOST_TAGS_"}
    )
    for variable in env:
        if variable.startswith(prefixes) and variable not in {*known, *VARIABLES}:
            raise ConfigError(
                f"{variable}: no setting has this variable{likely(variable, known)}"
            )
    return Checked(source="the environment", values=values)


def check_arguments(arguments: Mapping[str, str]) -> Checked:
    """Return what arguments set, by dotted key. Raises ConfigError naming the key."""
    known = {setting.key: setting for setting in scalar_settings()}
    values: dict[str, str] = {}
    for key, text in arguments.items():
        setting = known.get(key)
        if setting is None and key.startswith(f"{TAG_SECTION}."):
            setting = _free_tag(key.partition(".")[2])
        if setting is None:
            raise ConfigError(f"{key}: there is no such setting{likely(key, known)}")
        values[key] = _checked_text(key, setting, text)
    return Checked(source="the arguments", values=values)


def _read_section(file: SettingsFile, section: str, content: Any) -> dict[str, str]:
    table = table_of(file, section, content)
    known = {setting.name: setting for setting in keys_of(section)}
    values: dict[str, str] = {}
    for name, value in table.items():
        setting = known.get(name)
        if setting is None and section == TAG_SECTION:
            setting = _free_tag(name)
        if setting is None:
            raise file.error(
                f"unknown key {section}.{name}{likely(name, known)}",
                section=section,
                name=name,
            )
        values[setting.key] = str(value_of(file, setting, value))
    return values


def _read_list(
    file: SettingsFile, section: str, content: object
) -> list[dict[str, Value]]:
    if not isinstance(content, list):
        raise file.error(
            f"{section} must be written [[{file.prefix}{section}]], once an entry",
            section=section,
        )
    entries = cast(list[object], content)
    known = {setting.name: setting for setting in keys_of(section)}
    rows: list[dict[str, Value]] = []
    for index, entry in enumerate(entries):
        table = table_of(file, section, entry)
        row: dict[str, Value] = {}
        for name, value in table.items():
            if name not in known:
                raise file.error(
                    f"unknown key {section}.{name}{likely(name, known)}",
                    section=section,
                    name=name,
                    index=index,
                )
            row[name] = value_of(file, known[name], value, index)
        missing = [s for s in known.values() if s.required and s.name not in row]
        if missing:
            problem = f"{section} needs {missing[0].name}: {missing[0].meaning}"
        else:
            problem = _impossible(section, row)
        if problem:
            raise file.error(problem, section=section, index=index)
        rows.append(row)
    return rows


def _impossible(section: str, row: Mapping[str, Value]) -> str:
    """Return what is wrong with an entry whose keys are each right, or ""."""
    if section == "endpoints":
        if "rates" in row and "gpu_hour" in row:
            return "endpoints takes rates or gpu_hour, not both"
        if not row.keys() & {"provider", "rates", "gpu_hour"}:
            return f"endpoints {row['url']} needs provider, rates or gpu_hour"
        return ""
    if section == "environments":
        if not row.keys() & {"branch", "hub_server"}:
            return f"environments {row['name']} needs branch or hub_server"
        return ""
    if section == "gpu_rates":
        return _impossible_gpu(row) or _no_days(f"gpu_rates {row['match']}", row)
    if not row.keys() & {"rates", "discount"}:
        return f"prices {row['model']} needs rates or discount"
    return _no_days(f"prices {row['model']}", row)


def _impossible_gpu(row: Mapping[str, Value]) -> str:
    name = f"gpu_rates {row['match']}"
    bought = row.keys() & {"usd", "years", "utilisation"}
    if bought and "usd_per_hour" in row:
        return f"{name} takes usd_per_hour, or usd and years, not both"
    if bought and not {"usd", "years"} <= bought:
        return f"{name} needs usd and years to be spread over"
    if not bought and "usd_per_hour" not in row:
        return f"{name} needs usd_per_hour, or usd and years"
    if ("off_peak" in row) != ("off_peak_usd_per_hour" in row):
        return f"{name} needs both off_peak and off_peak_usd_per_hour, or neither"
    if row.get("utilisation") == 0:
        return f"{name}: utilisation must be more than 0"
    return ""


def _no_days(name: str, row: Mapping[str, Value]) -> str:
    start, end = row.get("valid_from"), row.get("valid_to")
    if isinstance(start, date) and isinstance(end, date) and start >= end:
        return f"{name}: valid_to {end} must be after valid_from {start}"
    return ""


def _read_locked(file: SettingsFile, content: Any) -> tuple[str, ...]:
    setting = next(setting for setting in SETTINGS if setting.key == "locked")
    keys = cast(tuple[str, ...], value_of(file, setting, content))
    known = {s.key for s in scalar_settings()} | {*sections()}
    for key in keys:
        if key not in known and not key.startswith(f"{TAG_SECTION}."):
            raise file.error(
                f'locked names no setting: "{key}"{likely(key, known)}', name="locked"
            )
    return keys


def _read_tags(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not value:
            raise ConfigError(
                f'CELLCOST_TAGS: "{part.strip()}" is not name=value;'
                " write team=search,function=chat"
            )
        values[f"{TAG_SECTION}.{name}"] = value
    return values


def _endpoint(row: Mapping[str, Any], source: str) -> Endpoint:
    return Endpoint(
        url=row["url"],
        provider=row.get("provider", "self-hosted"),
        gpu_hour=row.get("gpu_hour"),
        rates=MappingProxyType(dict[str, Decimal](row.get("rates", {}))),
        source=source,
    )


def _price(row: Mapping[str, Any], source: str) -> OwnPrice:
    return OwnPrice(
        provider=row["provider"],
        model=row["model"],
        valid_from=row.get("valid_from"),
        valid_to=row.get("valid_to"),
        rates=MappingProxyType(dict[str, Decimal](row.get("rates", {}))),
        discount=row.get("discount"),
        source=source,
    )


def _gpu_rate(row: Mapping[str, Any], source: str) -> OwnGpuRate:
    rate, basis = row.get("usd_per_hour"), ""
    if rate is None:
        share: Decimal = row.get("utilisation", Decimal(1))
        rate = amortised(row["usd"], row["years"], share)
        basis = f"${row['usd']:f} over {row['years']:f} years, used {share:f} of them"
    return OwnGpuRate(
        match=row["match"],
        usd_per_hour=rate,
        cloud=row.get("cloud", "").strip().lower(),
        instance=row.get("instance", ""),
        off_peak_usd_per_hour=row.get("off_peak_usd_per_hour"),
        off_peak=row.get("off_peak", ()),
        valid_from=row.get("valid_from"),
        valid_to=row.get("valid_to"),
        basis=basis,
        source=source,
    )


def _environment(row: Mapping[str, Any], source: str) -> EnvironmentRule:
    return EnvironmentRule(
        name=row["name"],
        branch=row.get("branch", ()),
        hub_server=row.get("hub_server", ()),
        source=source,
    )


def _free_tag(name: str) -> Setting:
    return Setting(section=TAG_SECTION, name=name, kind="text", meaning="A tag.")


def value_of(
    file: SettingsFile, setting: Setting, value: object, index: int = 0
) -> Value:
    """Return a value as its setting's type. Raises ConfigError naming file and line."""
    try:
        return check(setting, value)
    except Invalid as error:
        raise file.error(
            f"{setting.key} {error}",
            section=setting.section,
            name=setting.name,
            index=index,
        ) from None


def _checked_text(where: str, setting: Setting, text: str) -> str:
    try:
        return str(check(setting, text))
    except Invalid as error:
        raise ConfigError(f"{where} {error}") from None


def table_of(file: SettingsFile, section: str, content: object) -> Mapping[str, Any]:
    if isinstance(content, dict):
        return cast(dict[str, Any], content)
    written = f"[[{file.prefix}{section}]]" if section in LISTS else f"[{section}]"
    raise file.error(f"{section} must be a table: {written}", section=section)


def _unknown(file: SettingsFile, name: str) -> ConfigError:
    """Return the error for a key that no section has, with where it may belong."""
    homes = [s.key for s in SETTINGS if s.name == name and s.section not in LISTS]
    hint = f"; did you mean {homes[0]}?" if homes else likely(name, _top_level())
    return file.error(f"unknown key {name}{hint}", name=name, section="")


def _top_level() -> Iterable[str]:
    return (*sections(), "locked")
