"""A user's home, a project and a host's settings, as folders that are really there."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cellcost.config import Settings, load_settings
from cellcost.config.files import read_file
from cellcost.config.trust import trust


@dataclass(frozen=True)
class Place:
    """Where the layers of one test lie."""

    home: Path
    project: Path
    host: Path
    env: Mapping[str, str]

    def host_file(self, text: str) -> Path:
        return _written(self.host / "cellcost.toml", text)

    def user_file(self, text: str) -> Path:
        return _written(self.home / "cellcost.toml", text)

    def project_file(self, text: str, name: str = "cellcost.toml") -> Path:
        return _written(self.project / name, text)

    def trust_project(self, name: str = "cellcost.toml") -> None:
        file = read_file("project", self.project / name)
        assert file is not None
        trust(self.home, file, now=datetime(2026, 11, 24, tzinfo=UTC))

    def load(self, *, cwd: Path | None = None, **variables: str) -> Settings:
        return load_settings(cwd=cwd or self.project, env={**self.env, **variables})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A user with an empty home, a git project, and an environment of its own."""
    home, project, prefix = (tmp_path / name for name in ("home", "project", "prefix"))
    for folder in (home, project / ".git"):
        folder.mkdir(parents=True)
    # The host-wide file lies below the Python environment's prefix.
    monkeypatch.setattr(sys, "prefix", str(prefix))
    env = {"CELLCOST_HOME": str(home), "HOME": str(tmp_path)}
    return Place(home, project, prefix / "etc" / "cellcost", env)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
