"""Settings files as they lie on disk: which there are, what they hold, which line."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, cast

from cellcost.errors import ConfigError
from cellcost.home import user_home

__all__ = ["Layer", "SettingsFile", "find_project_file", "read_file", "toml_text"]

Layer = Literal["host", "user", "project"]

FILE_NAME = "cellcost.toml"
PYPROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """One settings file that was read."""

    layer: Layer
    path: Path
    text: str
    table: Mapping[str, Any]
    prefix: str = ""
    """`tool.cellcost.` in a pyproject.toml."""

    def line_of(self, section: str, name: str, index: int = 0) -> int | None:
        """Return the line that sets `section.name`, or None where it is not plain.

        `index` tells which of several `[[section]]` tables is meant; an empty `name`
        asks for the section's own line.
        """
        full = (self.prefix + section).rstrip(".")
        wanted = ".".join(part for part in (full, name) if part)
        seen = -1 if full else 0
        current = ""
        for number, line in enumerate(self.text.splitlines(), start=1):
            header = _HEADER.match(line)
            entry = None if header else _ENTRY.match(line)
            if header:
                dotted = current = _bare(header["name"])
                seen += bool(full) and current == full
            elif entry:
                key = _bare(entry["key"])
                dotted = f"{current}.{key}" if current else key
            else:
                continue
            # Before the first header of the section its keys may stand dotted.
            here = seen == index or (seen == -1 and index == 0)
            if here and (dotted == wanted or dotted.startswith(f"{wanted}.")):
                return number
        return None

    def error(
        self, message: str, *, section: str = "", name: str = "", index: int = 0
    ) -> ConfigError:
        """Return the error that names this file, the key and its line."""
        line = self.line_of(section, name, index)
        where = f"{self.path}:{line}" if line else str(self.path)
        return ConfigError(f"{where}: {message}")


_QUOTES = str.maketrans("", "", "\"' ")
_HEADER = re.compile(r"^\s*\[\[?(?P<name>[^\[\]]+)\]\]?\s*(#.*)?$")
_ENTRY = re.compile(r"""^\s*(?P<key>[\w\-."' ]+?)\s*=""")


def _bare(key: str) -> str:
    return key.translate(_QUOTES)


def read_file(layer: Layer, path: Path) -> SettingsFile | None:
    """Return what the settings file at `path` holds, or None if there is none.

    A pyproject.toml without `[tool.cellcost]` counts as none. Raises ConfigError.
    """
    text = toml_text(path)
    if text is None:
        return None
    if path.name != PYPROJECT:
        return SettingsFile(layer, path, text, _parse(path, text))
    if "cellcost" not in text:  # parsing a long pyproject.toml takes milliseconds
        return None
    tool: object = _parse(path, text).get("tool")
    if not isinstance(tool, dict):
        return None
    table = cast(dict[str, object], tool).get("cellcost")
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: tool.cellcost must be a table: [tool.cellcost]")
    return SettingsFile(
        layer, path, text, cast(dict[str, Any], table), "tool.cellcost."
    )


def toml_text(path: Path) -> str | None:
    """Return the text of the file at `path`, or None if there is no file."""
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror or error});"
            " make it readable or remove it"
        ) from None
    try:
        return raw.decode("utf-8-sig")  # Notepad writes a byte order mark
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8; save it as UTF-8") from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply for a settings file") from None
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        message = str(error)
        found = re.search(
            r" \(at (?:line (\d+), column \d+|end of document)\)$", message
        )
        where, what = str(path), message
        if found:
            line = found[1] or len(text.splitlines()) or 1
            where, what = f"{path}:{line}", message[: found.start()]
        raise ConfigError(f"{where}: is not valid TOML: {what}") from None


def find_project_file(
    cwd: Path, env: Mapping[str, str], *, user_file: Path
) -> SettingsFile | None:
    """Return the project's settings file, or None.

    It is the nearest `cellcost.toml`, or `pyproject.toml` with `[tool.cellcost]`, from
    `cwd` up to the folder that holds `.git` or to the home directory.
    """
    for folder in _upwards(cwd, user_home(env)):
        for name in (FILE_NAME, PYPROJECT):
            path = folder / name
            # The user's own file is its own layer also when cwd is $CELLCOST_HOME.
            if path != user_file and _exists(path):
                found = read_file("project", path)
                if found is not None:
                    return found
    return None


def _upwards(cwd: Path, home: Path | None) -> Iterator[Path]:
    folder = cwd.absolute()
    for candidate in (folder, *folder.parents):
        yield candidate
        if candidate == home or _exists(candidate / ".git"):
            return


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True
