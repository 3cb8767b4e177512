"""Executables for tests: real ones from tests/data, and ELF files put together from sections and segments."""

import lzma
import struct
from pathlib import Path

DATA = Path(__file__).parents[2] / "data" / "binary"
GO = ("linux-amd64", "linux-386", "linux-s390x", "windows-amd64", "darwin-arm64")


def sample(name: str) -> bytes:
    return lzma.decompress((DATA / f"{name}.xz").read_bytes())


def elf(content: bytes, *, order: str = "<", wide: bool = True, section: bytes = b"", address: int = 0x1000) -> bytes:
    """One writable segment that holds `content` at `address`, and, with a name for it, one section over the same bytes."""
    word = "Q" if wide else "I"
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    head_size, ph_size, sh_size = (64, 56, 64) if wide else (52, 32, 40)
    at = head_size + ph_size + -(head_size + ph_size) % 16
    names = b"\0.shstrtab\0" + section + b"\0"
    names_at = at + len(content)
    table_at = names_at + len(names) if section else 0
    header = struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH", 2, 62, 1, 0, head_size, table_at, 0, head_size, ph_size, 1, sh_size, 3, 1
    )
    if not section:
        header = header[:-6] + struct.pack(f"{order}HHH", sh_size, 0, 0)
    size = len(content)
    if wide:
        segment = struct.pack(f"{order}IIQQQQQQ", 1, 6, at, address, address, size, size, 16)
    else:
        segment = struct.pack(f"{order}IIIIIIII", 1, at, address, address, size, size, 6, 16)
    packed = struct.Struct(f"{order}II{word}{word}{word}{word}II{word}{word}")
    table = packed.pack(*[0] * 10) + packed.pack(1, 3, 0, 0, names_at, len(names), 0, 0, 1, 0)
    table += packed.pack(11, 1, 3, address, at, size, 0, 0, 16, 0)
    data = (ident + header + segment).ljust(at, b"\0") + content
    return data + names + table if section else data
