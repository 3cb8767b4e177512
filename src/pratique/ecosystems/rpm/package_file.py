"""The header of an `.rpm` (rpm, docs/manual/format_v4.md) as a database of one package has it. Pure.

Before it stand a lead of 96 bytes and the signature header, which states the header's digest. Signatures are not verified.
"""

import hashlib
import json
import struct
from dataclasses import replace
from typing import NamedTuple

from pratique.cataloging.package_file import PackageFile
from pratique.ecosystems.rpm.database.facts import as_row, package_of
from pratique.ecosystems.rpm.database.header import HEADER_SHA256, Header, HeaderProof
from pratique.errors import LimitExceeded, Malformed

MAGIC = b"\xed\xab\xee\xdb"
_LEAD = 96
_HEADER_MAGIC = bytes.fromhex("8eade801")
_MAX_HEADER = 64 << 20
_DATABASE = "usr/lib/sysimage/rpm/rpmdb.sqlite"
_PROBE = "rpm-database"
_SOURCE = 1
_VENDORS = (
    ("fedora", "fedora"),
    ("red hat", "rhel"),
    ("centos", "centos"),
    ("almalinux", "almalinux"),
    ("rocky", "rocky"),
    ("oracle america", "ol"),
    ("amazon", "amzn"),
    ("opensuse", "opensuse"),
    ("suse", "sles"),
    ("microsoft", "azurelinux"),
)
"""How they write themselves in the packages that they build."""


class RpmFile(NamedTuple):
    """`payload`: where the compressed archive begins."""

    package: PackageFile
    payload: int


def read_rpm(view: memoryview) -> RpmFile:
    """Raises Malformed, LimitExceeded."""
    signature, at = _header(view, _LEAD)
    at += -at % 8
    header, end = _header(view, at)
    tags = Header(header)
    stated = Header(signature).text(HEADER_SHA256)
    digest = hashlib.sha256(view[at:end]).hexdigest()
    problems = []
    if stated and stated != digest:
        problems.append("its header does not have the digest that was stated when it was built: it was edited")
    package = package_of(tags, HeaderProof.ABSENT)
    if package is None:
        raise Malformed("an rpm file of a key")
    package = replace(package, sha256=digest if stated == digest else "")
    if int.from_bytes(view[6:8], "big") == _SOURCE:
        package = replace(package, arch="src", files=[], folders=[])  # of a source package nothing is installed
    facts = json.dumps({"packages": [as_row(package)], "rows": [[0, 0]], "problems": problems}, separators=(",", ":"))
    found = PackageFile(
        kind="rpm package",
        identity=_DATABASE,
        facts={_DATABASE: {_PROBE: facts.encode()}},
        needs=tuple(package.requires),
        family="rpm",
        system=next((name for words, name in _VENDORS if words in package.vendor.lower()), ""),
    )
    return RpmFile(found, end)


def _header(view: memoryview, at: int) -> tuple[bytes, int]:
    """A header without its magic, and where it ends."""
    if at + 16 > len(view) or bytes(view[at : at + 4]) != _HEADER_MAGIC:
        raise Malformed("an rpm file whose header is not where it has to be")
    tags, size = struct.unpack_from(">II", view, at + 8)
    end = at + 16 + 16 * tags + size
    if end - at > _MAX_HEADER:
        raise LimitExceeded(f"an rpm header of more than {_MAX_HEADER} bytes")
    if end > len(view):
        raise Malformed("an rpm file that is cut off in its header")
    return bytes(view[at + 8 : end]), end
