"""Whether bytes hold a private key, told by what they are and never by a file's name. Pure; nothing is opened or decrypted.

For what must not be overwritten and what must not be handed on, so it knows more forms than sign here (`attest.keyfile`): PEM
with any label (also OpenSSH's and cosign's), the DER of PKCS#1, SEC 1 and PKCS#8 and its base64, PKCS#12, JSON Web Keys, and the
forms of PuTTY, age, minisign, OpenPGP, Java and signed notes. An encrypted key is one too.
"""

import base64
import binascii
import json
import re
from typing import Any, BinaryIO

MAX_BYTES = 64 << 10  # of a file that is a key in a form without a marker: `attest.keyfile` reads no larger one either
_CHUNK = 1 << 20
_OVERLAP = 256
_PEM = re.compile(
    rb"^[ \t]*-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY"
    rb"|-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr]){1,8}[A-Za-z0-9+/]",
    re.MULTILINE,
)
_MARKED = re.compile(
    rb"^(?:PuTTY-User-Key-File-|AGE-SECRET-KEY-|PRIVATE\+KEY\+|untrusted comment: [^\n]{0,200}secret key)", re.MULTILINE
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{40,}={0,2}\s*")
_JAVA = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_OPENPGP = (b"\x94", b"\x95", b"\xc5")  # a packet of the type 5, RFC 9580 §4.2
_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30
_PRIVATE_DER = (
    (_SEQUENCE, _OCTETS),  # EncryptedPrivateKeyInfo
    (_INTEGER, _SEQUENCE, _OCTETS),  # PrivateKeyInfo
    (_INTEGER, _INTEGER, _INTEGER),  # RSAPrivateKey
    (_INTEGER, _OCTETS),  # ECPrivateKey
    (_INTEGER, _SEQUENCE, _SEQUENCE),  # PFX: PKCS#12 with its MAC
)


def file_holds_private_key(file: BinaryIO) -> bool:
    """As `holds_private_key`, of all of an open file, from where it stands; a MiB of it is in memory at a time."""
    part = file.read(_CHUNK)
    if holds_private_key(part):
        return True
    while more := file.read(_CHUNK):
        part = part[-_OVERLAP:] + more
        if _has_marker(part):
            return True
    return False


def holds_private_key(data: bytes) -> bool:
    """Whether a private key is in it: one with a marker anywhere, one without as the whole of it, of at most 64 KiB."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # as some shells write what they redirect
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if _has_marker(data) or data.startswith(_JAVA) or _is_openpgp(data):
        return True
    if len(data) > MAX_BYTES:
        return False
    return _is_der(data) or _is_jwk(data) or (_BASE64.fullmatch(data) is not None and _is_base64(data))


def _has_marker(data: bytes) -> bool:
    return _PEM.search(data) is not None or _MARKED.search(data) is not None


def _is_openpgp(data: bytes) -> bool:
    """A secret-key packet: its header, then the version of the key."""
    if not data.startswith(_OPENPGP) or len(data) < 4:
        return False
    if data[0] == 0xC5:
        size = 1 if data[1] < 192 else 2 if data[1] < 224 else 5
    else:
        size = 1 << (data[0] & 3)
    return data[1 + size : 2 + size] in (b"\x03", b"\x04", b"\x05", b"\x06")


def _is_der(data: bytes) -> bool:
    """Told apart by the first tags, as `attest.keyfile` does; nothing but what fills the whole is one."""
    outer = _value(data, 0)
    if not data.startswith(bytes([_SEQUENCE])) or outer is None or data[outer[1] :].strip(b"\r\n"):
        return False
    at, end = outer
    tags: list[int] = []
    while at < end and len(tags) < 3:
        inner = _value(data, at)
        if inner is None or inner[1] > end:
            return False
        tags.append(data[at])
        at = inner[1]
    return any(tuple(tags[: len(form)]) == form for form in _PRIVATE_DER)


def _value(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the content of the value at `at` begins and ends (X.690 §8.1); None for what is none, or has no length."""
    if at + 2 > len(data):
        return None
    size, begin = data[at + 1], at + 2
    if size > 0x84 or size == 0x80:
        return None
    if size > 0x80:
        begin, size = begin + size - 0x80, int.from_bytes(data[begin : begin + size - 0x80])
    return (begin, begin + size) if begin + size <= len(data) else None


def _is_base64(data: bytes) -> bool:
    try:
        return _is_der(base64.b64decode(b"".join(data.split())))
    except binascii.Error:
        return False


def _is_jwk(data: bytes) -> bool:
    """Whether an object in it, at any depth, is a key with a private half or nothing but a secret (RFC 7517, RFC 7518 §6)."""
    if b'"kty"' not in data:
        return False
    found = False

    def look(members: dict[str, Any]) -> dict[str, Any]:
        nonlocal found
        found = found or ("kty" in members and not members.keys().isdisjoint({"d", "k", "priv"}))
        return members

    try:
        json.loads(data, object_hook=look)
    except (ValueError, RecursionError):
        return found
    return found
