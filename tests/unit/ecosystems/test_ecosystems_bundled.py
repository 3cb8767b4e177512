"""What is bundled, vendored or unpacked inside something else is found, and what only looks like it is not."""

import json
from dataclasses import replace

import pytest
from lock_trees import FOLDER
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree
from pratique.model import Ownership, Presence


def inventory(files):
    return catalogue_tree(SUBJECT, tree(files))


def components(files):
    return {one.purl: one for one in inventory(files).components}


NEXT = "app/node_modules/next"
REAL = {  # as the packages on npm have them, without descriptions
    f"{NEXT}/package.json": {"name": "next", "version": "15.5.29", "license": "MIT"},
    f"{NEXT}/dist/compiled/glob/package.json": {"name": "glob", "main": "glob.js", "author": "i", "license": "ISC"},
    f"{NEXT}/dist/compiled/schema-utils2/package.json": {"name": "schema-utils", "main": "index.js", "license": "MIT"},
    f"{NEXT}/dist/compiled/schema-utils3/package.json": {"name": "schema-utils", "main": "index.js", "license": "MIT"},
    f"{NEXT}/dist/compiled/babel/package.json": {"name": "@babel/core", "main": "bundle.js", "license": "MIT"},
    f"{NEXT}/dist/compiled/@babel/runtime/package.json": {"name": "@babel/runtime", "version": "7.27.0", "type": "commonjs"},
    f"{NEXT}/dist/compiled/@babel/runtime/helpers/esm/package.json": {"type": "module"},
    "app/node_modules/rxjs/package.json": {"name": "rxjs", "version": "7.8.2", "main": "./dist/cjs/index.js"},
    "app/node_modules/rxjs/ajax/package.json": {"name": "rxjs/ajax", "main": "../dist/cjs/ajax/index.js", "sideEffects": False},
    "app/node_modules/date-fns/package.json": {"name": "date-fns", "version": "2.30.0"},
    "app/node_modules/date-fns/fp/package.json": {"sideEffects": False, "module": "../esm/fp/index.js"},
    "app/node_modules/preact/package.json": {"name": "preact", "version": "10.29.8"},
    "app/node_modules/preact/compat/package.json": {
        **{"name": "preact-compat", "version": "4.0.0", "private": True, "main": "dist/compat.js", "license": "MIT"},
        "peerDependencies": {"preact": "^10.0.0"},
    },
    "app/node_modules/@reduxjs/toolkit/package.json": {"name": "@reduxjs/toolkit", "version": "1.9.7"},
    "app/node_modules/@reduxjs/toolkit/query/package.json": {
        **{"name": "@reduxjs/toolkit/query", "version": "1.0.0", "author": "Mark Erikson", "license": "MIT"},
        "main": "../dist/query/index.js",
    },
    "app/node_modules/@rtk/toolkit/package.json": {"name": "@rtk/toolkit", "version": "1.5.0"},
    "app/node_modules/@rtk/toolkit/query/package.json": {
        **{"name": "@rtk/query", "version": "0.3.0", "module": "../dist/query/index.js"}
    },
}


def npm(files):
    return components({path: json.dumps(document) for path, document in files.items()})


def test_what_is_compiled_into_a_node_package_is_bundled_in_it_with_or_without_a_version():
    found = npm(REAL)
    inside = {purl for purl, one in found.items() if one.presence is Presence.EMBEDDED}
    assert inside == {"pkg:npm/glob", "pkg:npm/schema-utils", "pkg:npm/%40babel/core", "pkg:npm/%40babel/runtime@7.27.0"}
    assert all(found[purl].facts["bundled-in"] == "pkg:npm/next@15.5.29" for purl in inside)
    assert set(found["pkg:npm/next@15.5.29"].depends) == inside
    assert len(found["pkg:npm/schema-utils"].evidence) == 2 and found["pkg:npm/glob"].licences == ("ISC",)


def test_entry_points_of_a_node_package_are_no_packages():
    names = {one.name for one in npm(REAL).values()} - {"glob", "schema-utils", "@babel/core", "@babel/runtime"}
    assert names == {"next", "rxjs", "date-fns", "preact", "@reduxjs/toolkit", "@rtk/toolkit"}


@pytest.mark.parametrize(
    "document",
    [
        {"name": "x", "type": "module"},
        {"name": "x", "version": "2.0.0", "type": "commonjs"},
        {"name": "x", "version": "0.0.0-development"},
        {"name": "x-esm", "type": "module", "sideEffects": False},
        {"name": ".prisma/client", "version": "1.0.0"},
        {"name": "@x/y/z", "version": "1.0.0"},
        {"name": 7, "version": "1.0.0"},
        {"name": "", "version": "1.0.0"},
        {"name": "y", "version": "1.0.0", "types": "../types/y.d.ts"},
        {"version": "1.0.0", "main": "y.js"},
        {"type": "module"},
        {},
    ],
)
def test_a_mark_a_copy_or_an_impossible_name_inside_a_node_package_is_no_package(document):
    files = {"node_modules/x/package.json": {"name": "x", "version": "2.0.0"}, "node_modules/x/dist/package.json": document}
    assert set(npm(files)) == {"pkg:npm/x@2.0.0"}


def test_a_vendored_node_package_may_be_an_older_one_of_itself_and_hold_another():
    files = {
        "node_modules/x/package.json": {"name": "x", "version": "2.0.0"},
        "node_modules/x/vendor/x/package.json": {"name": "x", "version": "1.0.0"},
        "node_modules/x/vendor/x/lib/y/package.json": {"name": "y", "version": "3.0.0"},
        "node_modules/z/package.json": {"name": "z", "version": "1.0.0"},
        "node_modules/z/third/y/package.json": {"name": "y", "version": "3.0.0"},
    }
    found = npm(files)
    assert found["pkg:npm/x@1.0.0"].depends == ("pkg:npm/y@3.0.0",)
    assert found["pkg:npm/y@3.0.0"].facts["bundled-in"] == "pkg:npm/z@1.0.0, pkg:npm/x@1.0.0"


def test_a_package_that_is_installed_and_bundled_is_installed():
    files = {
        "node_modules/x/package.json": {"name": "x", "version": "2.0.0"},
        "node_modules/x/vendor/y/package.json": {"name": "y", "version": "3.0.0"},
        "node_modules/y/package.json": {"name": "y", "version": "3.0.0"},
    }
    one = npm(files)["pkg:npm/y@3.0.0"]
    assert one.presence is Presence.INSTALLED and len(one.evidence) == 2


def test_entry_points_in_a_folder_of_the_distribution_are_no_packages_either():
    base = "usr/share/nodejs"
    files = {
        f"{base}/preact/package.json": {"name": "preact", "version": "10"},
        f"{base}/preact/hooks/package.json": {"name": "preact-hooks", "version": "1.0.0", "private": True},
        f"{base}/@s/a/package.json": {"name": "@s/a", "version": "1.0.0"},
        f"{base}/@s/b/package.json": {"name": "@s/b", "version": "1.0.0"},
        f"{base}/@s/b/third/c/package.json": {"name": "c", "version": "1.0.0"},
    }
    found = npm(files)
    assert set(found) == {"pkg:npm/preact@10", "pkg:npm/%40s/a@1.0.0", "pkg:npm/%40s/b@1.0.0", "pkg:npm/c@1.0.0"}
    assert found["pkg:npm/c@1.0.0"].facts["bundled-in"] == "pkg:npm/%40s/b@1.0.0"


def test_a_broken_description_inside_a_node_package_is_one_unknown():
    files = {"node_modules/x/package.json": '{"name": "x", "version": "1"}', "node_modules/x/dist/y/package.json": "{"}
    found = inventory(files)
    assert [one.path for one in found.unknowns] == ["node_modules/x/dist/y/package.json"] and len(found.components) == 1


SITE = "usr/lib/python3/site-packages"


def wheel(folder, name, version, *record):
    base = f"{folder}/{name.replace('-', '_')}-{version}.dist-info"
    files = {f"{base}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
    return files | ({f"{base}/RECORD": "".join(f"{path},,\n" for path in record)} if record else {})


VENDOR_TXT = """CacheControl==0.13.1  # Make sure to update the license in pyproject.toml for this.
requests==2.31.0
    certifi==2023.7.22
    urllib3[socks]==1.26.17
setuptools==68.0.0 ; python_version >= "3.7" \\
    --hash=sha256:baac22a4d2d1a0c9
loose>=1.0
any==1.*
# comment==1
"""


def test_copies_that_pip_lists_are_bundled_in_pip():
    files = wheel(SITE, "pip", "24.0") | {
        f"{SITE}/pip/_vendor/vendor.txt": VENDOR_TXT,
        f"{SITE}/pip/_vendor/requests/__init__.py": "",
    }
    found = components(files)
    inside = {purl for purl, one in found.items() if one.presence is Presence.EMBEDDED}
    assert inside == {
        *("pkg:pypi/cachecontrol@0.13.1", "pkg:pypi/requests@2.31.0", "pkg:pypi/certifi@2023.7.22", "pkg:pypi/any"),
        *("pkg:pypi/urllib3@1.26.17", "pkg:pypi/setuptools@68.0.0", "pkg:pypi/loose"),
    }
    assert set(found["pkg:pypi/pip@24.0"].depends) == inside
    assert found["pkg:pypi/requests@2.31.0"].facts["bundled-in"] == "pkg:pypi/pip@24.0"


def test_a_list_of_copies_that_a_distribution_took_out_tells_of_nothing():
    files = wheel(SITE, "pip", "24.0") | {
        f"{SITE}/pip/_vendor/vendor.txt": VENDOR_TXT,
        f"{SITE}/pip/_vendor/__init__.py": "",
        f"{SITE}/pip/_vendor/__pycache__/__init__.cpython-311.pyc": "",
    }
    assert set(components(files)) == {"pkg:pypi/pip@24.0"}


def test_distributions_inside_the_package_of_another_are_bundled_in_the_innermost():
    inner = f"{SITE}/setuptools/_vendor"
    files = wheel(SITE, "setuptools", "80.9.0", "pkg_resources/_vendor/packaging/__init__.py")
    files |= wheel(inner, "wheel", "0.45.1") | wheel(inner, "zipp", "3.19.2")
    files |= {f"{inner}/wheel/vendored/vendor.txt": "packaging==24.0", f"{inner}/wheel/vendored/packaging/tags.py": ""}
    files |= {f"{SITE}/pkg_resources/_vendor/vendored.txt": "packaging==23.1\n"}
    files |= {f"{SITE}/pkg_resources/_vendor/packaging/__init__.py": ""}
    found = components(files)
    holders = {purl: one.facts.get("bundled-in") for purl, one in found.items()}
    assert holders == {
        "pkg:pypi/setuptools@80.9.0": None,
        "pkg:pypi/wheel@0.45.1": "pkg:pypi/setuptools@80.9.0",
        "pkg:pypi/zipp@3.19.2": "pkg:pypi/setuptools@80.9.0",
        "pkg:pypi/packaging@24.0": "pkg:pypi/wheel@0.45.1",
        "pkg:pypi/packaging@23.1": "pkg:pypi/setuptools@80.9.0",
    }
    assert found["pkg:pypi/wheel@0.45.1"].depends == ("pkg:pypi/packaging@24.0",)


MODULES_TXT = """# github.com/pkg/errors v0.9.1
## explicit
github.com/pkg/errors
# golang.org/x/text v0.3.0 => golang.org/x/text v0.14.0
## explicit; go 1.18
golang.org/x/text/transform
golang.org/x/text/width
# gopkg.in/yaml.v3 v3.0.1 => ./yaml
## explicit
gopkg.in/yaml.v3
# no module
# golang.org/x/only-listed v1.0.0
## explicit
# golang.org/x/text => golang.org/x/text v0.14.0
"""


def test_go_modules_that_were_vendored_are_there_as_what_replaced_them():
    files = {"src/vendor/modules.txt": MODULES_TXT, "src/vendor/github.com/pkg/errors/errors.go": "package errors"}
    found = inventory(files)
    purls = {one.purl: one for one in found.components}
    assert set(purls) == {
        "pkg:golang/github.com/pkg/errors@v0.9.1",
        "pkg:golang/golang.org/x/text@v0.14.0",
        "",
    }
    assert purls[""].name == "gopkg.in/yaml.v3" and purls[""].facts["location"] == "src/yaml"
    assert purls["pkg:golang/golang.org/x/text@v0.14.0"].facts == {"replaces": "golang.org/x/text@v0.3.0"}
    assert {one.presence for one in found.components} == {Presence.INSTALLED}
    assert found.ownership["src/vendor/github.com/pkg/errors/errors.go"].owner == "pkg:golang/github.com/pkg/errors@v0.9.1"


ITOA = '[package]\nname = "itoa"\nversion = "1.0.15"\nlicense = "MIT OR Apache-2.0"\n[dependencies]\nryu = "1"\n'
SHA256 = "3bd1574e617a9a6c1f8f8181bd7e841e1f20e4277607ef28945765188d6284d4"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_vendored_crates_are_there_and_their_files_are_held_against_the_digests():
    files = {
        "app/vendor/itoa/Cargo.toml": ITOA,
        "app/vendor/itoa/src/lib.rs": "",
        "app/vendor/itoa/src/changed.rs": "x",
        "app/vendor/itoa/.cargo-checksum.json": json.dumps(
            {"files": {"src/lib.rs": EMPTY, "src/changed.rs": EMPTY, "../../escape": EMPTY}, "package": SHA256}
        ),
        "app/vendor/ryu/Cargo.toml": '[package]\nname = "ryu"\nversion = "1.0.20"\n',
        "app/vendor/ryu/.cargo-checksum.json": '{"files": {}, "package": null}',
        "app/vendor/odd/Cargo.toml": "= [",
        "app/vendor/odd/.cargo-checksum.json": '{"files": {}, "package": null}',
    }
    found = inventory(files)
    itoa, ryu = sorted(found.components, key=lambda one: one.name)
    assert (itoa.purl, itoa.presence, itoa.hashes) == ("pkg:cargo/itoa@1.0.15", Presence.INSTALLED, {"sha256": SHA256})
    assert itoa.depends == (ryu.ref,) and (ryu.purl, ryu.facts["location"]) == ("", "app/vendor/ryu")
    assert found.ownership["app/vendor/itoa/src/lib.rs"].state is Ownership.MATCHING
    assert found.ownership["app/vendor/itoa/src/changed.rs"].state is Ownership.MODIFIED
    assert "escape" not in found.ownership
    assert [one.path for one in found.unknowns if "odd" in one.path] == ["app/vendor/odd/.cargo-checksum.json"]


def test_vendored_gems_are_there_with_what_their_gemspec_says_in_words():
    constant = 'Gem::Specification.new do |s|\n  s.name = "liquid"\n  s.version = Liquid::VERSION\n  s.licenses = ["MIT"]\nend\n'
    files = {
        "app/vendor/gems/liquid-4.0.3/liquid.gemspec": constant,
        "app/vendor/gems/plain/plain.gemspec": "Gem::Specification.new do |s|\n  s.name = 'plain'\n  s.version = '0.1.2'\nend\n",
        "app/vendor/gems/computed/computed.gemspec": 'Gem::Specification.new do |s|\n  s.version = File.read("VERSION")\nend\n',
        "app/vendor/bundle/ruby/3.2.0/specifications/rack-2.2.8.gemspec": "# stub: rack 2.2.8 ruby lib\n",
        "app/vendor/bundle/ruby/3.2.0/gems/rack-2.2.8/rack.gemspec": 'Gem::Specification.new do |s|\n  s.name = "rack"\nend\n',
        "app/vendor/bundle/ruby/3.2.0/bundler/gems/fork-0123abc/fork.gemspec": "x = 1\ns.name = 'fork'\ns.version = '1.0'\n",
    }
    found = components(files)
    assert set(found) == {
        *("pkg:gem/liquid@4.0.3", "pkg:gem/plain@0.1.2", "pkg:gem/computed", "pkg:gem/rack@2.2.8", ""),
    }
    assert (found[""].name, found[""].version) == ("fork", "1.0")
    assert found["pkg:gem/liquid@4.0.3"].licences == ("MIT",)


PROPERTIES = "#Created by Apache Maven 3.9.6\ngroupId={}\nartifactId={}\nversion={}\n"


def maven(root, group, artifact, version):
    return {f"{root}META-INF/maven/{group}/{artifact}/pom.properties": PROPERTIES.format(group, artifact, version)}


def test_an_application_that_was_unpacked_into_an_image_is_found_by_what_maven_left():
    files = maven("app/classes/", "com.example", "shop", "1.4.0") | {"app/classes/com/example/Main.class": b"\xca\xfe"}
    files |= maven("srv/web/", "org.a", "web", "2.0") | maven("srv/web/", "org.b", "merged", "3.0")
    files |= {"srv/web/META-INF/MANIFEST.MF": "Manifest-Version: 1.0\nImplementation-Title: web\nImplementation-Version: 2.0\n"}
    found = components(files)
    assert found["pkg:maven/com.example/shop@1.4.0"].presence is Presence.INSTALLED
    assert found["pkg:maven/org.a/web@2.0"].depends == ("pkg:maven/org.b/merged@3.0",)
    assert found["pkg:maven/org.b/merged@3.0"].presence is Presence.EMBEDDED
    assert len(found) == 3


SPRING = """Manifest-Version: 1.0
Main-Class: org.springframework.boot.loader.launch.JarLauncher
Start-Class: com.example.demo.DemoApplication
Implementation-Title: demo
Implementation-Version: 0.0.1-SNAPSHOT
"""


def test_a_manifest_names_an_unpacked_application_only_above_classes_and_with_title_and_version():
    files = {
        "workspace/META-INF/MANIFEST.MF": SPRING,
        "workspace/BOOT-INF/classes/com/example/demo/DemoApplication.class": b"\xca\xfe",
        "src/main/resources/META-INF/MANIFEST.MF": SPRING,
        "opt/x/META-INF/MANIFEST.MF": "Manifest-Version: 1.0\nCreated-By: 17\n",
        "opt/x/a/B.class": b"\xca\xfe",
        "opt/y/META-INF/MANIFEST.MF": b"\xff\x00broken",
    }
    bundle = "Manifest-Version: 1.0\nImplementation-Title: A Shop\nBundle-SymbolicName: org.example.shop\nBundle-Version: 2.1.0\n"
    (shop,) = inventory({"app/classes/META-INF/MANIFEST.MF": bundle}).components
    assert (shop.version, "shop" in shop.name) == ("2.1.0", True)
    (one,) = inventory(files).components
    assert (one.name.rpartition(":")[2], one.version, one.kind) == ("demo", "0.0.1-SNAPSHOT", "application")
    assert one.facts["java:main-class"] == "com.example.demo.DemoApplication"


def test_what_a_vendored_or_installed_package_asks_for_is_its_own_affair():
    lock = 'version = 3\n[[package]]\nname = "serde"\nversion = "1.0.0"\n'
    workflow = "jobs: {a: {steps: [{uses: actions/checkout@v4}]}}"
    files = {
        "vendor/itoa/Cargo.toml": ITOA,
        "vendor/itoa/Cargo.lock": lock,
        "vendor/itoa/.cargo-checksum.json": json.dumps({"files": {}, "package": SHA256}),
        "vendor/itoa/.github/workflows/ci.yml": workflow,
        "third/itoa/Cargo.toml": ITOA.replace("itoa", "other"),
        "third/itoa/Cargo.lock": lock,
        "third/itoa/.cargo-checksum.json": json.dumps({"files": {}, "package": SHA256}),
        "node_modules/a/package.json": '{"name": "a", "version": "1"}',
        "node_modules/a/Dockerfile": "FROM alpine:3.19\n",
        "node_modules/a/go.mod": "module a\nrequire b.example/c v1.0.0\n",
        "node_modules/a/.github/workflows/ci.yml": workflow,
        "site-packages/a/main.tf": 'module "x" {\n  source = "a/b/c"\n  version = "1.0.0"\n}\n',
    }
    folder = replace(tree(files), layers=())
    found = catalogue_tree(FOLDER, folder).components
    assert {one.purl for one in found} == {"pkg:cargo/itoa@1.0.15", "pkg:cargo/other@1.0.15", "pkg:npm/a@1"}
