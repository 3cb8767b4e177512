"""A purl of a public registry is given only to what comes from there: of every kind of lock file, every other kind of origin."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lock_trees import inventory, told
from sbom_trees import tree

from pratique.cataloging.origins import at_address, at_path, at_registry, at_repository, place_in

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GIT = f"git%2Bhttps:%2F%2Fgit.example%2Fu%2Fg.git%40{COMMIT}"
PRIVATE = "https:%2F%2Freg.example%2Fnpm"


def npm_lock(**packages: object) -> dict[str, bytes | str]:
    entries = {f"node_modules/{name}": entry for name, entry in packages.items()}
    return {
        "package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1.0.0"}, **entries}})
    }


def by_name(files: dict[str, bytes | str]) -> dict[str, str]:
    """Name → purl."""
    return {one.name: one.purl for one in told(files).values()}


@pytest.mark.parametrize(
    ("address", "vcs_url"),
    [
        (f"git+ssh://git@github.com/a/b.git#{COMMIT}", f"git+ssh://github.com/a/b.git@{COMMIT}"),
        (f"git@github.com:a/b.git#{COMMIT}", f"git+ssh://github.com/a/b.git@{COMMIT}"),
        (f"github:a/b#{COMMIT}", f"git+https://github.com/a/b.git@{COMMIT}"),
        (f"https://codeload.github.com/a/b/tar.gz/{COMMIT}", f"git+https://github.com/a/b.git@{COMMIT}"),
        (f"https://github.com/a/b/archive/{COMMIT}.tar.gz", f"git+https://github.com/a/b.git@{COMMIT}"),
        (f"https://api.github.com/repos/a/b/zipball/{COMMIT}", f"git+https://github.com/a/b.git@{COMMIT}"),
        (f"https://me:pw@git.example/b.git#commit={COMMIT}", f"git+https://git.example/b.git@{COMMIT}"),
        (f"git+https://git.example/b?rev=main#{COMMIT}", f"git+https://git.example/b@{COMMIT}"),
        ("git+https://git.example/b.git@v1.2#subdirectory=x", "git+https://git.example/b.git@v1.2#x"),
        ("hg+https://hg.example/b@12ab", "hg+https://hg.example/b@12ab"),
    ],
)
def test_a_repository_is_told_by_every_form_of_its_address(address, vcs_url):
    assert at_address(address).qualifiers == {"vcs_url": vcs_url}


@pytest.mark.parametrize(
    "address", ["file:../x", "link:./x", "portal:../x", "workspace:packages/x", "./x", "../x", "/x", "C:\\x", "file:x-1.0.tgz"]
)
def test_a_folder_or_an_archive_on_the_disk_is_local_in_every_form(address):
    origin = at_address(address)
    assert origin.local and not origin.qualifiers


def test_what_is_fetched_from_elsewhere_has_its_address_and_what_is_not_said_is_public():
    assert at_address("https://x.example/a.tgz#sha").qualifiers == {"download_url": "https://x.example/a.tgz"}
    assert at_address("").is_public and at_path("").is_public and at_repository("").is_public and at_registry("").is_public
    assert at_registry("https://reg.example/", "npmjs.org").qualifiers == {"repository_url": "https://reg.example"}
    assert at_registry("https://npmjs.org/", "npmjs.org").is_public
    assert at_registry("file:///mirror").local == "/mirror" and at_repository("file:///repo", "abc").local == "/repo"


@given(st.text(max_size=200))
def test_no_address_makes_a_crash_and_none_is_two_things_at_once(address):
    for origin in (at_address(address), at_repository(address), at_registry(address)):
        assert not (origin.local is not None and origin.qualifiers)


def test_where_a_folder_lies_is_told_from_the_root_of_the_artifact():
    assert place_in("a/b", "../c") == "a/c" and place_in("", ".") == "." and place_in("", "x/") == "x"
    assert place_in("", "../x") == "../x" and place_in("a", "/x") == "/x" and place_in("a", "sdk:flutter") == "sdk:flutter"


def test_each_kind_of_origin_of_npm_has_its_own_purl():
    files = npm_lock(
        ours={"version": "1.0.0", "resolved": "https://reg.example/npm/ours/-/ours-1.0.0.tgz"},
        public={"version": "1.0.0", "resolved": "https://registry.npmjs.org/public/-/public-1.0.0.tgz"},
        git={"version": "1.0.0", "resolved": f"git+https://git.example/u/g.git#{COMMIT}"},
        away={"version": "1.0.0", "resolved": "https://x.example/away.tgz"},
        here={"version": "1.0.0", "resolved": "file:vendor-here/here-1.0.0.tgz"},
        **{"@acme/hub": {"version": "1.0.0", "resolved": "https://npm.pkg.github.com/download/@acme/hub/1.0.0/abcdef"}},
    )
    assert by_name(files) == {
        "app": "pkg:npm/app@1.0.0",
        "ours": f"pkg:npm/ours@1.0.0?repository_url={PRIVATE}",
        "public": "pkg:npm/public@1.0.0",
        "git": f"pkg:npm/git@1.0.0?vcs_url={GIT}",
        "away": "pkg:npm/away@1.0.0?download_url=https:%2F%2Fx.example%2Faway.tgz",
        "here": "",
        "@acme/hub": "pkg:npm/%40acme/hub@1.0.0?repository_url=https:%2F%2Fnpm.pkg.github.com",
    }


def test_what_is_fetched_for_another_name_is_what_will_be_installed_and_is_told():
    for files in (
        npm_lock(lodash={"version": "4.17.21", "resolved": "https://registry.npmjs.org/evil/-/evil-6.6.6.tgz"}),
        {
            "yarn.lock": '# yarn lockfile v1\nlodash@^4:\n  version "4.17.21"\n  resolved "https://registry.yarnpkg.com/evil/-/evil-6.6.6.tgz"\n'
        },
        {
            "pnpm-lock.yaml": "lockfileVersion: '9.0'\npackages:\n  lodash@4.17.21:\n"
            "    resolution: {tarball: 'https://registry.npmjs.org/evil/-/evil-6.6.6.tgz'}\n"
        },
    ):
        found = inventory(files)
        assert "pkg:npm/evil@6.6.6" in {one.purl for one in found.components}
        assert not any("lodash" in one.purl for one in found.components)
        (unknown,) = found.unknowns
        assert "lodash 4.17.21" in unknown.reason and "evil 6.6.6" in unknown.reason


def test_another_version_than_the_locked_one_is_told_too():
    found = inventory(npm_lock(a={"version": "2.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz"}))
    assert "pkg:npm/a@1.0.0" in {one.purl for one in found.components} and len(found.unknowns) == 1


def test_an_alias_that_says_so_is_the_package_it_stands_for_and_no_doubt():
    entry = {"name": "real", "version": "1.0.0", "resolved": "https://registry.npmjs.org/real/-/real-1.0.0.tgz"}
    user = {"version": "1.0.0", "dependencies": {"nick": "npm:real@^1"}}
    assert told(npm_lock(nick=entry, user=user))["pkg:npm/real@1.0.0"].facts["alias"] == "nick"
    yarn = '# yarn lockfile v1\n"nick@npm:real@1":\n  version "1.0.0"\n  resolved "https://registry.yarnpkg.com/real/-/real-1.0.0.tgz"\n'
    assert told({"yarn.lock": yarn})["pkg:npm/real@1.0.0"].facts["alias"] == "nick"
    workspaces = {"": {"dependencies": {"nick": "npm:real@1"}}}
    bun = {"lockfileVersion": 1, "workspaces": workspaces, "packages": {"nick": ["real@1.0.0", "", {}, ""]}}
    assert told({"bun.lock": json.dumps(bun)})["pkg:npm/real@1.0.0"].facts["alias"] == "nick"


@pytest.mark.parametrize("path", ["package-lock.json", "bun.lock", "yarn.lock"])
def test_a_package_in_the_place_of_another_that_nobody_asks_to_be_it_is_told(path):
    def lock(asked: str) -> str:
        needs = {"dependencies": {"lodash": asked}}
        if path == "bun.lock":
            return json.dumps({"workspaces": {"": needs}, "packages": {"lodash": ["evil@6.6.6", "", {}, ""]}})
        if path == "yarn.lock":
            pattern = f"lodash@{asked if asked.startswith('npm:') else f'npm:{asked}'}"
            return f'__metadata:\n  version: 8\n"{pattern}":\n  version: 6.6.6\n  resolution: "evil@npm:6.6.6"\n'
        return json.dumps({"packages": {"": needs, "node_modules/lodash": {"name": "evil", "version": "6.6.6"}}})

    found = inventory({path: lock("^4.17.0")})
    assert "pkg:npm/evil@6.6.6" in {one.purl for one in found.components}
    (unknown,) = found.unknowns
    assert "lodash is locked as evil" in unknown.reason
    assert inventory({path: lock("npm:evil@^6")}).unknowns == ()


def test_a_package_of_git_may_call_itself_otherwise_than_who_asks_for_it():
    entry = {"name": "bar", "version": "1.0.0", "resolved": f"git+https://git.example/u/g.git#{COMMIT}"}
    packages = {"": {"dependencies": {"foo": "git+https://git.example/u/g.git"}}, "node_modules/foo": entry}
    (one,) = told({"package-lock.json": json.dumps({"packages": packages})}).values()
    assert one.purl == f"pkg:npm/bar@1.0.0?vcs_url={GIT}" and one.facts["alias"] == "foo"


def test_an_alias_that_the_projects_overrides_make_is_asked_for():
    packages = {"": {"dependencies": {"lodash": "^4"}}, "node_modules/lodash": {"name": "fork", "version": "1.0.0"}}
    files = {"package-lock.json": json.dumps({"packages": packages})}
    assert inventory(files | {"package.json": '{"overrides": {"lodash": "npm:fork@1.0.0"}}'}).unknowns == ()


BERRY = f"""__metadata:
  version: 8
"@w/a@workspace:*, @w/a@workspace:packages/a":
  version: 0.0.0-use.local
  resolution: "@w/a@workspace:packages/a"
  dependencies:
    ours: "npm:1"
"ours@npm:1":
  version: 1.0.0
  resolution: "ours@npm:1.0.0::__archiveUrl=https%3A%2F%2Freg.example%2Fnpm%2Fours%2F-%2Fours-1.0.0.tgz"
"git@https://git.example/u/g.git":
  version: 1.0.0
  resolution: "git@https://git.example/u/g.git#commit={COMMIT}"
"port@portal:../port::locator=root%40workspace%3A.":
  version: 0.0.0-use.local
  resolution: "port@portal:../port::locator=root%40workspace%3A."
"""


def test_each_kind_of_origin_of_yarn_has_its_own_purl():
    found = told({"yarn.lock": BERRY, "packages/a/package.json": '{"name": "@w/a", "version": "0.1.0"}'})
    assert {one.name: one.purl for one in found.values()} == {
        "@w/a": "",
        "ours": f"pkg:npm/ours@1.0.0?repository_url={PRIVATE}",
        "git": f"pkg:npm/git@1.0.0?vcs_url={GIT}",
        "port": "",
    }
    assert found["local:npm/packages/a#@w/a@0.1.0"].depends == (f"pkg:npm/ours@1.0.0?repository_url={PRIVATE}",)
    classic = f"""# yarn lockfile v1
"folder@file:../folder":
  version "1.0.0"
"git@git+https://git.example/u/g.git":
  version "1.0.0"
  resolved "git+https://git.example/u/g.git#{COMMIT}"
"""
    assert by_name({"yarn.lock": classic}) == {"folder": "", "git": f"pkg:npm/git@1.0.0?vcs_url={GIT}"}


PNPM = f"""lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      '@w/a': {{specifier: 'workspace:*', version: link:packages/a}}
  packages/a:
    dependencies:
      '@w/b': {{specifier: 'workspace:*', version: link:../b}}
      git: {{specifier: x, version: 'git+https://git.example/u/g.git#{COMMIT}'}}
  packages/b: {{}}
packages:
  git@git+https://git.example/u/g.git#{COMMIT}:
    resolution: {{type: git, repo: 'https://git.example/u/g.git', commit: {COMMIT}}}
    version: 1.0.0
  folder@file:../folder:
    resolution: {{type: directory, directory: ../folder}}
"""


def test_workspaces_of_pnpm_are_folders_and_need_each_other():
    members = {f"packages/{one}/package.json": json.dumps({"name": f"@w/{one}", "version": "0.1.0"}) for one in "ab"}
    found = told({"pnpm-lock.yaml": PNPM, "package.json": '{"name": "root", "version": "1.0.0"}', **members})
    a, b, git = "local:npm/packages/a#@w/a@0.1.0", "local:npm/packages/b#@w/b@0.1.0", f"pkg:npm/git@1.0.0?vcs_url={GIT}"
    assert found["pkg:npm/root@1.0.0"].depends == (a,)
    assert found[a].depends == (b, git) and found[a].purl == found[b].purl == ""
    assert found["local:npm/../folder#folder"].facts["location"] == "../folder"
    assert len(found) == 5  # each is told once, though its own manifest tells it, too


def test_a_lock_file_of_pnpm_of_several_documents_or_without_snapshots_is_read_whole():
    own = "---\nlockfileVersion: '9.0'\npackages:\n  pnpm@10.0.0:\n    resolution: {integrity: x}\n"
    first = "lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: x}\n"
    assert set(told({"pnpm-lock.yaml": first + own})) == {"pkg:npm/a@1.0.0", "pkg:npm/pnpm@10.0.0"}


def test_other_registries_of_old_pnpm_files_are_named():
    five = "lockfileVersion: 5.4\npackages:\n  reg.example/ours/1.0.0:\n    resolution: {integrity: x}\n"
    six = "lockfileVersion: '6.0'\npackages:\n  reg.example/ours@1.0.0:\n    resolution: {integrity: x}\n"
    for text in (five, six):
        assert by_name({"pnpm-lock.yaml": text}) == {"ours": "pkg:npm/ours@1.0.0?repository_url=https:%2F%2Freg.example"}


def test_each_kind_of_origin_of_bun_has_its_own_purl():
    packages = {
        "@w/a": ["@w/a@workspace:packages/a"],
        "git": [f"git@git+https://git.example/u/g.git#{COMMIT}", {}, "x"],
        "ours": ["ours@1.0.0", "https://reg.example/npm/", {}, ""],
        "folder": ["folder@file:../folder", {}],
    }
    workspaces = {
        "": {"name": "root", "dependencies": {"@w/a": "*"}},
        "packages/a": {"name": "@w/a", "dependencies": {"ours": "1"}},
    }
    found = told({"bun.lock": json.dumps({"lockfileVersion": 1, "workspaces": workspaces, "packages": packages})})
    assert {one.name: one.purl for one in found.values()} == {
        "@w/a": "",
        "git": f"pkg:npm/git?vcs_url={GIT}",
        "ours": f"pkg:npm/ours@1.0.0?repository_url={PRIVATE}",
        "folder": "",
    }
    assert found["local:npm/packages/a#@w/a"].depends == (f"pkg:npm/ours@1.0.0?repository_url={PRIVATE}",)


def test_each_kind_of_origin_of_python_has_its_own_purl():
    def uv(name: str, source: str) -> str:
        return f'[[package]]\nname = "{name}"\nversion = "1"\nsource = {{ {source} }}\n'

    git, folder = f"git = 'https://git.example/u/g.git?rev=main#{COMMIT}'", "editable = 'libs/member'"
    text = uv("git", git) + uv("member", folder) + uv("away", "url = 'https://x.example/a.whl'") + uv("root", "virtual = '.'")
    assert (
        by_name({"uv.lock": text})
        == by_name({"tool.py.lock": text})
        == {
            "git": f"pkg:pypi/git@1?vcs_url={GIT}",
            "member": "",
            "away": "pkg:pypi/away@1?download_url=https:%2F%2Fx.example%2Fa.whl",
            "root": "pkg:pypi/root@1",
        }
    )
    poetry = ""
    for kind, url in (
        ("git", "https://git.example/u/g.git"),
        ("directory", "../lib"),
        ("file", "x.whl"),
        ("legacy", "https://i.example"),
    ):
        poetry += f'[[package]]\nname = "{kind}"\nversion = "1"\n[package.source]\ntype = "{kind}"\nurl = "{url}"\n'
        poetry += f'resolved_reference = "{COMMIT}"\n' if kind == "git" else ""
    assert by_name({"poetry.lock": poetry}) == {
        "git": f"pkg:pypi/git@1?vcs_url={GIT}",
        "directory": "",
        "file": "",
        "legacy": "pkg:pypi/legacy@1?repository_url=https:%2F%2Fi.example",
    }
    pdm = f'[[package]]\nname = "git"\nversion = "1"\ngit = "https://git.example/u/g.git"\nrevision = "{COMMIT}"\n'
    pdm += '[[package]]\nname = "lib"\nversion = "1"\npath = "./lib"\n'
    assert by_name({"pdm.lock": pdm}) == {"git": f"pkg:pypi/git@1?vcs_url={GIT}", "lib": ""}
    pylock = '[[packages]]\nname = "lib"\ndirectory = { path = "lib" }\n[[packages]]\nname = "away"\nversion = "1"\n'
    pylock += 'archive = { url = "https://x.example/a.whl", hashes = {} }\n'
    found = by_name({"pylock.toml": pylock})
    assert found == {"lib": "", "away": "pkg:pypi/away@1?download_url=https:%2F%2Fx.example%2Fa.whl"}


def test_a_distribution_that_was_installed_from_a_folder_or_from_git_says_so():
    def direct(**fields: object) -> str:
        base = "opt/site-packages/x-1.dist-info"
        files = {f"{base}/METADATA": "Name: x\nVersion: 1\n", f"{base}/direct_url.json": json.dumps(fields)}
        return by_name(files)["x"]

    assert direct(url="file:///src/x", dir_info={}) == ""
    assert (
        direct(url="https://git.example/u/g.git", vcs_info={"vcs": "git", "commit_id": COMMIT}) == f"pkg:pypi/x@1?vcs_url={GIT}"
    )
    assert direct(url="file:///wheels/x-1-py3-none-any.whl", archive_info={}) == "pkg:pypi/x@1"  # it may be the index's own


CARGO = f"""version = 4
[[package]]
name = "app"
version = "0.1.0"
dependencies = ["util", "public", "git", "ours"]
[[package]]
name = "util"
version = "0.2.0"
[[package]]
name = "public"
version = "1.0.0"
source = "sparse+https://index.crates.io/"
[[package]]
name = "git"
version = "1.0.0"
source = "git+https://git.example/u/g.git?rev=x#{COMMIT}"
[[package]]
name = "ours"
version = "1.0.0"
source = "registry+https://reg.example/npm"
"""


def test_each_kind_of_origin_of_cargo_has_its_own_purl():
    files = {"Cargo.lock": CARGO, "crates/util/Cargo.toml": '[package]\nname = "util"\n'}
    found = told(files)
    assert {one.name: one.purl for one in found.values()} == {
        "app": "pkg:cargo/app@0.1.0",
        "util": "",
        "public": "pkg:cargo/public@1.0.0",
        "git": f"pkg:cargo/git@1.0.0?vcs_url={GIT}",
        "ours": f"pkg:cargo/ours@1.0.0?repository_url={PRIVATE}",
    }
    assert found["local:cargo/crates/util#util@0.2.0"].facts["location"] == "crates/util"


def test_no_member_of_a_workspace_of_cargo_is_taken_for_a_crate_of_the_registry():
    members = "".join(f'[[package]]\nname = "{name}"\nversion = "0.1.0"\n' for name in ("cli", "server"))
    assert by_name({"Cargo.lock": f"version = 4\n{members}"}) == {"cli": "", "server": ""}


def test_crates_that_a_manifest_takes_from_elsewhere_have_no_purl_of_the_registry():
    manifest = f'[dependencies]\ng = {{git = "https://git.example/u/g.git", rev = "{COMMIT}"}}\np = {{path = "../p"}}\n'
    assert by_name({"Cargo.toml": manifest}) == {"g": f"pkg:cargo/g?vcs_url={GIT}", "p": ""}


def test_each_kind_of_origin_of_composer_has_its_own_purl():
    source = {"type": "git", "url": "https://git.example/u/g.git", "reference": COMMIT}
    packages = [
        {"name": "a/public", "version": "1.0.0", "source": source, "notification-url": "https://packagist.org/downloads/"},
        {"name": "a/ours", "version": "1.0.0", "source": source, "notification-url": "https://reg.example/npm/downloads/"},
        {"name": "a/git", "version": "dev-main", "source": source},
        {"name": "a/away", "version": "1.0.0", "dist": {"type": "zip", "url": "https://x.example/a.zip"}},
        {"name": "a/here", "version": "1.0.0", "dist": {"type": "path", "url": "libs/here"}},
    ]
    assert by_name({"composer.lock": json.dumps({"packages": packages})}) == {
        "a/public": "pkg:composer/a/public@1.0.0",
        "a/ours": f"pkg:composer/a/ours@1.0.0?repository_url={PRIVATE}",
        "a/git": f"pkg:composer/a/git@dev-main?vcs_url={GIT}",
        "a/away": "pkg:composer/a/away@1.0.0?download_url=https:%2F%2Fx.example%2Fa.zip",
        "a/here": "",
    }


def test_gems_of_a_folder_or_of_git_are_no_gems_of_rubygems():
    text = f"GIT\n  remote: https://git.example/u/g.git\n  revision: {COMMIT}\n  specs:\n    git (1.0)\n\n"
    text += "PATH\n  remote: engines/shop\n  specs:\n    shop (0.1)\n"
    assert by_name({"Gemfile.lock": text}) == {"git": f"pkg:gem/git@1.0?vcs_url={GIT}", "shop": ""}


def test_packages_of_pub_from_a_folder_or_the_sdk_have_no_purl():
    text = 'packages:\n  lib:\n    source: path\n    description: {path: "../lib", relative: true}\n    version: "1.0.0"\n'
    text += '  flutter:\n    source: sdk\n    description: flutter\n    version: "0.0.0"\n'
    assert by_name({"pubspec.lock": text}) == {"lib": "", "flutter": ""}


def test_a_package_of_another_repository_of_hex_is_not_that_of_hex():
    digest = "ab" * 32
    text = f'%{{"a": {{:hex, :a, "1.0.0", "{digest}", [:mix], [], "ours", "{digest}"}}}}\n'
    assert by_name({"mix.lock": text}) == {"a": "pkg:hex/a@1.0.0?repository_url=ours"}


def test_pods_of_a_folder_and_of_other_specifications_are_no_pods_of_the_trunk():
    text = "PODS:\n  - Lib (1.0)\n  - Ours (1.0)\n  - Public (1.0)\nSPEC REPOS:\n  https://reg.example/npm:\n    - Ours\n"
    text += "  trunk:\n    - Public\nEXTERNAL SOURCES:\n  Lib:\n    :path: libs/Lib\n"
    assert by_name({"Podfile.lock": text}) == {
        "Lib": "",
        "Ours": f"pkg:cocoapods/Ours@1.0?repository_url={PRIVATE}",
        "Public": "pkg:cocoapods/Public@1.0",
    }


def test_packages_of_a_private_feed_of_nuget_name_it():
    assets = {
        "libraries": {"A/1.0.0": {"type": "package"}},
        "targets": {"net8.0": {"A/1.0.0": {"type": "package"}}},
        "project": {"restore": {"sources": {"https://reg.example/npm": {}}}},
    }
    assert by_name({"obj/project.assets.json": json.dumps(assets)}) == {"A": f"pkg:nuget/A@1.0.0?repository_url={PRIVATE}"}
    assets["project"] = {"restore": {"sources": {"https://reg.example/npm": {}, "https://api.nuget.org/v3/index.json": {}}}}
    assert by_name({"obj/project.assets.json": json.dumps(assets)}) == {"A": "pkg:nuget/A@1.0.0"}
    nuspec = "<package><metadata><id>A</id><version>1.0.0</version></metadata></package>"
    files = {"p/a/1.0.0/a.nuspec": nuspec, "p/a/1.0.0/.nupkg.metadata": '{"source": "https://reg.example/npm"}'}
    assert by_name(files) == {"A": f"pkg:nuget/A@1.0.0?repository_url={PRIVATE}"}


def test_projects_and_bare_assemblies_of_a_net_application_have_no_purl():
    libraries = {"App/1.0.0": {"type": "project"}, "Lib/1.0.0": {"type": "project"}, "Old/1.0.0": {"type": "reference"}}
    document = {"targets": {"net8.0": {key: {} for key in libraries}}, "libraries": libraries}
    assert by_name({"App.deps.json": json.dumps(document)}) == {"App": "pkg:nuget/App@1.0.0", "Lib": "", "Old": ""}


def test_a_module_of_go_that_a_folder_stands_for_has_no_purl():
    files = {
        "go.work": "go 1.22\nuse ./a\nuse ./b\nreplace example.org/z => ./z\n",
        "a/go.mod": "module example.org/a\ngo 1.22\nrequire example.org/b v0.0.0\nrequire example.org/x v1.0.0\n"
        "require example.org/z v1.0.0\nreplace example.org/x => ../x\n",
        "b/go.mod": "module example.org/b\ngo 1.22\n",
    }
    found = told(files)
    assert {one.name: (one.purl, one.facts.get("location", "")) for one in found.values()} == {
        "example.org/a": ("pkg:golang/example.org/a", ""),
        "example.org/b": ("", "b"),
        "example.org/x": ("", "x"),
        "example.org/z": ("", "z"),
    }


@pytest.mark.parametrize("version", ["^1.2", ">=1", "1.x", "*", "latest", "[1.0,2.0)", "~> 1.2", "~1.2", "1.0 || 2.0"])
def test_a_range_is_no_version_in_any_lock_file_or_manifest(version):
    quoted = json.dumps(version)
    files = {
        "a/package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {"node_modules/p": {"version": version}}}),
        "b/Cargo.lock": f'[[package]]\nname = "p"\nversion = {quoted}\nsource = "sparse+https://index.crates.io/"\n',
        "c/composer.lock": json.dumps({"packages": [{"name": "a/p", "version": version}]}),
        "d/poetry.lock": f'[[package]]\nname = "p"\nversion = {quoted}\n',
        "e/pubspec.lock": f"packages:\n  p:\n    source: hosted\n    description: {{name: p}}\n    version: {quoted}\n",
        "f/libs.versions.toml": f'[libraries]\np = {{ module = "g:p", version = {quoted} }}\n',
        "g/packages.config": f'<packages><package id="p" version="{version.replace(">", "&gt;")}"/></packages>',
        "h/node_modules/p/package.json": json.dumps({"name": "p", "version": version}),
        "i/Chart.yaml": f"name: c\nversion: 1.0.0\ndependencies: [{{name: p, version: {quoted}, repository: 'https://x.example'}}]\n",
        "j/go.mod": f"module example.org/m\ngo 1.22\nrequire example.org/p {quoted}\n",
        "k/Cargo.toml": f"[dependencies]\np = {quoted}\n",
    }
    found = [one for one in inventory(files).components if one.name.rpartition("/")[2].rpartition(":")[2] == "p"]
    assert len({one.type for one in found}) == 9
    for one in found:
        assert one.version == "" and "@" not in one.purl.replace("%40", "")
        assert version.strip() in " ".join(one.facts.values())


def test_a_project_in_its_own_folder_is_told_once_by_its_lock_file_and_its_manifest():
    packages = {
        "": {"name": "root", "version": "1.0.0", "dependencies": {"@w/a": "*"}},
        "packages/a": {"name": "@w/a", "version": "0.1.0"},
        "node_modules/@w/a": {"resolved": "packages/a", "link": True},
    }
    files = {
        "package-lock.json": json.dumps({"lockfileVersion": 3, "packages": packages}),
        "package.json": '{"name": "root", "version": "1.0.0", "license": "MIT"}',
        "packages/a/package.json": '{"name": "@w/a", "version": "0.1.0", "license": "MIT"}',
    }
    root, member = sorted(told(files).values(), key=lambda one: one.name != "root")
    assert (root.purl, root.depends) == ("pkg:npm/root@1.0.0", (member.ref,))
    assert (member.purl, member.licences, len(member.evidence)) == ("", ("MIT",), 2)


def test_a_registry_that_the_project_is_set_up_for_is_named_where_the_lock_file_names_none():
    npmrc = "@acme:registry=https://me:pw@npm.acme.example/\n//npm.acme.example/:_authToken=secret\n"
    entries = {f"node_modules/{name}": {"version": "1.0.0"} for name in ("@acme/a", "public")}
    files = {"package-lock.json": json.dumps({"lockfileVersion": 3, "packages": entries}), ".npmrc": npmrc}
    ours = "pkg:npm/%40acme/a@1.0.0?repository_url=https:%2F%2Fnpm.acme.example"
    assert set(told(files)) == {ours, "pkg:npm/public@1.0.0"}
    lock = (
        "lockfileVersion: '9.0'\npackages:\n  '@acme/a@1.0.0': {resolution: {integrity: x}}\nsnapshots:\n  '@acme/a@1.0.0': {}\n"
    )
    assert set(told({"pnpm-lock.yaml": lock, ".npmrc": npmrc})) == {ours}
    berry = '__metadata:\n  version: 8\n"@acme/a@npm:1":\n  version: 1.0.0\n  resolution: "@acme/a@npm:1.0.0"\n'
    yarnrc = "npmScopes:\n  acme:\n    npmRegistryServer: https://npm.acme.example\n    npmAuthToken: secret\n"
    assert set(told({"yarn.lock": berry, ".yarnrc.yml": yarnrc})) == {ours}
    bun = {"lockfileVersion": 1, "packages": {"@acme/a": ["@acme/a@1.0.0", "", {}, ""]}}
    bunfig = '[install.scopes]\nacme = { token = "secret", url = "https://npm.acme.example/" }\n'
    assert set(told({"bun.lock": json.dumps(bun), "bunfig.toml": bunfig})) == {ours}
    whole = inventory({"package-lock.json": json.dumps({"packages": entries}), ".npmrc": "registry = https://all.example/npm\n"})
    assert all("repository_url=https:%2F%2Fall.example%2Fnpm" in one.purl for one in whole.components)


def test_a_scope_with_a_registry_of_its_own_that_is_locked_from_the_public_one_is_told():
    npmrc = "@acme:registry=https://npm.acme.example/\n"
    public = "https://registry.npmjs.org/@acme%2fa/-/a-9.0.0.tgz"
    for files in (
        npm_lock(**{"@acme/a": {"version": "9.0.0", "resolved": public}}),
        {"yarn.lock": f'# yarn lockfile v1\n"@acme/a@^9":\n  version "9.0.0"\n  resolved "{public}"\n'},
    ):
        found = inventory(files | {".npmrc": npmrc})
        assert "pkg:npm/%40acme/a@9.0.0" in {one.purl for one in found.components}  # it is what will be installed
        (unknown,) = found.unknowns
        assert "registry.npmjs.org" in unknown.reason and "npm.acme.example" in unknown.reason


def test_packages_of_jsr_are_of_its_registry():
    resolved = "https://npm.jsr.io/~/11/@jsr/std__path/1.0.0.tgz"
    entry = {"name": "@jsr/std__path", "version": "1.0.0", "resolved": resolved}
    files = npm_lock(**{"@std/path": entry, "user": {"version": "1", "dependencies": {"@std/path": "npm:@jsr/std__path@1"}}})
    assert by_name(files)["@jsr/std__path"] == "pkg:npm/%40jsr/std__path@1.0.0?repository_url=https:%2F%2Fnpm.jsr.io"


def test_the_settings_of_a_registry_are_not_kept_as_they_hold_passwords():
    npmrc = "registry=https://me:pw@npm.acme.example/\n//npm.acme.example/:_authToken=secret\n"
    made = tree({".npmrc": npmrc, ".yarnrc.yml": "npmRegistryServer: https://a:b@x.example\nnpmAuthToken: secret\n"})
    assert not any(path in made.contents for path in (".npmrc", ".yarnrc.yml"))
    assert not any(word in str(made.facts) for word in ("secret", "pw@", "a:b"))


def test_the_project_and_its_workspaces_need_what_the_first_yarn_locked_for_them():
    manifests = {
        "package.json": {"name": "root", "version": "1.0.0", "workspaces": ["packages/*"], "dependencies": {"@w/a": "1.0.0"}},
        "packages/a/package.json": {"name": "@w/a", "version": "1.0.0", "dependencies": {"ms": "^2", "@w/b": "*"}},
        "packages/b/package.json": {"name": "@w/b", "version": "1.0.0"},
        "examples/c/package.json": {"name": "example", "version": "1.0.0", "dependencies": {"ms": "^2"}},
    }
    yarn = '# yarn lockfile v1\nms@^2:\n  version "2.1.3"\n  resolved "https://registry.yarnpkg.com/ms/-/ms-2.1.3.tgz"\n'
    found = told({"yarn.lock": yarn, **{path: json.dumps(one) for path, one in manifests.items()}})
    a, b = "local:npm/packages/a#@w/a@1.0.0", "local:npm/packages/b#@w/b@1.0.0"
    assert found["pkg:npm/root@1.0.0"].depends == (a,) and found[a].depends == (b, "pkg:npm/ms@2.1.3")
    assert found[b].depends == () and found[b].edges.value == "complete" and found[a].purl == ""
    assert found["pkg:npm/example@1.0.0"].depends == ()  # no workspace


def test_a_project_without_a_version_needs_what_bun_locked_for_it():
    lock = {"workspaces": {"": {"name": "root", "dependencies": {"ms": "^2"}}}, "packages": {"ms": ["ms@2.1.3", "", {}, ""]}}
    found = told({"bun.lock": json.dumps(lock), "package.json": '{"name": "root"}'})
    assert found["pkg:npm/root"].depends == ("pkg:npm/ms@2.1.3",) and found["pkg:npm/root"].edges.value == "complete"


NUGET_NAMES = ("Acme.Rope", "Public")
NUGET_LOCK = {
    "version": 1,
    "dependencies": {
        "net8.0": {
            "Acme.Rope": {"type": "Direct", "resolved": "1.0.0", "dependencies": {"Public": "2.0.0"}},
            "Public": {"type": "Transitive", "resolved": "2.0.0"},
        }
    },
}


@pytest.mark.parametrize(
    ("config", "private"),
    [
        (
            '<packageSources><clear /><add key="a" value="https://u:p@reg.example/npm" /></packageSources>',
            {"Acme.Rope", "Public"},
        ),
        ('<packageSources><add key="a" value="https://reg.example/npm" /></packageSources>', set()),
        (
            '<packageSources><clear /><add key="a" value="https://reg.example/npm" />'
            '<add key="nuget.org" value="https://api.nuget.org/v3/index.json" /></packageSources><packageSourceMapping>'
            '<packageSource key="a"><package pattern="Acme.*" /></packageSource>'
            '<packageSource key="nuget.org"><package pattern="*" /></packageSource></packageSourceMapping>',
            {"Acme.Rope"},
        ),
    ],
)
def test_the_feeds_of_a_net_project_are_named_where_it_is_sure_which(config, private):
    files = {"nuget.config": f"<configuration>{config}</configuration>", "src/app/packages.lock.json": json.dumps(NUGET_LOCK)}
    found = told(files)
    purls = {one.name: one.purl for one in found.values()}
    assert {name for name, purl in purls.items() if purl.endswith(f"?repository_url={PRIVATE}")} == private
    assert found[purls["Acme.Rope"]].depends == (purls["Public"],)
    assert "nuget.config" not in tree(files).contents and "u:p@" not in str(tree(files).facts)
