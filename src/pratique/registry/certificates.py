"""Certificates for one registry, in `certs.d` folders as docker and podman read them (containers-certs.d(5)).

`HOST[:PORT]/*.crt` are authorities that are believed for this registry beside the system's; `NAME.cert` and `NAME.key` are who we
are to it. The key goes to the registry itself only, never to where it redirects.
"""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pratique.errors import InputError, Malformed
from pratique.files import read_limited

_MAX_FILES = 64
_MAX_BYTES = 1 << 20
_SYSTEM_FOLDERS = (Path("/etc/containers/certs.d"), Path("/etc/docker/certs.d"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCertificates:
    """`authorities`: files with certificates. `clients`: files with our certificate and its key."""

    authorities: tuple[Path, ...] = ()
    clients: tuple[tuple[Path, Path], ...] = ()


def find_certificates(
    host: str, environ: Mapping[str, str], *, system_folders: Sequence[Path] = _SYSTEM_FOLDERS
) -> HostCertificates:
    """What the folders hold for `host`, with its port as the user writes it. Raises InputError."""
    authorities: list[Path] = []
    clients: list[tuple[Path, Path]] = []
    for folder in _folders(environ, system_folders):
        names = _names(folder / host)
        authorities += [folder / host / name for name in names if name.endswith(".crt")]
        for name in names:
            if name.endswith(".cert"):
                key = f"{name.removesuffix('.cert')}.key"
                if key not in names:
                    raise InputError(f"there is no {key} beside it", where=str(folder / host / name))
                clients.append((folder / host / name, folder / host / key))
    return HostCertificates(authorities=tuple(authorities), clients=tuple(clients))


def trust_authorities(context: ssl.SSLContext, certificates: HostCertificates) -> None:
    """Believe the authorities too. Raises Malformed, InputError."""
    for path in certificates.authorities:
        data = read_limited(path, _MAX_BYTES)
        try:
            context.load_verify_locations(cadata=data.decode("ascii") if b"-----BEGIN" in data else data)
        except (ssl.SSLError, ValueError) as error:
            raise Malformed("no certificates of authorities, PEM or DER", where=str(path)) from error


def present_clients(context: ssl.SSLContext, certificates: HostCertificates) -> None:
    """Say who we are when asked. Raises Malformed, InputError."""
    for certificate, key in certificates.clients:

        def locked(path: Path = key) -> str:
            # OpenSSL would ask on the terminal.
            raise InputError(
                "an encrypted key cannot be used here", where=str(path), hint="decrypt it: openssl pkey -in OLD -out NEW"
            )

        try:
            context.load_cert_chain(certificate, key, password=locked)
        except ssl.SSLError as error:
            raise Malformed("not a certificate in PEM with its key beside it", where=str(certificate)) from error
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"certificate or key cannot be read: {reason}", where=str(certificate)) from error


def _folders(environ: Mapping[str, str], system_folders: Sequence[Path]) -> Iterator[Path]:
    home = environ.get("HOME")
    if config := environ.get("XDG_CONFIG_HOME"):
        yield Path(config) / "containers" / "certs.d"
    if home:
        yield Path(home) / ".config" / "containers" / "certs.d"
    yield from system_folders
    if home:
        yield Path(home) / ".config" / "docker" / "certs.d"


def _names(folder: Path) -> list[str]:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=str(folder)) from error
    if len(names) > _MAX_FILES:
        raise InputError(f"more than {_MAX_FILES} files with certificates", where=str(folder))
    return names
