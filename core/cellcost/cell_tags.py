"""`%%cellcost team=search`: the tags that the first line of a cell gives its calls.

The meter reads them before the cell runs, so that they hold exactly as long as its run;
the magic of that name says what is wrong with a line that cannot be read.
"""

import re
import shlex
from collections.abc import Mapping
from types import MappingProxyType

from cellcost.errors import ConfigError

__all__ = ["MAGIC", "read_tags", "tag_line", "tags_of_cell"]

MAGIC = "cellcost"
"""The name that is typed after the percent signs."""

_LINE = re.compile(rf"(?:[^\S\n]*\n)*[^\S\n]*%%{MAGIC}(?:[^\S\n]+([^\n]*)|(?=\n)|\Z)")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_HINT = "write %%cellcost team=search feature=ranker"
_NO_TAGS: Mapping[str, str] = MappingProxyType({})


def tag_line(code: str) -> str | None:
    """Return what follows `%%cellcost` on the first line of a cell; None without it."""
    found = _LINE.match(code)
    return None if found is None else (found[1] or "").strip()


def tags_of_cell(code: str) -> Mapping[str, str]:
    """Return the tags on a cell's first line; none where they cannot be read.

    Neither can `team={name}`, which IPython fills in only when the magic runs.
    """
    if MAGIC not in code:
        return _NO_TAGS  # nearly every cell
    line = tag_line(code)
    if line is None or "{" in line or "$" in line:
        return _NO_TAGS
    try:
        return read_tags(line)
    except ConfigError:
        return _NO_TAGS


def read_tags(line: str) -> Mapping[str, str]:
    """Return the tags written `team=search feature="query ranker"`.

    Blanks or commas stand between them. Raises ConfigError saying what is wrong.
    """
    words = shlex.shlex(line, posix=True)
    words.whitespace = " \t,"
    words.whitespace_split = True
    words.commenters = ""
    tags: dict[str, str] = {}
    try:
        for word in words:
            name, equals, value = word.partition("=")
            if not (equals and _NAME.fullmatch(name) and value.strip()):
                raise ConfigError(f'"{word}" is not name=value; {_HINT}')
            if name in tags:
                raise ConfigError(f"{name} is given twice; a call has one {name}")
            tags[name] = value.strip()
    except ValueError:
        raise ConfigError(f"a quotation mark is not closed: {line}") from None
    if not tags:
        raise ConfigError(f"no tags are given; {_HINT}")
    return MappingProxyType(tags)
