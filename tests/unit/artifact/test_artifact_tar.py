"""The tar walker against Python's own, and against archives that readers disagree about."""

import contextlib
import io
import re
import struct
import tarfile

import pytest
from artifact_builders import END, everything, hardlink, header, member, padded, pax, scan, sha, tar_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.artifact import tar
from pratique.artifact.feed import Feed
from pratique.artifact.layer import What
from pratique.artifact.limits import Limits
from pratique.artifact.tar import DIRECTORY, HARD_LINK, REGULAR, SYMLINK, parse_pax, walk
from pratique.errors import LimitExceeded, Malformed

NAME = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..") and not name.startswith(".wh.")
)
PATH = st.lists(NAME, min_size=1, max_size=8).map("/".join)
KINDS = [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
OURS = {tarfile.REGTYPE: REGULAR, tarfile.DIRTYPE: DIRECTORY, tarfile.SYMTYPE: SYMLINK, tarfile.LNKTYPE: HARD_LINK}


def chunked(data, size):
    return (data[start : start + size] for start in range(0, len(data), size))


def read_all(data, size=1 << 20):
    feed = Feed(chunked(data, size))
    out = []
    for entry in walk(feed, Limits()):
        content = feed.read(entry.stored) if entry.segments is None else None
        out.append((entry, content))
    return out


@st.composite
def members(draw):
    kind = draw(st.sampled_from(KINDS))
    data = draw(st.binary(max_size=1500)) if kind == tarfile.REGTYPE else b""
    link = draw(PATH) if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    return member(draw(PATH), data, type=kind, link=link, mode=draw(st.integers(0, 0o7777)))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(members(), max_size=6),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.sampled_from([512, 700, 4096, 1 << 20]),
)
def test_the_walker_reads_what_tarfile_writes_and_reads(entries, form, chunk):
    data = tar_of(*entries, format=form)
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape", encoding="utf-8") as archive:
        theirs = [
            (item.name, item.linkname, item.mode, archive.extractfile(item).read() if item.isreg() else b"", item.type)
            for item in archive
        ]
    ours = [
        (
            entry.name.decode("utf-8", "surrogateescape").rstrip("/"),
            entry.link.decode("utf-8", "surrogateescape"),
            entry.mode,
            content,
            bytes([entry.type]),
        )
        for entry, content in read_all(data, chunk)
    ]
    assert ours == theirs


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_are_an_archive_or_malformed_and_nothing_else(data):
    with contextlib.suppress(Malformed):
        read_all(data, 700)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2047), st.integers(1, 255))
def test_a_changed_byte_of_a_header_is_malformed_or_read_as_tarfile_reads_it(position, flip):
    data = bytearray(tar_of(member("etc/hosts", b"127.0.0.1"), member("x" * 120, b"long")))
    data[position] ^= flip
    try:
        ours = [entry.name for entry, _ in read_all(bytes(data))]
    except Malformed:
        return
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as archive:
        assert ours == [name.encode("utf-8", "surrogateescape") for name in archive.getnames()]


def test_a_base_256_size_is_read():
    data = header(b"big", b"\x80" + (5).to_bytes(11, "big")) + padded(b"12345") + END
    [(entry, content)] = read_all(data)
    assert (entry.size, content) == (5, b"12345")


@pytest.mark.parametrize(
    "size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000000001\0", b"0x000000010\0", b"00_00000010\0", b"99999999999\0"]
)
def test_a_size_that_is_no_number_is_refused(size):
    with pytest.raises(Malformed, match="size"):
        read_all(header(b"f", size) + END)


def test_a_wrong_checksum_is_refused_with_its_offset():
    data = bytearray(tar_of(member("a", b"1"), member("b", b"2")))
    data[1024] ^= 1
    with pytest.raises(Malformed, match=r"checksum is wrong.*byte 1024"):
        read_all(bytes(data))


def test_an_entry_after_a_block_of_zeros_is_refused():
    with pytest.raises(Malformed, match="follows a block of zeros"):
        read_all(header(b"a") + bytes(512) + header(b"hidden") + END)


def test_an_archive_without_its_end_marker_is_read():
    assert [entry.name for entry, _ in read_all(header(b"a"))] == [b"a"]


@pytest.mark.parametrize("cut", [100, 511, 513, 1023, 1300])
def test_a_truncated_archive_is_refused_with_its_offset(cut):
    data = header(b"a", 600) + bytes(1024)
    with pytest.raises(Malformed, match=f"truncated: the stream ends at byte {cut}"):
        read_all(data[:cut])


@pytest.mark.parametrize("key", [b"path", b"linkpath", b"size", b"GNU.sparse.name"])
def test_a_global_header_that_names_or_sizes_files_is_refused(key):
    with pytest.raises(Malformed, match="global header"):
        read_all(pax((key, b"1"), type=b"g") + header(b"a") + END)


def test_a_global_header_with_a_comment_is_passed_over():
    assert [entry.name for entry, _ in read_all(pax((b"comment", b"abc"), type=b"g") + header(b"a") + END)] == [b"a"]


def test_an_entry_named_by_pax_and_by_gnu_is_refused():
    data = (
        pax((b"path", b"shown")) + header(b"././@LongLink", 6, b"L", magic=b"ustar  \0") + padded(b"other\0") + header(b"a") + END
    )
    with pytest.raises(Malformed, match="named both"):
        read_all(data)


def test_two_extended_headers_for_one_entry_are_refused():
    with pytest.raises(Malformed, match="two extended headers"):
        read_all(pax((b"path", b"a")) + pax((b"path", b"b")) + header(b"c") + END)


def test_an_archive_that_ends_after_an_extended_header_is_refused():
    with pytest.raises(Malformed, match="ends after an extended header"):
        read_all(pax((b"path", b"a")) + END)


def test_a_pax_size_counts_and_not_the_headers():
    data = pax((b"size", b"5")) + header(b"a", 0) + padded(b"12345") + END
    [(entry, content)] = read_all(data)
    assert content == b"12345"
    assert entry.size == 5


def test_a_nul_in_a_pax_path_is_refused():
    with pytest.raises(Malformed, match="NUL"):
        read_all(pax((b"path", b"etc/passwd\0.txt")) + header(b"a") + END)


@pytest.mark.parametrize("data", [b"5 a=b\n", b"999 a=b\n", b"a=b\n", b"6 a=bc", b"-6 a=b\n", b"6 =bc\n", b"0 a=b\n"])
def test_a_broken_pax_record_is_refused(data):
    with pytest.raises(Malformed):
        parse_pax(data)


def test_a_huge_extended_header_is_refused_before_it_is_read():
    with pytest.raises(LimitExceeded, match="max_header_bytes"):
        read_all(header(b"p", 2 << 20, b"x") + END)


def test_a_long_path_is_refused_and_the_limit_named():
    with pytest.raises(LimitExceeded, match=r"max_path_bytes = 4096.*PRATIQUE_LIMITS=max_path_bytes"):
        read_all(tar_of(member("d/" * 3000 + "f")))


def test_a_link_with_a_size_has_no_data_as_for_engines():
    data = header(b"l", 512, b"2", b"target") + header(b"next") + END
    assert [entry.name for entry, _ in read_all(data)] == [b"l", b"next"]


def test_a_file_whose_name_ends_in_a_slash_is_refused():
    with pytest.raises(Malformed, match="ends in a slash"):
        read_all(header(b"file/", 1) + padded(b"x") + END)


def test_an_old_directory_is_one():
    [(entry, _)] = read_all(header(b"dir/", 0, b"\0", magic=b"") + END)
    assert entry.type == DIRECTORY


def test_an_unknown_kind_is_left_out_and_said():
    result = scan(header(b"volume", 0, b"V") + header(b"a") + END)
    assert [entry.path for entry in result.entries] == ["a"]
    assert "unknown kind 'V'" in result.unknowns[0].reason


# --- sparse files: "AAAA", a hole of 1000 bytes, "BB", a hole of 4 bytes
CONTENT = b"AAAA" + bytes(1000) + b"BB" + bytes(4)
STORED = padded(b"AAAABB")


def old_sparse():
    places = b"%011o\0%011o\0%011o\0%011o\0" % (0, 4, 1004, 2)
    return header(b"s", 6, b"S", magic=b"ustar  \0", fill=[(386, places), (483, b"%011o\0" % len(CONTENT))]) + STORED


def old_sparse_extended():
    first = b"".join(b"%011o\0%011o\0" % (index, 1) for index in range(4))
    more = bytearray(512)
    more[0:48] = b"%011o\0%011o\0%011o\0%011o\0" % (1004, 2, 1010, 0)
    return (
        header(b"s", 6, b"S", magic=b"ustar  \0", fill=[(386, first), (482, b"\1"), (483, b"%011o\0" % len(CONTENT))])
        + bytes(more)
        + STORED
    )


def sparse_00():
    pairs = [(0, 4), (1004, 2)]
    records = [(b"GNU.sparse.size", b"%d" % len(CONTENT)), (b"GNU.sparse.numblocks", b"2")]
    for offset, size in pairs:
        records += [(b"GNU.sparse.offset", b"%d" % offset), (b"GNU.sparse.numbytes", b"%d" % size)]
    return pax(*records) + header(b"s", 6) + STORED


def sparse_01():
    records = [(b"GNU.sparse.size", b"%d" % len(CONTENT)), (b"GNU.sparse.name", b"s"), (b"GNU.sparse.map", b"0,4,1004,2")]
    return pax(*records) + header(b"GNUSparseFile.0/s", 6) + STORED


def sparse_10(text=b"2\n0\n4\n1004\n2\n", size=1010):
    records = [
        (b"GNU.sparse.major", b"1"),
        (b"GNU.sparse.minor", b"0"),
        (b"GNU.sparse.name", b"s"),
        (b"GNU.sparse.realsize", b"%d" % size),
    ]
    body = padded(text) + b"AAAABB"
    return pax(*records) + header(b"GNUSparseFile.0/s", len(body)) + padded(body)


@pytest.mark.parametrize("build", [old_sparse, old_sparse_extended, sparse_00, sparse_01, sparse_10])
def test_a_sparse_file_is_hashed_with_its_holes(build):
    data = build() + header(b"after") + END
    result = scan(data, wanted=everything)
    assert [(entry.path, entry.size, entry.sha256) for entry in result.entries] == [
        ("s", len(CONTENT), sha(CONTENT)),
        ("after", 0, sha(b"")),
    ]
    assert result.contents[sha(CONTENT)] == CONTENT
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.extractfile("s").read() == CONTENT


@pytest.mark.parametrize(
    "text",
    [b"2\n0\n4\n2\n2\n", b"1\n0\n4\n", b"2\n0\n4\n2000\n2\n", b"2\n0\n4\n-1\n2\n", b"x\n", b"999999\n", b"2\n1004\n2\n0\n4\n"],
)
def test_a_sparse_map_that_lies_is_refused(text):
    with pytest.raises(Malformed):
        scan(sparse_10(text) + END)


def test_a_sparse_map_on_a_link_is_refused():
    with pytest.raises(Malformed, match="another kind"):
        read_all(pax((b"GNU.sparse.size", b"1"), (b"GNU.sparse.map", b"0,1")) + header(b"l", 0, b"2", b"t") + END)


def test_a_sparse_file_of_a_petabyte_ends_in_a_limit():
    data = sparse_10(size=1 << 50) + END
    with pytest.raises(LimitExceeded, match="max_ratio"):
        scan(data, limits=Limits(ratio_floor_bytes=4 << 20))


def test_a_hard_link_carries_its_target():
    result = scan(tar_of(member("a", b"1"), hardlink("b", "./a")))
    assert [(entry.what, entry.path, entry.target) for entry in result.entries][1] == (What.HARD_LINK, "b", "a")


def test_a_star_archive_keeps_its_times_out_of_the_name():
    times = struct.pack("12s12s", b"00000000000 ", b"00000000000 ")
    block = header(b"f", fill=[(345, b"dir"), (476, times), (508, b"tar\0")])
    assert [entry.name for entry, _ in read_all(block + END)] == [b"dir/f"]


def long(type_, value):
    return header(b"././@LongLink", len(value), type_) + padded(value)


@pytest.mark.parametrize(
    ("before", "complaint"),
    [
        (long(b"K", b"first\0") + long(b"K", b"second\0"), "two long names"),
        (long(b"L", b"first\0") + long(b"L", b"second\0"), "two long names"),
        (long(b"K", b"first\0") + long(b"L", b"name\0") + long(b"K", b"second\0"), "two long names"),
        (long(b"K", b"\0"), "empty long name"),
        (long(b"K", b"first\0") + pax((b"linkpath", b"second")), "named both"),
        (pax((b"linkpath", b"second")) + long(b"K", b"first\0"), "named both"),
        (long(b"L", b"first\0") + pax((b"path", b"second")), "named both"),
    ],
)
def test_a_link_or_a_name_that_stands_twice_is_refused_for_readers_would_differ(before, complaint):
    with pytest.raises(Malformed, match=complaint):
        scan(before + header(b"x", type=b"1", link=b"third") + END)


@given(
    st.sampled_from((b"0", b"2", b"5", b"\0", b"1", b"7")),
    st.binary(max_size=110).filter(lambda name: b"\0" not in name),
    st.sampled_from((b"", b"usr/share", b"a/" * 60)),
    st.sampled_from((b"ustar\x0000", b"ustar  \0", bytes(8))),
    st.sampled_from(
        (b"00000000012\0", b"00000000012 ", b"12\0" + bytes(9), b"000000000128", b"+0000000012\0", b"\x80" + bytes(11))
    ),
    st.sampled_from((b"0000644\0", b"100755 \0", b"\x80" + bytes(7))),
    st.sampled_from((b"", b"target", b"t" * 100)),
)
def test_a_header_is_read_the_same_the_short_way_and_the_long_way(flag, name, prefix, magic, size, mode, link):
    header = bytearray(512)
    header[:100] = name[:100].ljust(100, b"\0")
    header[100:108], header[124:136], header[156:157] = mode, size, flag
    header[157:257] = link.ljust(100, b"\0")
    header[257:265] = magic
    header[345:500] = prefix.ljust(155, b"\0")
    limits = Limits()
    try:
        short = tar._usual(bytes(header), 7, {}, limits)
    except Malformed as error:
        with pytest.raises(Malformed, match=re.escape(error.message)):
            tar._member(Feed([]), bytes(header), 7, tar._Extended(), limits)
        return
    if short is not None:
        assert short == tar._member(Feed([]), bytes(header), 7, tar._Extended(), limits)


def test_the_short_way_is_the_way_of_what_tar_writes(tmp_path):
    target = tmp_path / "a.tar"
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name in ("usr/bin/tool", "usr/share/" + "long" * 20 + "/doc"):
            archive.addfile(tarfile.TarInfo(name))
    header = target.read_bytes()[512:1024]
    assert tar._usual(header, 0, {}, Limits()) is not None
