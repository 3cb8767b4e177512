"""Where a trust repository lies: a folder, a web server, a registry, an OCI layout, or memory. Each hands out files by path.

Nothing here is trusted: what a place hands out is verified by the metadata. `metadata/…` and `targets/…` are the only paths.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from pratique.errors import InputError, LimitExceeded, NotFound, Unavailable
from pratique.files import open_regular

if TYPE_CHECKING:
    import httpx

    from pratique.registry.types import Descriptor, Repository

CHUNK = 64 * 1024
DEADLINE_S = 60.0  # for one file; metadata is small
TITLE = "org.opencontainers.image.title"
_MAX_REDIRECTS = 5


class TrustPlace(Protocol):
    """A trust repository to read from. `name`: for people."""

    name: str

    def chunks(self, path: str) -> Iterator[bytes]:
        """The file in pieces. Raises NotFound when the place says there is none, Unavailable when it cannot be asked."""
        ...

    def close(self) -> None:
        """Let go of connections. Using it again opens them again."""
        ...


class _Place:
    """What keeps no connections."""

    def close(self) -> None:
        """See `TrustPlace`."""


class MemoryPlace(_Place):
    """Files by path, as an archive or a test has them."""

    def __init__(self, files: Mapping[str, bytes], name: str = "memory") -> None:
        self.name = name
        self.files = files

    def chunks(self, path: str) -> Iterator[bytes]:
        """See `TrustPlace`."""
        if path not in self.files:
            raise NotFound(f"no file {path}", where=self.name)
        yield self.files[path]


class DirectoryPlace(_Place):
    """A folder on this machine, or one that is mounted."""

    def __init__(self, root: Path) -> None:
        self.name = f"file:{root}"
        self.root = root

    def chunks(self, path: str) -> Iterator[bytes]:
        """See `TrustPlace`."""
        try:
            with open_regular(self.root / path) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except FileNotFoundError as error:
            raise NotFound(f"no file {path}", where=self.name) from error
        except OSError as error:
            raise Unavailable(f"cannot read {path}: {(error.strerror or 'error').lower()}", where=self.name) from error


class HttpPlace:
    """Static files below a URL. Redirects are followed, from HTTPS to HTTP never; a file that takes too long is given up."""

    def __init__(
        self, url: str, *, clock: Callable[[], float] = time.monotonic, handler: "httpx.BaseTransport | None" = None
    ) -> None:
        self.name = url.rstrip("/")
        self._clock = clock
        self._handler = handler
        self._client: httpx.Client | None = None

    def chunks(self, path: str) -> Iterator[bytes]:
        """See `TrustPlace`."""
        import httpx

        began = self._clock()
        try:
            url = httpx.URL(f"{self.name}/{quote(path)}")
            for _ in range(_MAX_REDIRECTS + 1):
                with self._open().stream("GET", url) as got:
                    if got.has_redirect_location:
                        url = self._followed(url, got.headers["Location"])
                        continue
                    if got.status_code in (403, 404):  # stores of objects answer 403 for what is not there
                        raise NotFound(f"no file {path}", where=self.name)
                    if got.status_code != 200:
                        raise Unavailable(f"{path}: status {got.status_code}", where=self.name)
                    for chunk in got.iter_raw(CHUNK):
                        if self._clock() - began > DEADLINE_S:
                            raise Unavailable(f"{path}: not there after {DEADLINE_S:.0f} s", where=self.name)
                        yield chunk
                    return
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0][:200].lower()
            raise Unavailable(f"cannot be reached: {reason}", where=self.name) from error
        raise Unavailable(f"{path}: redirected more than {_MAX_REDIRECTS} times", where=self.name)

    def close(self) -> None:
        """See `TrustPlace`."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> "httpx.Client":
        import httpx

        from pratique.registry.connections import Connections, tls_context

        if self._client is None:
            self._client = httpx.Client(
                timeout=httpx.Timeout(30.0, connect=10.0),
                trust_env=False,
                transport=self._handler or Connections(tls=tls_context),
                headers={"Accept-Encoding": "identity", "User-Agent": "pratique"},
            )
        return self._client

    def _followed(self, url: "httpx.URL", location: str) -> "httpx.URL":
        target = url.join(location)
        if target.scheme not in ("http", "https") or (url.scheme == "https" and target.scheme != "https"):
            raise Unavailable(f"redirected to {target.scheme or 'nowhere'}: refused", where=self.name)
        return target


class OciPlace:
    """One artifact in a registry or a layout: each file is a layer, its path the layer's title. All files are of one moment."""

    def __init__(self, repository: "Repository", reference: str, name: str) -> None:
        self.name = name
        self.repository = repository
        self.reference = reference
        self._layers: dict[str, Descriptor] | None = None

    def chunks(self, path: str) -> Iterator[bytes]:
        """See `TrustPlace`."""
        if self._layers is None:
            manifest = self.repository.fetch_manifest(self.reference)
            self._layers = {layer.annotations.get(TITLE, ""): layer for layer in manifest.layers}
        layer = self._layers.get(path)
        if layer is None:
            raise NotFound(f"no file {path}", where=self.name)
        try:
            with self.repository.open_blob(layer) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except NotFound as error:  # listed and not there: the place is broken, and absence is not what it says
            raise Unavailable(f"{path} is listed and missing", where=self.name) from error

    def close(self) -> None:
        """See `TrustPlace`. What the tag names is asked anew."""
        self._layers = None
        self.repository.close()


def spelled_place(source: str) -> str:
    """A place for trust as we spell it; one without a scheme is guessed: a folder, or as `registry.open.as_place` does."""
    from pratique.registry.open import as_place

    scheme = source.partition(":")[0]
    if scheme in ("http", "https", "file"):
        return source
    place = as_place(source)
    if place == source and Path(source).is_dir():
        return f"file:{source}"
    # A path is a folder here, unless a layout is there already.
    path = place.removeprefix("oci-dir:")
    return f"file:{path}" if path == source and place != source and not (Path(path) / "oci-layout").is_file() else place


def open_place(source: str, *, create: bool = False) -> TrustPlace:
    """`file:PATH`, `https://…`, `http://…`, `registry:HOST/NAME[:TAG]`, `oci-dir:PATH[:TAG]`. Nothing is asked yet.

    `create`: make a layout where there is none, to publish to it.
    Raises InputError, NotFound for a layout that is not there.
    """
    source = spelled_place(source)
    scheme, _, rest = source.partition(":")
    if scheme in ("http", "https") and rest.startswith("//") and len(rest) > 2:
        return HttpPlace(source)
    if scheme == "file" and rest:
        return DirectoryPlace(Path(rest.removeprefix("//")))
    if scheme in ("registry", "oci-dir", "oci-archive"):
        from pratique.registry.open import open_repository

        repository, selector = open_repository(source, create=create)
        return OciPlace(repository, selector or "latest", source)
    raise InputError(
        f"not a place for trust: {source[:200]!r}", hint="write file:PATH, https://…, registry:HOST/NAME or oci-dir:PATH"
    )


def read_file(place: TrustPlace, path: str, limit: int) -> bytes:
    """A whole file of at most `limit` bytes. Raises LimitExceeded, and as `Place.chunks` does."""
    out = bytearray()
    for chunk in place.chunks(path):
        out += chunk
        if len(out) > limit:
            raise LimitExceeded(f"{path} has more than {limit} bytes", where=place.name)
    return bytes(out)
