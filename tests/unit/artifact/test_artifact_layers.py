"""Reading one layer, and laying layers over each other."""

import gzip
import tarfile

import pytest
import zstandard
from artifact_builders import (
    END,
    everything,
    files,
    folder,
    hardlink,
    header,
    member,
    nothing,
    scan,
    sha,
    symlink,
    tar_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.artifact.layer import What, read_layer
from pratique.artifact.limits import Budget, Limits, parse_limits
from pratique.artifact.selection import Chosen
from pratique.artifact.squash import squash
from pratique.artifact.zstdframes import FrameEnds
from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed
from pratique.model import FileKind


def lay(*layers, wanted=nothing, limits=None):
    limits = limits or Limits()
    return squash([scan(data, wanted=wanted, limits=limits) for data in layers], wanted=wanted, limits=limits)


def paths(*layers):
    return sorted(lay(*layers).tree.entries)


def reasons(*layers):
    return [(unknown.path, unknown.reason) for unknown in lay(*layers).tree.unknowns]


def zstd(data):
    return zstandard.ZstdCompressor().compress(data)


def zstd_checked(data):
    return zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compress(data)


# --- one layer


@pytest.mark.parametrize(
    "compress",
    [
        lambda data: data,
        gzip.compress,
        lambda data: gzip.compress(data[:700]) + gzip.compress(b"") + gzip.compress(data[700:]),
        zstd,
        lambda data: zstd(data[:700]) + b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstd(data[700:]),
    ],
    ids=["plain", "gzip", "gzip of several members", "zstd", "zstd of several frames"],
)
def test_a_layer_is_the_same_however_it_is_compressed(compress):
    data = files(etc__hosts=b"127.0.0.1", usr__bin__tool=b"\x7fELF" * 5000)
    result = scan(compress(data), wanted=lambda path: path == "etc/hosts")
    assert result.diff_id == "sha256:" + sha(data)
    assert result.size_bytes == len(data)
    assert [(entry.path, entry.sha256) for entry in result.entries] == [
        ("etc/hosts", sha(b"127.0.0.1")),
        ("usr/bin/tool", sha(b"\x7fELF" * 5000)),
    ]
    assert result.contents == {sha(b"127.0.0.1"): b"127.0.0.1"}


@pytest.mark.parametrize("compress", [gzip.compress, zstd, zstd_checked])
def test_a_truncated_compressed_layer_is_refused_wherever_it_is_cut(compress):
    data = compress(files(a=bytes(range(256)) * 40))
    for cut in range(1, len(data)):
        with pytest.raises(Malformed):
            scan(data[:cut])
    assert scan(data).entries


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=400_000), max_size=3), st.booleans(), st.integers(1, 5000))
def test_whole_zstd_frames_are_known_to_be_whole(parts, checked, step):
    data = b"".join((zstd_checked if checked else zstd)(part) for part in parts)
    ends = FrameEnds()
    for start in range(0, len(data), step):
        ends.show(data[start : start + step])
    assert ends.complete
    if data:
        cut = FrameEnds()
        cut.show(data[:-1])
        assert not cut.complete


def test_a_gzip_member_with_a_wrong_checksum_is_refused():
    data = bytearray(gzip.compress(files(a=b"x" * 3000)))
    data[-6] ^= 1
    with pytest.raises(Malformed, match="broken gzip"):
        scan(bytes(data))


def test_a_gzip_bomb_ends_in_one_error_that_says_how_to_raise_the_limit():
    bomb = gzip.compress(header(b"zeros", 64 << 20) + bytes(64 << 20) + END, mtime=0)
    limits = Limits(ratio_floor_bytes=8 << 20)
    with pytest.raises(LimitExceeded, match=r"max_ratio = 200.*PRATIQUE_LIMITS=max_ratio=400"):
        scan(bomb, limits=limits)


def test_a_zstd_bomb_ends_in_one_error():
    bomb = zstd(header(b"zeros", 64 << 20) + bytes(64 << 20) + END)
    with pytest.raises(LimitExceeded, match="max_ratio"):
        scan(bomb, limits=Limits(ratio_floor_bytes=8 << 20))


def test_a_file_of_zeros_below_the_floor_is_no_bomb():
    assert scan(gzip.compress(files(zeros=bytes(4 << 20)))).entries[0].size == 4 << 20


def test_a_zstd_frame_that_looks_back_too_far_is_refused():
    parameters = zstandard.ZstdCompressionParameters(window_log=27, strategy=1)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = compressor.compress(files(a=b"x")) + compressor.flush()
    with pytest.raises(LimitExceeded, match="looks back"):
        scan(data)


def test_a_layer_over_its_size_ends_in_one_error():
    with pytest.raises(LimitExceeded, match="max_layer_bytes"):
        scan(files(a=bytes(1 << 20)), limits=Limits(max_layer_bytes=1 << 20))


def test_too_many_entries_end_in_one_error():
    with pytest.raises(LimitExceeded, match=r"too many files.*max_entries = 300"):
        scan(b"".join(header(b"f%d" % number) for number in range(1000)) + END, limits=Limits(max_entries=300))


def test_entries_are_counted_over_all_layers():
    budget = Budget(Limits(max_entries=3))
    scan(files(a=b"", b=b""), budget=budget)
    with pytest.raises(LimitExceeded):
        scan(files(a=b"", b=b""), budget=budget)


def test_names_are_limited_in_all():
    with pytest.raises(LimitExceeded, match="max_names_bytes"):
        scan(tar_of(*(member(f"{number}" * 90) for number in range(9))), limits=Limits(max_names_bytes=400))


def test_a_wanted_file_over_its_limit_is_unknown_and_still_hashed():
    limits = Limits(max_wanted_file_bytes=10)
    tree = lay(files(status=b"x" * 11), wanted=everything, limits=limits).tree
    assert tree.entries["status"].sha256 == sha(b"x" * 11)
    assert "status" not in tree.contents
    assert "too many" in tree.unknowns[0].reason


def test_wanted_files_over_the_total_are_unknown():
    tree = lay(files(a=b"x" * 11, b=b"y" * 11), wanted=everything, limits=Limits(max_wanted_bytes=15)).tree
    assert list(tree.contents) == ["a"]
    assert [unknown.path for unknown in tree.unknowns] == ["b"]


def test_of_very_many_files_that_are_left_out_a_few_are_named_and_the_rest_counted():
    named = files(**{f"f{number:03}": b"%011d" % number for number in range(100)})
    tree = lay(named, wanted=everything, limits=Limits(max_wanted_bytes=15)).tree
    assert [unknown.path for unknown in tree.unknowns] == [*(f"f{number:03}" for number in range(1, 21)), ""]
    assert tree.unknowns[-1].reason == "layer 0 has too much package metadata: 79 more files were left out"


def test_bytes_after_the_end_of_the_archive_are_said():
    assert "follow the end" in scan(files(a=b"") + b"hidden").unknowns[0].reason


class WrongDigest:
    """A blob whose bytes were changed: it says so at its end."""

    def __init__(self, data):
        self.data = data

    def read(self, size):
        data, self.data = self.data[:size], self.data[size:]
        if not data:
            raise DigestMismatch("not these bytes")
        return data


@pytest.mark.parametrize("broken", [b"\x1f\x8b garbage", b"garbage" * 100, gzip.compress(b"garbage" * 100, mtime=0)])
def test_a_blob_that_was_changed_is_a_wrong_digest_before_it_is_malformed(broken):
    with pytest.raises(DigestMismatch):
        read_layer(WrongDigest(broken), selection=Chosen(), limits=Limits())


def test_a_reader_that_fails_is_not_hidden():
    class Failing:
        def read(self, size):
            raise RuntimeError("from the reader")

    with pytest.raises(RuntimeError, match="from the reader"):
        read_layer(Failing(), selection=Chosen(), limits=Limits())


# --- names


@pytest.mark.parametrize("name", ["../etc/passwd", "a/../../b", "/../x", "a/..", ".."])
def test_a_name_that_climbs_out_is_refused(name):
    with pytest.raises(Malformed, match="path escape"):
        scan(header(name.encode()) + END)


@pytest.mark.parametrize("name", ["/etc/passwd", "./etc/passwd", "//etc//./passwd", "etc/passwd"])
def test_absolute_and_dotted_names_are_the_same_path(name):
    assert [entry.path for entry in scan(header(name.encode()) + END).entries] == ["etc/passwd"]


@pytest.mark.parametrize("name", [".wh..", ".wh...", "a/.wh...", ".wh."])
def test_a_whiteout_of_what_is_no_name_is_refused(name):
    with pytest.raises(Malformed, match="path escape"):
        scan(header(name.encode()) + END)


def test_a_file_that_stands_for_the_root_is_refused():
    with pytest.raises(Malformed, match="the root itself"):
        scan(header(b"./", 0, b"2", b"/etc") + END)


def test_bytes_that_are_no_utf8_survive():
    assert scan(header(b"caf\xe9") + END).entries[0].path.encode("utf-8", "surrogateescape") == b"caf\xe9"


# --- layers over each other


def test_a_whiteout_removes_from_lower_layers_wherever_it_stands_in_its_own():
    lower = files(a__x=b"old", a__y=b"y")
    assert paths(lower, tar_of(member("a/.wh.x"))) == ["a/y"]
    for upper in (tar_of(member("a/x", b"new"), member("a/.wh.x")), tar_of(member("a/.wh.x"), member("a/x", b"new"))):
        assert lay(lower, upper).tree.entries["a/x"].sha256 == sha(b"new")


def test_a_whiteout_removes_a_folder_with_all_in_it():
    assert paths(files(a__b__c=b"", a__d=b"", e=b""), tar_of(member(".wh.a"))) == ["e"]


def test_an_opaque_folder_hides_what_is_below_and_keeps_its_own():
    lower = files(a__old=b"", a__b__older=b"", keep=b"")
    assert paths(lower, tar_of(member("a/new"), member("a/.wh..wh..opq"))) == ["a/new", "keep"]


def test_an_opaque_mark_behind_a_link_hides_nothing():
    lower = tar_of(member("usr/lib/evil"), symlink("lib", "usr/lib"))
    assert paths(lower, tar_of(member("lib/.wh..wh..opq"))) == ["lib", "usr/lib/evil"]


def test_a_whiteout_behind_a_link_of_a_lower_layer_hides_nothing():
    lower = tar_of(member("usr/lib/evil"), symlink("lib", "usr/lib"))
    assert "usr/lib/evil" in paths(lower, tar_of(member("lib/.wh.evil")))


def test_a_file_in_the_place_of_a_folder_removes_what_was_in_it():
    assert paths(files(a__b=b"", a__c__d=b""), files(a=b"")) == ["a"]


def test_a_folder_in_the_place_of_a_file_replaces_it():
    assert paths(files(a=b""), tar_of(folder("a"), member("a/b"))) == ["a/b"]


def test_a_folder_in_the_place_of_a_link_replaces_it():
    tree = lay(tar_of(symlink("lib", "usr/lib"), member("usr/lib/x")), tar_of(folder("lib"), member("lib/y"))).tree
    assert sorted(tree.entries) == ["lib/y", "usr/lib/x"]


def test_a_name_through_a_link_is_one_path():
    layer = tar_of(folder("usr/lib"), symlink("lib", "usr/lib"), member("lib/x", b"1"))
    assert paths(layer) == ["lib", "usr/lib/x"]


def test_a_name_through_a_link_of_a_lower_layer_is_one_path_and_said():
    layers = tar_of(folder("usr/lib"), symlink("lib", "/usr/lib")), files(lib__x=b"1")
    assert paths(*layers) == ["lib", "usr/lib/x"]
    assert "overlayfs" in reasons(*layers)[0][1]


@pytest.mark.parametrize("target", ["../../etc", "..", "a/../../.."])
def test_a_name_through_a_link_out_of_the_root_is_refused(target):
    with pytest.raises(Malformed, match="path escape"):
        lay(tar_of(folder("a"), symlink("out", target), member("out/passwd")))


def test_a_link_out_of_the_root_that_nothing_goes_through_is_only_listed():
    assert lay(tar_of(symlink("out", "../../etc"))).tree.entries["out"].target == "../../etc"


def test_links_in_a_circle_are_refused():
    with pytest.raises(Malformed, match="more than 40"):
        lay(tar_of(symlink("a", "b"), symlink("b", "a"), member("a/x")))


def test_a_file_that_is_a_folder_too_is_refused():
    with pytest.raises(Malformed, match="a folder and a file"):
        lay(files(a=b"", a__b=b""))


def test_a_name_that_stands_twice_counts_later_and_is_said():
    layer = tar_of(member("a", b"first"), member("./a", b"second"))
    tree = lay(layer, wanted=everything).tree
    assert tree.contents == {"a": b"second"}
    assert tree.entries["a"].sha256 == sha(b"second")
    assert [(unknown.path, "twice" in unknown.reason) for unknown in tree.unknowns] == [("a", True)]


@pytest.mark.parametrize(
    "first", [member("b", b"1"), symlink("b", "a"), symlink("b", "c"), hardlink("b", "a"), hardlink("b", "c")]
)
@pytest.mark.parametrize("second", [member("b", b"2"), symlink("b", "c"), hardlink("b", "c")])
def test_a_link_that_stands_twice_is_said_as_a_file_is(first, second):
    """A hard link to a file of a lower layer is an entry of this one, and so is a link in the place of a link."""
    tree = lay(files(a=b"lower a", c=b"lower c"), tar_of(first, second)).tree
    assert [(unknown.path, "twice" in unknown.reason) for unknown in tree.unknowns] == [("b", True)]


@pytest.mark.parametrize("first", [member("b", b"1"), symlink("b", "a"), hardlink("b", "a")])
def test_a_link_that_a_higher_layer_replaces_stands_once_in_each(first):
    tree = lay(files(a=b"lower a", c=b"lower c"), tar_of(first), tar_of(hardlink("b", "c"))).tree
    assert tree.unknowns == ()


def test_a_hard_link_made_before_its_target_was_replaced_keeps_the_first_bytes():
    layer = tar_of(member("a", b"first"), hardlink("b", "a"), member("a", b"second"))
    tree = lay(layer, wanted=everything).tree
    assert tree.contents == {"a": b"second", "b": b"first"}
    assert tree.entries["b"].sha256 == sha(b"first")


def test_a_hard_link_into_a_lower_layer_has_its_content_and_its_layer():
    entry = lay(files(a=b"content"), tar_of(member("new"), hardlink("b", "/a"))).tree.entries["b"]
    assert (entry.kind, entry.sha256, entry.size, entry.layer) == (FileKind.FILE, sha(b"content"), 7, 0)


def test_a_hard_link_to_a_link_is_that_link():
    entry = lay(tar_of(symlink("a", "b"), hardlink("c", "a"))).tree.entries["c"]
    assert (entry.kind, entry.target) == (FileKind.SYMLINK, "b")


@pytest.mark.parametrize("target", ["../a", "/../../etc/shadow", "x/../../a"])
def test_a_hard_link_out_of_the_root_is_refused(target):
    with pytest.raises(Malformed, match="path escape"):
        scan(tar_of(member("a"), hardlink("b", target)))


def test_a_hard_link_through_a_link_out_of_the_root_is_refused():
    with pytest.raises(Malformed, match="path escape"):
        lay(tar_of(symlink("out", ".."), hardlink("b", "out/etc/shadow")))


@pytest.mark.parametrize("target", ["missing", "folder", "missing/x"])
def test_a_hard_link_to_no_file_is_refused(target):
    with pytest.raises(Malformed, match="hard link"):
        lay(tar_of(folder("folder"), hardlink("b", target)))


def test_a_hard_link_to_what_its_own_layer_removed_is_refused():
    with pytest.raises(Malformed, match="hard link"):
        lay(files(a=b"x"), tar_of(member(".wh.a"), hardlink("b", "a")))


def test_a_wanted_name_whose_bytes_came_under_another_is_asked_for_again():
    layer = tar_of(member("x", b"Package: hidden"), hardlink("status", "x"))
    result = lay(layer, wanted=lambda path: path == "status")
    assert result.missing == {0: frozenset({"x"})}


def test_the_layer_of_an_entry_is_the_one_that_brought_its_content():
    tree = lay(files(a=b"1", b=b"1"), files(b=b"2")).tree
    assert [tree.entries[name].layer for name in "ab"] == [0, 1]


def test_devices_and_modes_are_listed():
    layer = tar_of(member("null", type=tarfile.CHRTYPE, mode=0o666), member("su", b"x", mode=0o4755))
    tree = lay(layer).tree
    assert tree.entries["null"].kind is FileKind.CHAR_DEVICE
    assert tree.entries["su"].mode == 0o4755


def test_deep_names_in_many_folders_end_in_a_limit():
    layer = tar_of(*(member(f"{number}" + "/d" * 200 + "/f") for number in range(20)))
    with pytest.raises(LimitExceeded, match="too many folders"):
        lay(layer, limits=Limits(max_entries=1000))
    with pytest.raises(LimitExceeded, match="too many long names"):
        lay(layer, limits=Limits(max_path_steps=1000))


def test_bookkeeping_of_aufs_is_left_out_and_said():
    assert paths(tar_of(folder(".wh..wh.plnk"), member("a"))) == ["a"]


def test_kinds_of_the_cache_do_not_move():
    assert [what.value for what in What] == list(range(9))


# --- limits


def test_limits_are_raised_through_the_environment():
    assert parse_limits({"PRATIQUE_LIMITS": "max_entries=7, max_ratio=9"}) == Limits(max_entries=7, max_ratio=9)


@pytest.mark.parametrize("text", ["max_entries", "max_entries=-1", "max_entries=0", "none=1", "max_ratio=1e9"])
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(InputError, match="not a limit"):
        parse_limits({"PRATIQUE_LIMITS": text})
