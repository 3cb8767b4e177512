"""What kernel images and modules say of themselves. Pure.

An image for x86 names its version in the set-up header (Linux, Documentation/arch/x86/boot.rst, `kernel_version`); modules have a
section `.modinfo` of `key=value` texts (include/linux/moduleinfo.h), also compressed (`.ko.xz`, `.ko.zst`, `.ko.gz`).
"""

import json
import struct

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.binary.elf import Elf
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.text import clean

_MAX_MODULE = 64 << 20
_MAX_INFO = 1 << 20
_IMAGES = ("vmlinuz", "vmlinux", "kernel-", "bzImage", "zImage", "uImage", "Image")
_KEYS = ("name", "version", "license", "author", "description", "vermagic", "depends", "intree", "srcversion")
_ELF = b"\x7fELF"
_COMPRESSED = (".ko.xz", ".ko.zst", ".ko.gz")


class KernelProbe:
    """The version that an image's set-up header names. Facts: a text, `6.1.0-18-amd64 (builder) #1 SMP …`, or `?`."""

    name = "kernel-image"
    interest = Interest(
        names=frozenset({"vmlinuz", "bzImage", "zImage", "uImage", "Image"}), prefixes=("boot/",), reach=128 << 10
    )

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """By its name; what it is, its content tells."""
        return path[path.rfind("/") + 1 :].startswith(_IMAGES) and size > 4096

    def read(self, content: FileContent) -> bytes:
        """Raises Malformed: the header points out of the file."""
        head = content.read(0, 0x210)
        if head[0x202:0x206] != b"HdrS":
            return b"?"  # of other machines; they have no such header
        (offset,) = struct.unpack_from("<H", head, 0x20E)
        text = content.read(0x200 + offset, 256) if offset else b""
        version = clean(text.partition(b"\0")[0].decode("ascii", "replace"), 200)
        return version.encode() or b"?"


class ModuleProbe:
    """The `.modinfo` of a module. Facts: a JSON object of the keys that are read."""

    name = "kernel-module"
    interest = Interest(endings=frozenset({".ko", ".xz", ".zst", ".gz"}))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """By its ending."""
        return path.endswith(_COMPRESSED) or (path.endswith(".ko") and head[:4] == _ELF)

    def read(self, content: FileContent) -> bytes:
        """Raises Malformed: no module, or a compressed one that is larger than 64 MiB."""
        view = content.view if bytes(content.view[:4]) == _ELF else memoryview(_unpacked(content))
        image = Elf(view).image()
        section = image.section(b".modinfo")
        if section is None:
            raise Malformed("a kernel module without a .modinfo section")
        found: dict[str, str] = {}
        for item in image.data(section, _MAX_INFO).split(b"\0"):
            key, equals, value = item.decode("utf-8", "replace").partition("=")
            if equals and key in _KEYS:
                found.setdefault(key, clean(value, 500))
        return json.dumps(found, sort_keys=True).encode()


def _unpacked(content: FileContent) -> bytes:
    head = content.read(0, 6)
    try:
        if head.startswith(b"\xfd7zXZ\0"):
            import lzma

            data = lzma.LZMADecompressor(memlimit=128 << 20).decompress(bytes(content.view), _MAX_MODULE + 1)
        elif head.startswith(b"\x28\xb5\x2f\xfd"):
            import zstandard

            data = zstandard.ZstdDecompressor(max_window_size=128 << 20).stream_reader(bytes(content.view)).read(_MAX_MODULE + 1)
        elif head.startswith(b"\x1f\x8b"):
            import zlib

            data = zlib.decompressobj(31).decompress(bytes(content.view), _MAX_MODULE + 1)
        else:
            data = b""
    except Exception as error:  # each library has errors of its own, and all mean the same
        raise Malformed("a kernel module whose compression is broken") from error
    if not data:
        raise Malformed("a kernel module of no known form")
    if len(data) > _MAX_MODULE:
        raise LimitExceeded(f"a kernel module of more than {_MAX_MODULE} bytes")
    return data
