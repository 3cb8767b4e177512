from contextlib import suppress
from dataclasses import replace

from binary_samples import DATA, elf, sample
from hypothesis import given
from hypothesis import strategies as st
from sbom_trees import DPKG, DPKG_LINKS, SUBJECT, tree

from pratique.ecosystems.golang.gomod import read_go_mod
from pratique.ecosystems.rust.cataloger import CargoCataloger
from pratique.errors import Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.model import ArtifactKind, ComponentKind, Presence

FOLDER = replace(SUBJECT, kind=ArtifactKind.DIRECTORY)
GO_MOD, GO_SUM = (DATA / "go.mod.txt").read_text(), (DATA / "go.sum.txt").read_text()


def inventory(files, links=None, subject=FOLDER):
    return catalogue_tree(subject, tree(files, links))


def blob(modules):
    """Build information as Go writes it since 1.18."""
    text = b"0" * 16 + modules + b"1" * 16
    length = bytes([len(text) & 0x7F | 0x80, len(text) >> 7])
    return b"\xff Go buildinf:\x08\x02".ljust(32, b"\0") + b"\x08go1.21.0" + length + text


def by_purl(files, subject=FOLDER):
    return {one.ref: one for one in inventory(files, subject=subject).components}


def test_a_go_binary_lists_its_modules_with_sums_and_the_library_of_go():
    found = by_purl({"app": sample("go-linux-amd64")}, SUBJECT)
    assert set(found) == {
        "pkg:golang/stdlib@1.19.8",
        "pkg:golang/example.org/harbour/hello@v1.2.3",
        "pkg:golang/example.org/anchor-fork@v0.9.1",
        "pkg:golang/example.org/buoy@v0.0.0-20230101000000-abcdefabcdef",
        "pkg:golang/example.org/harbour/knot/v2@v2.0.1",
        "local:golang/./local#example.org/local@v0.0.0",
        "pkg:golang/example.org/rope@v1.2.0",
    }
    main = found["pkg:golang/example.org/harbour/hello@v1.2.3"]
    assert main.kind is ComponentKind.APPLICATION
    assert set(main.depends) == set(found) - {main.ref}
    assert main.facts["vcs.modified"] == "false"
    rope = found["pkg:golang/example.org/rope@v1.2.0"]
    assert rope.presence is Presence.EMBEDDED
    assert rope.hashes == {"h1": "h1:sc+wuIj/YN2E0R+M213Rri2en1LeAiiG7alZEBsXrAw="}
    assert found["pkg:golang/example.org/anchor-fork@v0.9.1"].facts == {"replaces": "example.org/anchor@v0.9.0"}
    local = found["local:golang/./local#example.org/local@v0.0.0"]
    assert local.purl == "" and local.facts == {"replaced-by": "./local", "location": "./local"}
    assert found["pkg:golang/stdlib@1.19.8"].cpes == ("cpe:2.3:a:golang:go:1.19.8:-:*:*:*:*:*:*",)


def test_a_binary_built_without_modules_is_named_by_its_package():
    text = b'path\tgithub.com/a/cli/cmd/tool\nbuild\t-ldflags="-X \\"github.com/a/cli/version.Version=20.10.24+dfsg1\\""\n'
    files = {"tool": elf(blob(text), section=b".go.buildinfo"), "go": elf(blob(b"path\tcmd/go\n"), section=b".go.buildinfo")}
    assert set(by_purl(files)) == {"pkg:golang/stdlib@1.21.0", "pkg:golang/github.com/a/cli@v20.10.24%2Bdfsg1"}


def test_a_commit_makes_a_pseudo_version_and_nothing_makes_none():
    stamp = b"build\tvcs.revision=b08222d769df799d78be6c2d50b84ca38f416c33\nbuild\tvcs.time=2026-11-24T08:32:02Z\n"
    for more, version in ((stamp, "@v0.0.0-20261124083202-b08222d769df"), (b"", "")):
        data = elf(blob(b"path\ta.org/x\nmod\ta.org/x\t(devel)\t\n" + more), section=b".go.buildinfo")
        assert f"pkg:golang/a.org/x{version}" in by_purl({"x": data})


def test_go_mod_and_the_binary_built_from_it_name_the_same_modules():
    source, binary = by_purl({"go.mod": GO_MOD, "go.sum": GO_SUM}), by_purl({"app": sample("go-linux-amd64")})
    unbuilt = "pkg:golang/example.org/harbour/hello"
    folders = {"local:golang/local#example.org/local@v0.0.0", "local:golang/./local#example.org/local@v0.0.0"}
    assert set(source) - {unbuilt} - folders == set(binary) - {"pkg:golang/stdlib@1.19.8", f"{unbuilt}@v1.2.3"} - folders
    assert all(source[purl].hashes == binary[purl].hashes for purl in set(source) & set(binary))
    assert all(one.presence is Presence.DECLARED for one in source.values())


def test_only_direct_requirements_are_edges_and_the_others_are_marked():
    found = by_purl({"go.mod": GO_MOD})
    knot = "pkg:golang/example.org/harbour/knot/v2@v2.0.1"
    assert found[knot].facts["indirect"] == "true"
    assert knot not in found["pkg:golang/example.org/harbour/hello"].depends
    assert len(found["pkg:golang/example.org/harbour/hello"].depends) == 4


def test_a_requirement_that_is_excluded_is_unknown_not_listed():
    found = inventory({"go.mod": "module m\nrequire a.org/x v1.0.0\nexclude a.org/x v1.0.0\n"})
    assert [one.name for one in found.components] == ["m"]
    assert any("excludes" in unknown.reason for unknown in found.unknowns)


def test_quotes_comments_and_blocks_of_go_mod_are_read():
    text = 'module "a.org/m" // why\n\nrequire (\n\t// note\n\t`b.org/x` v1.0.0//indirect\n\tc.org/y v0.1.0\n)\nretract v1.0.0\n'
    module = read_go_mod(text.encode())
    assert module.module == "a.org/m"
    assert [tuple(one) for one in module.requires] == [("b.org/x", "v1.0.0", True), ("c.org/y", "v0.1.0", False)]


def test_a_broken_go_mod_costs_one_unknown():
    found = inventory({"go.mod": 'module "open\n', "sub/go.mod": "module m\nrequire x\n"})
    assert [unknown.path for unknown in found.unknowns] == ["go.mod", "sub/go.mod"]


@given(st.text(alphabet=' \n\t"`()=>/mnreqv1.', max_size=80), st.integers(0, len(GO_MOD)))
def test_a_mutated_go_mod_is_read_or_refused(noise, at):
    with suppress(Malformed):
        read_go_mod((GO_MOD[:at] + noise + GO_MOD[at:]).encode())


def test_what_an_image_merely_declares_is_left_out():
    assert by_purl({"src/go.mod": GO_MOD, "src/Cargo.lock": (DATA / "Cargo.lock.txt").read_text()}, SUBJECT) == {}


def test_crates_of_a_binary_have_edges_and_build_dependencies_are_not_in_it():
    files = {"app": sample("rust-linux-amd64")}
    assert set(by_purl(files, SUBJECT)) == {"pkg:cargo/crab@0.1.0", "local:cargo/app#shell-dep@0.3.1"}
    found = by_purl(files)
    assert found["pkg:cargo/autocfg@1.1.0"].presence is Presence.DECLARED
    assert found["pkg:cargo/crab@0.1.0"].depends == ("local:cargo/app#shell-dep@0.3.1", "pkg:cargo/autocfg@1.1.0")


def test_lock_files_of_all_versions_give_checksums_and_edges():
    new = 'version = 3\n[[package]]\nname = "a"\nversion = "1.0.0"\ndependencies = ["b 2.0.0"]\n[[package]]\nname = "b"\n'
    new += f'version = "1.0.0"\n[[package]]\nname = "b"\nversion = "2.0.0"\nsource = "registry+x"\nchecksum = "{"a" * 64}"\n'
    old = '[root]\nname = "a"\nversion = "1.0.0"\ndependencies = ["b 2.0.0 (registry+x)"]\n[[package]]\nname = "b"\n'
    old += f'version = "2.0.0"\nsource = "registry+x"\n[metadata]\n"checksum b 2.0.0 (registry+x)" = "{"a" * 64}"\n'
    for text in (new, old):
        found = by_purl({"Cargo.lock": text})
        assert found["pkg:cargo/a@1.0.0"].depends == ("pkg:cargo/b@2.0.0",)
        assert found["pkg:cargo/b@2.0.0"].hashes == {"sha256": "a" * 64}
    assert set(by_purl({"Cargo.lock": (DATA / "Cargo.lock.txt").read_text()})) == {
        "pkg:cargo/crab@0.1.0",
        "local:cargo/.#shell-dep@0.3.1",
    }


def test_a_manifest_counts_only_where_no_lock_file_covers_it():
    manifest = (
        '[package]\nname = "app"\nversion = "0.1.0"\nlicense = "MIT"\n[dependencies]\nserde = "1"\nx = {version = "=1.2.3"}\n'
    )
    found = by_purl({"Cargo.toml": manifest})
    assert set(found) == {"pkg:cargo/app@0.1.0", "pkg:cargo/serde", "pkg:cargo/x@1.2.3"}
    assert found["pkg:cargo/serde"].facts == {"requirement": "1"}
    assert set(by_purl({"sub/Cargo.toml": manifest, "Cargo.lock": "version = 3\n"})) == set()


def test_caches_of_others_sources_are_not_wanted():
    assert not CargoCataloger().keeps("root/.cargo/registry/src/x/Cargo.toml")
    assert by_purl({"go/pkg/mod/a.org/x@v1.0.0/go.mod": "module a.org/x\n"}) == {}


def test_a_noted_package_yields_to_the_database_and_outlives_it():
    note = sample("note-linux-amd64")
    files = DPKG | {"usr/bin/mawk": note}
    assert "harbour" not in {one.name for one in inventory(files, DPKG_LINKS, SUBJECT).components}
    without = {path: text for path, text in files.items() if not path.startswith("var/lib/dpkg")}
    found = {one.name: one for one in inventory(without, DPKG_LINKS, SUBJECT).components}
    assert found["harbour"].purl == "pkg:rpm/fedora/harbour@1.2-3.fc40?arch=x86_64&distro=fedora-40"
    assert found["harbour"].presence is Presence.RECOGNISED


def test_an_orphan_copy_of_an_owned_binary_is_evidence_alone():
    files = DPKG | {"usr/bin/mawk": sample("note-linux-amd64"), "opt/copy": sample("note-linux-amd64")}
    found = {one.name: one for one in inventory(files, DPKG_LINKS, SUBJECT).components}
    assert found["harbour"].evidence == ("opt/copy",)


def test_an_assembly_that_nobody_vouches_for_is_no_nuget_package():
    found = by_purl({"app/Harbour.dll": sample("dotnet")}, SUBJECT)
    assert set(found) == {"pkg:generic/Harbour@4.3.2-rc.1"}
    assert found["pkg:generic/Harbour@4.3.2-rc.1"].facts["assembly-version"] == "4.3.2.1"


def test_a_broken_executable_costs_one_unknown():
    found = inventory(
        {"bin/bad": elf(b"\xff Go buildinf:\x09\x00" + bytes(32), section=b".go.buildinfo"), "bin/cut": b"\x7fELF" + bytes(70)}
    )
    assert [unknown.path for unknown in found.unknowns] == ["bin/bad", "bin/cut"]


def test_a_module_that_was_built_from_a_folder_has_no_version():
    text = b"path\ta.org/x\nmod\ta.org/x\tv1.0.0\t\ndep\ta.org/y\t(devel)\t\n"
    found = by_purl({"x": elf(blob(text), section=b".go.buildinfo")})
    assert "pkg:golang/a.org/y" in found


def test_a_replacement_that_begins_with_an_arrow_is_no_crash():
    (one,) = read_go_mod(b"module m\nreplace => => example.org/b v1.0.0\n").replaces
    assert (one.path, one.to_path, one.to_version) == ("=>", "example.org/b", "v1.0.0")
