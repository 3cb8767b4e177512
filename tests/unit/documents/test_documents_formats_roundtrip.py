"""What is written is read back as it was, in every format; and between CycloneDX and SPDX nothing is lost that both can say."""

from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sbom_documents import READABLE, differences, full_document, rendered

from pratique.documents.claims import stated_by
from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    Annotation,
    Basis,
    Completeness,
    Document,
    DocumentForm,
    ExternalReference,
    Family,
    Hash,
    Licence,
    Part,
    Party,
    Property,
    Relation,
    Tool,
)
from pratique.documents.read import read_document

QUICK = (
    Phase.explicit,
    Phase.reuse,
    Phase.generate,
)  # a difference is named by its place: shrinking adds nothing, and takes minutes
WORDS = st.text("abcxyzÄ字 .:/@<>&\"'{}[]\\#-_+()\n", min_size=1, max_size=12).map(lambda text: f"a{text}z")
LINE = WORDS.map(lambda text: text.replace("\n", " "))
NAME = st.text("abcdefgÄ.-_", min_size=1, max_size=8)
TIME = st.sampled_from(["2024-01-02T03:04:05Z", "1999-12-31T23:59:59Z"])
EXPRESSION = st.sampled_from(["MIT OR Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", "MIT AND (ISC OR Zlib)"])
SINGLE = st.one_of(
    st.sampled_from(["MIT", "ISC", "GPL-2.0-or-later"]).map(lambda text: (text, DocumentForm.ID)),
    st.sampled_from(["LicenseRef-a.b", "A House Licence", "Ours (v2)"]).map(lambda text: (text, DocumentForm.NAME)),
)
HASHES = st.lists(st.sampled_from(["md5", "sha1", "sha256", "sha384", "sha512", "blake3"]), unique=True, max_size=3).map(
    lambda names: tuple(Hash(name, "0f" * {"md5": 16, "sha1": 20, "sha384": 48, "sha512": 64}.get(name, 32)) for name in names)
)
PARTY = st.builds(
    Party, name=NAME, kind=st.just("organization"), email=st.just(""), urls=st.just(()), phone=st.just(""), contacts=st.just(())
)
PROPERTIES = st.lists(st.builds(Property, NAME, WORDS), max_size=2).map(tuple)
KINDS = ["library", "application", "framework", "container", "operating-system", "firmware", "device", "file"]


def licence(basis):
    return st.one_of(
        SINGLE.map(lambda pair: Licence(value=pair[0], form=pair[1], basis=basis)),
        EXPRESSION.map(lambda text: Licence(value=text, basis=basis)),
    )


@st.composite
def licences(draw):
    """At most one of each basis: more than one of a basis is one expression to SPDX, and to CycloneDX where one is compound."""
    found = [draw(st.none() | licence(basis)) for basis in (Basis.DECLARED, Basis.CONCLUDED, Basis.FOUND)]
    return tuple(one for one in found if one is not None)


REFERENCES = st.lists(
    st.builds(
        ExternalReference,
        kind=st.sampled_from(["vcs", "issue-tracker", "documentation", "distribution", "license"]),
        url=st.sampled_from(["https://example.org/a?b=c&d", "git+ssh://example.org/x.git"]),
        comment=st.just("") | LINE,
    ),
    max_size=2,
)


@st.composite
def part(draw, ref, nested=()):
    website = draw(st.booleans())
    references = [ExternalReference(kind="website", url="https://example.org/")] if website else []
    return Part(
        ref=ref,
        name=draw(NAME),
        kind=draw(st.sampled_from(KINDS)),
        group=draw(st.just("") | NAME),
        version=draw(st.just("") | NAME),
        purl=draw(st.sampled_from(["", f"pkg:generic/{ref}@1?a=b%2Fc"])),
        cpes=draw(
            st.sampled_from(
                [(), ("cpe:2.3:a:b:c:1:*:*:*:*:*:*:*",), ("cpe:2.3:a:b:c:1:*:*:*:*:*:*:*", "cpe:2.3:o:b:c:2:*:*:*:*:*:*:*")]
            )
        ),
        licences=draw(licences()),
        hashes=draw(HASHES),
        supplier=draw(st.none() | PARTY),
        manufacturer=draw(st.none() | PARTY),
        originators=draw(st.lists(PARTY, max_size=2).map(tuple)),
        author=draw(st.just("") | LINE),
        publisher=draw(st.just("") | LINE),
        description=draw(st.just("") | WORDS),
        summary=draw(st.just("") | WORDS),
        comment=draw(st.just("") | WORDS),
        copyright=draw(st.just("") | WORDS),
        scope=draw(st.sampled_from(["", "required", "optional"])),
        mime_type=draw(st.sampled_from(["", "text/plain"])),
        file_name=draw(st.just("") | NAME),
        download=draw(st.sampled_from(["", "https://example.org/x.tgz"])),
        source_info=draw(st.just("") | LINE),
        attributions=draw(st.lists(LINE, max_size=2).map(tuple)),
        released=draw(st.just("") | TIME),
        references=(*references, *draw(REFERENCES)),
        properties=draw(PROPERTIES),
        occurrences=draw(st.lists(LINE, max_size=2, unique=True).map(tuple)),
        copyrights=draw(st.lists(LINE, max_size=2, unique=True).map(tuple)),
        parts=nested,
    )


REFS = ["SPDXRef-a", "SPDXRef-b.c", "SPDXRef-d-1"]


@st.composite
def documents(draw, family, nesting=False):
    """A document with a subject and three parts, as the family writes it."""
    parts = [draw(part(ref)) for ref in REFS]
    if nesting and draw(st.booleans()):
        parts = [draw(part(REFS[0], nested=(parts[1],))), parts[2]]
    relations = [
        Relation(source=ref, kind=DEPENDS_ON, targets=tuple(draw(st.lists(st.sampled_from(REFS), unique=True, max_size=2))))
        for ref in draw(st.lists(st.sampled_from(REFS), unique=True))
    ]
    relations += [
        Relation(source=REFS[0], kind=kind, targets=(REFS[2],))
        for kind in draw(st.lists(st.sampled_from(["generates", "test-depends-on", "has-static-link"]), unique=True))
    ]
    return Document(
        family=family,
        serial="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        name=draw(NAME),
        timestamp=draw(TIME),
        comment=draw(st.just("") | WORDS),
        tools=tuple(
            draw(
                st.lists(
                    st.builds(Tool, name=st.text("abc", min_size=1), version=st.sampled_from(["1.2", "3"])),
                    min_size=1,
                    max_size=2,
                    unique_by=lambda one: one.name,
                )
            )
        ),
        authors=tuple(
            draw(
                st.lists(
                    st.builds(Party, name=NAME, kind=st.just("person"), email=st.sampled_from(["", "a@example.org"])),
                    max_size=2,
                    unique_by=lambda one: one.name,
                )
            )
        ),
        manufacturer=draw(st.none() | PARTY),
        supplier=draw(st.none() | PARTY),
        phases=draw(st.sampled_from([(), ("build",), ("design", "post-build")])),
        properties=draw(PROPERTIES),
        subject=draw(part("SPDXRef-root")),
        parts=tuple(parts),
        relations=tuple(relations),
        completeness=draw(st.sampled_from([(), (Completeness(aggregate="incomplete", assemblies=("SPDXRef-root",)),)])),
        annotations=draw(
            st.sampled_from(
                [
                    (),
                    (
                        Annotation(
                            subjects=("SPDXRef-a",), text="said", by="me", by_kind="person", timestamp="2024-01-02T03:04:05Z"
                        ),
                    ),
                ]
            )
        ),
    )


def settled(document, **changes):
    """As it is after a trip: read in some version, annotations of a kind SPDX names."""
    annotations = tuple(replace(one, kind="" if one.kind == "other" else one.kind) for one in document.annotations)
    return replace(document, spec_version="", annotations=annotations, **changes)


@pytest.mark.parametrize("name", ["cyclonedx-json@1.6", "cyclonedx-json@1.7", "cyclonedx-xml@1.6", "cyclonedx-xml@1.7"])
@settings(max_examples=15, deadline=None, phases=QUICK)
@given(data=st.data())
def test_cyclonedx_is_read_back_as_it_was(name, data):
    document = data.draw(documents(Family.CYCLONEDX, nesting=True))
    again = read_document(rendered(document, name)).document
    assert differences(settled(document), settled(again)) == []


@pytest.mark.parametrize("name", ["spdx-json@2.3", "spdx-tag-value"])
@settings(max_examples=15, deadline=None, phases=QUICK)
@given(document=documents(Family.SPDX2))
def test_spdx_2_is_read_back_as_it_was(name, document):
    again = read_document(rendered(document, name)).document
    assert differences(settled(document), settled(again)) == []


@settings(max_examples=25, deadline=None, phases=QUICK)
@given(documents(Family.SPDX3))
def test_spdx_3_is_read_back_as_it_was(document):
    again = read_document(rendered(document, "spdx-json@3.0.1")).document
    assert differences(settled(document), settled(again)) == []


@settings(max_examples=25, deadline=None, phases=QUICK)
@given(documents(Family.CYCLONEDX, nesting=True))
def test_our_json_is_read_back_as_it_was(document):
    assert read_document(rendered(document, "json")).document == document


@pytest.mark.parametrize("between", ["spdx-json@3.0.1", "spdx-json@2.3", "spdx-tag-value"])
@settings(max_examples=15, deadline=None, phases=QUICK)
@given(data=st.data())
def test_from_cyclonedx_through_spdx_and_back_nothing_is_lost(between, data):
    document = data.draw(documents(Family.CYCLONEDX, nesting=True))
    through = read_document(rendered(document, between)).document
    again = read_document(rendered(through, "cyclonedx-json@1.6")).document
    assert differences(settled(document), settled(again)) == []


@pytest.mark.parametrize("between", ["cyclonedx-json@1.6", "cyclonedx-xml@1.7", "spdx-json@3.0.1"])
@settings(max_examples=15, deadline=None, phases=QUICK)
@given(data=st.data())
def test_from_spdx_2_through_others_and_back_nothing_is_lost(between, data):
    document = data.draw(documents(Family.SPDX2))
    through = read_document(rendered(document, between)).document
    again = read_document(rendered(through, "spdx-json@2.3")).document
    plain = replace(again, relations=tuple(one for one in again.relations if one.kind != CONTAINS))
    assert differences(settled(document), settled(plain)) == []


@pytest.mark.parametrize("name", READABLE)
def test_what_we_state_of_an_artifact_is_the_same_in_every_format(name):
    document = full_document()
    assert document.subject is not None
    again = read_document(rendered(document, name)).document
    ours, theirs = stated_by(document), stated_by(again)
    assert (theirs.subject_digest, theirs.manifest_root) == (ours.subject_digest, ours.manifest_root)
    assert sorted(theirs.components, key=lambda one: one.purl) == sorted(ours.components, key=lambda one: one.purl)


@pytest.mark.parametrize("name", [name for name in READABLE if name != "json"])
def test_no_fact_of_a_component_is_lost_in_any_format(name):
    before = {part.purl: part for part in full_document().walk()}
    again = {part.purl: part for part in read_document(rendered(full_document(), name)).document.walk()}
    for purl, part in before.items():
        there = again[purl]
        assert {one.name: one.value for one in there.properties} == {one.name: one.value for one in part.properties}
        assert set(there.hashes) == set(part.hashes) and there.cpes == part.cpes
        found = [{one.value for one in rows.licences if one.basis is Basis.FOUND} for rows in (part, there)]
        assert found[0] == found[1]
        if name != "cyclonedx-json@1.4" and name != "cyclonedx-xml@1.4":
            assert there.occurrences == part.occurrences
            assert there.kind == part.kind
    dependencies = full_document().dependencies()
    assert {ref: set(to) for ref, to in read_document(rendered(full_document(), name)).document.dependencies().items() if to} == {
        ref: set(to) for ref, to in dependencies.items() if to
    }
