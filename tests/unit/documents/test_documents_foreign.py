"""Lists of packages that are no bills of materials by a standard are read as documents: syft's, trivy's, GitHub's."""

import json

import pytest
from official_schemas import WRITTEN, problems_by_schema
from sbom_documents import full_document, rendered

from pratique.documents.read import read_document
from pratique.documents.subject_digest import stated_digests
from pratique.errors import Malformed

DIGEST = f"sha256:{'ab' * 32}"
SYFT = {
    "artifacts": [
        {
            "id": "1",
            "name": "openssl",
            "version": "3.0",
            "type": "deb",
            "purl": "pkg:deb/debian/openssl@3.0?distro=debian-12",
            "cpes": [{"cpe": "cpe:2.3:a:openssl:openssl:3.0:*:*:*:*:*:*:*", "source": "x"}],
            "licenses": [{"value": "Apache-2.0", "spdxExpression": "Apache-2.0", "type": "declared"}, {"value": "House"}],
            "locations": [{"path": "/var/lib/dpkg/status", "layerID": DIGEST, "accessPath": "x"}],
        },
        {
            "id": "2",
            "name": "libc6",
            "version": "2",
            "purl": "pkg:deb/debian/libc6@2",
            "cpes": ["cpe:/a:gnu:libc"],
            "licenses": [],
        },
    ],
    "artifactRelationships": [
        {"parent": "2", "child": "1", "type": "dependency-of"},
        {"parent": "s", "child": "1", "type": "contains"},
        {"parent": "1", "child": "nowhere", "type": "dependency-of"},
        {"parent": "1", "child": "file", "type": "evident-by"},
    ],
    "source": {"id": "s", "name": "app", "version": "1", "type": "image", "metadata": {"manifestDigest": DIGEST}},
    "distro": {"id": "debian", "versionID": "12"},
    "descriptor": {"name": "syft", "version": "1.57.1"},
    "schema": {"version": "16.1.0"},
}
TRIVY = {
    "SchemaVersion": 2,
    "ArtifactName": "app:1",
    "ArtifactType": "container_image",
    "Metadata": {"OS": {"Family": "debian", "Name": "12"}, "RepoDigests": [f"app@{DIGEST}"]},
    "Results": [
        {
            "Target": "app (debian 12)",
            "Class": "os-pkgs",
            "Type": "debian",
            "Packages": [
                {
                    "ID": "openssl@3.0-1",
                    "Name": "openssl",
                    "Identifier": {"PURL": "pkg:deb/debian/openssl@3.0-1", "UID": "u1"},
                    "Version": "3.0",
                    "Release": "1",
                    "Epoch": 2,
                    "SrcName": "openssl",
                    "Licenses": ["Apache-2.0"],
                    "DependsOn": ["libc6@2", "nowhere@1"],
                    "Layer": {"DiffID": DIGEST},
                },
                {"ID": "libc6@2", "Name": "libc6", "Version": "2", "Identifier": {"PURL": "pkg:deb/debian/libc6@2", "UID": "u2"}},
            ],
        },
        {"Target": "app/package-lock.json", "Class": "lang-pkgs", "Type": "npm", "Packages": [{"Name": "a", "Dev": True}]},
    ],
}
SNAPSHOT = {
    "version": 0,
    "job": {"id": "1", "correlator": "build"},
    "detector": {"name": "d", "version": "1", "url": "x"},
    "scanned": "2026-01-01T00:00:00Z",
    "manifests": {
        "lock": {
            "name": "lock",
            "file": {"source_location": "package-lock.json"},
            "resolved": {
                "@s/a": {"package_url": "pkg:npm/%40s/a@1", "relationship": "direct", "dependencies": ["pkg:npm/b@2"]},
                "b": {"package_url": "pkg:npm/b@2", "scope": "development"},
            },
        },
        "other": {"name": "other", "resolved": {"b": {"package_url": "pkg:npm/b@2", "scope": "development"}}},
    },
}
ALL = {"syft-json": SYFT, "trivy-json": TRIVY, "github-json": SNAPSHOT}


def read(value, **how):
    return read_document(json.dumps(value).encode(), **how)


def test_packages_of_syft_arrive_whole():
    reading = read(SYFT)
    document = reading.document
    assert (reading.format, document.subject.kind, stated_digests(document)[0].hex) == ("syft-json", "container", "ab" * 32)
    system, openssl, libc6 = document.parts
    assert (system.kind, system.name, system.version) == ("operating-system", "debian", "12")
    assert [(one.value, one.form.value) for one in openssl.licences] == [("Apache-2.0", "id"), ("House", "name")]
    assert (openssl.cpes, libc6.cpes) == (("cpe:2.3:a:openssl:openssl:3.0:*:*:*:*:*:*:*",), ("cpe:/a:gnu:libc",))
    assert openssl.occurrences == ("var/lib/dpkg/status",)
    assert document.dependencies() == {"1": ("2",), "nowhere": ("1",)}


def test_packages_of_trivy_arrive_whole():
    document = read(TRIVY).document
    system, openssl, libc6, npm = document.parts
    assert (system.kind, openssl.version, libc6.version) == ("operating-system", "2:3.0-1", "2")
    assert openssl.property("aquasecurity:trivy:LayerDiffID") == DIGEST
    assert document.dependencies() == {openssl.ref: (libc6.ref, "nowhere@1")}
    assert (npm.scope, npm.occurrences) == ("excluded", ("app/package-lock.json",))
    assert stated_digests(document)[0].hex == "ab" * 32


def test_packages_of_a_snapshot_arrive_whole():
    document = read(SNAPSHOT).document
    one, other = document.parts
    assert (one.group, one.name, one.version) == ("@s", "a", "1")
    assert (other.scope, other.occurrences) == ("excluded", ("package-lock.json", "other"))
    assert document.dependencies() == {"snapshot": (one.ref,), one.ref: (other.ref,)}


def test_our_own_snapshot_is_read():
    document = full_document()
    again = read_document(rendered(document, "github-json")).document
    assert {one.purl for one in again.parts} == {one.purl for one in document.parts if one.purl}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("target", WRITTEN)
def test_what_is_read_is_written_validly(name, target):
    assert problems_by_schema(rendered(read(ALL[name]).document, target), target) == []


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (SYFT | {"artifacts": [{"id": "1", "name": 7}]}, "/artifacts/0/name"),
        (TRIVY | {"Results": [{"Packages": [{"Name": "a", "Epoch": "x"}]}]}, "/Results/0/Packages/0/Epoch"),
        (SNAPSHOT | {"manifests": {"a": {"resolved": {"b": 7}}}}, "/manifests/a/resolved/b"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_read_leniently_without(value, place):
    with pytest.raises(Malformed, match=place):
        read(value)
    assert read(value, lenient=True).repaired[0].pointer.startswith(place.rpartition("/")[0])
