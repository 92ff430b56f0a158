"""Which environment code runs in: what is set, then branch and hub, then dev."""

import subprocess

import pytest

from cellcost.config.watch import settings_stamp
from cellcost.errors import ConfigError

BRANCHES = (
    '[[environments]]\nname = "prod"\nbranch = ["main", "release/*", "!release/old*"]\n'
    '[[environments]]\nname = "staging"\nbranch = "*"\nhub_server = "stage*"\n'
)


def checkout(place, branch: str) -> None:
    head = place.project / ".git" / "HEAD"
    head.write_text(f"ref: refs/heads/{branch}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("branch", "server", "found"),
    [
        ("main", "", "prod"),
        ("release/7", "stage-2", "prod"),
        ("release/old-1", "", "dev"),
        ("topic", "", "dev"),
        ("topic", "stage-2", "staging"),
        ("topic", "other", "dev"),
    ],
)
def test_branch_and_server_name_the_environment(place, branch, server, found):
    place.project_file(BRANCHES)
    checkout(place, branch)
    settings = place.load(JUPYTERHUB_SERVER_NAME=server)
    assert settings.environment == settings.tags["environment"] == found
    assert bool(settings.environment_from) == (found != "dev")


def test_why_it_is_this_environment_is_said(place):
    path = place.project_file(BRANCHES)
    checkout(place, "main")
    assert place.load().environment_from == f"branch main ({path})"


def test_what_is_set_comes_before_what_is_found(place):
    place.project_file(f'[tags]\nenvironment = "test"\n{BRANCHES}')
    checkout(place, "main")
    assert place.load().environment == "test"
    assert place.load(CELLCOST_ENV="night").environment == "night"
    assert place.load().environment_from == ""


@pytest.mark.parametrize("locked", ["tags", "tags.environment", "environments"])
def test_a_locked_environment_is_not_found_elsewhere(place, locked):
    place.host_file(f'locked = ["{locked}"]\n')
    place.project_file(BRANCHES)
    checkout(place, "main")
    assert place.load().environment == "dev"


def test_the_nearest_file_is_asked_first(place):
    place.host_file('[[environments]]\nname = "host"\nbranch = "*"\n')
    checkout(place, "main")
    assert place.load().environment == "host"
    place.project_file(BRANCHES)
    assert place.load().environment == "prod"


def test_a_folder_below_and_a_worktree_have_the_branch_of_their_repository(
    place, tmp_path
):
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
            cwd=repository,
            check=True,
            capture_output=True,
        )

    repository = tmp_path / "repository"
    below = repository / "notebooks"
    below.mkdir(parents=True)
    git("init", "-b", "topic")
    git("commit", "--allow-empty", "-m", "x")
    git("worktree", "add", "-b", "main", str(tmp_path / "tree"))
    place.user_file(BRANCHES + '[[environments]]\nname = "t"\nbranch = "topic"\n')
    assert place.load(cwd=below).environment == "t"
    assert place.load(cwd=tmp_path / "tree").environment == "prod"
    git("checkout", "--detach")
    assert place.load(cwd=below).environment == "dev"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"junk"])
def test_a_head_that_cannot_be_read_is_no_branch(place, content):
    place.project_file(BRANCHES)
    (place.project / ".git" / "HEAD").write_bytes(content)
    assert place.load().environment == "dev"


def test_another_branch_is_noticed(place):
    place.project_file(BRANCHES)
    checkout(place, "main")
    settings = place.load()
    before = settings_stamp(settings, cwd=place.project, env=place.env)
    checkout(place, "another-topic")
    assert settings_stamp(settings, cwd=place.project, env=place.env) != before


def test_an_entry_that_names_neither_is_an_error(place):
    place.project_file('[[environments]]\nname = "prod"\n')
    with pytest.raises(ConfigError, match="prod needs branch or hub_server"):
        place.load()
