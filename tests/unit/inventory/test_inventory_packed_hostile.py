"""Archives that are made to hurt: bounded time and memory, one unknown of a kind, never a crash, never an empty success."""

import contextlib
import gzip
import io
import lzma
import struct
import tarfile
import time
import zipfile
import zlib

import pytest
from packed_samples import (
    DATA,
    alone,
    ar_of,
    cpio_of,
    deb_of,
    gz,
    in_image,
    npm_of,
    purls,
    reasons,
    tar_of,
    wheel_of,
    zip_of,
    zst,
)

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Chosen
from pratique.errors import Malformed, PratiqueError
from pratique.inventory.assemble import WANTS
from pratique.inventory.packed.facts import decode
from pratique.inventory.packed.limits import Budget, PackedLimits
from pratique.inventory.packed.lz4 import unpack_block
from pratique.inventory.packed.probe import PackedProbe
from pratique.inventory.packed.squashfs import squashfs_members

PACKAGE = {"node_modules/knot/package.json": '{"name":"knot","version":"1"}'}
SMALL = PackedLimits(entries=100, archives=5, floor_bytes=1 << 20, ratio=2, kept_bytes=4096, kept_file_bytes=2048)


def opened(data: bytes, limits: PackedLimits = SMALL):
    """What the probe makes of it within these limits."""
    inside = Chosen(keep=WANTS.keep, probes=tuple(one for one in WANTS.probes if one.name != "packed"))
    return decode(PackedProbe(inside, limits).read(FileContent(memoryview(data)))).tree


def told(found) -> str:
    return " | ".join(one.reason for one in found.unknowns)


def nested(data: bytes, times: int) -> bytes:
    for number in range(times):
        data = zip_of({f"{number}.zip": data})
    return data


def test_archives_in_archives_are_opened_to_a_depth_and_what_is_deeper_is_an_unknown():
    assert purls(alone("x.zip", nested(zip_of(PACKAGE), 3))) == ["pkg:npm/knot@1"]
    found = alone("x.zip", nested(zip_of(PACKAGE), 4))
    assert found.components == ()
    (reason,) = reasons(found)
    assert reason == "x.zip!3.zip!2.zip!1.zip!0.zip: packed: deeper than 4 archives in each other: not opened"


def test_a_bomb_of_zeros_ends_at_the_limit_whatever_it_is_packed_with():
    zeros = tar_of({"zeros": bytes(8 << 20), **PACKAGE})
    for packed in (gz(zeros), lzma.compress(zeros), zst(zeros)):
        assert "bytes come out of it" in told(opened(packed))
    assert "bytes come out of it" in told(opened(zip_of({"zeros": bytes(8 << 20)})))


def test_a_bomb_in_a_bomb_draws_on_one_budget():
    inner = zip_of({"zeros": bytes(700 << 10)})
    assert "bytes come out of it" in told(opened(zip_of({f"{number}.zip": inner for number in range(4)})))


def test_an_archive_that_holds_itself_ends_at_the_depth():
    data = zip_of({"r.zip": zip_of({"r.zip": zip_of({"r.zip": zip_of({"r.zip": zip_of({"r.zip": b"PK\5\6" + bytes(18)})})})})})
    assert any("deeper than 4" in reason for reason in reasons(alone("r.zip", data)))
    many = zip_of({f"{number}.zip": zip_of({"a": "b"}) for number in range(20)})
    assert "more than 5 archives in one file" in told(opened(many))


def test_of_many_archives_that_lie_too_deep_a_few_are_named_and_the_rest_counted():
    deep = nested(zip_of({"a": "x"}), 3)
    for level in range(2):
        deep = zip_of({f"{level}{number}.zip": deep for number in range(6)})
    found = [reason for reason in reasons(alone("42.zip", deep)) if "deeper than" in reason]
    assert len(found) == 11 and any("not opened (and 26 more places in it)" in reason for reason in found)


def test_too_many_entries_end_the_reading_with_one_unknown():
    tree = opened(gz(tar_of({f"{number}": "" for number in range(300)})))
    assert len(tree.entries) == 100 and len(tree.unknowns) == 1
    assert "says it has 300 entries" in told(opened(zip_of({f"{number}": "" for number in range(300)})))


def test_too_much_metadata_in_an_archive_is_left_out_with_an_unknown():
    files = {f"{number}/package.json": '{"name":"knot","version":"1"}' + " " * 1000 for number in range(9)}
    tree = opened(tar_of(files))
    assert len(tree.contents) == 3
    assert told(tree).startswith("packed: 6 files of package metadata were left out, as there is too much of it in one archive: ")


def test_a_million_manifests_take_bounded_time():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        member = tarfile.TarInfo("package.json")
        for number in range(20_000):
            member.name = f"{number}/package.json"
            tar.addfile(member)
    began = time.process_time()
    found = alone("many.tgz", out.getvalue())
    assert time.process_time() - began < 60
    assert found.components == ()


def test_names_that_climb_out_or_are_absolute_stay_inside_and_are_told_once():
    found = alone("x.tar", tar_of({"../../etc/shadow": "x", "../b": "x", "/etc/os-release": "ID=debian\n", **PACKAGE}))
    assert purls(found) == ["pkg:generic/debian", "pkg:npm/knot@1"]
    assert reasons(found)[:2] == [
        "x.tar: packed: 1 names are absolute, and were read as below the archive's own root: /etc/os-release",
        "x.tar: packed: 2 names climb out of the archive or are none, and were left out: ../../etc/shadow, ../b",
    ]


def test_links_out_of_the_archive_are_not_followed():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, target in (
            ("a/out", tarfile.SYMTYPE, "../../etc/passwd"),
            ("hard", tarfile.LNKTYPE, "../etc/passwd"),
            ("a/in", tarfile.SYMTYPE, "../b"),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
    said = " ".join(reasons(alone("x.tar", out.getvalue())))
    assert "1 links lead out of the archive, and were not followed: a/out" in said
    assert "1 hard links name nothing that is in the archive: hard" in said


def test_of_equal_names_the_last_is_read_and_that_there_were_two_is_told():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for version in (1, 2):
            data = f'{{"name":"knot","version":"{version}"}}'.encode()
            member = tarfile.TarInfo("node_modules/knot/package.json")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    found = alone("x.tar", out.getvalue())
    assert purls(found) == ["pkg:npm/knot@2"]
    assert any("1 names stand twice" in reason for reason in reasons(found))


def test_entries_of_a_zip_that_share_their_bytes_are_not_read():
    data = bytearray(zip_of({"a": b"x" * 50, "b": b"y" * 50}, zipfile.ZIP_STORED))
    at = data.rindex(b"PK\1\2")
    data[at + 42 : at + 46] = struct.pack("<I", 0)
    assert any("share bytes with another" in reason for reason in reasons(alone("x.zip", bytes(data))))


def test_an_encrypted_zip_is_an_unknown_for_each_file():
    data = bytearray(zip_of(PACKAGE))
    data[6] |= 1
    data[data.rindex(b"PK\1\2") + 8] |= 1
    found = alone("x.zip", bytes(data))
    assert found.components == () and reasons(found) == ["x.zip!node_modules/knot/package.json: packed: encrypted"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_STORED])
def test_other_methods_of_zip_are_read(method):
    assert purls(alone("x.zip", zip_of(PACKAGE, method))) == ["pkg:npm/knot@1"]


def test_a_method_of_zip_that_is_not_read_is_an_unknown():
    found = alone("x.zip", zip_of(PACKAGE, zipfile.ZIP_LZMA))
    assert any("a method that is not read: LZMA" in reason for reason in reasons(found))


def test_a_size_that_lies_is_an_unknown_of_that_file():
    data = bytearray(zip_of(PACKAGE))
    at = data.rindex(b"PK\1\2")
    for size in (1, 0xFFFFFF):
        data[at + 24 : at + 28] = struct.pack("<I", size)
        assert any("another size than it says" in reason for reason in reasons(alone("x.zip", bytes(data))))


@pytest.mark.parametrize(
    "data",
    [
        gz(tar_of({**PACKAGE, "x": bytes(5000)}))[:-40],
        lzma.compress(tar_of({**PACKAGE, "x": bytes(range(256)) * 90}))[:-60],
        tar_of({**PACKAGE, "x": bytes(5000)})[:3000],
        cpio_of({**PACKAGE, "x": bytes(5000)})[:3000],
        ar_of({"debian-binary": "2.0\n", "control.tar": tar_of({"control": "Package: x\n"}), "data.tar": tar_of(PACKAGE)})[
            :-9000
        ],
        (DATA / "hello-rpm-1.2-3.x86_64.rpm").read_bytes()[:-60],
        (DATA / "rootfs.xz.squashfs").read_bytes()[:600],
        npm_of("knot", "1")[:60],
        wheel_of("knot", "1")[:-40],
        deb_of("Package: x\n", {})[:90],
    ],
)
def test_what_is_cut_off_says_so(data):
    found = alone("parcel", data)
    assert any("packed" in reason for reason in reasons(found)), reasons(found)


def test_a_torn_archive_is_known_up_to_where_it_is_torn():
    found = alone("x.tgz", gz(tar_of({**PACKAGE, "y": bytes(range(256)) * 400}))[:600])
    assert purls(found) == ["pkg:npm/knot@1"]
    assert any("truncated" in reason for reason in reasons(found))


def test_what_follows_a_stream_and_is_none_is_told():
    found = alone("x.tgz", gz(tar_of(PACKAGE)) + b"and here is something else entirely")
    assert any("bytes follow the gzip stream" in reason for reason in reasons(found))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\x07\0", "RAR"),
        (b"MSCF\0\0\0\0", "Cabinet"),
        (b"PK\7\x08PK\3\4", "zip in several parts"),
        (b"LZIP\1", "lzip"),
        (b"sqsh", "squashfs (big-endian)"),
        (b"QFI\xfb", "disk image (qcow2)"),
        (b"07070X", "cpio (stripped, of rpm)"),
        (b"\x1f\x9d\x90", "compress (.Z)"),
    ],
)
def test_a_form_that_is_known_and_not_opened_is_an_unknown_wherever_it_lies(head, name):
    data = head + bytes(100)
    reason = f"packed: {name} is not opened: what is in it is not known"
    assert reasons(alone("parcel", data)) == [f"parcel: {reason}"]
    assert f"a.tar.gz!b/parcel: {reason}" in reasons(in_image({"a.tar.gz": gz(tar_of({"b/parcel": data}))}))


def test_a_window_that_wants_gigabytes_is_refused():
    frame = b"\x28\xb5\x2f\xfd\x00\xb8" + bytes(40)  # a window of 8 GiB
    assert any("packed: " in reason for reason in reasons(alone("x.tar.zst", frame)))


def test_an_archive_behind_the_end_of_an_archive_is_told():
    found = alone("x.tar", tar_of(PACKAGE) + tar_of({"node_modules/hidden/package.json": '{"name":"hidden","version":"6"}'}))
    assert purls(found) == ["pkg:npm/knot@1"]
    assert any("bytes follow the end of the archive" in reason for reason in reasons(found))


def test_squashed_folders_that_hold_each_other_end():
    data = bytearray((DATA / "rootfs.gzip.squashfs").read_bytes())
    for at in range(96, len(data) - 8, 7):
        torn = bytes(data[:at]) + b"\0\0" + bytes(data[at + 2 :])
        alone("x.snap", torn)  # whatever it says: it ends


def test_ends_of_squashed_files_are_counted_each_time_they_are_taken(monkeypatch):
    view = memoryview((DATA / "rootfs.gzip.squashfs").read_bytes())
    member = next(one for one in squashfs_members(view, Budget(SMALL, 1 << 30)) if 0 < one.size < 4096)
    list(member.pieces())
    sizes: list[int] = []
    monkeypatch.setattr(Budget, "inflate", lambda _self, size: sizes.append(size))
    assert list(member.pieces()) and sum(sizes) == member.size


def test_a_squashed_block_that_is_larger_than_blocks_are_is_not_read():
    data = bytearray((DATA / "rootfs.gzip.squashfs").read_bytes())
    (fragments,) = struct.unpack_from("<Q", data, 80)
    (at,) = struct.unpack_from("<Q", data, fragments)
    assert struct.unpack_from("<H", data, at)[0] & 0x8000  # the table of ends is not compressed
    struct.pack_into("<I", data, at + 10, (1 << 20) + 1)
    with pytest.raises(Malformed, match="larger than blocks are"):
        for member in squashfs_members(memoryview(data + bytes(2 << 20)), Budget(SMALL, 1 << 30)):
            list(member.pieces())


def test_deflate_that_never_ends_is_bounded():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = packer.compress(tar_of({"a": "b"})[:1024]) + packer.compress(bytes(4 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH)
    tree = opened(data)
    assert tree.unknowns


def test_many_empty_gzip_members_are_read_in_bounded_time():
    began = time.process_time()
    with contextlib.suppress(PratiqueError):
        opened(gz(tar_of(PACKAGE)) + gzip.compress(b"") * 20_000)
    assert time.process_time() - began < 20


def test_entries_of_a_kind_that_no_reader_knows_are_told():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for number in range(3):
            member = tarfile.TarInfo(f"part{number}")
            member.type = b"M"
            tar.addfile(member)
    assert "x.tar: packed: 3 entries of an unknown kind 'M' were left out" in reasons(alone("x.tar", out.getvalue()))


def test_a_large_model_of_pytorch_is_not_read_a_second_time_and_a_small_archive_of_its_form_is():
    probe = next(one for one in WANTS.probes if one.name == "packed")
    head = zip_of({"model/data.pkl": b"x"})[:200]
    assert not probe.applies("model.pt", 300 << 20, head)
    assert probe.applies("model.pt", 3 << 20, head)
    assert probe.applies("model.zip", 300 << 20, zip_of({"model/other": b"x"})[:200])


def test_lz4_that_lies_or_breaks_off_is_told():
    data = (DATA / "knot.tar.lz4").read_bytes()
    for torn in (data[:-9], data[: len(data) // 2], data + b"and more", data[:4] + b"\x00" + data[5:]):
        assert any("packed: " in reason for reason in reasons(alone("x", torn)))
    for block in (b"\xf0", b"\x1fa\x00\x00", b"\x10a\x05\x00", b"\x0f\x01\x00" + b"\xff" * 50, b"\xff" * 99):
        with pytest.raises(Malformed):
            unpack_block(block, 1000)
    assert unpack_block(b"\x1fa\x01\x00\x00", 100) == b"a" * 20


def test_too_many_manifests_in_an_archive_are_left_out_with_an_unknown():
    files = {f"{number}/package.json": "{}" for number in range(40)}
    tree = opened(tar_of(files), PackedLimits(kept_files=10))
    assert len(tree.contents) == 10 and len(tree.entries) == 40
    (unknown,) = tree.unknowns
    assert "30 files of package metadata were left out" in unknown.reason


def test_one_package_at_very_many_places_takes_time_that_grows_with_their_number_alone():
    files = {f"{number}/package.json": '{"name":"knot","version":"1"}' for number in range(20_000)}
    archive = zip_of(files, zipfile.ZIP_STORED)
    began = time.process_time()
    found = alone("many.zip", archive)
    assert time.process_time() - began < 60  # with the square of it: several minutes
    (one,) = found.components
    assert len(one.evidence) == 20_000
