"""The file manifest: what goes in comes out, and every row counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import DigestMismatch, Malformed
from pratique.model import (
    ArtifactKind,
    Digest,
    FileEntry,
    FileKind,
    Inventory,
    Owned,
    Ownership,
    Subject,
    Tree,
    build_manifest,
    escape_path,
    manifest_predicate,
    parse_manifest,
    unescape_path,
)

SHA = "ab" * 32
paths = (
    st.binary(min_size=1, max_size=40)
    .filter(lambda raw: b"\0" not in raw)
    .map(lambda raw: raw.decode("utf-8", "surrogateescape"))
)


def inventory(*entries: FileEntry) -> Inventory:
    tree = Tree(entries={entry.path: entry for entry in entries})
    owned = {entries[0].path: Owned("pkg:deb/debian/dash@1", Ownership.MATCHING)} if entries else {}
    subject = Subject(kind=ArtifactKind.IMAGE, name="x", digest=Digest.of(b"x"))
    return Inventory(subject=subject, tree=tree, components=(), ownership=owned)


@given(paths)
@settings(max_examples=50)
def test_any_path_of_bytes_survives_escaping(path: str) -> None:
    escaped = escape_path(path)
    assert unescape_path(escaped) == path
    escaped.encode("utf-8")


def test_a_manifest_reads_back_as_it_was_written() -> None:
    entries = (
        FileEntry("usr/bin/dash", FileKind.FILE, 0o755, 120_000, SHA),
        FileEntry("bin/sh", FileKind.SYMLINK, 0o777, 0, "", "dash"),
        FileEntry("odd\udcff%name", FileKind.FILE, 0o644, 1, SHA),
    )
    manifest = build_manifest(inventory(*entries))
    assert parse_manifest(manifest_predicate(manifest)) == manifest
    assert [entry.path for entry in manifest.entries] == ["bin/sh", "odd\udcff%name", "usr/bin/dash"]
    assert manifest.owners == ("", "", "pkg:deb/debian/dash@1")


@pytest.mark.parametrize("change", [{"mode": 0o4755}, {"size": 2}, {"sha256": "cd" * 32}, {"path": "usr/bin/bash"}])
def test_any_change_of_a_row_changes_the_root(change: dict[str, object]) -> None:
    entry = FileEntry("usr/bin/dash", FileKind.FILE, 0o755, 1, SHA)
    changed = entry._replace(**change)
    assert build_manifest(inventory(entry)).root != build_manifest(inventory(changed)).root


def test_rows_that_do_not_come_to_the_stated_root_are_refused() -> None:
    predicate = manifest_predicate(build_manifest(inventory(FileEntry("a", FileKind.FILE, 0o644, 1, SHA))))
    predicate["files"][0][2] = 0o755
    with pytest.raises(DigestMismatch, match="its rows come to"):
        parse_manifest(predicate)


@pytest.mark.parametrize(
    "rows",
    [
        [["a"]],
        [[1, "file", 1, 1, SHA, None, 0]],
        [["a", "socket", 1, 1, SHA, None, 0]],
        [["a", "file", "1", 1, SHA, None, 0]],
        [None],
    ],
)
def test_rows_of_another_form_are_refused(rows: list[object]) -> None:
    predicate = manifest_predicate(build_manifest(inventory()))
    predicate["files"] = rows
    with pytest.raises(Malformed):
        parse_manifest(predicate)
