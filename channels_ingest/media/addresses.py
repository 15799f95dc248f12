"""Which hosts the hub may ask in a stranger's name: public ones, by an address that is looked up once.

A name is resolved here and the connection goes to the address that was judged, so that no second answer can differ
(DNS rebinding). One private address among several refuses the host: whoever answers so plays tricks.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswerError
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Name and port -> addresses as text. Raises OSError.
Resolver = Callable[[str, int], Iterable[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-_]{0,252}[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]")
# What is written in an URL as it goes over the wire: no space, control character, backslash or quote.
_TARGET = re.compile(r"[!#-\[\]-~]*")
#: Networks that lead to other networks: what they hold cannot be judged by the address.
_TUNNELS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "192.88.99.0/24",  # 6to4 relays
    )
)
#: Look-ups at one time: one that hangs takes a thread until the system gives up.
_lookups = ThreadPoolExecutor(4, thread_name_prefix="dns")


class NotAllowedError(Exception):
    """The hub must not ask there; the message says why, without the address."""


class NotFoundError(Exception):
    """The name has no address now."""


@dataclass(frozen=True, slots=True)
class Target:
    """An URL taken apart once, so that nobody reads it a second way."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port; equal for what shares credentials."""
        return f"{self.scheme}://{self.host}:{self.port}"


def target_of(url: str) -> Target:
    """The parts of an http(s) URL. Raises NotAllowedError."""
    if not _TARGET.fullmatch(url):
        raise NotAllowedError("an address with odd characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAllowedError("an address that is none") from None
    if parts.scheme not in ("http", "https"):
        raise NotAllowedError("an address that is not https")
    if "@" in parts.netloc or not _HOST.fullmatch(parts.netloc.rpartition(":")[0] if port else parts.netloc):
        raise NotAllowedError("an address with an odd host")
    host = (parts.hostname or "").rstrip(".").lower()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


#: All that was ever given out of IPv6 (RFC 4291, 2.4; IANA, "IPv6 global unicast address assignments").
_UNICAST = ipaddress.ip_network("2000::/3")


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet, and says so plainly."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False  # also one with a scope (fe80::1%eth0)
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address not in _UNICAST):
        return False  # NAT64, site-local and IPv4 addresses in IPv6 clothes among them
    if any(address.version == network.version and address in network for network in _TUNNELS):
        return False
    return address.is_global and not address.is_multicast


def public_address(
    target: Target, resolver: Resolver, *, seconds: float, is_allowed: Callable[[str], bool] = is_public
) -> str:
    """The address to connect to. Raises NotAllowedError and NotFoundError."""
    try:
        found = list(_lookups.submit(lambda: list(resolver(target.host, target.port))).result(timeout=seconds))
    except (OSError, UnicodeError, NoAnswerError):
        raise NotFoundError("the name has no address") from None
    if not found:
        raise NotFoundError("the name has no address")
    if not all(is_allowed(address) for address in found):
        raise NotAllowedError("an address that is not public")
    return found[0]


def system_resolver(host: str, port: int) -> list[str]:
    """What the machine's own resolver says, IPv4 first: not every machine has a way to the other."""
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in sorted(found, key=lambda each: each[0] != socket.AF_INET)]
