"""HTTP to the ledger: the one module that touches httpx, imported when first used."""

import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

from cellcost import __version__
from cellcost.config.values import is_loopback
from cellcost.errors import ConfigError, LedgerUnavailable
from cellcost.sync.backoff import retry_after_seconds

__all__ = ["Answer", "HttpLink", "Link"]

_CONNECT_SECONDS: Final = 10.0
_MESSAGE_CHARACTERS: Final = 300
_LARGE_BYTES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a ledger answered."""

    status: int
    value: dict[str, Any]
    message: str = ""
    """Its own words about what is wrong."""
    retry_after: float | None = None
    location: str = ""


class Link(Protocol):
    """A connection to one ledger."""

    def exchange(
        self, method: str, path: str, *, body: bytes | None, timeout: float
    ) -> Answer:
        """Return the answer. Raises LedgerUnavailable when there is none."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class HttpLink:
    """One kept-alive HTTPS connection, through the proxy that the environment names."""

    def __init__(self, url: str, key: str, *, ca_file: str = "") -> None:
        import httpx

        self._httpx = httpx
        self._url = url
        # A proxy must neither be asked for this machine nor see the key unencrypted.
        host = urlsplit(url).hostname or ""
        name = f"[{host}]" if ":" in host else host
        direct = {f"all://{name}": None} if is_loopback(host) else {}
        certificates = _certificates(ca_file) if ca_file else True
        try:
            self._client = httpx.Client(
                headers={
                    "Authorization": f"Bearer {key}",
                    "User-Agent": f"cellcost/{__version__}",
                    "Accept": "application/json",
                },
                verify=certificates,
                mounts=direct,
                follow_redirects=False,  # they would carry the key elsewhere
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            )
        except (OSError, ValueError, ImportError) as error:
            raise ConfigError(
                f"no connection to {url} can be made: {error}; look at SSL_CERT_FILE,"
                " HTTPS_PROXY and ALL_PROXY"
            ) from error

    def __enter__(self) -> "HttpLink":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def exchange(
        self, method: str, path: str, *, body: bytes | None, timeout: float
    ) -> Answer:
        """Return the answer. Raises LedgerUnavailable when there is none."""
        headers: dict[str, str] = {}
        if body is not None:
            headers["Content-Type"] = "application/json"
            if len(body) > _LARGE_BYTES:
                import zstandard

                body = zstandard.ZstdCompressor().compress(body)
                headers["Content-Encoding"] = "zstd"
        try:
            response = self._client.request(
                method,
                self._url + path,
                content=body,
                headers=headers,
                timeout=self._httpx.Timeout(
                    timeout, connect=min(timeout, _CONNECT_SECONDS)
                ),
            )
        except (self._httpx.HTTPError, OSError) as error:
            said = str(error) or type(error).__name__
            raise LedgerUnavailable(
                f"{self._url} does not answer: {_short(said)}"
            ) from error
        value = _json(response)
        return Answer(
            status=response.status_code,
            value=value,
            message=_short(str(value.get("message", ""))),
            retry_after=retry_after_seconds(response.headers),
            location=response.headers.get("location", ""),
        )


def _certificates(path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"sync.ca_file {path} cannot be used: {error}; name a PEM file"
        ) from error


def _json(response: Any) -> dict[str, Any]:
    """Return the object that the body holds; {} where it is none (a proxy's page)."""
    try:
        value: object = response.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _short(text: str) -> str:
    return " ".join(text.split())[:_MESSAGE_CHARACTERS]
