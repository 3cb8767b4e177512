import base64
import hashlib
import json

import pytest
from lock_trees import FOLDER
from sbom_trees import DPKG, DPKG_LINKS, STATUS, SUBJECT, tree

from pratique.inventory.assemble import WANTS, catalogue_tree
from pratique.model import Ownership

SITE = "usr/lib/python3/site-packages"


def record(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def wheel(name: str, version: str, *headers: str) -> dict[str, str]:
    head = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *headers])
    return {f"{SITE}/{name}-{version}.dist-info/METADATA": f"{head}\n\nName: body\n"}


def components(files, links=None):
    return {item.name: item for item in catalogue_tree(SUBJECT, tree(files, links)).components}


def test_a_record_tells_matching_from_modified_from_missing():
    rows = [f"pkg/good.py,{record(b'good')},4", f"pkg/bad.py,{record(b'other')},5", f"pkg/gone.py,{record(b'x')},1"]
    rows += [
        "pkg/__pycache__/good.pyc,,",
        "../../../bin/tool," + record(b"tool") + ",4",
        f"pkg-1.dist-info/METADATA,{record(b'?')},1",
    ]
    files = wheel("pkg", "1") | {
        f"{SITE}/pkg-1.dist-info/RECORD": "\n".join(rows),
        f"{SITE}/pkg/good.py": "good",
        f"{SITE}/pkg/bad.py": "bad",
        "usr/bin/tool": "tool",
    }
    states = {path: owned.state for path, owned in catalogue_tree(SUBJECT, tree(files)).ownership.items()}
    assert states[f"{SITE}/pkg/good.py"] is Ownership.MATCHING
    assert states[f"{SITE}/pkg/bad.py"] is Ownership.MODIFIED
    assert states[f"{SITE}/pkg/gone.py"] is Ownership.MISSING
    assert states["usr/bin/tool"] is Ownership.MATCHING
    assert f"{SITE}/pkg/__pycache__/good.pyc" not in states


def test_a_record_that_claims_paths_outside_the_root_is_noted():
    files = wheel("pkg", "1") | {f"{SITE}/pkg-1.dist-info/RECORD": "../../../../../../etc/shadow,sha256=!!!,1\n"}
    inventory = catalogue_tree(SUBJECT, tree(files))
    assert any(unknown.path.endswith("RECORD") for unknown in inventory.unknowns)


def test_an_edited_metadata_file_is_modified_although_its_own_distribution_claims_it():
    metadata = wheel("pkg", "1")
    path = next(iter(metadata))
    files = metadata | {f"{SITE}/pkg-1.dist-info/RECORD": f"pkg-1.dist-info/METADATA,{record(b'as it was')},9"}
    assert catalogue_tree(SUBJECT, tree(files)).ownership[path].state is Ownership.MODIFIED


def test_names_are_normalised_and_requirements_of_extras_are_left_out():
    files = wheel("Zope.Interface", "5", "Requires-Dist: My_Dep (>=1)", 'Requires-Dist: Other; extra == "test"')
    files |= wheel("my-dep", "2") | wheel("other", "3")
    found = components(files)
    assert found["Zope.Interface"].purl == "pkg:pypi/zope-interface@5"
    assert found["Zope.Interface"].depends == ("pkg:pypi/my-dep@2",)


CLASSIFIER = "Classifier: License :: OSI Approved :: "


def test_a_dual_licence_keeps_both_sides():
    both = (f"{CLASSIFIER}BSD License", f"{CLASSIFIER}Apache Software License")
    agpl = f"{CLASSIFIER}GNU Affero General Public License v3"
    files = wheel("python-dateutil", "2.9", "License: Dual License", *both) | wheel("b", "1", "License: BSD", *both)
    files |= wheel("c", "1", "License: MIT", f"{CLASSIFIER}MIT License", agpl)
    files |= wheel("d", "1", "License: Foo License or AGPLv3", f"{CLASSIFIER}MIT License")
    found = components(files)
    assert found["python-dateutil"].licences == ("Apache-2.0 OR LicenseRef-BSD-License",)
    assert found["b"].licences == ("Apache-2.0", "LicenseRef-BSD-License")
    assert found["c"].licences == ("AGPL-3.0-only", "MIT")
    assert found["d"].licences == ("LicenseRef-Foo-License OR AGPL-3.0-only", "MIT")


def test_licences_come_from_the_expression_then_the_field_then_the_classifiers():
    long = "License: " + "Some long text that is not a name at all and goes on and on"
    files = wheel("a", "1", "License-Expression: mit or apache-2.0", "License: GPL") | wheel("b", "1", "License: BSD-3-Clause")
    files |= wheel("c", "1", long, "Classifier: License :: OSI Approved :: Apache Software License")
    found = components(files)
    assert found["a"].licences == ("MIT OR Apache-2.0",)
    assert found["b"].licences == ("BSD-3-Clause",)
    assert found["c"].licences == ("Apache-2.0",)


def test_egg_info_folders_and_files_are_distributions():
    files = {
        "opt/a.egg-info/PKG-INFO": "Name: a\nVersion: 1\n",
        "opt/a.egg-info/installed-files.txt": "../a.py\nPKG-INFO\n",
        "opt/a.egg-info/requires.txt": "b>=1\n\n[extra]\nc\n",
        "opt/a.py": "",
        "opt/b-1.egg-info": "Name: b\nVersion: 1\n",
        "opt/c-1.egg-info": "Name: c\nVersion: 1\n",
    }
    inventory = catalogue_tree(SUBJECT, tree(files))
    found = {item.name: item for item in inventory.components}
    assert set(found) == {"a", "b", "c"} and found["a"].depends == ("pkg:pypi/b@1",)
    assert inventory.ownership["opt/a.py"].owner == "pkg:pypi/a@1"


def test_what_a_distribution_package_lists_stays_its_own():
    path = f"{SITE}/pkg-1.dist-info/METADATA"
    files = DPKG | wheel("pkg", "1") | {"var/lib/dpkg/status": STATUS, "var/lib/dpkg/info/mawk.list": f"/{path}\n"}
    inventory = catalogue_tree(SUBJECT, tree(files, DPKG_LINKS))
    assert "pkg:pypi/pkg@1" in {item.ref for item in inventory.components}
    assert inventory.ownership[path].owner.startswith("pkg:deb/")


def test_one_package_at_two_places_is_listed_once_with_all_its_evidence():
    files = {f"{place}/x-1.dist-info/METADATA": "Name: x\nVersion: 1\n" for place in ("opt/a", "opt/b")}
    (component,) = catalogue_tree(SUBJECT, tree(files)).components
    assert component.evidence == ("opt/a/x-1.dist-info/METADATA", "opt/b/x-1.dist-info/METADATA")


def package(**fields):
    return json.dumps(fields)


def test_within_a_package_tests_and_templates_are_no_components():
    files = {
        "app/package.json": package(name="app", version="1"),
        "app/node_modules/a/package.json": package(name="a", version="1"),
        "app/node_modules/a/test/package.json": package(name="inner", version="1"),
        "app/node_modules/@s/b/package.json": package(name="@s/b", version="2"),
        "app/my_node_modules/c/package.json": package(name="c", version="1"),
    }
    found = components(files)
    assert {item.purl for item in found.values()} == {"pkg:npm/a@1", "pkg:npm/%40s/b@2", "pkg:npm/app@1", "pkg:npm/c@1"}
    assert not WANTS.keep("app/node_modules/a/test/package.json")


def test_node_finds_a_dependency_in_the_nearest_folder_upwards():
    files = {
        "app/node_modules/a/package.json": package(name="a", version="1", dependencies={"d": "*", "e": "*"}),
        "app/node_modules/a/node_modules/d/package.json": package(name="d", version="1"),
        "app/node_modules/d/package.json": package(name="d", version="2"),
        "app/node_modules/e/package.json": package(name="e", version="1", dependencies={"d": "*"}),
    }
    inventory = catalogue_tree(SUBJECT, tree(files))
    found = {item.ref: item for item in inventory.components}
    assert found["pkg:npm/a@1"].depends == ("pkg:npm/d@1", "pkg:npm/e@1")
    assert found["pkg:npm/e@1"].depends == ("pkg:npm/d@2",)


def test_files_belong_to_the_innermost_package():
    files = {
        "node_modules/a/package.json": package(name="a", version="1"),
        "node_modules/a/x.js": "",
        "node_modules/a/node_modules/@s/b/package.json": package(name="@s/b", version="1"),
        "node_modules/a/node_modules/@s/b/y.js": "",
        "node_modules/.package-lock.json": "{}",
    }
    owners = catalogue_tree(SUBJECT, tree(files)).ownership
    assert owners["node_modules/a/x.js"].owner == "pkg:npm/a@1"
    assert owners["node_modules/a/node_modules/@s/b/y.js"].owner == "pkg:npm/%40s/b@1"
    assert "node_modules/.package-lock.json" not in owners


def test_licences_and_authors_are_read_in_all_their_forms():
    files = {
        f"node_modules/{name}/package.json": package(name=name, version="1", **fields)
        for name, fields in {
            "a": {"license": "(MIT OR Apache-2.0)", "author": "A <a@example.org>"},
            "b": {"license": {"type": "ISC"}, "author": {"name": "B", "email": "b@example.org"}},
            "c": {"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]},
            "d": {"license": "UNLICENSED"},
        }.items()
    }
    found = components(files)
    assert [found[name].licences for name in "abcd"] == [
        ("MIT OR Apache-2.0",),
        ("ISC",),
        ("MIT OR GPL-2.0-only",),
        ("LicenseRef-UNLICENSED",),
    ]
    assert [found[name].supplier for name in "ab"] == ["A <a@example.org>", "B <b@example.org>"]


def test_a_broken_package_json_costs_an_unknown_not_the_run():
    bad = {
        "a": b"{",
        "b": b"[]",
        "c": b"[" * 100_000,
        "d": b"\xff",
        "e": b'{"name":"\\ud800","version":"1\\u202e"}',
        "f": b"9" * 5000,
    }
    inventory = catalogue_tree(SUBJECT, tree({f"node_modules/{name}/package.json": data for name, data in bad.items()}))
    assert {unknown.path[13] for unknown in inventory.unknowns} >= set("abcdf")
    assert [item.purl for item in inventory.components] == ["pkg:npm/e@1"]


def test_outside_node_modules_a_package_json_with_name_and_version_is_a_package():
    files = {
        "app/package.json": '{"name": "shop", "version": "2.0.0", "dependencies": {"a": "*"}}',
        "app/node_modules/a/package.json": '{"name": "a", "version": "1"}',
        "app/node_modules/a/test/package.json": '{"name": "not-a-package", "version": "1"}',
        "app/esm/package.json": '{"type": "module"}',
        "app/nameless/package.json": '{"version": "1"}',
        "usr/share/nodejs/b/package.json": '{"name": "b", "version": "3", "dependencies": {"c": "*"}}',
        "usr/share/nodejs/c/package.json": '{"name": "c", "version": "4"}',
    }
    inventory = catalogue_tree(SUBJECT, tree(files))
    found = {one.purl: one for one in inventory.components}
    assert sorted(found) == ["pkg:npm/a@1", "pkg:npm/b@3", "pkg:npm/c@4", "pkg:npm/shop@2.0.0"]
    assert found["pkg:npm/shop@2.0.0"].kind == "application"
    assert found["pkg:npm/shop@2.0.0"].depends == ("pkg:npm/a@1",)
    assert found["pkg:npm/b@3"].kind == "library"
    assert found["pkg:npm/b@3"].depends == ("pkg:npm/c@4",)
    assert inventory.unknowns == ()
    assert "app/package.json" not in inventory.ownership


@pytest.mark.parametrize("name", ["../../etc", "a/b", "@x/../y", "..", "@x/y/z"])
def test_a_name_that_npm_does_not_allow_is_none_of_its_registry(name):
    found = catalogue_tree(SUBJECT, tree({"app/node_modules/f/package.json": json.dumps({"name": name, "version": "1.0.0"})}))
    assert [(one.name, one.purl) for one in found.components] == [(name, "")]
    assert "is no name that npm allows" in found.unknowns[0].reason


def test_a_lock_file_with_a_name_that_npm_does_not_allow_tells_of_it_and_goes_on():
    packages = {"node_modules/a": {"name": "../b", "version": "1.0.0"}, "node_modules/c": {"version": "2.0.0"}}
    lock = json.dumps({"name": "r", "lockfileVersion": 3, "packages": packages})
    found = catalogue_tree(FOLDER, tree({"package-lock.json": lock}))
    assert "pkg:npm/c@2.0.0" in {one.purl for one in found.components}
    assert not any("../b" in one.name for one in found.components)
    assert any("is no name of a package" in one.reason for one in found.unknowns)
