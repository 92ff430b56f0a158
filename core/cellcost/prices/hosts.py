"""Which provider a URL belongs to: the user's `[[endpoints]]`, then known hosts."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from cellcost.config.rates import Endpoint
from cellcost.errors import ConfigError
from cellcost.prices.catalogue import Provider

__all__ = ["Address", "find_endpoint", "known_provider", "parse_url", "sort_endpoints"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a URL that say whose it is; never a credential or a query."""

    scheme: str
    host: str
    port: int | None
    path: str


def parse_url(url: str) -> Address | None:
    """Return where a URL points, or None if it is none.

    `https://user@API.example:443/v1?x=1` and `https://api.example/v1` are the same.
    """
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    return Address(parts.scheme.lower(), host.rstrip("."), port, parts.path)


def sort_endpoints(
    endpoints: Iterable[Endpoint],
) -> tuple[tuple[Address, Endpoint], ...]:
    """Return the endpoints with their addresses, the longest prefix first.

    Raises ConfigError when a URL is none, or two entries have the same prefix.
    """
    found: dict[Address, Endpoint] = {}
    for endpoint in endpoints:
        parsed = parse_url(endpoint.url)
        if parsed is None:
            raise ConfigError(
                f"{_said(endpoint)} url {endpoint.url!r} is no URL;"
                " write it like http://gpu01:8000/v1"
            )
        address = Address(
            parsed.scheme, parsed.host, parsed.port, parsed.path.rstrip("/")
        )
        if address in found:
            raise ConfigError(
                f"two [[endpoints]] have the same url {endpoint.url!r}"
                f" ({found[address].source or '?'} and {endpoint.source or '?'});"
                " remove one"
            )
        found[address] = endpoint
    return tuple(
        sorted(
            found.items(),
            key=lambda item: (
                -len(item[0].path),
                item[0].port is None,
                item[0].scheme == "",
            ),
        )
    )


def find_endpoint(
    address: Address, endpoints: Iterable[tuple[Address, Endpoint]]
) -> Endpoint | None:
    """Return the first endpoint whose prefix holds `address`.

    A prefix ends at a path segment: `/v1` holds `/v1/chat`, not `/v10`. Without a port
    it holds every port of its host.
    """
    port = address.port or _DEFAULT_PORTS.get(address.scheme)
    for prefix, endpoint in endpoints:
        if (
            prefix.host == address.host
            and (prefix.port is None or prefix.port == port)
            and (not prefix.scheme or prefix.scheme == address.scheme)
            and f"{address.path}/".startswith(f"{prefix.path}/")
        ):
            return endpoint
    return None


def known_provider(address: Address, providers: Iterable[Provider]) -> str:
    """Return the id of the provider that a host belongs to, or ""."""
    port = address.port
    if port is not None and port != _DEFAULT_PORTS.get(address.scheme):
        return ""
    origin = f"{address.scheme}://{address.host}"
    url = origin + (address.path or "/")
    for provider in providers:
        match = provider.url.match(url)
        # The whole host must have matched: `api.openai.com.evil.example` has not.
        if match and _whole_host(match.end(), len(origin), address.host, match.group()):
            return provider.id
    return ""


def _whole_host(end: int, host_end: int, host: str, matched: str) -> bool:
    if end >= host_end:
        return True
    # A rule may end in a dot and leave the top-level domain open (`api.moonshot.`).
    return matched.endswith(".") and "." not in host[end - host_end :]


def _said(endpoint: Endpoint) -> str:
    return f"{endpoint.source}: [[endpoints]]" if endpoint.source else "[[endpoints]]"
