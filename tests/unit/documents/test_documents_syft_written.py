"""`-o syft-json`: what syft and grype read again, and by name what has no place there. `tests/peers` holds it before them."""

import json

import pytest
from sbom_documents import full_document, rendered

from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    Annotation,
    Basis,
    Document,
    DocumentForm,
    Family,
    Hash,
    Licence,
    Part,
    Party,
    Property,
    Relation,
)
from pratique.documents.foreign.syft_render import document_to_syft
from pratique.documents.read import read_document
from pratique.documents.subject_digest import stated_digests

DIGEST = f"sha256:{'ab' * 32}"
TRIVY = "aquasecurity:trivy:"


def package(purl, **members):
    name, _, version = purl.rpartition("/")[2].partition("?")[0].partition("@")
    return Part(ref=purl, name=name, version=version, kind="library", purl=purl, **members)


def written(*parts, **members):
    subject = Part(ref=DIGEST, name="app", kind="container", version=DIGEST, hashes=(Hash("sha256", "ab" * 32),))
    members = {"subject": subject} | members
    return document_to_syft(Document(family=Family.CYCLONEDX, parts=parts, **members))


def source_facts(name, version, **more):
    rows = {"SrcName": name, "SrcVersion": version} | more
    return tuple(Property(f"{TRIVY}{key}", value) for key, value in rows.items())


def test_packages_places_system_and_subject_come_back():
    document = full_document()
    reading = read_document(rendered(document, "syft-json"))
    back = reading.document
    assert reading.format == "syft-json"
    packages = [one for one in document.walk() if one.kind != "operating-system"]
    assert sorted((one.full_name, one.version, one.purl) for one in back.parts if one.kind != "operating-system") == sorted(
        (one.name if one.purl.startswith("pkg:maven") else one.full_name, one.version, one.purl) for one in packages
    )
    assert {one.purl: one.occurrences for one in back.parts if one.purl} == {one.purl: one.occurrences for one in packages}
    assert [one.name for one in back.parts if one.kind == "operating-system"] == ["debian"]
    assert stated_digests(back)[0] == stated_digests(document)[0]


def test_the_same_document_gives_the_same_bytes_and_names_no_time_of_its_own():
    assert rendered(full_document(), "syft-json") == rendered(full_document(), "syft-json")


@pytest.mark.parametrize(
    ("part", "kind", "facts"),
    [
        (
            package("pkg:deb/debian/libssl3@3.0-1?arch=amd64", properties=source_facts("openssl", "3.0", SrcRelease="1")),
            "dpkg-db-entry",
            {"source": "openssl", "sourceVersion": "", "architecture": "amd64"},
        ),
        (
            package(
                "pkg:deb/debian/login@1:4.13-1%2Bb1", properties=source_facts("shadow", "4.13", SrcRelease="1", SrcEpoch="1")
            ),
            "dpkg-db-entry",
            {"source": "shadow", "sourceVersion": "1:4.13-1"},
        ),
        (package("pkg:deb/debian/x@1?upstream=y%402"), "dpkg-db-entry", {"source": "y", "sourceVersion": "2"}),
        (
            package("pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm"),
            "rpm-db-entry",
            {"sourceRpm": "openssl-3.0.7-27.el9.src.rpm", "version": "3.0.7", "release": "27.el9", "epoch": 1, "arch": "x86_64"},
        ),
        (
            package("pkg:rpm/redhat/openssl-libs@3-2", properties=source_facts("openssl", "3", SrcRelease="2")),
            "rpm-db-entry",
            {"sourceRpm": "openssl-3-2.src.rpm", "epoch": None},
        ),
        (
            package("pkg:apk/alpine/libcrypto3@3.1-r1?arch=x86_64", properties=source_facts("openssl", "3.1-r1")),
            "apk-db-entry",
            {"originPackage": "openssl"},
        ),
    ],
)
def test_the_source_of_a_distributions_package_stands_where_grype_looks_for_it(part, kind, facts):
    value, _ = written(part)
    (artifact,) = value["artifacts"]
    assert artifact["metadataType"] == kind
    assert {name: artifact["metadata"][name] for name in facts} == facts


def test_a_java_archive_has_its_group_in_its_facts_and_others_have_it_in_their_name():
    jar = Part(ref="j", group="org.x", name="y", version="1", kind="library", purl="pkg:maven/org.x/y@1")
    scoped = Part(ref="s", group="@a", name="b", version="1", kind="library", purl="pkg:npm/%40a/b@1")
    value, _ = written(jar, scoped)
    assert [one["name"] for one in value["artifacts"]] == ["y", "@a/b"]
    assert value["artifacts"][0]["metadata"]["pomProperties"]["groupId"] == "org.x"


def test_a_package_of_no_known_kind_or_with_an_odd_purl_is_written_all_the_same():
    value, _ = written(package("pkg:brandnew/x@1"), package("not a purl@1"), Part(ref="", name="bare"))
    assert [one["type"] for one in value["artifacts"]] == ["UnknownPackage"] * 3
    assert len({one["id"] for one in value["artifacts"]}) == 3


def test_only_names_that_are_cpes_and_licences_that_are_some_are_written():
    licences = (
        Licence(value="MIT", form=DocumentForm.ID, basis=Basis.DECLARED),
        Licence(value="House words", form=DocumentForm.NAME, basis=Basis.CONCLUDED),
        Licence(value="NONE", form=DocumentForm.NONE),
    )
    cpes = ("cpe:2.3:a:x:y:1:*:*:*:*:*:*:*", "nonsense")
    value, _ = written(package("pkg:npm/x@1", licences=licences, cpes=cpes))
    (artifact,) = value["artifacts"]
    assert [one["cpe"] for one in artifact["cpes"]] == [cpes[0]]
    said = [(one["value"], one["spdxExpression"], one["type"]) for one in artifact["licenses"]]
    assert said == [("MIT", "MIT", "declared"), ("House words", "", "concluded")]


def test_what_needs_and_contains_what_comes_back_and_what_names_nothing_is_not_written():
    a, b = package("pkg:npm/a@1"), package("pkg:npm/b@1")
    relations = (
        Relation(source=a.ref, kind=DEPENDS_ON, targets=(b.ref, "nowhere")),
        Relation(source=a.ref, kind=CONTAINS, targets=(b.ref,)),
        Relation(source="nowhere", kind=DEPENDS_ON, targets=(a.ref,)),
    )
    value, told = written(a, b, relations=relations)
    assert sum("names nowhere" in str(one) for one in told) == 2
    ids = {one["name"]: one["id"] for one in value["artifacts"]}
    known = {*ids.values(), value["source"]["id"]}
    assert all({one["parent"], one["child"]} <= known for one in value["artifactRelationships"])
    assert {"parent": ids["b"], "child": ids["a"], "type": "dependency-of"} in value["artifactRelationships"]
    assert {"parent": ids["a"], "child": ids["b"], "type": "contains"} in value["artifactRelationships"]


def test_what_has_no_place_is_told_once_for_each_kind_of_fact():
    system = [Part(ref=name, name=name, version="1", kind="operating-system") for name in ("redhat", "alpine")]
    rich = [package(f"pkg:npm/{name}@1", supplier=Party(name="x"), hashes=(Hash("sha1", "00"),)) for name in "abc"]
    relations = (
        Relation(source=rich[0].ref, kind="test-depends-on", targets=(rich[1].ref,)),
        Relation(source=rich[0].ref, kind="generates", targets=(rich[1].ref,)),
    )
    value, told = written(*system, *rich, relations=relations, annotations=(Annotation(subjects=(), text="x"),))
    words = "\n".join(map(str, told))
    assert value["distro"]["id"] == "rhel"
    for said in (
        "another operating system",
        "hashes of 3",
        "a supplier of 3",
        "any dependency there",
        "no word",
        "1 annotations",
    ):
        assert said in words
    assert len(told) < 10


@pytest.mark.parametrize(
    ("kind", "type_"), [("container", "image"), ("file", "file"), ("application", "directory"), ("", "directory")]
)
def test_the_source_is_of_a_kind_that_syft_knows(kind, type_):
    value, _ = written(subject=Part(ref="x", name="thing", kind=kind))
    assert (value["source"]["type"], value["source"]["name"]) == (type_, "thing")
    assert json.dumps(value["source"]["metadata"])


def test_a_document_about_nothing_is_written_too():
    value, _ = written(package("pkg:npm/a@1"), subject=None)
    assert value["source"]["type"] == "directory" and len(value["artifacts"]) == 1
