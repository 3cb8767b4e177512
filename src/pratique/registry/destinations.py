"""Where a registry may send us: its redirects, upload locations and token services are the words of somebody foreign. Pure.

Refused: other schemes than HTTP and HTTPS, names with a password in them, from HTTPS to plain HTTP, and, unless the registry is
there itself, this machine and addresses of its own link, under which clouds hand out a machine's credentials.
"""

import ipaddress

import httpx

from pratique.errors import Unavailable
from pratique.registry.proxies import Address, as_address, is_loopback

# Metadata services that are not on the link: Alibaba's, Azure's, and Amazon's over IPv6.
_METADATA = frozenset(ipaddress.ip_address(text) for text in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254"))
_METADATA_NAMES = frozenset(("metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"))


class Downgraded(Unavailable):
    """Sent from HTTPS to plain HTTP."""


def resolve_target(target: str, base: httpx.URL, origin: httpx.URL, *, where: str) -> httpx.URL:
    """What a registry at `origin` means by `target` in an answer from `base`. Raises Unavailable; Downgraded."""
    try:
        url = base.join(target)
        port = url.port
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise Unavailable("the registry names an address that is none", where=where) from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or not 0 < (443 if port is None else port) < 65536:
        raise Unavailable("the registry names an address that is none of its kind", where=where)
    if origin.scheme == "https" and url.scheme != "https":
        raise Downgraded(f"redirected from HTTPS to plain HTTP at {shown(url.host)}: refused", where=where)
    if url.host != origin.host and is_off_limits(url.host, origin.host):
        raise Unavailable(f"sent to {shown(url.host)}, which only programs on this machine should ask: refused", where=where)
    return url


def is_off_limits(host: str, registry: str) -> bool:
    """Whether `registry` may not send us to `host`, as it is spelled: to this machine, its link, or a cloud's metadata."""
    address = as_address(host)
    if address is None:
        name = host.rstrip(".").lower()
        return name in _METADATA_NAMES or (is_loopback(host) and not is_loopback(registry))
    return is_off_limits_address(address, registry)


def is_off_limits_address(address: Address, registry: str) -> bool:
    """`is_off_limits`, of an address that a name came to."""
    if address.is_link_local or address in _METADATA or address.is_multicast:
        return True
    return (address.is_loopback or address.is_unspecified) and not is_loopback(registry)


def origin_of(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port: what credentials are bound to (RFC 6454)."""
    usual = 443 if url.scheme == "https" else 80
    return url.scheme, url.host, usual if url.port is None else url.port


def shown(host: str) -> str:
    """A host's name that somebody foreign chose, for people."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in host)[:100]
