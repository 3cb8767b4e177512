"""TrustedRoot v0.1 and v0.2 (sigstore/protobuf-specs, sigstore_trustroot.proto): who is believed, and when. Pure.

Every instance has a window whose start is required and whose ends are both included. Members that are not known are passed
over: this document is itself trusted, and new ones come without a new media type. A log whose key is of a kind that is not
supported is left out, so what only it vouches for is untrusted.

Who runs an instance counts for thresholds. Where v0.1 does not say it, it is taken from the address, coarsely: hosts that share
their last two labels are one operator. Too few operators ask for more proofs than needed, never for fewer.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509 import Certificate

from pratique.attest.members import as_bytes, as_instant, as_list, as_object, as_text
from pratique.attest.publickey import PublicKey
from pratique.attest.strictjson import load_json
from pratique.attest.timestamp import TimestampAuthority
from pratique.attest.x509 import CertificateWindow, parse_certificate
from pratique.errors import Malformed

MAX_TRUSTED_ROOT_SIZE = 4 * 1024 * 1024
MAX_INSTANCES = 256
MAX_CHAIN = 10

_MEDIA_TYPES = (
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAuthority:
    """Who issues signing certificates. `chain`: from the issuer to the trust anchor, which is the last.

    `logged`: whether its certificates are in certificate logs; False when the root that names it names no such log at all, not
    even one of a kind that is not supported here, as a company's own authority has none.
    """

    operator: str
    chain: tuple[Certificate, ...]
    window: CertificateWindow
    logged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedLog:
    """A transparency log, of signatures or of certificates. `ids`: how entries and checkpoints name it, 4 to 32 bytes each."""

    url: str
    operator: str
    key: PublicKey
    ids: tuple[bytes, ...]
    window: CertificateWindow

    def is_named(self, log_id: bytes) -> bool:
        """Whether this is the log that an entry or a certificate timestamp names."""
        return log_id in self.ids


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedRoot:
    """Everybody who is believed."""

    authorities: tuple[CertificateAuthority, ...] = ()
    timestamp_authorities: tuple[TimestampAuthority, ...] = ()
    logs: tuple[TrustedLog, ...] = ()
    certificate_logs: tuple[TrustedLog, ...] = ()


def parse_trusted_root(data: bytes) -> TrustedRoot:
    """Read a TrustedRoot in JSON. Raises Malformed, LimitExceeded."""
    root = _present(load_json(data, what="trusted root", max_size=MAX_TRUSTED_ROOT_SIZE), "trusted root")
    if root.get("mediaType") not in _MEDIA_TYPES:
        raise Malformed(f"not a Sigstore trusted root of v0.1 or v0.2: mediaType is {str(root.get('mediaType'))[:80]!r}")
    logged = bool(root.get("ctlogs"))
    found = (_parse_authority(item, where) for item, where in _items(root, "certificateAuthorities"))
    return TrustedRoot(
        authorities=tuple(replace(authority, logged=logged) for authority in found),
        timestamp_authorities=tuple(_parse_stamper(item, where) for item, where in _items(root, "timestampAuthorities")),
        logs=_parse_logs(root, "tlogs"),
        certificate_logs=_parse_logs(root, "ctlogs"),
    )


def _items(root: Mapping[str, Any], name: str) -> list[tuple[Mapping[str, Any], str]]:
    items = as_list(root.get(name, []), name, limit=MAX_INSTANCES)
    return [(_present(item, f"{name}[{number}]"), f"{name}[{number}]") for number, item in enumerate(items)]


def _parse_authority(item: Mapping[str, Any], where: str) -> CertificateAuthority:
    members = _present(item.get("certChain"), f"{where}.certChain")
    certificates = as_list(members.get("certificates"), f"{where}.certChain.certificates", limit=MAX_CHAIN)
    chain = []
    for number, entry in enumerate(certificates):
        place = f"{where}.certChain.certificates[{number}]"
        chain.append(parse_certificate(as_bytes(as_object(entry, place).get("rawBytes"), f"{place}.rawBytes"), place))
    if not chain:
        raise Malformed(f"{where} has no certificates")
    return CertificateAuthority(
        operator=_operator(item, "uri", where), chain=tuple(chain), window=_window(item.get("validFor"), f"{where}.validFor")
    )


def _parse_stamper(item: Mapping[str, Any], where: str) -> TimestampAuthority:
    authority = _parse_authority(item, where)
    if len(authority.chain) == 1:
        # Only the anchor is listed: the token has to bring the signer's certificate.
        return TimestampAuthority(operator=authority.operator, anchors=authority.chain, window=authority.window)
    return TimestampAuthority(
        operator=authority.operator,
        anchors=authority.chain[-1:],
        signer=authority.chain[0],
        intermediates=authority.chain[1:-1],
        window=authority.window,
    )


def _parse_logs(root: Mapping[str, Any], name: str) -> tuple[TrustedLog, ...]:
    logs = (_parse_log(item, where) for item, where in _items(root, name))
    return tuple(log for log in logs if log is not None)


def _parse_log(item: Mapping[str, Any], where: str) -> TrustedLog | None:
    members = _present(item.get("publicKey"), f"{where}.publicKey")
    window = _window(members.get("validFor"), f"{where}.publicKey.validFor")
    der = as_bytes(members.get("rawBytes"), f"{where}.publicKey.rawBytes")
    ids = [_identifier(item[member], f"{where}.{member}") for member in ("logId", "checkpointKeyId") if member in item]
    if not ids:
        raise Malformed(f"{where} has neither logId nor checkpointKeyId")
    try:
        key = PublicKey.from_der(_spki(der))
    except Malformed:
        return None
    url = as_text(item.get("baseUrl", ""), f"{where}.baseUrl")
    return TrustedLog(url=url, operator=_operator(item, "baseUrl", where), key=key, ids=tuple(ids), window=window)


def _spki(der: bytes) -> bytes:
    """A key that is bare PKCS #1, as one of the public good instance's is, in the form of all others."""
    try:
        return load_der_public_key(der).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Malformed("not a public key") from error


def _identifier(value: Any, where: str) -> bytes:
    key_id = as_bytes(as_object(value, where).get("keyId"), f"{where}.keyId")
    if not 4 <= len(key_id) <= 32:
        raise Malformed(f"{where} has {len(key_id)} bytes, not 4 to 32")
    return key_id


def _window(value: Any, where: str) -> CertificateWindow:
    members = _present(value, where)
    if "start" not in members:
        raise Malformed(f"{where} has no start")
    end = as_instant(members["end"], f"{where}.end") if "end" in members else None
    return CertificateWindow(start=as_instant(members["start"], f"{where}.start"), end=end)


def _operator(item: Mapping[str, Any], address: str, where: str) -> str:
    stated = as_text(item.get("operator", ""), f"{where}.operator")
    if stated:
        return stated
    host = _host(as_text(item.get(address, ""), f"{where}.{address}")).rsplit(":", 1)[0]
    if not host:
        return as_text(as_object(item.get("subject", {}), f"{where}.subject").get("organization", ""), f"{where}.subject")
    return host if _is_address(host) else ".".join(host.split(".")[-2:])


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host(url: str) -> str:
    try:
        return urlsplit(url if "//" in url else f"//{url}").netloc.lower()
    except ValueError:
        return ""


def _present(value: Any, where: str) -> Mapping[str, Any]:
    """The members of an object that are not null, which protobuf-JSON writes for absent ones."""
    return {name: member for name, member in as_object(value, where).items() if member is not None}
