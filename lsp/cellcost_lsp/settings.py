"""The settings in force: files, then what the client said when it started, then now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from cellcost.config import Settings, load_settings_or_default
from cellcost.config.schema import keys_of
from cellcost.config.values import Invalid, check

__all__ = ["ClientLayers", "checked", "load"]

_EDITOR = {setting.name: setting for setting in keys_of("editor")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLayers:
    """What the client set, checked, by dotted key; later layers win."""

    initial: Mapping[str, str] = field(default_factory=dict[str, str])
    configured: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def merged(self) -> dict[str, str]:
        """Return both layers as one."""
        return {**self.initial, **self.configured}


def checked(given: Any, source: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the settings in a client's object by dotted key, and what is wrong in it.

    `{"editor": {"hints": "off"}, "environment": "prod"}`; null and "" set nothing. A
    wrong value is left out alone.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    if given is None:
        return values, ()
    if not isinstance(given, Mapping):
        return values, (f"{source} must be an object; it is ignored",)
    table = cast(Mapping[str, Any], given)
    editor: Any = table.get("editor")
    if editor is not None and not isinstance(editor, Mapping):
        problems.append(f"{source}: editor must be an object; it is ignored")
        editor = None
    for name, value in cast(Mapping[str, Any], editor or {}).items():
        setting = _EDITOR.get(name)
        if setting is None:
            problems.append(f"{source}: there is no setting editor.{name}")
        elif value is not None and value != "":
            try:
                values[setting.key] = str(check(setting, value))
            except Invalid as error:
                problems.append(f"{source}: {setting.key} {error}")
    environment: Any = table.get("environment")
    if environment is not None and environment != "":
        if isinstance(environment, str):
            values["tags.environment"] = environment
        else:
            problems.append(f"{source}: environment must be text")
    return values, tuple(problems)


def load(
    root: Path, env: Mapping[str, str], layers: ClientLayers
) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings in force in a workspace, and what of them does not count."""
    settings, problem = load_settings_or_default(
        cwd=root, env=env, arguments=layers.merged
    )
    said = () if problem is None else (str(problem),)
    return settings, (*said, *settings.notes)
