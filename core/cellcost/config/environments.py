"""Which environment code runs in, where no setting says it: branch, hub, else dev."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

__all__ = ["EnvironmentRule", "find_environment", "git_head"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRule:
    """One `[[environments]]` entry: where an environment holds."""

    name: str
    branch: tuple[str, ...] = ()
    hub_server: tuple[str, ...] = ()
    source: str = ""


def find_environment(
    rules: Iterable[EnvironmentRule], *, cwd: Path, env: Mapping[str, str]
) -> tuple[str, str] | None:
    """Return the environment of the first entry that holds, and why it does.

    An entry holds if each of the things that it names does: the branch of the
    repository around `cwd`, the name of the JupyterHub server.
    """
    branch: str | None = None
    for rule in rules:
        if rule.branch and branch is None:
            branch = _branch(git_head(cwd))
        server = env.get("JUPYTERHUB_SERVER_NAME", "")
        why: list[str] = []
        if rule.branch:
            why.append(
                f"branch {branch}" if _matches(branch or "", rule.branch) else ""
            )
        if rule.hub_server:
            held = _matches(server, rule.hub_server)
            why.append(f"hub server {server}" if held else "")
        if why and all(why):
            return rule.name, f"{', '.join(why)} ({rule.source})"
    return None


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    if not name:
        return False
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    return not any(fnmatchcase(name, pattern) for pattern in unwanted) and (
        not wanted or any(fnmatchcase(name, pattern) for pattern in wanted)
    )


def git_head(cwd: Path) -> Path | None:
    """Return the file that names the branch of the repository around `cwd`."""
    for folder in (cwd.absolute(), *cwd.absolute().parents):
        git = folder / ".git"
        try:
            if git.is_dir():
                return git / "HEAD"
            if git.is_file():  # a worktree or a submodule: `gitdir: PATH`
                path = git.read_text("utf-8").partition("gitdir:")[2].strip()
                return (folder / path) / "HEAD" if path else None
        except (OSError, ValueError):
            return None
    return None


def _branch(head: Path | None) -> str:
    """Return the branch that is checked out, "" for a detached head or none."""
    if head is None:
        return ""
    try:
        text = head.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
    return text.removeprefix("ref: refs/heads/") if text.startswith("ref:") else ""
