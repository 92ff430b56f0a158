"""Which ledger this home is logged in to, and its key: in the OS keyring, else a file.

A key belongs to the address that it was stored with and is never sent to another one.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast

from cellcost.config import SyncSettings
from cellcost.config.values import Invalid, ledger_url
from cellcost.errors import ConfigError
from cellcost.ids import new_id
from cellcost.journal import Reader
from cellcost.sync.private import write_private

__all__ = ["KEY_VARIABLE", "LOGIN_FILE", "Login", "find_login", "log_in", "log_out"]

KEY_VARIABLE: Final = "CELLCOST_SYNC_KEY"
LOGIN_FILE: Final = "login.json"
_SERVICE: Final = "cellcost"

_log = logging.getLogger("cellcost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A ledger and the key for it."""

    url: str
    key: str = field(repr=False)
    kept: Literal["environment", "keyring", "file"]


def find_login(
    home: Path, settings: SyncSettings, env: Mapping[str, str]
) -> Login | None:
    """Return the ledger that this home is logged in to, None for none.

    Raises ConfigError when there is a login that cannot be used.
    """
    key = env.get(KEY_VARIABLE, "").strip()
    if key:
        if not settings.url:
            raise ConfigError(
                f"{KEY_VARIABLE} is set, but no ledger: set CELLCOST_SYNC_URL too"
            )
        return Login(url=settings.url, key=_checked_key(key), kept="environment")
    stored = _read(home)
    if stored is None:
        return None
    try:
        url = ledger_url(str(stored["url"]))
        if stored["kept"] == "file":
            return Login(url=url, key=_checked_key(str(stored["key"])), kept="file")
        account = str(stored["account"])
    except (LookupError, Invalid, TypeError) as error:
        raise ConfigError(
            f"{home / LOGIN_FILE} cannot be used ({error}); run `cellcost login URL`"
        ) from error
    found = _from_keyring(url, account)
    if not found:
        raise ConfigError(
            f"the keyring does not give the key for {url}: unlock it, or run"
            f" `cellcost login {url}`"
        )
    return Login(url=url, key=_checked_key(found), kept="keyring")


def log_in(home: Path, url: str, key: str) -> Login:
    """Store a ledger and its key; needs no network.

    Raises ConfigError for an address or key that cannot be one, OSError when nothing
    can be stored.
    """
    try:
        url = ledger_url(url.strip())
    except Invalid as error:
        raise ConfigError(f"the ledger's address {error}") from None
    key = _checked_key(key)
    log_out(home)
    account = _installation(home) or new_id()
    stored = {"url": url, "kept": "keyring", "account": account}
    if not _to_keyring(url, account, key):
        stored = {"url": url, "kept": "file", "key": key}
    write_private(home / LOGIN_FILE, json.dumps(stored, indent=1).encode())
    kept: Literal["keyring", "file"] = "file" if "key" in stored else "keyring"
    return Login(url=url, key=key, kept=kept)


def log_out(home: Path) -> str:
    """Forget ledger and key; return the ledger's address, "" if there was none."""
    stored = _read(home)
    if stored is None:
        return ""
    if stored.get("kept") == "keyring":
        _forget_in_keyring(str(stored.get("url")), str(stored.get("account")))
    (home / LOGIN_FILE).unlink(missing_ok=True)
    return str(stored.get("url", "")) or "an unknown ledger"


def _read(home: Path) -> dict[str, Any] | None:
    path = home / LOGIN_FILE
    try:
        found: object = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read ({error}); remove it and run `cellcost login URL`"
        ) from error
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _checked_key(key: str) -> str:
    key = key.strip()
    if not key:
        raise ConfigError("the key is empty")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError("the key holds characters that no key has; copy it again")
    return key


def _installation(home: Path) -> str:
    with Reader(home) as reader:
        return reader.installation


# -- the keyring: a foreign library with foreign back ends, where anything may fail ----


def _to_keyring(url: str, account: str, key: str) -> bool:
    try:
        import keyring

        keyring.set_password(f"{_SERVICE} {url}", account, key)
        # There are back ends that take a password and forget it.
        return keyring.get_password(f"{_SERVICE} {url}", account) == key
    except Exception as error:  # noqa: BLE001  # then it goes into the file
        _log.debug("cellcost: no keyring: %s", type(error).__name__)
        return False


def _from_keyring(url: str, account: str) -> str:
    try:
        import keyring

        return keyring.get_password(f"{_SERVICE} {url}", account) or ""
    except Exception as error:  # noqa: BLE001  # told by the caller
        _log.debug("cellcost: no keyring: %s", type(error).__name__)
        return ""


def _forget_in_keyring(url: str, account: str) -> None:
    try:
        import keyring

        keyring.delete_password(f"{_SERVICE} {url}", account)
    except Exception as error:  # noqa: BLE001  # locked, or gone already
        _log.debug("cellcost: not removed from the keyring: %s", type(error).__name__)
