"""Which packed form a file has, by its bytes: one that is opened, one that is only known, or none. Pure, and cheap."""

from pratique.inventory.packed import cpio, lz4, squashfs, zips
from pratique.inventory.packed.asar import is_asar
from pratique.inventory.packed.streams import compression_of

TAR, ZIP, DEB, RPM, CPIO, SQUASHFS, STREAM, ASAR = "tar", "zip", "deb", "rpm", "cpio", "squashfs", "stream", "asar"
HEAD = 512

_CLOSED = {
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"MSCF": "Cabinet",
    b"\x03\x21\x4c\x18": "LZ4",
    b"LZIP": "lzip",
    b"\x89LZO": "lzop",
    b"\x1f\x9d\x90": "compress (.Z)",
    b"xar!": "xar",
    b"MSWI": "Windows image (WIM)",
    b"QFI\xfb": "disk image (qcow2)",
    b"KDMV": "disk image (VMDK)",
    b"conectix": "disk image (VHD)",
    b"vhdxfile": "disk image (VHDX)",
    b"\x45\x3d\xcd\x28": "cramfs",
    b"\x28\xcd\x3d\x45": "cramfs",
    b"LRZI": "lrzip",
    b"7kSt": "zpaq",
    b"\x60\xea": "ARJ",
    b"hsi\x01": "hpi",
    b"ADBd": "Alpine package of version 3",
    b"ADBc": "Alpine package of version 3",
    b"ADB.": "Alpine package of version 3",
    squashfs.BIG_ENDIAN: "squashfs (big-endian)",
    zips.SPLIT: "zip in several parts",
    b"\x71\xc7": "cpio (old binary)",
    b"\xc7\x71": "cpio (old binary)",
    b"07070X": "cpio (stripped, of rpm)",
}
_CRX = b"Cr24"  # an extension of Chrome: a zip behind a signature
_CLOSED_BEGINNINGS = frozenset(magic[:2] for magic in _CLOSED)
_FOUR = frozenset(magic[:4] for magic in _CLOSED if len(magic) >= 4)
_OPENED = frozenset(
    {b"PK", b"PK\3\4", b"PK\5\6", b"!<ar", b"\xed\xab\xee\xdb", b"0707", _CRX, b"hsqs", b"\x1f\x8b", b"BZ", b"\xfd7zX"}
)
_MORE = frozenset(
    {lz4.FRAME, lz4.LEGACY, b"\x28\xb5\x2f\xfd", b"\x5d\0", *(bytes((low, 0x2A, 0x4D, 0x18)) for low in range(0x50, 0x60))}
)
MAGICS = _OPENED | _MORE | _FOUR | {b"\x1f\x9d", b"\x60\xea", b"\x71\xc7", b"\xc7\x71", zips.SPLIT}
"""How such files begin, 2 or 4 bytes."""
USTAR = 257, b"ustar"
EXECUTABLES = frozenset({b"\x7fELF", b"MZ", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"})
SCRIPT, PHP = b"#!", b"<?ph"
_USTAR_MARKS = (b"ustar\x0000", b"ustar  \0")


def form_of_packed(head: bytes) -> str:
    """The form that is opened; "" for none of them. `head`: the first HEAD bytes, or as many as are at hand."""
    if head[:4] in (b"PK\3\4", b"PK\5\6", _CRX):
        return ZIP
    if head[:8] == b"!<arch>\n":
        return DEB if head[8:21] == b"debian-binary" else ""  # else a library of object files
    if head[:4] == b"\xed\xab\xee\xdb":
        return RPM
    if head[:6] in cpio.MAGICS:
        return CPIO
    if head[:4] == squashfs.MAGIC:
        return SQUASHFS
    # The mark alone stands in programs that read tar, too; with its version behind it, or a checksum, it is one.
    if head[USTAR[0] : USTAR[0] + 8] in _USTAR_MARKS or is_tar(head) or is_old_tar(head):
        return TAR
    if is_asar(head):
        return ASAR
    return STREAM if compression_of(head) else ""


def carries(head: bytes) -> bool:
    """Whether it is a program or script, which may carry others, by how it begins."""
    return head[:2] in (SCRIPT, b"MZ") or head[:4] in EXECUTABLES or head[:4] == PHP


def closed_form(head: bytes) -> str:
    """The name of a form that is known and not opened; "" for none."""
    if head[:2] not in _CLOSED_BEGINNINGS:
        return ""
    return next((name for magic, name in _CLOSED.items() if head.startswith(magic) and _certain(magic, head)), "")


_FAR = (
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Windows Installer package"),
    (32769, b"CD001", "ISO 9660 image"),
    (1080, b"\x53\xef", "ext2, ext3 or ext4 image"),
    (1024, b"\xe2\xe1\xf5\xe0", "EROFS image"),
)
_TRAILERS = ((512, b"koly", "Apple disk image"), (512, b"conectix", "disk image (VHD)"))
IMAGES = frozenset({".iso", ".img", ".ext2", ".ext4", ".erofs", ".dmg", ".vhd", ".msi", ".msp"})
"""Endings of files whose form does not stand at their beginning."""


def image_form(view: memoryview) -> str:
    """The name of a file system or disk image whose mark lies deeper; "" for none. To be asked of what is nothing else."""
    for at, mark, name in _FAR:
        if bytes(view[at : at + len(mark)]) == mark:
            return name
    return next((name for back, mark, name in _TRAILERS if bytes(view[-back:][: len(mark)]) == mark), "")


def _certain(magic: bytes, head: bytes) -> bool:
    """Two bytes alone are no proof."""
    if magic == b"\x60\xea":
        return len(head) > 10 and 30 <= int.from_bytes(head[2:4], "little") <= 2600 and 30 <= head[4] <= 48
    if magic in (b"\x71\xc7", b"\xc7\x71"):
        return len(head) >= 26 and head[6:8] != b"\0\0" and b"\0" in head[26:128]
    return True


def is_old_tar(head: bytes) -> bool:
    """A tar header from before ustar, by its checksum: the name and numbers alone could be anything."""
    return len(head) >= HEAD and bool(head[0]) and head[156] in b"\0000125" and not head[257:262].strip(b"\0") and _sums_up(head)


def is_tar(head: bytes) -> bool:
    """A header of ustar that is whole, its checksum included."""
    return len(head) >= HEAD and head[USTAR[0] : USTAR[0] + 5] == USTAR[1] and _sums_up(head)


def _sums_up(head: bytes) -> bool:
    digits = head[148:156].strip(b"\0 ")
    return digits.isdigit() and not digits.strip(b"01234567") and int(digits, 8) == sum(head) - sum(head[148:156]) + 256
