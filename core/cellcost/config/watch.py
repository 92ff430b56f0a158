"""Whether the settings files changed since they were read."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from cellcost.config.files import FILE_NAME, PYPROJECT
from cellcost.config.settings import Settings
from cellcost.config.trust import STORE_NAME
from cellcost.home import host_config_files

__all__ = ["Stamp", "settings_stamp"]

Stamp = tuple[tuple[int, int] | None, ...]


def settings_stamp(settings: Settings, *, cwd: Path, env: Mapping[str, str]) -> Stamp:
    """Return a value that differs once a file that `settings` came from changed.

    Also when a file appears in the folders of host, user and `cwd`. A few `stat` calls.
    """
    return tuple(_stat(path) for path in _files(settings, cwd, env))


def _files(settings: Settings, cwd: Path, env: Mapping[str, str]) -> Iterator[Path]:
    yield from host_config_files(env)
    yield settings.home / FILE_NAME
    yield settings.home / STORE_NAME
    yield cwd / FILE_NAME
    yield cwd / PYPROJECT
    yield from settings.sources
    yield from settings.untrusted
    if settings.head is not None:
        yield settings.head


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
