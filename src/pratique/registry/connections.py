"""Connections: through which proxy, with which certificates, and to which addresses never. One `httpx` transport for all of it.

A name is judged by the address it came to, before anything is sent there: what a registry redirects to may resolve to this
machine. An answer that trickles is given up, in its headers as well as in its body.
"""

import contextlib
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpcore
import httpx

from pratique.errors import Unavailable
from pratique.registry.certificates import HostCertificates, present_clients, trust_authorities
from pratique.registry.destinations import is_off_limits_address, origin_of, shown
from pratique.registry.proxies import ProxyChoice, as_address, choose_proxy

PATIENCE_S = 60.0
MIN_BYTES_PER_S = 1024


class Connections(httpx.BaseTransport):
    """Sends each request the way it has to go. Opens nothing before the first; `httpx.Client` adds no proxy of its own to it.

    `tls`: makes the context for HTTPS, once, and once more for the registry that is shown our certificates. `registry`: whose
    answers decide where requests go, which then must not go to this machine; None where the user names every address.
    """

    def __init__(
        self,
        *,
        tls: Callable[[], ssl.SSLContext],
        environ: Mapping[str, str] = os.environ,
        registry: httpx.URL | None = None,
        certificates: Callable[[], HostCertificates] = HostCertificates,
    ) -> None:
        self._tls = tls
        self._environ = environ
        self._registry = registry
        self._certificates = certificates
        self._found: HostCertificates | None = None
        self._transports: dict[tuple[str, bool, bool], httpx.HTTPTransport] = {}
        self._at_home = threading.Event()  # the registry's name came to this machine
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport`. Raises Unavailable for a proxy that cannot be used."""
        url = request.url
        proxy = self.proxy_of(url)
        own = self._registry is not None and origin_of(url) == origin_of(self._registry)
        key = (proxy.url if proxy else "", url.scheme == "https", own)
        with self._lock:
            transport = self._transports.get(key)
            if transport is None:
                transport = self._transports[key] = self._make(proxy, encrypted=url.scheme == "https", own=own)
        return transport.handle_request(request)

    def proxy_of(self, url: httpx.URL) -> ProxyChoice | None:
        """The proxy that a request to `url` goes through."""
        return choose_proxy(url.scheme, url.host, url.port, self._environ)

    def close(self) -> None:
        """See `httpx.BaseTransport`."""
        with self._lock:
            transports, self._transports = list(self._transports.values()), {}
        for transport in transports:
            transport.close()

    def _make(self, proxy: ProxyChoice | None, *, encrypted: bool, own: bool) -> httpx.HTTPTransport:
        context: ssl.SSLContext | bool = self._context(own=own) if encrypted else False
        through = None
        if proxy is not None:
            try:
                through = httpx.Proxy(proxy.url, ssl_context=self._tls() if proxy.url.startswith("https:") else None)
            except (httpx.InvalidURL, ValueError):
                raise Unavailable(f"{proxy.variable} names no proxy", hint="expected http://HOST:PORT") from None
        transport = httpx.HTTPTransport(verify=context, trust_env=False, proxy=through)
        registry = self._registry.host if self._registry is not None and proxy is None else None
        # The one place to put a network below httpx: a test holds that it is in force.
        transport._pool._network_backend = _Network(registry, self._at_home)
        return transport

    def _context(self, *, own: bool) -> ssl.SSLContext:
        if self._found is None:
            self._found = self._certificates()
        context = self._tls()
        trust_authorities(context, self._found)
        if own:
            present_clients(context, self._found)
        return context


class _Network(httpcore.NetworkBackend):
    """Sockets. `registry`: who sent us; the address it sent us to is looked at before it is spoken to. `at_home`: whether the
    registry itself was found on this machine."""

    def __init__(self, registry: str | None, at_home: threading.Event) -> None:
        self._inner = httpcore.SyncBackend()
        self._registry = registry
        self._at_home = at_home

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        peer = stream.get_extra_info("server_addr")
        address = as_address(str(peer[0])) if peer else None
        if self._registry is not None and host == self._registry:
            if address is not None and address.is_loopback:
                self._at_home.set()
        elif self._registry is not None:
            registry = "localhost" if self._at_home.is_set() else self._registry
            if address is None or is_off_limits_address(address, registry):
                stream.close()
                raise Unavailable(f"sent to {shown(host)}, which is at {address}: refused", where=self._registry)
        return _Stream(stream)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        return self._inner.connect_unix_socket(path, timeout, socket_options)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A connection whose answers must keep coming. How long the first byte takes is for the time limit of reading."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self._waited = 0.0
        self._received = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        began = time.monotonic()
        data = self._inner.read(max_bytes, timeout)
        if self._received:
            self._waited += time.monotonic() - began
        self._received += len(data)
        if self._waited > PATIENCE_S and self._received < self._waited * MIN_BYTES_PER_S:
            raise httpcore.ReadTimeout("the answer trickles")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._waited, self._received = 0.0, 0
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def tls_context() -> ssl.SSLContext:
    """The system's authorities, or SSL_CERT_FILE and SSL_CERT_DIR; where a system has none, Mozilla's."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    empty = True
    with contextlib.suppress(OSError):
        empty = not (paths.capath and any(os.scandir(paths.capath)))
    if not paths.cafile and empty:
        import certifi

        context.load_verify_locations(certifi.where())
    return context
