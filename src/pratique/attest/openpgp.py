"""Clear-signed text with exactly one OpenPGP signature (RFC 9580 §7 and §5.2.3), verified by Sequoia. Pure but for the clock.

The frame is read here, strictly: nothing stands before or after it, lines that begin with a dash are escaped, the only headers
are `Hash`. So no two readers see two texts. Refused are hashes that forgers can handle (MD5, SHA-1, RIPEMD-160), second
signatures, and signatures of other sorts than over text. Whether the key may sign, is bound to its owner by sound signatures and
was not revoked is judged by Sequoia's standard policy, at the time of the machine's clock. A key that has expired proves nothing
any more: the time in an OpenPGP signature is its signer's word.

Old Go programs wrote the length of an RSA number as that of the modulus, whatever its first bits; that is put right, for the
number is the same.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pratique.attest.members import as_bytes
from pratique.errors import Expired, InputError, LimitExceeded, Malformed, PassphraseWrong, SignatureInvalid, Untrusted

if TYPE_CHECKING:
    from pratique.model.signer import OpenPgpSigner

MAX_TEXT_SIZE = 4 << 20
MAX_SIGNATURE_SIZE = 64 * 1024
MAX_KEYRING_SIZE = 16 << 20
MAX_KEYS = 1_000

_BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"
_BEGIN_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----"
_END_SIGNATURE = b"-----END PGP SIGNATURE-----"
_HASH_HEADER = re.compile(rb"Hash: ?([A-Za-z0-9-]+(?:, ?[A-Za-z0-9-]+)*)")
_ARMOR_HEADER = re.compile(rb"(?:Version|Comment|Charset): ?[\x20-\x7e\x80-\xff]*")
_CHECKSUM = re.compile(rb"=[A-Za-z0-9+/]{4}")
_SOUND = {8: "SHA256", 9: "SHA384", 10: "SHA512", 12: "SHA3-256", 14: "SHA3-512"}  # RFC 9580 §9.5
_NAMES = {1: "MD5", 2: "SHA1", 3: "RIPEMD160", 11: "SHA224"}
_TEXT = 0x01
_RSA = (1, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearSigned:
    """Text and a signature over it, unverified. `text`: lines without white space at their ends, joined by line feeds, which is
    what is signed but for the line breaks. `packet`: the signature packet.
    """

    text: bytes
    packet: bytes
    hash_name: str


def parse_clear_signed(data: bytes) -> ClearSigned:
    """Read the frame and its one signature packet. Raises Malformed, LimitExceeded."""
    if len(data) > MAX_TEXT_SIZE:
        raise LimitExceeded(f"signed text of {len(data)} bytes, more than the limit of {MAX_TEXT_SIZE}")
    lines = [line.removesuffix(b"\r") for line in data.split(b"\n")]
    if lines[0] != _BEGIN:
        raise Malformed("not clear-signed text: something else stands before it, or nothing")
    at = 1
    while at < len(lines) and lines[at]:
        match = _HASH_HEADER.fullmatch(lines[at])
        if match is None:
            raise Malformed(f"clear-signed text with the header {lines[at][:40]!r}")
        at += 1
    if _BEGIN_SIGNATURE not in lines[at:]:
        raise Malformed("clear-signed text without a signature")
    end = lines.index(_BEGIN_SIGNATURE, at)
    text = b"\n".join(_unescaped(line, number + 1) for number, line in enumerate(lines[at + 1 : end], at + 1))
    packet = _parse_armor(lines[end + 1 :])
    algorithm = _check_packet(packet)
    return ClearSigned(text=text, packet=packet, hash_name=_SOUND[algorithm])


def verify_clear_signed(signed: ClearSigned, keyring: bytes, *, at: int) -> "OpenPgpSigner":
    """Who signed the text, if it is one of the keyring. `keyring`: certificates, in binary or armor; `at`: now, Unix seconds.

    Raises Untrusted when no key of the keyring is named by the signature, Expired, SignatureInvalid, Malformed, LimitExceeded.
    """
    from pratique.model.signer import OpenPgpSigner

    pysequoia = _library()

    certificates = parse_keyring(keyring)
    asked: list[str] = []

    def store(names: list[str]) -> list[Any]:
        asked.extend(names)
        return certificates

    # What is signed has canonical line ends (RFC 9580 §5.2.1.2).
    message = signed.text.replace(b"\n", b"\r\n")
    try:
        signature = pysequoia.Sig.from_bytes(_canonical_numbers(signed.packet))
    except Exception as error:
        raise Malformed("the OpenPGP signature cannot be read") from error
    try:
        found = pysequoia.verify(bytes=message, store=store, signature=signature)
    except Exception as error:
        names = {text.lower() for text in asked}
        if names and not any(_is_named(certificate, names) for certificate in certificates):
            raise Untrusted(f"signed by OpenPGP key {asked[0]}, which is not in the keyring") from error
        raise SignatureInvalid("the OpenPGP signature does not verify, or its key may not sign") from error
    valid = found.valid_sigs
    if len(valid) != 1:
        raise SignatureInvalid(f"{len(valid)} OpenPGP signatures verify, not exactly one")
    fingerprint = str(valid[0].certificate)
    owner = next((item for item in certificates if str(item.fingerprint) == fingerprint), None)
    if owner is None:
        raise Untrusted(f"signed by OpenPGP key {fingerprint}, which is not in the keyring")
    if owner.expiration is not None and owner.expiration.timestamp() <= at:
        raise Expired(f"OpenPGP key {fingerprint} has expired, and nothing proves that the signature is from before")
    return OpenPgpSigner(fingerprint=fingerprint, user_ids=tuple(str(item) for item in owner.user_ids))


def parse_keyring(data: bytes) -> list[Any]:
    """The certificates of a keyring, at least one. Raises Malformed, LimitExceeded."""
    pysequoia = _library()

    if len(data) > MAX_KEYRING_SIZE:
        raise LimitExceeded(f"keyring of {len(data)} bytes, more than the limit of {MAX_KEYRING_SIZE}")
    try:
        certificates = list(pysequoia.Cert.split_bytes(data))
    except Exception as error:
        raise Malformed("not a keyring of OpenPGP keys", hint="export one: gpg --export NAME") from error
    if not certificates:
        raise Malformed("a keyring without keys")
    if len(certificates) > MAX_KEYS:
        raise LimitExceeded(f"a keyring of {len(certificates)} keys, at most {MAX_KEYS} are read")
    return certificates


def clear_sign(text: bytes, secret_key: bytes, passphrase: Callable[[], bytes | None]) -> bytes:
    """Text in its frame, signed by the first signing key of `secret_key`. `passphrase`: called once, for an encrypted key.

    Raises Malformed, InputError, PassphraseWrong.
    """
    pysequoia = _library()

    if len(secret_key) > MAX_KEYRING_SIZE:
        raise LimitExceeded(f"OpenPGP key of {len(secret_key)} bytes")
    try:
        key = pysequoia.Tsk.from_bytes(secret_key)
    except Exception as error:
        raise Malformed("not an OpenPGP secret key", hint="export one: gpg --export-secret-keys NAME") from error
    try:
        signer = key.signer()
    except Exception as error:
        secret = passphrase()
        if secret is None:
            raise InputError("the OpenPGP key cannot sign without a passphrase", hint="use --passphrase-file") from error
        try:
            signer = key.signer(secret.decode("utf-8"))
        except Exception as wrong:
            raise PassphraseWrong(
                "the passphrase does not open this OpenPGP key", hint="give the one that the key was made with"
            ) from wrong
    made = bytes(pysequoia.sign(signer, text, mode=pysequoia.SignatureMode.CLEAR))
    parse_clear_signed(made)
    return made


def _library() -> Any:
    try:
        import pysequoia
    except ModuleNotFoundError as error:
        raise InputError("OpenPGP needs a library that is not installed", hint="install pratique[openpgp]") from error
    return pysequoia


def _is_named(certificate: Any, names: set[str]) -> bool:
    """Whether a signature's issuer is a key of the certificate: a fingerprint, or the end of one, is the issuer's name."""
    from pysequoia.packet import PacketPile

    prints = {str(item.fingerprint).lower() for item in PacketPile.from_bytes(bytes(certificate)) if item.fingerprint}
    return any(fingerprint.endswith(name) for fingerprint in prints for name in names)


def _unescaped(line: bytes, number: int) -> bytes:
    """A line as it was signed (RFC 9580 §7.2): without its dash escape, and without white space at its end."""
    if line.startswith(b"- "):
        line = line[2:]
    elif line.startswith(b"-"):
        raise Malformed(f"line {number}: begins with a dash that is not escaped")
    return line.rstrip(b" \t\r")


def _parse_armor(lines: list[bytes]) -> bytes:
    """The packet between a signature's first line and its last, behind which nothing stands."""
    at = 0
    while at < len(lines) and lines[at]:
        if _ARMOR_HEADER.fullmatch(lines[at]) is None:
            raise Malformed("the signature's armor has an unknown header, or no empty line")
        at += 1
    if _END_SIGNATURE not in lines[at:]:
        raise Malformed("the signature's armor has no end")
    end = lines.index(_END_SIGNATURE, at)
    if any(line.strip() for line in lines[end + 1 :]):
        raise Malformed("something stands behind the signature")
    body = lines[at + 1 : end]
    if body and _CHECKSUM.fullmatch(body[-1]):
        body = body[:-1]  # RFC 9580 §6.1: it protects nobody
    packet = as_bytes(b"".join(body).decode("latin-1"), "the signature's armor")
    if len(packet) > MAX_SIGNATURE_SIZE:
        raise LimitExceeded(f"an OpenPGP signature of {len(packet)} bytes")
    return packet


def _split_packet(packet: bytes) -> tuple[bytes, bytes]:
    """Header and body of the one signature packet (RFC 9580 §4.2)."""
    if len(packet) < 3 or not packet[0] & 0x80:
        raise Malformed("not an OpenPGP packet")
    if packet[0] & 0x40:
        tag, first = packet[0] & 0x3F, packet[1]
        if first < 192:
            header, length = 2, first
        elif first < 224:
            header, length = 3, (first - 192) * 256 + packet[2] + 192
        elif first == 255:
            header, length = 6, int.from_bytes(packet[2:6], "big")
        else:
            raise Malformed("an OpenPGP signature in parts")
    else:
        tag, size = packet[0] >> 2 & 0x0F, packet[0] & 3
        if size == 3:
            raise Malformed("an OpenPGP signature of no stated length")
        header = 2 + (1 << size) - 1
        length = int.from_bytes(packet[1:header], "big")
    if tag != 2:
        raise Malformed("an OpenPGP packet that is no signature")
    if len(packet) != header + length:
        raise Malformed("more than one OpenPGP signature, or less")
    return packet[:header], packet[header:]


def _check_packet(packet: bytes) -> int:
    """The number of the signature's hash. Raises Malformed for hashes and sorts that are refused."""
    _, body = _split_packet(packet)
    if len(body) < 12 or body[0] not in (4, 6):
        raise Malformed("an OpenPGP signature of another version than 4 and 6")
    if body[1] != _TEXT:
        raise Malformed(f"an OpenPGP signature of sort 0x{body[1]:02x}, not one over text")
    if body[3] not in _SOUND:
        raise Malformed(
            f"signed with the hash {_NAMES.get(body[3], body[3])}, which is refused", hint="sign with SHA-256 or better"
        )
    return body[3]


def _canonical_numbers(packet: bytes) -> bytes:
    """The packet of a version 4 RSA signature with its number's true length in bits; every other as it is."""
    header, body = _split_packet(packet)
    if body[0] != 4 or body[2] not in _RSA:
        return packet
    at = 4
    for _ in range(2):  # hashed and unhashed subpackets
        at += 2 + int.from_bytes(body[at : at + 2], "big")
    at += 2
    bits, number = int.from_bytes(body[at : at + 2], "big"), body[at + 2 :]
    if len(number) != (bits + 7) // 8 or not number or not number[0]:
        return packet
    true_bits = int.from_bytes(number, "big").bit_length()
    return header + body[:at] + true_bits.to_bytes(2, "big") + number
