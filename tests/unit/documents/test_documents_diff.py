"""`sbom diff`: the pure comparison, and the command as a person calls it."""

import itertools
import json

import pytest

from pratique.cli.main import run
from pratique.documents.diff import Change, compare, files_of
from pratique.documents.document import Basis, Document, Family, Hash, Licence, Part
from pratique.lexicon.version_order import Direction, direction, order_key


def part(purl, *licences, basis=Basis.STATED):
    version = purl.partition("?")[0].rpartition("@")[2]
    stated = tuple(Licence(value=one, basis=basis) for one in licences)
    return Part(ref=purl, name="x", version=version, purl=purl, licences=stated)


def document(*parts, files=()):
    return Document(family=Family.OWN, parts=parts, files=files)


def changes(before, after):
    found = compare(document(*before), document(*after), None, None)
    return [(one.change.value, one.name, one.before, one.after) for one in found.components]


def test_a_package_is_known_again_without_its_version_and_qualifiers():
    before = [part("pkg:deb/debian/curl@7.88.1?arch=amd64&distro=debian-12.5")]
    after = [part("pkg:deb/debian/curl@7.88.2?arch=amd64&distro=debian-12.6")]
    assert changes(before, after) == [("upgraded", "pkg:deb/debian/curl", "7.88.1", "7.88.2")]
    assert changes(after, before) == [("downgraded", "pkg:deb/debian/curl", "7.88.2", "7.88.1")]


def test_of_several_versions_equal_ones_are_paired_first():
    before = [part("pkg:npm/a@1.0.0"), part("pkg:npm/a@2.0.0")]
    after = [part("pkg:npm/a@2.0.0"), part("pkg:npm/a@10.0.0")]
    assert changes(before, after) == [("upgraded", "pkg:npm/a", "1.0.0", "10.0.0")]
    assert changes(before, after[:1]) == [("removed", "pkg:npm/a", "1.0.0", "")]


def test_architectures_are_paired_with_their_own_kind():
    before = [part("pkg:deb/d/c@1?arch=amd64"), part("pkg:deb/d/c@3?arch=i386")]
    after = [part("pkg:deb/d/c@4?arch=amd64"), part("pkg:deb/d/c@3.1?arch=i386")]
    assert [row[2:] for row in sorted(changes(before, after))] == [("1", "4"), ("3", "3.1")]


def test_the_order_of_the_parts_does_not_matter():
    parts = [part("pkg:npm/a@1"), part("pkg:npm/a@3"), part("pkg:npm/b@1")]
    after = [part("pkg:npm/a@2"), part("pkg:npm/c@1")]
    assert len({tuple(changes(list(some), after)) for some in itertools.permutations(parts)}) == 1


def test_up_and_down_are_told_in_the_order_of_the_ecosystem():
    assert changes([part("pkg:rpm/f/a@1.0")], [part("pkg:rpm/f/a@1.0^git1")])[0][0] == "upgraded"
    assert changes([part("pkg:pypi/a@1.0")], [part("pkg:pypi/a@1.0.0")])[0][0] == "changed"
    assert changes([part("pkg:rpm/f/a@1.a")], [part("pkg:rpm/f/a@1.rc")])[0][0] == "upgraded"


def test_an_unquoted_scope_is_no_version():
    assert changes([part("pkg:npm/@babel/core@1")], [part("pkg:npm/@babel/core@2")])[0][1] == "pkg:npm/%40babel/core"


def test_a_licence_is_changed_only_if_its_meaning_may_be():
    together, apart = [part("pkg:npm/a@1", "MIT AND ISC")], [part("pkg:npm/a@1", "ISC", "MIT")]
    assert changes(together, apart) == []
    assert changes(together, [part("pkg:npm/a@1", "MIT")]) == [("licence", "pkg:npm/a", "ISC, MIT", "MIT")]
    assert changes([part("pkg:npm/a@1")], [part("pkg:npm/a@1", "MIT", basis=Basis.FOUND)]) == []


def test_files_are_compared_by_the_strongest_common_digest():
    old = {"a": {"sha1": "1", "sha256": "2"}, "b": {"sha256": "3"}, "c": {"md5": "4"}, "d": {"sha1": "6"}}
    new = {"a": {"sha256": "9"}, "b": {"sha256": "3"}, "c": {"sha1": "5"}, "e": {"sha256": "7"}}
    found = compare(document(), document(), old, new)
    assert [(one.change, one.name) for one in found.files] == [(Change.CHANGED, "a"), (Change.REMOVED, "d"), (Change.ADDED, "e")]
    assert found.incomparable == ("c",)
    assert compare(document(), document(), None, new).files is None


def test_paths_are_spelled_alike_and_dot_files_keep_their_dot():
    listed = tuple(Part(ref=name, name=name, kind="file", hashes=(Hash("sha1", "1"),)) for name in ("./a", "/b", ".c"))
    assert sorted(files_of(document(files=listed))) == [".c", "a", "b"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.9", "1.10"), ("1.0rc1", "1.0"), ("1.0~rc1", "1.0"), ("9", "1:1"), ("1.1.1", "1.1.1a"), ("v1.0", "1.1"), ("1", "1-1")],
)
def test_versions_of_no_known_scheme_are_ordered(older, newer):
    assert direction(older, newer) is Direction.UP
    assert direction(newer, older) is Direction.DOWN


def test_what_cannot_be_ordered_is_only_changed():
    assert direction("1.0", "1.00") is Direction.NONE
    assert direction("9" * 300, "1") is Direction.NONE
    assert order_key("") == ()


@pytest.fixture
def two(tmp_path, monkeypatch):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    for name, version in (("a", "1.0.0"), ("b", "1.1.0")):
        package = tmp_path / name / "node_modules" / "left"
        package.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"name": "left", "version": version, "license": "MIT"}))
    assert run(["sbom", f"dir:{tmp_path / 'a'}", "-o", "spdx-json", "--file", str(tmp_path / "a.json")]) == 0
    return tmp_path


def test_a_document_is_compared_with_a_folder_file_by_file(two, capfd):
    arguments = ["sbom", "diff", str(two / "a.json"), f"dir:{two / 'b'}", "--format", "json"]
    assert run(arguments) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["components"] == [{"change": "upgraded", "name": "pkg:npm/left", "before": "1.0.0", "after": "1.1.0"}]
    assert [(one["change"], one["name"]) for one in found["files"]] == [("changed", "node_modules/left/package.json")]
    assert run([*arguments, "--exit-code"]) == 1


def test_the_same_artifact_does_not_differ_from_its_document(two, capfd):
    assert run(["sbom", "diff", str(two / "a.json"), f"dir:{two / 'a'}", "--exit-code"]) == 0
    assert "no differences" in capfd.readouterr().out


def test_a_name_cannot_break_out_of_the_markdown_table(two, capfd):
    (two / "b" / "x|`y").write_text("")
    assert run(["sbom", "diff", f"dir:{two / 'a'}", f"dir:{two / 'b'}", "--format", "markdown"]) == 0
    assert "| added | `x\\|'y` |" in capfd.readouterr().out


def many_files(count):
    files = {f"usr/lib/deep/place{index % 3}/file{index}": {"sha256": f"{index:064x}"} for index in range(count)}
    return compare(document(), document(), {}, files)


def test_many_files_are_summed_up_by_folder_unless_all_are_asked_for():
    from pratique.cli.sbom_diff import _as_markdown, _file_rows

    found = many_files(600)
    assert _file_rows(found, False) == [["added", "usr/lib/deep/", "", "600 files"]]
    assert len(_file_rows(found, True)) == 600
    assert len(_file_rows(many_files(20), False)) == 20
    assert "### Files: 600 differences" in _as_markdown(found, False)


def test_markdown_never_outgrows_a_comment_on_a_pull_request():
    from pratique.cli.sbom_diff import _as_markdown

    text = _as_markdown(many_files(5000), True)
    assert len(text.encode()) <= 60_000
    assert "more" in text.splitlines()[-1]
