"""A session: the key itself, sealed into a cookie that no server has to remember.

It is sealed with what the book keeps of the key, its hash. So a stolen cookie gives
away no key and ends at its time, a stolen book makes no cookie (nobody finds a key
from its hash), and every server that has the book can open it.
"""

import base64
import binascii
import secrets
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["COOKIE", "SESSION_SECONDS", "seal", "unseal"]

COOKIE = "cellcost_session"
SESSION_SECONDS = 12 * 3600
"""A working day."""
_NONCE = 12
_LONGEST = 600


def seal(text: str, key_id: str, key_hash: str, *, ends_us: int) -> str:
    """Return the session of the key `text`, until `ends_us`."""
    nonce = secrets.token_bytes(_NONCE)
    head = f"{key_id}.{ends_us}"
    sealed = _cipher(key_hash).encrypt(nonce, text.encode(), head.encode())
    return f"{head}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(
    session: str, key_hash: Callable[[str], str | None], *, now_us: int
) -> str | None:
    """Return the key's text, or None for a session that is none or has ended.

    Whether the key itself is still active is not known here.
    """
    key_id, _, rest = session.partition(".")
    ends, _, sealed = rest.partition(".")
    if len(session) > _LONGEST or not (key_id.isalnum() and _is_number(ends)):
        return None
    if int(ends) <= now_us:
        return None
    known = key_hash(key_id)
    if known is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(sealed.encode())
        head = f"{key_id}.{ends}".encode()
        return _cipher(known).decrypt(raw[:_NONCE], raw[_NONCE:], head).decode()
    except (InvalidTag, ValueError, binascii.Error):
        return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _cipher(key_hash: str) -> AESGCM:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"cellcost session 1")
    return AESGCM(derive.derive(key_hash.encode()))
