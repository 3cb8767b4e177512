"""Documents for tests of `sbom score`: one that meets every rule, and for each rule what makes it miss exactly that one."""

from dataclasses import replace

from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
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

SHA256, SHA512 = Hash("sha256", "ab" * 32), Hash("sha512", "cd" * 64)
MAKER = Party(name="Somebody", kind="organization", email="s@example.org", urls=("https://example.org",))
ROOT = "sha256:" + "12" * 32
COVERAGE = {
    "coverage:matching": "10",
    "coverage:matching:bytes": "1000",
    "coverage:matching:executables": "3",
    "coverage:modified": "1",
    "coverage:modified:bytes": "5",
    "coverage:modified:executables": "0",
    "coverage:modified:configuration": "1",
    "coverage:unchecked": "0",
    "coverage:unchecked:bytes": "0",
    "coverage:unchecked:executables": "0",
    "coverage:missing": "0",
    "coverage:orphan": "0",
    "coverage:orphan:bytes": "0",
    "coverage:orphan:executables": "0",
}


def good_part(name, number=1, **more):
    """A component of which everything is stated that any rule asks for."""
    purl = f"pkg:npm/{name}@{number}.0.0"
    return replace(
        Part(
            ref=purl,
            name=name,
            kind="library",
            version=f"{number}.0.0",
            purl=purl,
            licences=(
                Licence(value="MIT", form=DocumentForm.ID, basis=Basis.DECLARED),
                Licence(value="MIT OR (ISC AND GPL-2.0-only WITH Classpath-exception-2.0)", basis=Basis.CONCLUDED),
            ),
            hashes=(SHA256, SHA512),
            supplier=MAKER,
            references=(
                ExternalReference(kind="distribution", url=f"https://example.org/{name}.tgz", hashes=(SHA512,)),
                ExternalReference(kind="source-distribution", url=f"https://example.org/{name}-src.tgz", hashes=(SHA512,)),
                ExternalReference(kind="rfc-9116", url="https://example.org/.well-known/security.txt"),
            ),
            properties=(
                Property("pratique:hash-covers", "package archive"),
                Property("bsi:component:filename", f"{name}.tgz"),
                Property("bsi:component:executable", "non-executable"),
                Property("bsi:component:archive", "archive"),
                Property("bsi:component:structured", "structured"),
                Property("bsi:component:effectiveLicense", "MIT"),
            ),
            occurrences=(f"node_modules/{name}",),
        ),
        **more,
    )


def good_document():
    """Meets every rule of every standard. `a` and `b` are packages, `c` is in `b`, the system is a logical component."""
    subject = good_part("whole", kind="application")
    system = good_part("system", kind="operating-system", hashes=(), properties=good_part("x").properties[-1:])
    parts = (good_part("a", 2), good_part("b", 3, parts=(good_part("c", 4),)), system)
    everything = (subject, *parts, *parts[1].parts)
    properties = {"subject:digest": "sha256:" + "ab" * 32, "manifest:root": ROOT, **COVERAGE}
    return Document(
        family=Family.CYCLONEDX,
        spec_version="1.6",
        serial="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        timestamp="2026-01-02T03:04:05Z",
        tools=(Tool(name="tool", version="1"),),
        authors=(MAKER,),
        phases=("build",),
        properties=tuple(Property(f"pratique:{name}", value) for name, value in properties.items()),
        subject=subject,
        parts=parts,
        relations=(
            Relation(source=subject.ref, kind=DEPENDS_ON, targets=tuple(one.ref for one in parts)),
            *(Relation(source=one.ref, kind=DEPENDS_ON, targets=()) for one in everything[1:]),
        ),
        completeness=(Completeness(aggregate="complete", dependencies=tuple(one.ref for one in everything)),),
    )


def with_part(document, **more):
    """The document with `a` changed."""
    return replace(document, parts=(replace(document.parts[0], **more), *document.parts[1:]))


def without_property(document, name):
    """The document without a property of `a`."""
    return with_part(document, properties=tuple(one for one in document.parts[0].properties if one.name != name))


def without_reference(document, kind):
    """The document without a reference of `a`."""
    return with_part(document, references=tuple(one for one in document.parts[0].references if one.kind != kind))


def with_counts(document, **counts):
    """The document with other properties of its own: `manifest_root` is `pratique:manifest:root`; None takes one out."""
    wanted = {"pratique:" + name.replace("_", ":"): value for name, value in counts.items()}
    kept = [Property(one.name, wanted.get(one.name, one.value)) for one in document.properties]
    return replace(document, properties=tuple(one for one in kept if one.value is not None))


def with_licences(document, *bases):
    """The document with those licences of `a` that have one of these bases."""
    return with_part(document, licences=tuple(one for one in document.parts[0].licences if one.basis in bases))


def weak_form(document, *hashes):
    """The document with other digests of `a`, and nothing else that has any."""
    references = tuple(replace(one, hashes=()) if one.kind == "distribution" else one for one in document.parts[0].references)
    return with_part(document, hashes=hashes, references=references)


def without_relations_of_a(document):
    """Nothing is said about `a`, and nothing needs it."""
    a = document.parts[0].ref
    kept = [replace(one, targets=tuple(two for two in one.targets if two != a)) for one in document.relations if one.source != a]
    return replace(document, relations=tuple(kept))


def without_subject(document):
    """The same parts, described as such: nothing says which whole they are parts of."""
    parts = tuple(one.ref for one in document.parts)
    kept = tuple(one for one in document.relations if one.source != document.subject.ref)
    completeness = tuple(
        replace(one, dependencies=tuple(ref for ref in one.dependencies if ref != document.subject.ref))
        for one in document.completeness
    )
    relations = (Relation(source="", kind="describes", targets=parts), *kept)
    stripped = with_counts(document, subject_digest=None)
    return replace(stripped, subject=None, relations=relations, completeness=completeness)


def with_copy(document):
    """`a` listed a second time, in the same place of the structure."""
    a = document.parts[0]
    top, *rest = document.relations
    relations = (replace(top, targets=(*top.targets, "copy")), *rest, Relation(source="copy", kind=DEPENDS_ON, targets=()))
    return replace(document, parts=(*document.parts, replace(a, ref="copy")), relations=relations)


def unreachable(document):
    """What `a` needs is stated, but nothing needs `a`."""
    a = document.parts[0].ref
    kept = [replace(one, targets=tuple(two for two in one.targets if two != a)) for one in document.relations]
    return replace(document, relations=tuple(kept))


def untold(document):
    """What `a` needs is not stated, though something needs `a`."""
    a = document.parts[0].ref
    return replace(document, relations=tuple(one for one in document.relations if one.source != a))


def incomplete(document):
    """Incomplete somewhere; which parts are meant nobody learns."""
    return replace(document, completeness=(Completeness(aggregate="incomplete", assemblies=(document.subject.ref,)),))


NOBODY = {"supplier": None, "manufacturer": None, "originators": (), "authors": (), "author": "", "publisher": ""}
NAMED = {**NOBODY, "publisher": "Somebody"}
NO_PURL = {"purl": "", "cpes": ()}

MISSES = {
    ("ntia", "supplier"): lambda one: with_part(one, **NOBODY),
    ("ntia", "name"): lambda one: with_part(one, name=""),
    ("ntia", "version"): lambda one: with_part(one, version="NOASSERTION"),
    ("ntia", "identifiers"): lambda one: with_part(one, **NO_PURL),
    ("ntia", "relationship"): without_relations_of_a,
    ("ntia", "author"): lambda one: replace(one, authors=(), tools=()),
    ("ntia", "timestamp"): lambda one: replace(one, timestamp="yesterday"),
    ("cisa", "author"): lambda one: replace(one, authors=()),
    ("cisa", "producer"): lambda one: with_part(one, **NOBODY),
    ("cisa", "name"): lambda one: with_part(one, name=" "),
    ("cisa", "version"): lambda one: with_part(one, version=""),
    ("cisa", "identifiers"): lambda one: with_part(one, **NO_PURL),
    ("cisa", "hash"): lambda one: with_part(one, hashes=(Hash("sha256", "ab"),)),
    ("cisa", "licence"): lambda one: with_part(one, licences=(Licence(value="NONE", form=DocumentForm.NONE),)),
    ("cisa", "relationship"): without_relations_of_a,
    ("cisa", "tool"): lambda one: replace(one, tools=()),
    ("cisa", "timestamp"): lambda one: replace(one, timestamp="2026-13-02T03:04:05Z"),
    ("cisa", "context"): lambda one: replace(one, phases=()),
    ("cisa", "format"): lambda one: replace(one, family=Family.OWN),
    ("cisa", "unknowns"): lambda one: replace(one, completeness=()),
    ("bsi", "format"): lambda one: replace(one, spec_version="1.5"),
    ("bsi", "no-vulnerabilities"): lambda one: replace(one, vulnerabilities=({"id": "CVE-2026-1"},)),
    ("bsi", "creator"): lambda one: replace(one, authors=(Party(name="Somebody"),)),
    ("bsi", "timestamp"): lambda one: replace(one, timestamp="2026-01-02"),
    ("bsi", "component-creator"): lambda one: with_part(one, **NAMED),
    ("bsi", "name"): lambda one: with_part(one, name=""),
    ("bsi", "version"): lambda one: with_part(one, version=""),
    ("bsi", "filename"): lambda one: without_property(one, "bsi:component:filename"),
    ("bsi", "dependencies"): untold,
    ("bsi", "completeness"): lambda one: replace(
        one, completeness=tuple(replace(two, dependencies=two.dependencies[:-1]) for two in one.completeness)
    ),
    ("bsi", "distribution-licences"): lambda one: with_licences(one, Basis.DECLARED),
    ("bsi", "sha512"): lambda one: weak_form(one, SHA256),
    ("bsi", "executable"): lambda one: without_property(one, "bsi:component:executable"),
    ("bsi", "archive"): lambda one: without_property(one, "bsi:component:archive"),
    ("bsi", "structured"): lambda one: without_property(one, "bsi:component:structured"),
    ("bsi", "uri"): lambda one: replace(one, serial=""),
    ("bsi", "source-uri"): lambda one: with_part(
        one, references=tuple(replace(two, url="") if two.kind[0] == "s" else two for two in one.parts[0].references)
    ),
    ("bsi", "deployable-uri"): lambda one: without_reference(one, "distribution"),
    ("bsi", "identifiers"): lambda one: with_part(one, **NO_PURL),
    ("bsi", "original-licences"): lambda one: with_licences(one, Basis.CONCLUDED),
    ("bsi", "effective-licence"): lambda one: without_property(one, "bsi:component:effectiveLicense"),
    ("bsi", "source-hash"): lambda one: with_part(
        one, references=tuple(replace(two, hashes=()) if two.kind[0] == "s" else two for two in one.parts[0].references)
    ),
    ("bsi", "security-txt"): lambda one: without_reference(one, "rfc-9116"),
    ("accuracy", "subject"): without_subject,
    ("accuracy", "manifest"): lambda one: with_counts(one, manifest_root="sha256:none"),
    ("accuracy", "executables"): lambda one: with_counts(one, coverage_orphan_executables="1"),
    ("accuracy", "files"): lambda one: with_counts(one, coverage_orphan="1"),
    ("accuracy", "bytes"): lambda one: with_counts(one, coverage_orphan_bytes="1"),
    ("accuracy", "as-packaged"): lambda one: with_counts(one, coverage_modified="2"),
    ("accuracy", "hashes"): lambda one: with_part(one, hashes=(Hash("sha1", "ab" * 20),)),
    ("accuracy", "hash-covers"): lambda one: without_reference(without_property(one, "pratique:hash-covers"), "distribution"),
    ("accuracy", "hash-form"): lambda one: with_part(one, hashes=(SHA256, Hash("sha512", "ab"))),
    ("accuracy", "purls"): lambda one: with_part(one, purl="npm/a@2.0.0"),
    ("accuracy", "purl-versions"): lambda one: with_part(one, purl="pkg:npm/a@2.0.1"),
    ("accuracy", "licences"): lambda one: with_part(one, licences=(Licence(value="Apache 2", form=DocumentForm.NAME),)),
    ("accuracy", "places"): lambda one: with_part(one, occurrences=()),
    ("accuracy", "duplicates"): with_copy,
    ("accuracy", "dangling"): lambda one: replace(
        one, relations=(*one.relations, Relation(source=one.parts[0].ref, kind=CONTAINS, targets=("nowhere",)))
    ),
    ("accuracy", "reachable"): unreachable,
    ("accuracy", "completeness"): lambda one: replace(one, completeness=()),
    ("accuracy", "unknowns"): incomplete,
}
"""(standard, rule) → what makes `good_document` miss it, and no other rule of the same standard."""
