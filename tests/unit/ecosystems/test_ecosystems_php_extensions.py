"""Extensions of PHP that lie without a package: they say their name and version in a structure that PHP reads."""

import lzma
import struct
import time
from pathlib import Path

import pytest
from binary_samples import elf
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.artifact.content import FileContent
from pratique.ecosystems.php.extensions import ExtensionProbe
from pratique.errors import Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.model import Presence

REAL = lzma.decompress((Path(__file__).parents[2] / "data" / "php" / "xmlwriter.so.xz").read_bytes())
PLACE = "usr/local/lib/php/extensions/no-debug-non-zts-20220829"
BASE = 0x1000


def extension(name: str, version: str, api: int = 20220829, *, size: int = 168) -> bytes:
    """A library whose one segment holds the structure, with its pointers as packed relocations leave them."""
    texts = name.encode() + b"\0" + version.encode() + b"\0"
    entry = bytearray(168)
    struct.pack_into("<HxxIBB", entry, 0, size, api, 0, 0)
    struct.pack_into("<Q", entry, 32, BASE + 168)
    struct.pack_into("<Q", entry, 88, BASE + 168 + len(name) + 1)
    data = bytearray(elf(bytes(entry) + texts, address=BASE))
    data[16] = 3
    return bytes(data)


def found(files):
    return {one.purl: one for one in catalogue_tree(SUBJECT, tree(files)).components if one.type == "generic"}


def test_a_real_extension_is_told_with_its_version_and_its_api():
    one = found({f"{PLACE}/xmlwriter.so": REAL})["pkg:generic/php-xmlwriter@8.2.32"]
    assert (one.presence, one.facts["php:api"], one.evidence) == (Presence.RECOGNISED, "20220829", (f"{PLACE}/xmlwriter.so",))


def test_an_extension_that_a_package_lists_is_the_package():
    status = "Package: php8.2-xml\nStatus: install ok installed\nArchitecture: amd64\nVersion: 8.2.32-1\n\n"
    listed = {"var/lib/dpkg/status": status, "var/lib/dpkg/info/php8.2-xml.list": "/usr/lib/php/20220829/xmlwriter.so\n"}
    assert "pkg:generic/php-xmlwriter@8.2.32" not in found({**listed, "usr/lib/php/20220829/xmlwriter.so": REAL})


@pytest.mark.parametrize(
    ("name", "version", "purl"),
    [
        ("redis", "6.0.2", "pkg:generic/php-redis@6.0.2"),
        ("Zend OPcache", "8.3.1", "pkg:generic/php-zend-opcache@8.3.1"),
        ("mysqlnd", "mysqlnd 8.3.1", "pkg:generic/php-mysqlnd@8.3.1"),
    ],
)
def test_extensions_of_any_name_are_told(name, version, purl):
    assert purl in found({f"{PLACE}/x.so": extension(name, version)})


@pytest.mark.parametrize("data", [extension("x", "none"), extension("x", "1", 7), extension("x", "1", size=100), elf(b"x" * 400)])
def test_what_is_no_extension_is_none(data):
    assert found({f"{PLACE}/x.so": data}) == {}


def test_a_library_elsewhere_is_not_looked_into():
    assert not ExtensionProbe().applies("usr/lib/libx.so", 100, REAL[:64])


def laid_over_themselves(segments: int, entries: int) -> bytes:
    """A library whose writable segments are all the same bytes, full of what looks like an extension and is none."""
    data = (b"\xa8\0AA" + struct.pack("<I", 20220829) + bytes(8)) * entries
    begin = 64 + 56 * segments
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, segments, 64, 0, 0)
    parts = (struct.pack("<IIQQQQQQ", 1, 6, begin, at << 32, 0, len(data), len(data), 8) for at in range(segments))
    return head + b"".join(parts) + data


@pytest.mark.parametrize(("segments", "entries"), [(200, 20_000), (4, 4), (4000, 20_000), (1, 600_000)])
def test_a_small_library_that_asks_for_much_work_is_given_up_and_told(segments, entries):
    begun = time.process_time()
    try:
        assert ExtensionProbe().read(FileContent(memoryview(laid_over_themselves(segments, entries)))) == b"" and entries == 4
    except Malformed as error:
        assert "extension of PHP" in error.message and entries > 4
    assert time.process_time() - begun < 5


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=30), st.integers(0, len(REAL)))
def test_a_torn_or_changed_extension_is_told_or_none(at, data, end):
    changed = (REAL[:at] + data + REAL[at + len(data) :])[:end]
    try:
        ExtensionProbe().read(FileContent(memoryview(changed)))
    except Malformed:
        return
