"""Mergers know one component again in documents of several tools, as `sbom check` and `sbom diff` do: by the same one place."""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from purl_spellings import APART, APART_BY_QUALIFIERS, SPELLINGS
from sbom_merging import A, B, depends, document, edges, merged

from pratique.documents.diff import compare
from pratique.documents.document import Completeness, Document, Family, Hash, Licence, Part, Property
from pratique.documents.read import read_document
from pratique.lexicon.purl_same import finer_distro, package_identity, united_purl


def package(purl, **more):
    return Part(ref=f"ref of {purl}", name="called so", version="", kind="library", purl=purl, **more)


def packages(found):
    return [one for one in found.document.walk() if one.purl]


@pytest.mark.parametrize(("ours", "theirs"), SPELLINGS)
def test_a_package_that_each_document_spells_otherwise_is_one_component_in_either_order(ours, theirs):
    for rows in ((ours, theirs), (theirs, ours)):
        found = merged(*(document(name, package(purl)) for name, purl in zip("ab", rows, strict=True)))
        assert len(packages(found)) == 1 and found.conflicts == ()


@pytest.mark.parametrize(("one", "other"), [*APART, *APART_BY_QUALIFIERS])
def test_what_is_not_one_package_stays_two_components(one, other):
    for rows in ((one, other), (other, one)):
        assert len(packages(merged(*(document(name, package(purl)) for name, purl in zip("ab", rows, strict=True))))) == 2


@pytest.mark.parametrize(("ours", "theirs"), SPELLINGS)
def test_a_package_that_is_spelled_otherwise_is_no_difference_either(ours, theirs):
    rows = [Document(family=Family.OWN, parts=(package(purl),)) for purl in (ours, theirs)]
    assert not compare(*rows, None, None) and not compare(*reversed(rows), None, None)


def test_what_every_document_knows_of_it_stands_in_the_one_component():
    ours = package(
        "pkg:deb/debian/x@1:2-3?arch=amd64&distro=debian-12&upstream=y",
        hashes=(Hash("sha256", A),),
        licences=(Licence(value="MIT"),),
        occurrences=("var/lib/dpkg/status",),
        cpes=("cpe:2.3:a:x:x:2:*:*:*:*:*:*:*",),
        properties=(Property("ours", "1"),),
    )
    theirs = package(
        "pkg:deb/debian/x@2-3?distro=debian-12.15&epoch=1",
        hashes=(Hash("md5", "0" * 32),),
        licences=(Licence(value="MIT"),),
        occurrences=("usr/share/doc/x/copyright",),
        properties=(Property("theirs", "2"),),
    )
    other = replace(package("pkg:npm/other@1"), ref="other")
    one = document("a", ours, other, relations=depends("other", source=ours.ref))
    two = document("b", theirs, replace(other, ref="o"), relations=depends(theirs.ref, source="o"))
    two = replace(two, completeness=(Completeness(aggregate="complete", dependencies=(theirs.ref,)),))
    found = merged(one, two)
    (part,) = [part for part in found.document.walk() if part.purl.startswith("pkg:deb")]
    assert part.purl == "pkg:deb/debian/x@1:2-3?arch=amd64&distro=debian-12.15&upstream=y"
    assert part.hashes == (Hash("sha256", A), Hash("md5", "0" * 32))
    assert part.occurrences == ("var/lib/dpkg/status", "usr/share/doc/x/copyright")
    assert part.licences == (Licence(value="MIT"),) and part.cpes == ours.cpes
    assert [part.property(name) for name in ("ours", "theirs")] == ["1", "2"]
    names = {
        (source[0].partition("?")[0], to[0].partition("?")[0]) for source, kind, to in edges(found.document) if kind != "contains"
    }
    assert {("pkg:deb/debian/x@1:2-3", "pkg:npm/other@1"), ("pkg:npm/other@1", "pkg:deb/debian/x@1:2-3")} <= names
    assert found.conflicts == ()


def test_two_digests_of_one_thing_are_told_however_its_package_url_is_spelled():
    rows = [package(purl, hashes=(Hash("sha256", digest),)) for purl, digest in zip(SPELLINGS[0], (A, B), strict=True)]
    found = merged(*(document(name, row) for name, row in zip("ab", rows, strict=True)))
    (conflict,) = found.conflicts
    assert (conflict.field, conflict.kept.value) == ("hashes", f"sha256:{A}")
    assert [one.value for one in conflict.others] == [f"sha256:{B}"]
    (part,) = packages(found)
    assert json.loads(part.property("pratique:conflict:hashes")) == {"in": ["urn:uuid:b"], "value": f"sha256:{B}"}


@pytest.mark.parametrize(
    ("purls", "count"),
    [
        (("", "?arch=amd64"), 1),
        (("?arch=amd64", "?distro=debian-12"), 1),
        (("", "?arch=amd64", "?arch=arm64"), 3),
        (("", "?distro=debian-12", "?arch=amd64", "?arch=arm64"), 3),
        (("?distro=debian-12", "?distro=debian-12.14", "?distro=debian-12.15"), 3),
        (("", "?distro=debian", "?distro=debian-12", "?distro=debian-12.15&arch=amd64"), 1),
    ],
)
def test_what_could_be_either_of_two_that_are_told_apart_is_neither(purls, count):
    for rows in itertools.permutations(purls):
        parts = [package(f"pkg:deb/debian/a@1{query}") for query in rows]
        assert len(packages(merged(*(document(f"d{n}", part) for n, part in enumerate(parts))))) == count


def test_ten_thousand_spellings_of_one_package_are_not_held_against_each_other():
    parts = [package(f"pkg:deb/debian/a@1?arch=a{number}") for number in range(10_000)]
    assert len(packages(merged(document("a", *parts), document("b", package("pkg:deb/debian/a@1"))))) == 10_001


def test_a_version_with_its_epoch_or_its_v_is_no_conflict_with_one_without():
    rows = [
        ("pkg:rpm/fedora/a@2-3?epoch=1", "2-3", "pkg:rpm/fedora/a@2-3?epoch=1", "1:2-3"),
        ("pkg:golang/x.org/a@v1.2", "v1.2", "pkg:golang/x.org/a@1.2", "1.2"),
    ]
    for purl, version, other, another in rows:
        parts = [replace(package(purl), version=version), replace(package(other), version=another)]
        found = merged(document("a", parts[0]), document("b", parts[1]))
        assert found.conflicts == () and [one.version for one in packages(found)] == [version]
    parts = [replace(package("pkg:npm/a@1"), version=version) for version in ("1", "one")]
    (conflict,) = merged(document("a", parts[0]), document("b", parts[1])).conflicts
    assert (conflict.field, conflict.kept.value) == ("version", "1")


def system(name, version, **more):
    return Part(ref=f"{name}-{version}", name=name, version=version, kind="operating-system", **more)


def systems(found):
    return [one for one in found.document.walk() if one.kind == "operating-system"]


@pytest.mark.parametrize(
    ("one", "other", "finest"),
    [
        (system("debian", "12", purl="pkg:generic/debian@12"), system("debian", "12.15"), "12.15"),
        (system("rhel", "9.4"), system("redhat", "9.4"), "9.4"),
        (system("redhat", "9.4", properties=(Property("syft:distro:id", "rhel"),)), system("rhel", "9"), "9.4"),
    ],
)
def test_an_operating_system_is_one_component_in_the_words_of_several_tools(one, other, finest):
    for rows in ((one, other), (other, one)):
        found = merged(*(document(name, part) for name, part in zip("ab", rows, strict=True)))
        assert [part.version for part in systems(found)] == [finest] and found.conflicts == ()
        assert not compare(document("a", one), document("b", other), None, None)


@pytest.mark.parametrize("pair", [(system("debian", "12"), system("debian", "11")), (system("debian", ""), system("debian", ""))])
def test_two_operating_systems_stay_two(pair):
    one, other = replace(pair[0], ref="one"), replace(pair[1], ref="other")
    assert len(systems(merged(document("a", one), document("b", other)))) == 2


DIGEST = "sha256:" + "c" * 64
CONFIG = "sha256:" + "d" * 64


def about(number, **subject):
    subject = {"type": "container", "name": f"called {number}", "bom-ref": str(number)} | subject
    value = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": subject}}
    return read_document(json.dumps(value).encode()).document


def prop(name, value):
    return {"properties": [{"name": name, "value": value}]}


SUBJECTS = [
    about(1, purl=f"pkg:oci/app@{DIGEST}?repository_url=x.org/app", **prop("aquasecurity:trivy:ImageID", CONFIG)),
    about(2, version=DIGEST),
    about(3, version="1", **prop("aquasecurity:trivy:ImageID", CONFIG)),
    about(4, hashes=[{"alg": "SHA-256", "content": DIGEST[7:]}]),
]


@given(st.permutations(SUBJECTS))
def test_documents_of_several_tools_about_one_image_become_one_about_it(rows):
    found = merged(*rows).document
    assert found.subject.name == rows[0].subject.name and list(found.walk()) == []


def test_documents_about_two_images_stay_about_two():
    other = about(5, version="sha256:" + "e" * 64)
    assert {one.name for one in merged(SUBJECTS[0], other, name="p").document.walk()} == {"called 1", "called 5"}


@pytest.mark.parametrize(
    ("one", "other", "finer"),
    [
        ("debian-12", "debian-12.15", "debian-12.15"),
        ("debian", "debian-12", "debian-12"),
        ("opensuse-leap-15.5", "opensuse.leap-15.5", "opensuse-leap-15.5"),
        ("debian-12", "debian-13", ""),
        ("debian-12", "ubuntu-12", ""),
    ],
)
def test_the_finer_of_two_words_on_a_release_is_known(one, other, finer):
    assert finer_distro(one, other) == finer
    assert bool(finer_distro(other, one)) == bool(finer)


@given(st.lists(st.sampled_from([purl for pair in [*SPELLINGS, *APART] for purl in pair]), max_size=4))
def test_a_united_package_url_names_what_the_first_does(purls):
    united = united_purl(purls)
    assert united == "" if not purls else package_identity(united).name == package_identity(purls[0]).name
    assert united_purl([united]) == united
