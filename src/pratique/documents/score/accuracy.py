"""Our own measures: can what a document says be believed, and be held against the bytes? Pure.

Standards ask whether a field is there. These rules ask whether it is right as far as the document itself shows it (package URLs
that are none, relations into nothing, one package twice), and whether the document says enough to be checked: the root of its
file manifest, which files its components account for, what its digests cover, what it does not know.
"""

from collections.abc import Callable, Iterator

from pratique.documents.cyclonedx.vocabulary import OWN_PREFIX
from pratique.documents.document import CONTAINS, Part
from pratique.documents.score.fields import hashes_of, is_hash, is_purl, is_spdx, is_strong, said
from pratique.documents.score.rules import Rule, RuleAnswer, Severity, Standard, each, each_in, listed, once
from pratique.documents.score.view import View
from pratique.errors import Malformed
from pratique.lexicon.text import clean
from pratique.model import Digest

_OWNED = ("matching", "modified", "unchecked")


def _digest_of_subject(view: View) -> bool:
    subject = view.document.subject
    if subject is None:
        return False
    # The version of an image is often its digest.
    return any(map(is_strong, hashes_of(subject))) or _is_digest(view.own("subject:digest")) or _is_digest(subject.version)


def _is_digest(text: str) -> bool:
    try:
        Digest.parse(text)
    except Malformed:
        return False
    return True


def _accounted(suffix: str, noun: str) -> Callable[[View], RuleAnswer]:
    """Share of what is there that some component accounts for. Without counts, of the files that the document lists."""

    def answer(view: View) -> RuleAnswer:
        counts = {state: view.count(f"coverage:{state}{suffix}") for state in (*_OWNED, "orphan")}
        known = [one for one in counts.values() if one is not None]
        if len(known) == len(counts):
            of = sum(known)
            met = of - (counts["orphan"] or 0)
        elif not suffix and view.document.files:
            of = len(view.document.files)
            met = sum(1 for one in view.document.files if one.ref in view.owned_files)
        else:
            return RuleAnswer(0, 1, (f"does not say which {noun} its components account for",))
        return RuleAnswer(met, of, (f"{of - met:,} of {of:,} {noun} belong to no component",) if met < of else ())

    return answer


def _as_packaged(view: View) -> RuleAnswer:
    """Share of what packages list that is there with the content they state. What is made to be edited may be."""
    counts = [view.count(f"coverage:{state}") for state in ("matching", "modified", "unchecked", "missing")]
    if any(one is None for one in counts):
        return RuleAnswer(0, 1, ("does not say whether files are those of their packages",))
    matching, modified, unchecked, missing = (one or 0 for one in counts)
    edited = min(view.count("coverage:modified:configuration") or 0, modified)
    of = matching + modified + unchecked + missing
    rows = ((modified - edited, "modified"), (unchecked, "without a stated digest"), (missing, "missing"))
    return RuleAnswer(matching + edited, of, tuple(f"{number:,} files {words}" for number, words in rows if number))


def _covers(view: View, part: Part) -> bool:
    """Whether it is clear what a digest is of: said so, the subject's own, or that of one file or one download."""
    plain = bool(part.property(f"{OWN_PREFIX}hash-covers")) or part is view.document.subject or part.kind == "file"
    if plain and hashes_of(part):
        return True
    files = view.artifacts.get(part.ref, ())
    return any(one.hashes for one in part.references if one.kind == "distribution") or any(hashes_of(one) for one in files)


def _agrees(part: Part) -> bool:
    """Whether the package URL names the version stated beside it. An epoch may stand in a qualifier, an image's tag does."""
    from pratique.lexicon.purl_read import parse_purl

    try:
        purl = parse_purl(part.purl)
    except Malformed:
        return True  # what is no package URL is found by the rule above
    if not purl.version or not part.version or part.version == purl.qualifiers.get("tag"):
        return True
    # Go writes a v before its versions, dpkg and rpm an epoch; whether the URL does, is a matter of taste.
    stated, named = (text.partition(":")[2] or text for text in (part.version, purl.version))
    return stated.removeprefix("v") == named.removeprefix("v")


def _duplicates(view: View) -> RuleAnswer:
    """One package once, in one place of the structure; what has no package URL is known by its name and version."""
    seen: set[tuple[object, ...]] = set()

    def rows() -> Iterator[tuple[bool, str]]:
        for part, holder in zip(view.components, view.holders, strict=True):
            key = (holder, part.purl or (part.kind, part.group, part.name, part.version))
            yield key not in seen, view.label(part)
            seen.add(key)

    return listed(rows())


def _dangling(view: View) -> RuleAnswer:
    """Every end of every relation is there, or in another document that is named."""

    def rows() -> Iterator[tuple[bool, str]]:
        for one in view.document.relations:
            for ref in (one.source, *one.targets):
                yield ref in view.refs or ref.startswith(("DocumentRef-", "urn:cdx:")), f"{clean(ref, 100)} is not there"

    return listed(rows())


def _unknowns(view: View) -> RuleAnswer:
    """Of a document that says it is incomplete: does it say where?"""
    if any(one.name == f"{OWN_PREFIX}unknown" for one in view.document.properties):
        return RuleAnswer(1, 1)
    subject = view.document.subject.ref if view.document.subject is not None else ""
    incomplete = [one for one in view.document.completeness if one.aggregate.startswith("incomplete")]
    vague = any({*one.assemblies, *one.dependencies} <= {subject} for one in incomplete)
    return listed([(not vague, "it does not say where")] if incomplete else [])


def _has_place(view: View, part: Part) -> bool:
    return bool(part.occurrences) or any(one.kind == CONTAINS for one in view.structure.get(part.ref, ()))


def _valid_licences(view: View, part: Part) -> bool:
    return all(is_spdx(one, view.document.family) for one in part.licences)


ACCURACY = Standard(
    id="accuracy",
    title="Accuracy",
    source="Pratique's own measures: docs/score.md",
    rules=(
        Rule(
            id="subject",
            clause="bound to bytes",
            asks="the document says by digest what it is about",
            advice="state the digest of the artifact with metadata.component, or of the package that is described",
            answer=once(_digest_of_subject, "does not say which bytes it is about"),
        ),
        Rule(
            id="manifest",
            clause="bound to bytes",
            asks="the document states the root of a file manifest, so that it can be checked file by file",
            advice="make it with `pratique sbom SOURCE`, and check it with `pratique sbom check`",
            answer=once(lambda view: _is_digest(view.own("manifest:root")), "nothing binds it to files"),
        ),
        Rule(
            id="executables",
            clause="everything accounted for",
            asks="each executable belongs to a component",
            advice="find out where the executables come from that no package lists: `sbom check` and the unknowns name them",
            answer=_accounted(":executables", "executables"),
        ),
        Rule(
            id="files",
            clause="everything accounted for",
            asks="each file belongs to a component",
            advice="install by packages, and leave out of the artifact what it does not need",
            answer=_accounted("", "files"),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="bytes",
            clause="everything accounted for",
            asks="each byte belongs to a component",
            advice="look at the largest files that no package lists",
            answer=_accounted(":bytes", "bytes"),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="as-packaged",
            clause="everything accounted for",
            asks="files have the content that their packages state",
            advice="reinstall what was modified or is missing; packages without digests cannot be held to anything",
            answer=_as_packaged,
            severity=Severity.SHOULD,
        ),
        Rule(
            id="hashes",
            clause="digests",
            asks="each component that can have one has a digest from SHA-256 upwards",
            advice="state SHA-256, SHA-384 or SHA-512; of SHA-1 and MD5 others can make a second content",
            answer=each(lambda part: any(is_strong(one) for one in hashes_of(part)), among=View.physical),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="hash-covers",
            clause="digests",
            asks="each component that can have a digest says what it is a digest of",
            advice="put digests of a download into a `distribution` reference; of what is installed, say what they cover",
            answer=each_in(_covers, among=View.physical),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="hash-form",
            clause="digests",
            asks="each digest is as long as its algorithm makes it",
            advice="correct or take out digests that no bytes can have",
            answer=each(lambda part: all(map(is_hash, hashes_of(part))), among=lambda _, part: bool(hashes_of(part))),
        ),
        Rule(
            id="purls",
            clause="names",
            asks="each package URL is one, by the rules of its type",
            advice="correct the package URL: nothing is found by this one",
            answer=each(lambda part: is_purl(part.purl), among=lambda _, part: said(part.purl)),
        ),
        Rule(
            id="purl-versions",
            clause="names",
            asks="each package URL names the version that is stated beside it",
            advice="state the same version in both places",
            answer=each(_agrees, among=lambda _, part: said(part.purl)),
        ),
        Rule(
            id="licences",
            clause="names",
            asks="each licence is an SPDX identifier, an expression of them, or a LicenseRef",
            advice="write licences in SPDX's words, and what SPDX does not know as LicenseRef-…",
            answer=each_in(_valid_licences, among=lambda _, part: bool(part.licences)),
        ),
        Rule(
            id="places",
            clause="evidence",
            asks="each component says where it was found",
            advice="list evidence.occurrences (CycloneDX), or the files that each package contains (SPDX)",
            answer=each_in(_has_place, among=lambda view, part: part is not view.document.subject),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="duplicates",
            clause="structure",
            asks="each component is listed once",
            advice="merge what is one package, and keep all the places where it was found",
            answer=_duplicates,
        ),
        Rule(
            id="dangling",
            clause="structure",
            asks="each relation is between things that are there",
            advice="add what is referred to, or take the relation out",
            answer=_dangling,
        ),
        Rule(
            id="reachable",
            clause="structure",
            asks="relations lead from what the document is about to each component",
            advice="say what the artifact depends on or contains, and what that does",
            answer=each_in(lambda view, part: id(part) in view.reachable),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="completeness",
            clause="what is not known",
            asks="the document says how complete it is",
            advice="state it: `compositions` (CycloneDX), completeness of relationships (SPDX 3), NOASSERTION or NONE (SPDX 2)",
            answer=once(lambda view: view.says_completeness, "does not say how complete it is"),
        ),
        Rule(
            id="unknowns",
            clause="what is not known",
            asks="a document that is incomplete says where",
            advice="name the components of which not everything is known, or list what could not be read",
            answer=_unknowns,
        ),
    ),
)
