"""Distinguished names in trust policies, and certificates that fit them (trust-store-trust-policy.md, Trusted Identities).

Names are compared attribute by attribute, never as text: another order or spelling is the same name, and a value that merely
contains what was asked for is another. Pure.
"""

import re
from collections.abc import Mapping

from cryptography.x509 import Name

from pratique.errors import Malformed, Untrusted

MAX_NAME = 4096
_MANDATORY = ("C", "ST", "O")
# RFC 4514 §3 and what certificates carry besides; `S` is the policies' other word for ST.
_OIDS = {
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.17": "POSTALCODE",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+")
_ESCAPED = re.compile(r"\\(?:([0-9A-Fa-f]{2})|([ \"#+,;<=>\\]))")


def parse_name(text: str) -> Mapping[str, str]:
    """Attribute type → value of a name such as `C=US, ST=WA, O=acme.example, CN=builder` (RFC 4514 §3).

    Types are in capitals. Raises Malformed: for a type twice, values as hexadecimal BER, several attributes joined by a plus,
    and without country, state or organization.
    """
    if len(text) > MAX_NAME:
        raise Malformed(f"a distinguished name of {len(text)} characters")
    attributes: dict[str, str] = {}
    for part in _split(text):
        kind, equals, value = part.partition("=")
        kind = kind.strip()
        if not equals or not _TYPE.fullmatch(kind):
            raise Malformed(f"{part.strip()[:80]!r} is not an attribute of a distinguished name", hint="expected TYPE=value")
        kind = _OIDS.get(kind, kind.upper())
        kind = "ST" if kind == "S" else kind
        if kind in attributes:
            raise Malformed(f"a distinguished name with two attributes {kind}")
        attributes[kind] = _unescape(value)
    for kind in _MANDATORY:
        if not attributes.get(kind):
            raise Malformed(f"a distinguished name without {kind}", hint="C, ST and O are required: C=US, ST=WA, O=acme.example")
    return attributes


def subject_attributes(name: Name) -> Mapping[str, str]:
    """The same of a certificate's subject. Raises Untrusted for one that could be read in two ways."""
    attributes: dict[str, str] = {}
    for rdn in name.rdns:
        entries = list(rdn)
        if len(entries) != 1:
            raise Untrusted("the signing certificate's subject joins several attributes in one")
        oid = entries[0].oid.dotted_string
        kind = _OIDS.get(oid, oid)
        if kind in attributes:
            raise Untrusted(f"the signing certificate's subject has two attributes {kind}")
        value = entries[0].value
        attributes[kind] = value if isinstance(value, str) else value.hex()
    return attributes


def fits(identity: Mapping[str, str], subject: Mapping[str, str]) -> bool:
    """Whether every attribute of `identity` stands in `subject`, with the same value."""
    return all(subject.get(kind) == value for kind, value in identity.items())


def _split(text: str) -> list[str]:
    """At commas that no backslash escapes."""
    parts, begin, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == ",":
            parts.append(text[begin:at])
            begin = at + 1
        at += 1
    return [*parts, text[begin:]]


def _unescape(value: str) -> str:
    value = value.lstrip(" ")
    stripped = value.rstrip(" ")
    if len(value) > len(stripped) and (len(stripped) - len(stripped.rstrip("\\"))) % 2:
        stripped += " "  # a last space that is escaped belongs to the value
    if not stripped:
        raise Malformed("a distinguished name with an empty value")
    if stripped.startswith("#"):
        raise Malformed("a distinguished name with a value in hexadecimal, which is not read")
    out, begin = bytearray(), 0
    for match in _ESCAPED.finditer(stripped):
        out += _plain(stripped[begin : match.start()])
        out += bytes.fromhex(match[1]) if match[1] else match[2].encode()
        begin = match.end()
    out += _plain(stripped[begin:])
    try:
        return out.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("a distinguished name with escapes that are not UTF-8") from error


def _plain(text: str) -> bytes:
    # RFC 4514 §2.4: these stand in a value only when escaped.
    for character in '"+;<>\\\0':
        if character in text:
            raise Malformed(f"a distinguished name with {character!r} not escaped")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Malformed("a distinguished name with half of a surrogate pair") from error
