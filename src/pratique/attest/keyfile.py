"""What a file with a key holds, as people have such files. Pure; nothing is decrypted here.

Read are PEM (RFC 7468) with any text around it and other blocks beside it, bare DER, OpenSSH's one-line and RFC 4716 public keys,
JSON Web Keys (RFC 7517, `attest.jwk`), and certificates with or without their chain. What is none of these is recognised where
it can be, so that the answer is what to do and not what is wrong.

A file names one public key or none: two different ones are refused, and so is a certificate beside a key that is not its own. Of
a certificate the key counts and nothing else, for who names it with `--key` names a key: neither its holder's name nor its dates.
"""

import base64
import re
from dataclasses import dataclass
from typing import Any

from pratique.attest.der import check_der, children, is_der
from pratique.attest.jwk import ALONE, is_private_jwk, parse_jwk_set, public_of
from pratique.attest.members import as_lines
from pratique.attest.publickey import MAX_KEY_SIZE, PublicKey
from pratique.errors import LimitExceeded, Malformed

MAX_FILE_SIZE = 4 * MAX_KEY_SIZE  # a key, a certificate and its chain, with their text
MAX_BLOCKS = 32

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----(.*?)-----END \1-----", re.DOTALL)
_RFC4716 = re.compile(rb"---- BEGIN SSH2 PUBLIC KEY ----(.*?)---- END SSH2 PUBLIC KEY ----", re.DOTALL)
_SSH_LINE = re.compile(rb"(?:^|[ \t])((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]{1,60})[ \t]+(AAAA[A-Za-z0-9+/=]+)")
_VKEY = re.compile(rb"[^\s+]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{8,2000}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{40,}={0,2}\s*")
_PKCS12 = re.compile(rb"\x30(?:\x80|\x81.|\x82..|\x83...)\x02\x01\x03\x30", re.DOTALL)
_CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_NEW = "run: pratique key generate --output release.key"
_KEYRING = "for Helm's provenance files give it with --keyring, as gpg --export writes it"
_TO_PKCS12 = "run: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype pkcs12"
_COPY_AGAIN = "copy the file again: a part of it is missing or changed"


class PrivateKeyGiven(Malformed):
    """There is a private key where a public one belongs. It is not used: who verifies should not hold it."""


class PublicKeyGiven(Malformed):
    """There is a public key, or a certificate, where a private key belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateBlock:
    """A private key as it stands. `label`: of its PEM, or `DER` or `JWK`; `data`: the PEM block, the DER or the JSON, alone."""

    label: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """What was found. `publics`: DER, SubjectPublicKeyInfo; `certificates`: DER, in their order; `other`: what else it is, for
    people, and `advice`, what to do with that: FILE in it is the file's name.
    """

    publics: tuple[bytes, ...] = ()
    certificates: tuple[bytes, ...] = ()
    privates: tuple[PrivateBlock, ...] = ()
    other: str = ""
    advice: str = ""


def parse_public_key(data: bytes, algorithm: str | None = None) -> PublicKey:
    """The one public key in a file, registered for `algorithm`. Raises PrivateKeyGiven, Malformed, LimitExceeded."""
    found = read_key(data)
    if found.privates:
        raise PrivateKeyGiven("this is a private key where a public key belongs", hint=_public_half_of(found.privates[0]))
    if found.publics:
        keys = {PublicKey.from_der(spki, algorithm) for spki in found.publics}
        if len(keys) > 1:
            raise Malformed(f"{len(keys)} public keys in one file", hint="put each into a file of its own, and name those")
        (key,) = keys
        if found.certificates and key.spki not in [_key_of(der) for der in found.certificates]:
            raise Malformed("a public key beside the certificate of another key", hint="leave in the file the one that is meant")
        return key
    if found.certificates:
        return PublicKey.from_der(_signers_key(found.certificates), algorithm)
    raise not_a_key(found, "public")


def not_a_key(found: KeyFile, wanted: str) -> Malformed:
    """The error for a file with no key of the `wanted` half in it."""
    if found.publics or found.certificates:
        what = "public key" if found.publics else "certificate"
        return PublicKeyGiven(f"this is a {what} where a private key belongs", hint="name the private key that it belongs to")
    if found.other:
        return Malformed(f"{found.other}, not a {wanted} key that can be used here", hint=found.advice)
    hint = f"expected PEM, DER, a JSON Web Key, or a key of OpenSSH's; {_NEW.removeprefix('run: ')} makes one"
    return Malformed(f"not a {wanted} key", hint=hint)


def read_key(data: bytes) -> KeyFile:
    """Take a file apart. Raises Malformed for what is broken inside, LimitExceeded."""
    if len(data) > MAX_FILE_SIZE:
        raise LimitExceeded(f"larger than {MAX_FILE_SIZE} bytes, not a key")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # as some shells write what they redirect
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise Malformed("not a key") from error
    data = data.removeprefix(b"\xef\xbb\xbf")
    blocks = _BLOCK.findall(data)
    if len(blocks) > MAX_BLOCKS:
        raise LimitExceeded(f"{len(blocks)} PEM blocks, more than {MAX_BLOCKS}")
    if blocks:
        return _read_blocks([(label.decode(), body) for label, body in blocks])
    if is_der(data):
        return _read_der(data)
    if data.lstrip()[:1] == b"{":
        return _read_json(data)
    return _read_text(data)


def _read_blocks(blocks: list[tuple[str, bytes]]) -> KeyFile:
    publics, certificates, privates = [], [], []
    other = advice = ""
    for label, body in blocks:
        if label == "PUBLIC KEY":
            publics.append(_decoded(body, label))
        elif label == "RSA PUBLIC KEY":
            publics.append(_spki_of_pkcs1(_decoded(body, label)))
        elif label in _CERTIFICATES:
            certificates.append(_first_value(_decoded(body, label)))
        elif label.endswith("PRIVATE KEY"):
            privates.append(PrivateBlock(label=label, data=_clean(label, body)))
        elif label != "EC PARAMETERS":
            other, advice = _OTHER_BLOCKS.get(label, (f"a PEM file with a {label.lower()}", ""))
    return KeyFile(publics=tuple(publics), certificates=tuple(certificates), privates=tuple(privates), other=other, advice=advice)


_OTHER_BLOCKS = {
    "PGP PUBLIC KEY BLOCK": (
        "an OpenPGP public key",
        "for Helm's provenance files give it with --keyring, as gpg --export writes it",
    ),
    "PGP PRIVATE KEY BLOCK": ("an OpenPGP private key", "for Helm's provenance files sign with --form prov; else " + _NEW),
    "PGP SIGNATURE": ("an OpenPGP signature", ""),
    "CERTIFICATE REQUEST": (
        "a request for a certificate",
        "wait for the certificate, or run: openssl req -in FILE -noout -pubkey",
    ),
    "NEW CERTIFICATE REQUEST": ("a request for a certificate", "run: openssl req -in FILE -noout -pubkey"),
    "PKCS7": ("certificates in PKCS#7", "run: openssl pkcs7 -in FILE -print_certs -out FILE.pem"),
    "SSH SIGNATURE": ("an SSH signature", ""),
}


def _read_der(data: bytes) -> KeyFile:
    """Told apart by the first tags (X.690): what each structure begins with."""
    if _PKCS12.match(data):
        return KeyFile(
            other="a PKCS#12 file",
            advice="for its key run: openssl pkcs12 -in FILE -nocerts -out FILE.key; for its certificate: "
            "openssl pkcs12 -in FILE -nokeys -clcerts -out FILE.pem",
        )
    try:
        check_der(data, "key")
        parts = children(data)
    except Malformed:
        return KeyFile()
    tags = tuple(part[0] for part in parts[:3])
    if tags == (0x30, 0x03):
        return KeyFile(publics=(data,))
    if tags == (0x30, 0x30, 0x03):
        return KeyFile(certificates=(data,))
    if tags == (0x02, 0x02):
        return KeyFile(publics=(_spki_of_pkcs1(data),))
    if tags in ((0x30, 0x04), (0x02, 0x30, 0x04), (0x02, 0x02, 0x02)) or tags[:2] == (0x02, 0x04):
        return KeyFile(privates=(PrivateBlock(label="DER", data=data),))
    return KeyFile()


def _read_json(data: bytes) -> KeyFile:
    keys = parse_jwk_set(data)
    if keys is None:
        return KeyFile(other="JSON that is no JSON Web Key", advice="expected kty and its members (RFC 7517)")
    if any(is_private_jwk(key) for key in keys):
        if len(keys) > 1:
            return KeyFile(other=f"a set of {len(keys)} JSON Web Keys", advice=ALONE)
        return KeyFile(privates=(PrivateBlock(label="JWK", data=data),))
    return KeyFile(publics=tuple(public_of(key) for key in keys))


def _read_text(data: bytes) -> KeyFile:
    start = data.lstrip()
    for beginning, other, advice in _BEGINNINGS:
        if start.startswith(beginning) or b"\n" + beginning in start:
            return KeyFile(other=other, advice=advice)
    if match := _RFC4716.search(data):
        return KeyFile(publics=(_ssh_public(_rfc4716_body(match[1])),))
    lines = [line for line in data.splitlines()[:1000] if not line.lstrip().startswith(b"#")]
    found = [match for line in lines if (match := _SSH_LINE.search(line))]
    if found:
        return KeyFile(publics=tuple(_ssh_public(match[2], match[1].decode()) for match in found))
    if _VKEY.fullmatch(data.strip()):
        return KeyFile(other="the key of a log in the form of notes", advice="give it with --log-key")
    if _BASE64.fullmatch(data):
        der = _decoded(data, "key")
        return _read_der(der) if der[:1] == b"\x30" else KeyFile()
    return KeyFile()


_MINISIGN = ("a key of minisign or signify", f"its signatures are of another form; {_NEW}")
_AGE = ("a key of age, which encrypts and signs nothing", _NEW)
_BEGINNINGS = (
    (b"PuTTY-User-Key-File-", "a key of PuTTY's", "run: puttygen FILE -O private-openssh -o FILE.key, and use that"),
    (b"AGE-SECRET-KEY-", *_AGE),
    (b"age1", *_AGE),
    (b"untrusted comment:", *_MINISIGN),
    (b"PRIVATE+KEY+", "the signing key of a log in the form of notes", _NEW),
    (
        b"\xfe\xed\xfe\xed",
        "a Java key store",
        _TO_PKCS12,
    ),
    (b"\x99\x01", "an OpenPGP key", _KEYRING),
    (b"\x98", "an OpenPGP key", _KEYRING),
    (b"\x95\x01", "an OpenPGP private key", "for Helm's provenance files sign with --form prov"),
    (b"-----BEGIN", "PEM that is cut off", "its END line is missing: copy the whole file"),
)


def _public_half_of(private: PrivateBlock) -> str:
    """How to have the public half of what FILE holds."""
    if private.label == "OPENSSH PRIVATE KEY":
        return "run: ssh-keygen -y -f FILE > FILE.pub, and use that"
    if "SIGSTORE" in private.label or "COSIGN" in private.label:
        return "use the cosign.pub beside it, or run: cosign public-key --key FILE > FILE.pub"
    if private.label == "JWK":
        return "leave out its private members: d, p, q, dp, dq, qi"
    form = " -inform DER" if private.label == "DER" else ""
    return f"run: openssl pkey -in FILE{form} -pubout -out FILE.pub, and use that"


def _signers_key(certificates: tuple[bytes, ...]) -> bytes:
    """The key of the one certificate that is no authority's; of a single certificate whatever it is."""
    if len(certificates) == 1:
        return _key_of(certificates[0])
    leaves = [der for der in certificates if not _is_authority(der)]
    if len({_key_of(der) for der in leaves}) != 1:
        raise Malformed(
            f"{len(certificates)} certificates, of which {len(leaves)} could be the signer's",
            hint="put the signer's certificate into a file of its own",
        )
    return _key_of(leaves[0])


def _certificate(der: bytes) -> Any:
    from cryptography import x509

    from pratique.attest.x509 import FOREIGN

    check_der(der, "certificate")
    try:
        return x509.load_der_x509_certificate(der)
    except (*FOREIGN, OverflowError) as error:
        raise Malformed("a certificate that cannot be read") from error


def _key_of(der: bytes) -> bytes:
    """The key as the certificate spells it: one for PSS stays one."""
    _certificate(der)
    try:
        tbs = children(children(der)[0])
        return tbs[6] if tbs[0][0] == 0xA0 else tbs[5]
    except (Malformed, IndexError) as error:
        raise Malformed("a certificate that cannot be read") from error


def _is_authority(der: bytes) -> bool:
    from cryptography import x509

    from pratique.attest.x509 import FOREIGN

    try:
        return bool(_certificate(der).extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False
    except FOREIGN as error:
        raise Malformed("a certificate whose extensions cannot be read") from error


def _spki_of_pkcs1(der: bytes) -> bytes:
    from pratique.attest.rsapss import spki_of_rsa

    check_der(der, "RSA public key")
    return spki_of_rsa(der)


def _first_value(der: bytes) -> bytes:
    """The certificate alone: a «trusted» one of OpenSSL's has its trust settings behind it."""
    from pratique.attest.der import first_value

    return first_value(der, "certificate")


def _decoded(body: bytes, label: str) -> bytes:
    try:
        return as_lines(body, f"the {label.lower()}")
    except Malformed as error:
        raise Malformed(error.message, hint=_COPY_AGAIN) from error


def _clean(label: str, body: bytes) -> bytes:
    """The block alone, with plain line ends, as strict readers want it."""
    lines = [line.strip() for line in body.strip().splitlines()]
    return b"\n".join([f"-----BEGIN {label}-----".encode(), *lines, f"-----END {label}-----".encode(), b""])


def _rfc4716_body(body: bytes) -> bytes:
    """Without the headers, of which each may go on behind a backslash (RFC 4716 §3.3)."""
    kept, header = [], False
    for line in body.strip().splitlines():
        if header or b":" in line:
            header = line.rstrip().endswith(b"\\")
            continue
        kept.append(line.strip())
    return b"".join(kept)


def _ssh_public(blob: bytes, kind: str = "") -> bytes:
    """SubjectPublicKeyInfo of an SSH key in base64."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

    raw = _decoded(blob, "SSH key")
    named = raw[4 : 4 + int.from_bytes(raw[:4])].decode("ascii", "replace")
    if kind not in ("", named) or not named.isprintable():
        raise Malformed("an SSH key that says two things about its kind")
    if named.startswith("sk-"):
        raise Malformed("an SSH key of a security key, whose signatures are for SSH alone", hint=_NEW)
    if "-cert-" in named:
        raise Malformed("an SSH certificate", hint="use the plain public key: FILE without -cert")
    try:
        key: Any = load_ssh_public_key(named.encode() + b" " + base64.b64encode(raw))
        spki: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm, NotImplementedError) as error:
        raise Malformed(f"an SSH key of type {named[:40]} that cannot be read") from error
    return spki
