"""Through which proxy a request goes: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, as Go's tools and curl read them. Pure.

Lower case comes first. This machine is never asked through a proxy. A proxy's address may hold a password: it is never shown.
"""

import importlib.util
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pratique.errors import Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = {"http": 80, "https": 443}
_BRACKETED = re.compile(r"\[(?P<host>[0-9A-Fa-f:.]+)(?:%[^\]]*)?\](?::(?P<port>[0-9]{1,5}))?")
_WITH_PORT = re.compile(r"(?P<host>[^:]+):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyChoice:
    """`url`: its address, perhaps with a password. `variable`: where it was found. `shown`: HOST:PORT, for people."""

    url: str = field(repr=False)
    variable: str
    shown: str


def choose_proxy(scheme: str, host: str, port: int | None, environ: Mapping[str, str]) -> ProxyChoice | None:
    """The proxy for requests to `host` (an address without brackets); None if it is asked directly.

    Raises Unavailable for a proxy that cannot be used from here, in a line that says what to do.
    """
    if is_loopback(host) or _is_excepted(host, port or _PORTS.get(scheme, 0), _value(environ, "no_proxy")[1]):
        return None
    for name in (f"{scheme}_proxy", "all_proxy"):
        variable, value = _value(environ, name)
        if value:
            return _choice(variable, value, host)
    return None


def is_loopback(host: str) -> bool:
    """Whether this host, as it is spelled, is this machine."""
    name = host.rstrip(".").lower()
    address = as_address(host)
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def as_address(host: str) -> Address | None:
    """The address that is spelled here, with or without brackets and zone; IPv4 in IPv6 is IPv4. None for a name."""
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _value(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Name and value of a variable, in lower case first; HTTP_PROXY of a CGI program is what its caller sent (httpoxy)."""
    for variable in (name, name.upper()):
        value = environ.get(variable, "").strip()
        if value and not (variable == "HTTP_PROXY" and "REQUEST_METHOD" in environ):
            return variable, value
    return name, ""


def _choice(variable: str, value: str, host: str) -> ProxyChoice:
    text = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(text)
        scheme, name, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        scheme, name, port = "", None, None
    if not name:
        # Not chained, not quoted: it may hold a password.
        raise Unavailable(f"{variable} names no proxy", hint="expected http://HOST:PORT")
    shown = f"[{name}]" if ":" in name else name
    shown += f":{port}" if port else ""
    if scheme not in ("http", "https", "socks5", "socks5h"):
        hint = f"name an HTTP proxy, http://HOST:PORT, or add {host} to NO_PROXY"
        raise Unavailable(f"{variable} names a proxy of kind {scheme[:20]!r}, which is not known here", hint=hint)
    if scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        hint = f"name an HTTP proxy in HTTPS_PROXY, add {host} to NO_PROXY, or pip install 'httpx[socks]'"
        raise Unavailable(f"{variable} names the SOCKS proxy {shown}, and no support for SOCKS is installed", hint=hint)
    return ProxyChoice(url=text, variable=variable, shown=shown)


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    name, address = host.rstrip(".").lower(), as_address(host)
    return any(_excepts(entry.lower(), name, address, port) for entry in re.split(r"[,\s]+", exceptions) if entry)


def _excepts(entry: str, name: str, address: Address | None, port: int) -> bool:
    """Whether one entry of NO_PROXY means this host (golang.org/x/net/http/httpproxy, Config.NoProxy).

    `*`; an address or a range of them, IPv6 with or without brackets; a domain, which covers its subdomains, or only these if
    it begins with a dot. Each but a range may have a port.
    """
    if entry == "*":
        return True
    entry = entry.partition("://")[2] or entry
    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            return False
        return address is not None and address.version == network.version and address in network
    match = _BRACKETED.fullmatch(entry) or _WITH_PORT.fullmatch(entry)
    if match is not None:
        if match["port"] is not None and int(match["port"]) != port:
            return False
        entry = match["host"]
    meant = as_address(entry)
    if meant is not None or address is not None:
        return meant == address
    entry = entry.removeprefix("*").rstrip(".")
    if entry.startswith("."):
        return name.endswith(entry)
    return name == entry or name.endswith(f".{entry}")
