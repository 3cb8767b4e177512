"""Dart, Swift, CocoaPods, Elixir, Erlang, Haskell, R, Conan, Julia, Lua and OCaml."""

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lock_trees import broken, fixture, inventory, told
from sbom_trees import SUBJECT, tree

from pratique.ecosystems.beam.terms import read_terms
from pratique.errors import Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.model import Presence

SHA = "ab" * 32

PUBSPEC = f"""packages:
  characters:
    dependency: transitive
    description:
      name: characters
      sha256: {SHA}
      url: "https://pub.example"
    source: hosted
    version: "1.2.0"
  flutter:
    dependency: "direct main"
    description: flutter
    source: sdk
    version: "0.0.0"
  mine:
    dependency: "direct dev"
    description:
      path: "."
      ref: main
      resolved-ref: abc
      url: "https://git.example/mine.git"
    source: git
    version: "1.10"
sdks:
  dart: ">=2.12.0 <3.0.0"
"""


def test_dart_packages_are_hosted_or_from_git_or_part_of_the_sdk():
    found = told({"pubspec.lock": PUBSPEC})
    private = "pkg:pub/characters@1.2.0?repository_url=https:%2F%2Fpub.example"
    sdk, mine = "local:pub/sdk:flutter#flutter@0.0.0", "pkg:pub/mine@1.10?vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fmine.git%40abc"
    assert set(found) == {private, sdk, mine}
    assert found[private].hashes == {"sha256": SHA}
    assert found[sdk].purl == "" and found[sdk].facts == {"source": "sdk", "location": "sdk:flutter"}
    assert found[mine].facts == {"scope": "dev", "resolved": "git+https://git.example/mine.git@abc"}


def test_a_dart_package_of_the_public_server_is_named_without_it():
    for server in ("https://pub.dev", "https://pub.dartlang.org", "https://pub.dev/"):
        assert "pkg:pub/characters@1.2.0" in told({"pubspec.lock": PUBSPEC.replace("https://pub.example", server)})


PINS_1 = {
    "object": {
        "pins": [
            {
                "package": "Alamofire",
                "repositoryURL": "https://github.com/Alamofire/Alamofire.git",
                "state": {"branch": None, "revision": "abc", "version": "5.4.3"},
            }
        ]
    },
    "version": 1,
}
PINS_2 = {
    "pins": [
        {
            "identity": "rxflow",
            "kind": "remoteSourceControl",
            "location": "git@github.com:RxSwiftCommunity/RxFlow.git",
            "state": {"branch": "main", "revision": "abc"},
        },
        {"identity": "local", "kind": "localSourceControl", "location": "/src/local", "state": {"version": "1.0.0"}},
    ],
    "version": 2,
}


def test_swift_packages_are_named_by_their_repository_in_every_version_of_the_file():
    found = told({"Package.resolved": json.dumps(PINS_1)})
    assert found["pkg:swift/github.com/Alamofire/Alamofire@5.4.3"].facts["revision"] == "abc"
    found = told({"App.xcodeproj/x/Package.resolved": json.dumps(PINS_2)})
    assert set(found) == {"pkg:swift/github.com/RxSwiftCommunity/RxFlow@abc", "local:swift//src/local#local@1.0.0"}
    assert found["pkg:swift/github.com/RxSwiftCommunity/RxFlow@abc"].facts["branch"] == "main"


PODS = """PODS:
  - GoogleUtilities/Logger (7.5.2):
    - GoogleUtilities/NSData+zlib (~> 7.5)
    - Mine
  - "GoogleUtilities/NSData+zlib (7.5.2)"
  - Mine (1.0)

DEPENDENCIES:
  - Mine (from `https://git.example/mine.git`, tag `1.0`)

EXTERNAL SOURCES:
  Mine:
    :git: https://git.example/mine.git
    :tag: '1.0'

CHECKOUT OPTIONS:
  Mine:
    :git: https://git.example/mine.git
    :commit: abc

SPEC CHECKSUMS:
  GoogleUtilities: e1d9ed4e544fc32a93e00e721400cbc3f377200d

COCOAPODS: 1.11.3
"""


def test_a_part_of_a_pod_is_the_subpath_of_its_purl():
    found = told({"Podfile.lock": PODS})
    part, logger, mine = (
        "pkg:cocoapods/GoogleUtilities@7.5.2#NSData%2Bzlib",
        "pkg:cocoapods/GoogleUtilities@7.5.2#Logger",
        "pkg:cocoapods/Mine@1.0?vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fmine.git%40abc",
    )
    assert set(found) == {part, logger, mine}
    assert found[logger].depends == (part, mine) and found[logger].name == "GoogleUtilities/Logger"
    assert found[logger].hash_covers == "podspec" and set(found[logger].hashes) == {"sha1"}
    assert found[mine].facts == {"resolved": "https://git.example/mine.git@abc"}


MINE = "pkg:hex/mine@abc?vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fmine.git%40abc"
MIX = f"""%{{
  # a comment
  "cowboy": {{:hex, :cowboy, "2.9.0", "{SHA}", [:make, :rebar3],
    [{{:cowlib, "2.11.0", [hex: :cowlib, repo: "hexpm", optional: false]}}], "hexpm", "{SHA[::-1]}"}},
  "cowlib": {{:hex, :cowlib, "2.11.0", "{SHA}", [:make, :rebar3], [], "hexpm"}},
  "foo": {{:hex, :foo, "2.3.0", "{SHA}", [:mix], [], "hexpm:acme", "{SHA}"}},
  "gone": {{:path, "x"}},
  mine: {{:git, "https://me:pw@git.example/mine.git", "abc", [branch: "main"]}},
}}
"""


def test_hex_packages_of_elixir_have_the_digest_of_their_archive():
    found = inventory({"mix.lock": MIX})
    by_purl = {one.purl: one for one in found.components}
    assert set(by_purl) == {"pkg:hex/cowboy@2.9.0", "pkg:hex/cowlib@2.11.0", "pkg:hex/acme/foo@2.3.0", MINE}
    assert by_purl["pkg:hex/cowboy@2.9.0"].depends == ("pkg:hex/cowlib@2.11.0",)
    assert by_purl["pkg:hex/cowboy@2.9.0"].hashes == {"sha256": SHA[::-1]}
    assert by_purl["pkg:hex/cowlib@2.11.0"].hashes == {}  # the older inner checksum is not of the archive
    assert by_purl[MINE].facts == {"resolved": "git+https://git.example/mine.git@abc"}
    assert [unknown.reason for unknown in found.unknowns] == ["an entry of an unknown kind: gone"]


REBAR = f"""{{"1.2.0",
[{{<<"cowlib">>,{{pkg,<<"cowlib">>,<<"2.7.3">>}},1}},
 {{<<"mine">>,
  {{git,"https://git.example/mine.git",
       {{ref,"abc"}}}},
  0}}]}}.
[
{{pkg_hash,[
 {{<<"cowlib">>, <<"{"0" * 64}">>}}]}},
{{pkg_hash_ext,[
 {{<<"cowlib">>, <<"{SHA.upper()}">>}}]}}
].
"""


def test_a_lock_file_of_rebar_is_read_in_its_old_and_its_new_form():
    found = told({"rebar.lock": REBAR})
    assert found["pkg:hex/cowlib@2.7.3"].hashes == {"sha256": SHA}
    assert found[MINE].facts["resolved"] == "git+https://git.example/mine.git@abc"
    assert set(told({"rebar.lock": '[{<<"a">>,{pkg,<<"a">>,<<"1.0">>},0}].\n'})) == {"pkg:hex/a@1.0"}
    assert told({"rebar.lock": "[].\n"}) == {}


@pytest.mark.parametrize("text", ["{", "}", "[}", "=> 1", '"', "{a, b", "<<1,2>>", "f(x)", "[" * 300, "a: ", "%{a =>}", "{a]}"])
def test_what_is_no_literal_is_refused(text):
    with pytest.raises(Malformed):
        read_terms(text)


def test_literals_are_read_as_they_are_nested():
    assert read_terms("{a, [1, 'q r', <<>>], %{\"k\" => {b}, x: :y}}. % end") == [
        ("a", ["1", "q r", ""], [("k", ("b",)), ("x", "y")])
    ]


@given(st.text(alphabet="{}[]()<>\"'\\,.:=%#ab1 \n", max_size=60))
def test_no_text_makes_the_reader_of_literals_fail_otherwise(text):
    with suppress(Malformed):
        assert isinstance(read_terms(text), list)


def test_literals_take_time_by_their_length_only():
    for text in (
        '"' * 300_000,
        "<<" * 150_000,
        "a." * 150_000,
        "1_" * 150_000,
        "#{" * 150_000,
        '{"\\' * 100_000,
        "[]," * 100_000,
    ):
        with suppress(Malformed):
            read_terms(text)


def test_haskell_packages_come_from_stack_and_from_cabal():
    lock = f"""packages:
- completed:
    hackage: AC-HalfInteger-1.2.1@sha256:{SHA},1671
  original:
    hackage: AC-HalfInteger-1.2.1
- completed:
    name: mine
    version: '0.1'
    git: https://git.example/mine
    commit: abc
snapshots: []
"""
    found = told({"stack.yaml.lock": lock})
    assert found["pkg:hackage/AC-HalfInteger@1.2.1"].hash_covers == "cabal file"
    assert found["pkg:hackage/mine@0.1?vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fmine%40abc"].facts == {
        "resolved": "git+https://git.example/mine@abc"
    }
    assert set(told({"stack.yaml": "resolver: lts-20.1\nextra-deps:\n- a-b-1.0\n- ./local\n- c-2@rev:3\n"})) == {
        "pkg:hackage/a-b@1.0",
        "pkg:hackage/c@2",
    }
    freeze = "active-repositories: x:merge\n"
    freeze += "constraints: any.Glob ==0.10.2, -- why\n             Glob -test,\n             zlib ==0.6\nindex-state: x\n"
    assert set(told({"cabal.project.freeze": freeze})) == {"pkg:hackage/Glob@0.10.2", "pkg:hackage/zlib@0.6"}


def test_installed_packages_of_r_own_their_folders_and_find_each_other():
    library = "usr/lib/R/site-library"
    other = "Package: Rcpp\nVersion: 1.0.10\nImports: methods, glue (>= 1)\nLicense: GPL (>= 2)\nBuilt: R 4.2\n"
    files = {
        f"{library}/glue/DESCRIPTION": fixture("r/glue-DESCRIPTION"),
        f"{library}/Rcpp/DESCRIPTION": other,
        f"{library}/Rcpp/R/Rcpp": "x",
        f"{library}/Rcpp/tests/p/DESCRIPTION": "Package: p\nVersion: 1\n",
        "src/DESCRIPTION": "just words\n",
    }
    found = catalogue_tree(SUBJECT, tree(files))
    rcpp, glue = found.components
    assert (rcpp.purl, glue.purl) == ("pkg:cran/Rcpp@1.0.10", "pkg:cran/glue@1.6.2")
    assert rcpp.depends == (glue.ref,) and rcpp.licences == ("GPL-2.0-or-later",) and glue.licences == ("MIT",)
    assert glue.supplier.startswith("Jennifer Bryan <") and glue.homepage.endswith("/tidyverse/glue")
    assert found.ownership[f"{library}/Rcpp/R/Rcpp"].owner == rcpp.ref


def test_a_lock_file_of_renv_is_read():
    packages = {
        "A3": {"Package": "A3", "Version": "1.0.0", "Source": "Repository", "Repository": "CRAN", "Requirements": ["g"]},
        "g": {"Version": "2", "RemoteUsername": "me", "RemoteRepo": "g", "RemoteHost": "git.example", "RemoteSha": "abc"},
    }
    git = "pkg:cran/g@2?vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fme%2Fg%40abc"
    found = told({"renv.lock": json.dumps({"R": {"Version": "4.2"}, "Packages": packages})})
    assert found["pkg:cran/A3@1.0.0"].depends == (git,)
    assert found[git].facts == {"resolved": "https://git.example/me/g@abc"}


CONAN_1 = {
    "graph_lock": {
        "nodes": {
            "0": {"path": "conanfile.txt", "requires": ["1"]},
            "1": {"ref": "openssl/3.0.3#93a82349c31917d2d674d22065c7a9ef9f380c8e", "prev": "0", "requires": ["2"]},
            "2": {"ref": "cctz/2.3@bincrafters/stable", "context": "host"},
        }
    },
    "version": "0.4",
}
CONAN_2 = {
    "version": "0.5",
    "requires": ["zlib/1.2.13#13c96f538b52e1600c40b88994de240f%1667396813.733"],
    "build_requires": ["m4/1.4"],
}


def test_conan_packages_of_both_versions_and_of_the_plain_file():
    found = told({"conan.lock": json.dumps(CONAN_1)})
    first = "pkg:conan/openssl@3.0.3?rrev=93a82349c31917d2d674d22065c7a9ef9f380c8e"
    assert found[first].depends == ("pkg:conan/bincrafters/cctz@2.3?channel=stable",)
    found = told({"conan.lock": json.dumps(CONAN_2)})
    assert found["pkg:conan/m4@1.4"].facts == {"scope": "build"}
    assert "pkg:conan/zlib@1.2.13?rrev=13c96f538b52e1600c40b88994de240f" in found
    plain = inventory({"conanfile.txt": "[requires]\npoco/1.9.4 # why\nfmt/[>9 <11]\n[generators]\ncmake/1\n"})
    assert [one.purl for one in plain.components] == ["pkg:conan/poco@1.9.4"]
    assert [unknown.reason for unknown in plain.unknowns] == ["1 requirement that names no one version"]


MANIFEST = """manifest_format = "2.0"
[[deps.Dates]]
deps = ["Printf"]
uuid = "ade2ca70-3891-5945-98fb-dc099432e06a"
version = "1.9.0"
[[deps.Printf]]
uuid = "de0858da-6303-5e67-8744-51eddeeeb8d7"
[[deps.Broken]]
version = "1"
"""


def test_a_manifest_of_julia_names_packages_by_their_uuid():
    found = inventory({"Manifest.toml": MANIFEST})
    dates, printf = found.components
    assert dates.purl == "pkg:julia/Dates@1.9.0?uuid=ade2ca70-3891-5945-98fb-dc099432e06a" and dates.depends == (printf.ref,)
    assert [unknown.reason for unknown in found.unknowns] == ["the package Broken has no UUID"]
    old = (
        MANIFEST.replace('manifest_format = "2.0"\n', "").replace("deps.", "").replace("[[Broken]]\nversion", "[[Broken]]\nuuid")
    )
    assert len(told({"Manifest.toml": old})) == 3


ROCKSPEC = """-- package = "no"
package = "LuaSocket"
version = "3.1.0-1"
description = { summary = "Network support", license = "MIT", homepage = 'https://lua.example' }
dependencies = { "lua >= 5.1", "luafilesystem >= 1.8" }
"""


def test_an_installed_rock_owns_its_folder_and_a_rockspec_elsewhere_is_declared():
    rocks = "usr/local/lib/luarocks/rocks-5.4"
    files = {
        f"{rocks}/luasocket/3.1.0-1/luasocket-3.1.0-1.rockspec": ROCKSPEC,
        f"{rocks}/luasocket/3.1.0-1/doc/x": "x",
        f"{rocks}/luafilesystem/1.8.0-1/luafilesystem-1.8.0-1.rockspec": 'package="luafilesystem"\nversion="1.8.0-1"',
    }
    found = catalogue_tree(SUBJECT, tree(files))
    socket = next(one for one in found.components if one.name == "LuaSocket")
    assert socket.purl.lower() == "pkg:luarocks/luasocket@3.1.0-1" and socket.licences == ("MIT",)
    assert socket.depends == ("pkg:luarocks/luafilesystem@1.8.0-1",)
    assert found.ownership[f"{rocks}/luasocket/3.1.0-1/doc/x"].owner == socket.ref
    (declared,) = told({"x-1-1.rockspec": ROCKSPEC}).values()
    assert declared.presence is Presence.DECLARED


OPAM = f"""opam-version: "2.0"
synopsis: "Key stuff"
license: "BSD-2-Clause"
depends: [
  "ocaml" {{>= "4.08"}}
  "dune"
]
url {{
  src: "https://x.example/conex.tbz"
  checksum: [ "sha256={SHA}" "md5={"0" * 32}" ]
}}
"""


def test_packages_of_an_opam_switch_are_installed():
    base = "home/me/.opam/default/.opam-switch/packages"
    files = {f"{base}/conex.0.11.1/opam": OPAM, f"{base}/dune.3.2/opam": 'opam-version: "2.0"\n', "src/opam": OPAM}
    found = told(files)
    conex = found["pkg:opam/conex@0.11.1"]
    assert set(found) == {conex.purl, "pkg:opam/dune@3.2"}
    assert conex.depends == ("pkg:opam/dune@3.2",) and conex.licences == ("BSD-2-Clause",)
    assert conex.hashes == {"sha256": SHA, "md5": "0" * 32} and conex.hash_covers == "package archive"


FILES = {
    "pubspec.lock": PUBSPEC.encode(),
    "Package.resolved": json.dumps([PINS_1, PINS_2]).encode(),
    "Podfile.lock": PODS.encode(),
    "mix.lock": MIX.encode(),
    "rebar.lock": REBAR.encode(),
    "stack.yaml.lock": b"packages:\n- completed:\n    hackage: a-1@sha256:0,1\n",
    "stack.yaml": b"extra-deps:\n- a-1\n- name: b\n",
    "cabal.project.freeze": b"constraints: any.a ==1,\n  b ==2\n",
    "lib/x/DESCRIPTION": fixture("r/glue-DESCRIPTION"),
    "renv.lock": b'{"Packages":{"a":{"Version":"1","Requirements":["b"]}}}',
    "conan.lock": json.dumps(CONAN_1).encode(),
    "conanfile.txt": b"[requires]\na/1@b/c#d:e#f\n",
    "Manifest.toml": MANIFEST.encode(),
    "x.rockspec": ROCKSPEC.encode(),
    ".opam-switch/packages/a.1/opam": OPAM.encode(),
}


@pytest.mark.parametrize("path", FILES)
def test_broken_files_never_raise(path):
    @given(data=broken(FILES[path]))
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def check(data):
        for one in inventory({path: data}).components:
            assert one.ref.startswith((f"pkg:{one.type}/", f"local:{one.type}/"))

    check()


@pytest.mark.parametrize(
    "path", ["pubspec.lock", "Package.resolved", "Podfile.lock", "mix.lock", "rebar.lock", "conan.lock", "renv.lock"]
)
def test_what_is_no_lock_file_costs_an_unknown(path):
    (unknown,) = inventory({path: "{\x00"}).unknowns
    assert unknown.path == path


@pytest.mark.parametrize(
    "path", ["x.rockspec", ".opam-switch/packages/a.1/opam", "conanfile.txt", "cabal.project.freeze", "lib/x/DESCRIPTION"]
)
def test_texts_take_time_by_their_length_only(path):
    for piece in (
        'package = "',
        "dependencies = {",
        'depends: [\n"',
        '"sha256=',
        "[requires]\n",
        "a/1@",
        "any.a ==",
        "==1,",
        "\n ",
        "License: GPL (",
    ):
        inventory({path: piece * (200_000 // len(piece))})
