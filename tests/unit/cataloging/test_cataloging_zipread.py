import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.cataloging.zipread import begin_of, find_directory, read_entry, walk_entries, without_overlaps
from pratique.errors import LimitExceeded, Malformed

DATA = Path(__file__).parents[2] / "data" / "java"


def entries(data):
    view = memoryview(data)
    return list(walk_entries(view, find_directory(view), lambda _name: True))


def archive(files, method=zipfile.ZIP_DEFLATED, comment=b""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in files.items():
            made.writestr(name, data)
        made.comment = comment
    return out.getvalue()


@pytest.mark.parametrize("name", ["demo-boot.jar", "jetty9-util-ajax.jar", "enterprise-7.ear"])
def test_real_archives_are_read_as_the_standard_library_reads_them(name):
    data = (DATA / name).read_bytes()
    known = zipfile.ZipFile(io.BytesIO(data))
    found = entries(data)
    assert [one.text() for one in found] == known.namelist()
    assert all(bytes(read_entry(memoryview(data), one, 1 << 30)) == known.read(one.text()) for one in found)
    assert without_overlaps(found)[1] == 0


def test_a_script_before_the_archive_is_passed_over():
    data = b"#!/bin/sh\nexec java -jar $0\n" + archive({"a.txt": b"hello"})
    (one,) = entries(data)
    assert bytes(read_entry(memoryview(data), one, 100)) == b"hello"


def test_a_comment_that_holds_an_end_record_does_not_hide_the_archive():
    data = archive({"a": b"x"}, comment=b"PK\5\6" + b"\xff" * 18 + b"tail")
    assert [one.name for one in entries(data)] == [b"a"]


def test_zip64_is_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made, made.open("big", "w", force_zip64=True) as file:
        file.write(b"content")
    directory = out.getvalue()
    (one,) = entries(directory)
    assert bytes(read_entry(memoryview(directory), one, 100)) == b"content"
    end = directory.rindex(b"PK\5\6")
    begin = directory.index(b"PK\1\2")
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, end - begin, begin)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    last = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    data = directory[:end] + wide + locator + last
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["big"]
    assert [one.name for one in entries(data)] == [b"big"]
    prefixed = b"#!/bin/sh\n" + data
    (one,) = entries(prefixed)
    assert bytes(read_entry(memoryview(prefixed), one, 100)) == b"content"


def test_a_claim_of_a_million_entries_costs_nothing():
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFE, 0xFFFE, 100, 0, 0)
    with pytest.raises(Malformed):
        find_directory(memoryview(b"\0" * 100 + end))


def test_an_entry_inflates_to_what_it_says_and_no_further():
    data = bytearray(archive({"bomb": b"\0" * 10_000_000}))
    (one,) = entries(bytes(data))
    with pytest.raises(LimitExceeded):
        read_entry(memoryview(data), one, 1_000_000)
    lying = one._replace(size=1_000)
    with pytest.raises(Malformed, match="another size"):
        read_entry(memoryview(data), lying, 1_000_000)
    assert begin_of(memoryview(data), one, 16) == b"\0" * 16


def test_entries_that_share_bytes_are_told_apart():
    kernel = zlib.compress(b"\0" * 1000, wbits=-15)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(kernel), 1000, 1, 0) + b"a" + kernel
    central = b"".join(
        struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(kernel), 1000, 1, 0, 0, 0, 0, 0, 0) + b"a"
        for _ in range(5)
    )
    data = local + central + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 5, 5, len(central), len(local), 0)
    kept, overlapping = without_overlaps(entries(data))
    assert (len(kept), overlapping) == (1, 4)


def test_a_local_header_that_names_another_file_is_refused():
    data = bytearray(archive({"good.txt": b"x"}))
    at = data.index(b"good.txt")
    data[at : at + 8] = b"evil.txt"
    (one,) = entries(bytes(data))
    with pytest.raises(Malformed, match="another file"):
        read_entry(memoryview(data), one, 100)


def test_encrypted_and_foreign_methods_are_named():
    data = archive({"a": b"x"})
    (one,) = entries(data)
    with pytest.raises(Malformed, match="encrypted"):
        read_entry(memoryview(data), one._replace(flags=1), 100)
    with pytest.raises(Malformed, match="method 14"):
        read_entry(memoryview(data), one._replace(method=14), 100)


def test_a_jar_behind_a_script_keeps_its_entries():
    script = b"#!/bin/sh\n" + (DATA / "demo-boot.jar").read_bytes()
    assert b"BOOT-INF/lib/slf4j-nop-1.7.32.jar" in {one.name for one in entries(script)}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 30))
def test_random_bytes_are_malformed_or_read(noise, at):
    data = noise[:at] + b"PK\5\6" + noise[at:] + b"\0" * 18
    try:
        found = entries(data)
    except Malformed:
        return
    for one in found:
        try:
            read_entry(memoryview(data), one, 10_000)
        except Malformed:
            continue


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), min_size=1, max_size=12))
def test_mutated_archives_are_malformed_or_read(changes):
    data = bytearray(archive({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n" * 9, "lib/a.jar": archive({"x": b"y" * 99})}))
    for at, value in changes:
        data[-1 - at % len(data)] = value
    try:
        found = entries(bytes(data))
    except Malformed:
        return
    for one in without_overlaps(found)[0]:
        try:
            read_entry(memoryview(data), one, 10_000)
        except Malformed:
            continue
