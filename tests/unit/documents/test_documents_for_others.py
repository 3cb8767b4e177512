"""Other programs learn of an image from our document what they would from the image: trivy, Dependency-Track, syft, grype."""

import json
from dataclasses import replace

import pytest
from sbom_documents import rendered
from sbom_trees import SUBJECT, debian

from pratique.documents.check import check_sbom
from pratique.documents.claims import claims_of
from pratique.documents.from_inventory import document_of
from pratique.documents.read import read_document
from pratique.inventory.assemble import catalogue_tree
from pratique.model import Component, ComponentKind, Digest, build_manifest

LAYER = Digest.of(b"layer")
SYSTEM = Component(
    ref="pkg:generic/rhel@9.4",
    purl="pkg:generic/rhel@9.4",
    type="generic",
    name="rhel",
    version="9.4",
    kind=ComponentKind.OPERATING_SYSTEM,
)


def component(purl, type_, **members):
    name = purl.partition("@")[0].rpartition("/")[2]
    return Component(ref=purl, purl=purl, type=type_, name=name, version="1", **members)


def document(*components):
    inventory = catalogue_tree(SUBJECT, debian())
    inventory = replace(inventory, components=components or inventory.components)
    return inventory, document_of(inventory, timestamp=1, manifest_root=build_manifest(inventory).root)


def properties(part):
    return {one.name: one.value for one in part.properties}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (("deb", "pkg:deb/debian/openssl@3.0.15-1~deb12u1?arch=source"), ("openssl", "", "3.0.15", "1~deb12u1")),
        (("deb", "pkg:deb/debian/util-linux@1:2.38.1-5?arch=source"), ("util-linux", "1", "2.38.1", "5")),
        (("deb", "pkg:deb/debian/native@1.3?arch=source"), ("native", "", "1.3", "")),
        (("deb", "pkg:deb/debian/x@2:1.0-rc1-3"), ("x", "2", "1.0-rc1", "3")),
        (("rpm", "pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=src&epoch=1"), ("openssl", "1", "3.0.7", "27.el9")),
        (("apk", "pkg:apk/alpine/openssl@3.3.2-r0"), ("openssl", "", "3.3.2-r0", "")),
    ],
)
def test_the_source_package_is_said_as_trivy_reads_it(source, expected):
    type_, purl = source
    _, found = document(component(f"pkg:{type_}/debian/lib@1", type_, source=purl))
    said = properties(found.parts[0])
    names = ("SrcName", "SrcEpoch", "SrcVersion", "SrcRelease")
    assert tuple(said.get(f"aquasecurity:trivy:{name}", "") for name in names) == expected


def test_a_source_that_is_no_purl_is_passed_over():
    _, found = document(component("pkg:deb/debian/lib@1", "deb", source="nonsense"))
    assert not any("Src" in name for name in properties(found.parts[0]))


def test_layers_and_places_are_said_as_trivy_and_syft_read_them():
    _, found = document(component("pkg:npm/a@1", "npm", layer=LAYER, evidence=("app/a/package.json", "app/lock")))
    said = properties(found.parts[0])
    assert said["aquasecurity:trivy:LayerDiffID"] == str(LAYER)
    assert said["aquasecurity:trivy:PkgType"] == "node-pkg"
    assert (said["syft:location:0:path"], said["syft:location:1:path"]) == ("/app/a/package.json", "/app/lock")
    assert said["syft:location:1:layerID"] == str(LAYER)


def test_the_operating_system_comes_first_by_the_name_that_others_know():
    inventory, found = document(component("pkg:deb/a/a@1", "deb"), SYSTEM)
    first = found.parts[0]
    assert (first.kind, first.name, first.version) == ("operating-system", "redhat", "9.4")
    assert properties(first)["syft:distro:id"] == "rhel"
    findings = check_sbom(inventory, claims_of(rendered(found, "cyclonedx-json")), None)
    assert [one for one in findings if one.kind.startswith("component")] == []


def test_a_system_below_another_root_holds_its_packages_and_does_not_come_first():
    inner = {"facts": {"root": "/opt/rootfs"}}
    below = replace(SYSTEM, ref="pkg:generic/alpine@3#opt", purl="pkg:generic/alpine@3", name="alpine", **inner)
    package = component("pkg:apk/alpine/musl@1", "apk", **inner)
    inventory, found = document(below, package, SYSTEM, component("pkg:rpm/redhat/bash@1", "rpm"))
    assert [one.name for one in found.parts] == ["redhat", "alpine", "bash"]
    assert [one.name for one in found.parts[1].parts] == ["musl"]
    components = json.loads(rendered(found, "cyclonedx-json"))["components"]
    assert [one["type"] for one in components].index("operating-system") == 0
    assert {one.purl for one in claims_of(rendered(found, "cyclonedx-json")).components} == {
        one.purl for one in inventory.components
    }


def test_spdx_names_the_system_and_the_source_as_trivy_reads_them():
    _, found = document()
    value = json.loads(rendered(found, "spdx-json@2.3"))
    systems = [one for one in value["packages"] if one["SPDXID"].startswith("SPDXRef-OperatingSystem")]
    assert [(one["name"], one["versionInfo"]) for one in systems] == [("debian", "12")]
    sources = {one["name"]: one.get("sourceInfo") for one in value["packages"]}
    assert sources["libc6"] == "built package from: glibc 2.36-9"
    again = read_document(rendered(found, "spdx-json@2.3")).document
    assert {one.ref for one in again.parts} == {one.ref for one in found.parts}
    assert all(one.source_info == "" for one in again.parts)


def test_labels_tags_and_the_config_of_an_image_are_in_the_document():
    inventory = catalogue_tree(replace(SUBJECT, labels={"org.opencontainers.image.title": "App"}, config=LAYER), debian())
    found = document_of(inventory, timestamp=1, manifest_root=build_manifest(inventory).root)
    assert found.property("syft:image:labels:org.opencontainers.image.title") == "App"
    said = properties(found.subject)
    assert said["aquasecurity:trivy:ImageID"] == str(LAYER)
    assert said["aquasecurity:trivy:RepoTag"] == "registry.example:5000/team/app:1.2"
    assert said["aquasecurity:trivy:Labels:org.opencontainers.image.title"] == "App"


def _two_systems():
    inner = Component(
        ref="pkg:generic/alpine@3.19#srv/jail",
        purl="pkg:generic/alpine@3.19",
        type="generic",
        name="alpine",
        version="3.19",
        kind=ComponentKind.OPERATING_SYSTEM,
        facts={"root": "srv/jail"},
    )
    rows = [SYSTEM, inner, component("pkg:rpm/redhat/bash@5", "rpm")]
    for purl, type_ in (("pkg:apk/alpine/musl@1", "apk"), ("pkg:npm/x@1", "npm")):
        rows.append(replace(component(purl, type_, facts={"root": "srv/jail"}), ref=f"{purl}#srv/jail"))
    return document(*rows)[1]


@pytest.mark.parametrize("name", ["spdx-json", "spdx-tag-value"])
def test_packages_of_a_system_within_the_system_are_none_of_the_images_to_trivy_and_ours_again(name):
    found = _two_systems()
    data = rendered(found, name)
    if name == "spdx-json":
        rows = {one["name"]: one["externalRefs"] for one in json.loads(data)["packages"] if "externalRefs" in one}
        said = {key: [(row["referenceCategory"], row["referenceLocator"]) for row in refs] for key, refs in rows.items()}
        assert said["musl"] == [("OTHER", "pkg:apk/alpine/musl@1")]
        assert (said["bash"], said["x"]) == ([("PACKAGE-MANAGER", "pkg:rpm/redhat/bash@5")], [("PACKAGE-MANAGER", "pkg:npm/x@1")])
    back = read_document(data).document
    assert {one.purl for one in back.walk()} == {one.purl for one in found.walk()}


def test_of_two_kinds_of_packages_without_a_system_around_them_only_one_is_the_images():
    _, found = document(SYSTEM, component("pkg:rpm/redhat/bash@5", "rpm"), component("pkg:deb/debian/dash@5", "deb"))
    rows = {
        one["name"]: one["externalRefs"][0]["referenceCategory"]
        for one in json.loads(rendered(found, "spdx-json"))["packages"][2:]
    }
    assert sorted(rows.values()) == ["OTHER", "PACKAGE-MANAGER"]


def test_scopes_and_owners_stay_in_the_name_where_osv_scanner_looks_for_them():
    rows = [replace(component("pkg:npm/%40babel/core@1", "npm"), name="@babel/core")]
    rows += [replace(component("pkg:maven/org.x/y@1", "maven"), name="org.x:y")]
    parts = {one.purl: (one.group, one.name) for one in document(*rows)[1].parts}
    assert parts == {"pkg:npm/%40babel/core@1": ("", "@babel/core"), "pkg:maven/org.x/y@1": ("org.x", "y")}


@pytest.mark.parametrize("name", [f"cyclonedx-json@1.{minor}" for minor in range(4, 8)])
def test_cyclonedx_states_one_operating_system_since_scanners_take_any_of_several(name):
    found = _two_systems()
    data = rendered(found, name)
    assert data.count(b'"type":"operating-system"') == 1
    systems = [one.name for one in read_document(data).document.walk() if one.kind == "operating-system"]
    assert systems == ["redhat", "alpine"]
    assert {one.ref: one.kind for one in read_document(data).document.walk()} == {one.ref: one.kind for one in found.walk()}
