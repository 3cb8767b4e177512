"""Documents that no tool would write, such as our own JSON made by hand: they merge or are refused, and nothing leads nowhere."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.documents.document import Annotation, Completeness, CustomLicence, Document, Family, Licence, Part, Relation
from pratique.documents.merge.merge import Input, merge_documents
from pratique.errors import Malformed

KEYS = st.sampled_from("bom-ref ref spdxId @id creationInfo SPDXID externalDocumentId spdxDocument tlp phase affects x".split())
LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b", "_:a", "SPDXRef-a", "urn:x"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6)
POINTERS = st.sampled_from(
    (
        "/@graph /SpdxDocument/import /SpdxDocument/profileConformance /externalDocumentRefs /snippets /services /formulation"
        " /definitions /declarations /metadata/lifecycles /metadata/tools/services /metadata/distributionConstraints /signature"
        " /packageVerificationCode /creationInfo /dependsOn /bom-ref /vulnerabilities /software_Sbom/software_sbomType /type"
    ).split()
)
EXTRAS = st.dictionaries(POINTERS, VALUES, max_size=4)
REFS = st.sampled_from(["", "a", "b", "c", "nobody", "subject", "part-0", "DocumentRef-a:SPDXRef-a", "urn:cdx:1/1#a"])
MANY = st.lists(REFS, max_size=3).map(tuple)
WORDS = st.sampled_from(["", "complete", "incomplete", "no-assertion", "odd"])

PARTS = st.builds(
    Part,
    ref=st.sampled_from(["", "a", "b", "c"]),
    name=st.sampled_from(["", "n", "m"]),
    version=st.sampled_from(["", "1"]),
    purl=st.sampled_from(["", "", "pkg:npm/a@1", "pkg:", "no purl"]),
    licences=st.lists(st.builds(Licence, value=st.sampled_from(["", "(", "LicenseRef-1", "A AND"])), max_size=2).map(tuple),
    extra=EXTRAS,
)
DOCUMENTS = st.builds(
    Document,
    family=st.sampled_from(list(Family)),
    serial=st.sampled_from(["", "x", "urn:uuid:1", "https://a b#c"]),
    revision=st.integers(-1, 2),
    timestamp=st.sampled_from(["", "9999-99", "0001-01-01T00:00:00+14:00", "2024-01-01T00:00:00Z"]),
    subject=st.none() | st.just(Part(ref="s", name="s")),
    parts=st.lists(PARTS, max_size=3, unique_by=lambda one: one.ref).map(tuple),
    files=st.lists(st.builds(Part, ref=st.sampled_from(["", "f", "a"]), name=st.just("f")), max_size=2).map(tuple),
    relations=st.lists(
        st.builds(
            Relation,
            source=REFS,
            kind=st.sampled_from(["contains", "depends-on", "describes", "x"]),
            targets=MANY,
            complete=WORDS,
            extra=EXTRAS,
        ),
        max_size=3,
    ).map(tuple),
    completeness=st.lists(
        st.builds(Completeness, aggregate=WORDS, assemblies=MANY, dependencies=MANY, extra=EXTRAS), max_size=2
    ).map(tuple),
    annotations=st.lists(st.builds(Annotation, subjects=MANY, text=st.just("t"), extra=EXTRAS), max_size=1).map(tuple),
    custom_licences=st.lists(
        st.builds(CustomLicence, id=st.sampled_from(["", "LicenseRef-1", "x"]), text=st.sampled_from(["", "t", "u"])), max_size=2
    ).map(tuple),
    vulnerabilities=st.lists(VALUES, max_size=2).map(tuple),
    extra=EXTRAS,
)


@settings(deadline=None, max_examples=250)
@given(DOCUMENTS, DOCUMENTS, st.none() | st.sampled_from([Family.CYCLONEDX, Family.SPDX2, Family.SPDX3]))
def test_whatever_two_documents_say_they_merge_or_a_ref_used_twice_is_named(one, other, family):
    inputs = [Input(document=one, sha256="1"), Input(document=other, sha256="2", label="b.json")]
    try:
        found = merge_documents(inputs, family=family, name="p").document
    except Malformed as error:
        assert "two components are called" in error.message
        return
    refs = [part.ref for part in (found.subject, *found.walk(), *found.files)]
    assert len(set(refs)) == len(refs) and all(refs)
    assert found.family is not Family.OWN and found.serial.startswith("urn:uuid:")
