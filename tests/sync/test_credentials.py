"""Keys: where only the user can read, sent to their own ledger only, never shown."""

import os
import stat
import sys
from pathlib import Path

import pytest

from cellcost.config import SyncSettings
from cellcost.errors import ConfigError
from cellcost.sync import find_login, log_in, log_out
from cellcost.sync.private import hashing_secret

URL = "https://ledger.corp"
NOTHING: dict[str, str] = {}


@pytest.fixture(autouse=True)
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without a keyring, whoever runs the tests."""
    import keyring
    import keyring.backends.fail

    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    yield
    keyring.set_keyring(before)


class Drawer:
    """An in-memory keyring, as a desktop's would keep keys."""

    priority = 1

    def __init__(self, *, forgets: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.forgets = forgets


def use(drawer: Drawer) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    class Backend(KeyringBackend):
        priority = 1.0  # type: ignore[assignment]  # as keyring's own back ends do

        def set_password(self, service: str, username: str, password: str) -> None:
            if not drawer.forgets:
                drawer.kept[service, username] = password

        def get_password(self, service: str, username: str) -> str | None:
            return drawer.kept.get((service, username))

        def delete_password(self, service: str, username: str) -> None:
            del drawer.kept[service, username]

    keyring.set_keyring(Backend())


def test_without_a_keyring_the_key_is_in_a_file_that_others_cannot_read(
    home: Path,
) -> None:
    log_in(home, URL + "/", "cck_one")
    assert find_login(home, SyncSettings(), NOTHING).key == "cck_one"
    mode = stat.S_IMODE((home / "login.json").stat().st_mode)
    assert mode == 0o600 or os.name != "posix"
    log_in(home, "https://other.corp", "cck_two")
    found = find_login(home, SyncSettings(), NOTHING)
    assert (found.url, found.key) == ("https://other.corp", "cck_two")
    assert "cck_two" not in repr(found)
    assert log_out(home) == "https://other.corp"
    assert find_login(home, SyncSettings(), NOTHING) is None
    assert log_out(home) == ""


def test_a_keyring_that_works_keeps_the_key_out_of_files(home: Path) -> None:
    drawer = Drawer()
    use(drawer)
    assert log_in(home, URL, "cck_one").kept == "keyring"
    assert list(drawer.kept.values()) == ["cck_one"]
    assert "cck_one" not in (home / "login.json").read_text()
    assert find_login(home, SyncSettings(), NOTHING).key == "cck_one"
    log_out(home)
    assert drawer.kept == {}


def test_a_keyring_that_forgets_is_not_relied_on(home: Path) -> None:
    use(Drawer(forgets=True))
    assert log_in(home, URL, "cck_one").kept == "file"
    assert find_login(home, SyncSettings(), NOTHING).key == "cck_one"


def test_a_keyring_that_was_emptied_is_told(home: Path) -> None:
    drawer = Drawer()
    use(drawer)
    log_in(home, URL, "cck_one")
    drawer.kept.clear()
    with pytest.raises(ConfigError, match=f"cellcost login {URL}"):
        find_login(home, SyncSettings(), NOTHING)


def test_a_key_never_goes_to_another_ledger_than_its_own(home: Path) -> None:
    log_in(home, URL, "cck_one")
    settings = SyncSettings(url="https://thief.example")
    assert find_login(home, settings, NOTHING).url == URL
    both = {"CELLCOST_SYNC_KEY": "cck_env"}
    found = find_login(home, settings, both)
    assert (found.url, found.key) == ("https://thief.example", "cck_env")
    with pytest.raises(ConfigError, match="CELLCOST_SYNC_URL"):
        find_login(home, SyncSettings(), both)


@pytest.mark.parametrize("key", ["", "  ", "a b", "käse", "a\nb", "a\x00b"])
def test_what_can_be_no_key_is_refused(home: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="key"):
        log_in(home, URL, key)
    assert not home.exists()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"url": "http://x.corp"}'])
def test_a_login_file_that_makes_no_sense_is_told(home: Path, content: str) -> None:
    home.mkdir()
    (home / "login.json").write_text(content)
    with pytest.raises(ConfigError, match=r"login\.json"):
        find_login(home, SyncSettings(), NOTHING)


def test_the_secret_of_hashes_is_made_once_and_private(home: Path) -> None:
    first = hashing_secret(home)
    assert len(first) == 32
    assert hashing_secret(home) == first
    path = home / "sync-hashing"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name != "posix"
    assert [p.name for p in home.iterdir()] == ["sync-hashing"]
