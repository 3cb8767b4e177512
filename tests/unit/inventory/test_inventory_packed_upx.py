"""Programs that UPX packed: unpacked to the bytes that they were, or unknown with the reason."""

import contextlib
import hashlib
import lzma
import struct
import tracemalloc
import zlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packed_samples import DATA, gz, in_image, purls, reasons

from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import LIMITS, Budget
from pratique.inventory.packed.upx.elf import _Blocks, unpack_elf
from pratique.inventory.packed.upx.filters import unfilter
from pratique.inventory.packed.upx.methods import unpack_block
from pratique.inventory.packed.upx.nrv import NRV2B, NRV2D, NRV2E, unpack_nrv
from pratique.inventory.packed.upx.pe import unpack_pe

ORIGINALS = {
    "go-386": "d19f6ed3fd00dbd3f996cb484a22a8c158e28b37ec24678773e2eff8fa61fc36",
    "go-amd64": "a6d06a1a8bde34fb724f4434ba54fef59a7e36a2012fcd553ed727a3529f3654",
    "go-arm": "8441b1ab16c03ad5cfb438bd37fbabd14faf27644330e17e09c1b13cc5ea8878",
    "go-arm64": "f30a76dae7b0854acfa0fa68a2a923c8f2a45a59cca7ea2c9faa4011b606bd8a",
    "c-pie": "e95d8e85ea2f6c4bff1fafe13ba42a62656ee9704c364cd2c6ac34efbcdc533c",
}
ELF = (
    *(f"go-amd64.{method}" for method in ("nrv2b", "nrv2d", "nrv2e", "lzma")),
    *("go-386.nrv2e", "go-386.execve", "go-arm.nrv2e", "go-arm64.nrv2e", "c-pie.nrv2e"),
)
WINDOWS = ("go-win.nrv2d", "go-win.lzma")
MODULES = ["pkg:golang/github.com/google/uuid@v1.6.0", "pkg:golang/golang.org/x/text@v0.14.0"]


def sample(name: str) -> bytes:
    return lzma.decompress((DATA / "upx" / f"{name}.xz").read_bytes())


def unpacked(data: bytes) -> bytes:
    unpack = unpack_pe if data[:2] == b"MZ" else unpack_elf
    return bytes(unpack(memoryview(data), Budget(LIMITS, len(data))))


@pytest.mark.parametrize("name", ELF)
def test_what_upx_packed_comes_out_as_the_file_that_it_was(name):
    assert hashlib.sha256(unpacked(sample(name))).hexdigest() == ORIGINALS[name.partition(".")[0]]


@pytest.mark.parametrize("name", [*(name for name in ELF if name.startswith("go")), *WINDOWS])
def test_the_go_modules_of_a_program_that_upx_packed_are_found(name):
    found = in_image({"usr/bin/tool": sample(name)})
    assert [purl for purl in purls(found) if "uuid" in purl or "text" in purl] == MODULES
    assert found.components[0].evidence == ("usr/bin/tool!unpacked",)
    assert not any("packed" in reason for reason in reasons(found))


def test_the_sections_of_a_program_for_windows_are_where_they_were():
    first, second = (unpacked(sample(name)) for name in WINDOWS)
    assert first == second
    assert first[:2] == b"MZ" and b"\xff Go buildinf:" in first


def test_a_packed_program_in_a_compressed_stream_is_unpacked():
    found = in_image({"opt/tool.gz": gz(sample("go-amd64.lzma"))})
    assert found.components[0].evidence == ("opt/tool.gz!content!unpacked",)


def test_a_shared_library_that_upx_packed_stays_unknown_with_the_reason():
    (reason,) = [one for one in reasons(in_image({"usr/lib/libknot.so": sample("library")})) if "UPX" in one]
    assert "a program packed by UPX; what it is made of is not known: shared libraries are packed in part" in reason


def test_a_packed_program_whose_header_was_taken_away_stays_unknown_with_the_reason():
    data = sample("go-amd64.lzma")
    at = data.rindex(b"UPX!")
    for changed in (data[:at], data[:at] + b"XPU!" + data[at + 4 :], data[: at + 20] + b"\1" + data[at + 21 :]):
        (reason,) = [one for one in reasons(in_image({"usr/bin/tool": changed})) if "UPX" in one]
        assert "its header was taken away or changed" in reason


def test_what_does_not_fit_its_checksum_is_not_believed():
    data = bytearray(sample("go-amd64.nrv2e"))
    at = data.rindex(b"UPX!")
    data[at + 8] ^= 1  # the checksum of what was packed,
    data[at + 31] = sum(data[at + 4 : at + 31]) % 251  # in a header that is whole
    with pytest.raises(Malformed, match="checksum is that of other bytes"):
        unpacked(bytes(data))


def test_a_program_that_says_it_is_larger_than_programs_shrink_is_not_unpacked():
    data = bytearray(sample("c-pie.nrv2e"))
    at = data.rindex(b"UPX!")
    (begin,) = struct.unpack_from("<I", data, at + 32)
    for place in (at + 24, begin + 4):
        struct.pack_into("<I", data, place, 3 << 30)
    data[at + 31] = sum(data[at + 4 : at + 31]) % 251
    with pytest.raises(LimitExceeded, match="would come out of it"):
        unpacked(bytes(data))


@pytest.mark.parametrize("name", ["c-pie.nrv2e", "go-arm.nrv2e"])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_flipped_bytes_give_the_same_program_or_a_reason(name, data):
    whole = sample(name)
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = unpacked(bytes(changed))
    except Malformed:
        return
    assert found == unpacked(whole)


def test_what_is_packed_of_a_program_for_windows_is_held_against_its_checksum():
    changed = bytearray(sample("go-win.lzma"))
    at = changed.index(b"UPX!") + 40
    for place in range(at, at + 8000, 1000):
        changed[place] ^= 1
        with pytest.raises(Malformed):
            unpacked(bytes(changed))
        changed[place] ^= 1


@pytest.mark.parametrize("name", ["c-pie.nrv2e", "go-win.lzma"])
def test_a_packed_program_that_is_cut_off_is_told(name):
    whole = sample(name)
    for size in range(0, 7000, 97):
        with pytest.raises(Malformed):
            unpacked(whole[:size])


def elf_header(segments: list[tuple[int, int]]) -> bytes:
    """Of a program for Linux on x86-64 with these segments (offset, size)."""
    out = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    return out + b"".join(struct.pack("<IIQQQQQQ", 1, 5, offset, offset, offset, size, size, 4096) for offset, size in segments)


def block(data: bytes, size: int = 0, method: int = 0, filtered: int = 0, mark: int = 0) -> bytes:
    """One that holds `size` bytes; without it, one that is stored."""
    return struct.pack("<IIBBBB", size or len(data), len(data), method, filtered, mark, 0) + data


def upx_header(kind: int, method: int, sizes: tuple[int, int, int], sums: tuple[int, int] = (0, 0), filtered: int = 0) -> bytes:
    """`sizes`: before, after, and of the original file. `sums`: Adler-32 before and after."""
    row = b"UPX!" + bytes([13, kind, method, 9]) + struct.pack("<IIIII", *sums, *sizes) + bytes([filtered, 0, 0])
    return row + bytes([sum(row[4:]) % 251])


def packed_elf(blocks: bytes, size: int, largest: int, sums: tuple[int, int] = (0, 0)) -> bytes:
    """A program that says that it was `size` bytes."""
    out = elf_header([(0, 64)]) + struct.pack("<I", 0) + b"UPX!" + struct.pack("<HBB", 0, 13, 22)
    info = struct.pack("<III", 0, size, largest)
    return out + info + blocks + upx_header(22, 14, (0, 0, size), sums) + struct.pack("<I", len(out))


def looked_at(monkeypatch) -> list[int]:
    """The places at which a block is looked for, as they are looked at."""
    places: list[int] = []
    plausible = _Blocks.plausible
    monkeypatch.setattr(_Blocks, "plausible", lambda self, at, wanted: places.append(at) or plausible(self, at, wanted))
    return places


def test_each_place_is_looked_at_once_for_blocks_however_many_chains_lead_through_it(monkeypatch):
    places = looked_at(monkeypatch)
    data = packed_elf(block(elf_header([(0, 120)])) + block(b"A") * 4000, 40 << 20, 1 << 20)
    with pytest.raises(Malformed, match="behind its segments is not where it should be"):
        unpacked(data)
    assert max(Counter(places).values()) == 1


def test_blocks_behind_the_loader_that_never_end_are_told(monkeypatch):
    monkeypatch.setattr("pratique.inventory.packed.upx.elf._MOST_LOADER", 100)
    monkeypatch.setattr("pratique.inventory.packed.upx.elf._MOST_BLOCKS", 100)
    data = packed_elf(block(elf_header([(0, 120)])) + block(b"A") * 4000, 40 << 20, 1 << 20)
    with pytest.raises(LimitExceeded, match="more than 100 blocks"):
        unpacked(data)


def test_what_lies_between_segments_is_found_behind_a_loader_of_any_length():
    first = elf_header([(0, 200), (210, 90)])
    original = first + bytes(range(24)) + bytes(range(1, 135))
    segments = (first, original[len(first) : 200], original[210:300])
    gaps = (original[200:204], original[204:210], original[300:])
    for loader in (b"", b"code", b"\xcc" * 999, block(b"rope")):
        blocks = b"".join(map(block, segments)) + loader + b"".join(map(block, gaps)) + bytes(4)
        sums = zlib.adler32(original[300:], zlib.adler32(original[200:210], zlib.adler32(b"".join(segments))))
        assert unpacked(packed_elf(blocks, len(original), 1 << 19, (sums, sums))) == original


def test_segments_that_lie_over_each_other_are_told_before_anything_of_them_is_unpacked(monkeypatch):
    monkeypatch.setattr("pratique.inventory.packed.upx.elf.unpack_block", lambda *_: pytest.fail("unpacked"))
    for segments in ([(0, 4096)] * 100, [(0, 4096), (4095, 100)], [(3000, 200), (0, 3001)]):
        first = elf_header(segments)
        with pytest.raises(Malformed, match="lie over each other"):
            unpacked(packed_elf(block(first) + block(b"small", 4000, 15), 8192, 8192))


def test_calls_that_are_changed_back_are_counted_over_all_blocks_of_a_program(monkeypatch):
    monkeypatch.setattr("pratique.inventory.packed.upx.elf.MOST_CHANGES", 1000)
    first = block(elf_header([(0, 232), (232, 4000), (4232, 4000)]))
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    calls = raw.compress(b"\xe8" * 4000) + raw.flush()
    for number in (0x11, 0x26, 0x49):
        calls_twice = block(calls, 4000, 15, number, 0xE8) * 2
        with pytest.raises(LimitExceeded, match="calls and jumps"):
            unpacked(packed_elf(first + calls_twice, 8232, 8192))


def test_lzma_is_unpacked_to_its_place_with_little_memory_besides(monkeypatch):
    monkeypatch.setattr("pratique.inventory.packed.upx.methods._WINDOW", 1 << 20)
    settings = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}
    data = b"\x02\x03" + lzma.compress(bytes(16 << 20), lzma.FORMAT_RAW, filters=[settings])
    into = bytearray(16 << 20)
    tracemalloc.start()
    try:
        unpack_block(memoryview(data), 14, memoryview(into))
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()


def packed_pe(sections: list[tuple[int, int, int]]) -> bytes:
    """A program for Windows that was 8 KiB with these sections (offset, size, address)."""
    image = bytes(8192) + pe_header(0x3000, [(b".text", *one) for one in sections]) + struct.pack("<I", 8192)
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = raw.compress(image) + raw.flush()
    stub = b"MZ" + bytes(58) + struct.pack("<I", 64) + pe_header(0, [(b"UPX0", 0, 0, 1), (b"UPX1", 512, 0, 1)])
    sums = (zlib.adler32(image), zlib.adler32(data))
    return stub.ljust(512, b"\0") + upx_header(36, 15, (len(image), len(data), len(image)), sums) + data


def pe_header(base: int, sections: list[tuple[bytes, int, int, int]]) -> bytes:
    out = b"PE\0\0" + struct.pack("<HHIIIHHH", 0x8664, len(sections), 0, 0, 0, 240, 0x22, 0x20B) + bytes(238)
    rows = (struct.pack("<8sIIIIIIHHI", name, size, base + at, size, offset, *[0] * 5) for name, offset, size, at in sections)
    return out + b"".join(rows)


def test_sections_of_a_program_for_windows_that_lie_over_each_other_are_told():
    assert len(unpacked(packed_pe([(1024, 4096, 0), (5120, 4096, 4096)]))) == 9216
    for wrong in ([(1024, 8192, 0)] * 90, [(1024, 4096, 0), (5119, 4096, 4096)]):
        with pytest.raises(Malformed, match="lie over each other"):
            unpacked(packed_pe(wrong))
    with pytest.raises(Malformed, match="lie outside"):
        unpacked(packed_pe([(1 << 21, 4096, 0)]))


class Bits:
    """A stream of bytes with bits between them, as UCL writes it: a unit is laid down when a bit is wanted and none is left."""

    def __init__(self, unit: int) -> None:
        self.out, self.unit, self.place, self.left, self.word = bytearray(), unit, 0, 0, 0

    def bit(self, value: int) -> None:
        if not self.left:
            self.place, self.left, self.word = len(self.out), self.unit * 8, 0
            self.out += bytes(self.unit)
        self.left -= 1
        self.word |= value << self.left
        self.out[self.place : self.place + self.unit] = self.word.to_bytes(self.unit, "little")

    def byte(self, value: int) -> None:
        self.out.append(value)

    def gamma(self, value: int) -> None:
        digits = bin(value)[3:]
        for number, digit in enumerate(digits):
            self.bit(int(digit))
            self.bit(int(number == len(digits) - 1))


def offset_high(bits: Bits, kind: str, value: int) -> None:
    if kind == NRV2B:
        bits.gamma(value)
        return
    digits = _interlaced(value)
    for digit in digits:
        bits.bit(digit)
    bits.bit(1)


def _interlaced(value: int) -> list[int]:
    """The bits of an offset as the other two write it, but for the one that ends it."""
    before = value >> 1
    return [value & 1] if before == 1 else [*_interlaced((before >> 1) + 1), 0, before & 1, value & 1]


def packed(kind: str, unit: int, tokens: list[bytes | tuple[int, int]]) -> tuple[bytes, bytes]:
    """(stream, what it holds) of literals and of (offset, length of at least 3)."""
    bits, out, last = Bits(unit), bytearray(), 1
    far = 0xD00 if kind == NRV2B else 0x500
    for token in tokens:
        if isinstance(token, bytes):
            for value in token:
                bits.bit(1)
                bits.byte(value)
            out += token
            continue
        offset, size = token
        for _ in range(size):
            out.append(out[-offset])
        bits.bit(0)
        length = size - 1 - (offset > far)
        first, rest = _length(kind, length)
        if offset == last:
            offset_high(bits, kind, 2)
            bits.bit(first)
        elif kind == NRV2B:
            offset_high(bits, kind, (offset - 1 >> 8) + 3)
            bits.byte(offset - 1 & 255)
            bits.bit(first)
        else:
            whole = (offset - 1) * 2 + (1 - first)
            offset_high(bits, kind, (whole >> 8) + 3)
            bits.byte(whole & 255)
        last = offset
        for one in rest:
            if one > 1:
                bits.gamma(one)
            else:
                bits.bit(one)
    bits.bit(0)
    offset_high(bits, kind, 0x1000002)
    bits.byte(255)
    return bytes(bits.out), bytes(out)


def _length(kind: str, length: int) -> tuple[int, list[int]]:
    """(first bit, what follows: bits, and numbers that are written as gamma codes)."""
    if kind == NRV2E:
        if length <= 2:
            return 1, [length - 1]
        if length <= 4:
            return 0, [1, length - 3]
        return 0, [0, length - 3]
    if length <= 3:
        return length >> 1, [length & 1]
    return 0, [0, length - 2]


TOKENS = st.lists(
    st.one_of(st.binary(min_size=1, max_size=6), st.tuples(st.integers(1, 6000), st.integers(4, 700))), min_size=1, max_size=40
)


@pytest.mark.parametrize("unit", [1, 2, 4])
@pytest.mark.parametrize("kind", [NRV2B, NRV2D, NRV2E])
@settings(max_examples=40, deadline=None)
@given(tokens=TOKENS)
def test_what_is_written_in_nrv_is_read_back(kind, unit, tokens):
    laid: list[bytes | tuple[int, int]] = [b"rope"]
    size = 4
    for token in tokens:
        if isinstance(token, tuple):
            laid.append((min(token[0], size), token[1]))
            size += token[1]
        else:
            laid.append(token)
            size += len(token)
    stream, out = packed(kind, unit, laid)
    assert unpack_nrv(kind, stream, len(out), unit) == out
    for wrong in (len(out) - 1, len(out) + 1):
        with pytest.raises(Malformed):
            unpack_nrv(kind, stream, wrong, unit)
    with pytest.raises(Malformed):
        unpack_nrv(kind, stream + b"x", len(out), unit)


@pytest.mark.parametrize("kind", [NRV2B, NRV2D, NRV2E])
@given(data=st.binary(max_size=300), unit=st.sampled_from([1, 2, 4]), size=st.integers(0, 10_000))
def test_any_bytes_read_as_nrv_end_and_are_told(kind, data, unit, size):
    with contextlib.suppress(Malformed):
        assert len(unpack_nrv(kind, data, size, unit)) == size


@pytest.mark.parametrize("data", [b"", b"\x1a\x03", b"\x1a\x03\x00\x7f\xed", b"\xff\xff" + bytes(20)])
def test_broken_blocks_of_lzma_and_deflate_are_told(data):
    for method in (14, 15, 99):
        with pytest.raises(Malformed):
            unpack_block(memoryview(data), method, memoryview(bytearray(5000)))


def test_deflated_blocks_are_unpacked():
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    out = bytearray(400)
    unpack_block(memoryview(raw.compress(b"rope" * 100) + raw.flush()), 15, memoryview(out))
    assert out == b"rope" * 100


CODE = b"\x90\x90\xe8\x10\x00\x00\x00\x90\xe9\x20\x00\x00\x00\x0f\x84\x30\x00\x00\x00\x90" * 3 + bytes(8)


def filtered(opcodes: bytes, read: str, write: str) -> bytes:
    """Each operand of these opcodes as an address, as UPX's simplest filters of x86 write it."""
    out, at = bytearray(CODE), 0
    while at < len(out) - 5:
        if out[at] in opcodes:
            value = (int.from_bytes(out[at + 1 : at + 5], read) + at + 1) & 0xFFFFFFFF
            out[at + 1 : at + 5] = value.to_bytes(4, write)
            at += 4
        at += 1
    return bytes(out)


@pytest.mark.parametrize(
    ("number", "opcodes", "read", "write"),
    [
        (0x11, b"\xe8", "little", "little"),
        (0x12, b"\xe9", "little", "little"),
        (0x13, b"\xe8\xe9", "little", "little"),
        (0x14, b"\xe8", "little", "big"),
        (0x15, b"\xe9", "little", "big"),
        (0x16, b"\xe8\xe9", "little", "big"),
        (0x17, b"\xe8", "big", "little"),
        (0x18, b"\xe9", "big", "little"),
        (0x19, b"\xe8\xe9", "big", "little"),
    ],
)
def test_the_simple_filters_of_x86_are_undone(number, opcodes, read, write):
    data = bytearray(filtered(opcodes, read, write))
    assert bytes(data) != CODE
    unfilter(number, 0, memoryview(data))
    assert bytes(data) == CODE


@pytest.mark.parametrize(
    ("number", "opcodes"), [(0x24, b"\xe8"), (0x25, b"\xe9"), (0x26, b"\xe8\xe9"), (0x36, b"\xe8\xe9"), (0x46, b"\xe8\xe9")]
)
def test_the_marked_filters_of_x86_are_undone(number, opcodes):
    out = bytearray(CODE)
    for at in range(len(out) - 5):
        if CODE[at] in opcodes:
            value = int.from_bytes(CODE[at + 1 : at + 5], "little") + at + 1
            out[at + 1 : at + 5] = (value + (0x77 << 24)).to_bytes(4, "big")
    unfilter(number, 0x77, memoryview(out))
    assert bytes(out) == CODE


def test_a_filter_that_nobody_knows_is_told():
    with pytest.raises(Malformed, match="0xd0"):
        unfilter(0xD0, 0, memoryview(bytearray(20)))


def test_the_branches_of_big_endian_arm_are_undone():
    data = bytearray(b"\xeb\x00\x00\x10\xe3\xa0\x00\x00\xeb\x00\x00\x12" + bytes(4))
    unfilter(0x51, 0, memoryview(data))
    assert bytes(data) == b"\xeb\x00\x00\x10\xe3\xa0\x00\x00\xeb\x00\x00\x10" + bytes(4)
