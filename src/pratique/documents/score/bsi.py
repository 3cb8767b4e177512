"""Technical Guideline TR-03183-2 of the BSI, version 2.1.0 (2025-08-20), as rules. Pure.

Required data fields (§5.2.1, §5.2.2) are MUST, additional ones, which are owed where they exist (§5.2.3, §5.2.4), SHOULD, and
optional ones (§5.2.5) MAY. Logical components (§3.2.2) owe no file name, digest or property of a file. Where §8.2 maps a field
to one place in a format and other tools write another, either is taken: the digest of the deployable component stands in a
distribution reference or with the component, a licence without an acknowledgement is taken for both kinds.
"""

import re
from collections.abc import Callable

from pratique.documents.document import Basis, Family, Part
from pratique.documents.score.fields import BSI as PROPERTY
from pratique.documents.score.fields import (
    aside,
    has_contact,
    has_identifier,
    hashes_of,
    is_hash,
    is_spdx,
    is_time,
    reachable,
    said,
)
from pratique.documents.score.ntia import TIME
from pratique.documents.score.rules import Rule, Severity, Standard, each, each_in, once
from pratique.documents.score.view import View

_TABLE_2 = "§5.2.1"
_TABLE_3 = "§5.2.2"
_TABLE_4 = "§5.2.3"
_TABLE_5 = "§5.2.4"
_TABLE_6 = "§5.2.5"
_LEAST = {Family.CYCLONEDX: (1, 6), Family.SPDX3: (3, 0, 1)}
_SOURCES = frozenset({"source-distribution", "vcs"})


def _format(view: View) -> bool:
    least = _LEAST.get(view.document.family)
    version = tuple(int(one) for one in re.findall(r"\d{1,4}", view.document.spec_version)[:3])
    return least is not None and version >= least


def _creator(view: View) -> bool:
    return any(reachable(one) for one in view.document.authors)


def _file_name(view: View, part: Part) -> bool:
    named = part.property(f"{PROPERTY}filename") or part.file_name
    return said(named) or any(said(one.name) for one in view.artifacts.get(part.ref, ()))


def _licence(*bases: Basis) -> Callable[[View, Part], bool]:
    def test(view: View, part: Part) -> bool:
        found = [one for one in part.licences if one.basis in bases and said(one.value)]
        return bool(found) and all(is_spdx(one, view.document.family) for one in found)

    return test


def _sha512(view: View, part: Part) -> bool:
    references = (one for row in part.references if row.kind == "distribution" for one in row.hashes)
    files = (one for file in view.artifacts.get(part.ref, ()) for one in hashes_of(file))
    return any(one.algorithm == "sha512" and is_hash(one) for one in (*hashes_of(part), *references, *files))


def _flag(name: str, values: tuple[str, str], purposes: tuple[str, ...]) -> Callable[[View, Part], bool]:
    """In CycloneDX a property with one of two values. In SPDX 3 purposes of the file that is distributed (§8.2); without
    `purposes`, silence of that file is an answer."""

    def test(view: View, part: Part) -> bool:
        if part.property(PROPERTY + name) in values:
            return True
        stated = [aside(one.extra, "/software_additionalPurpose") for one in view.artifacts.get(part.ref, ())]
        return any(any(purpose in rows for purpose in purposes) or not purposes for rows in stated)

    return test


def _referred(kinds: frozenset[str]) -> Callable[[Part], bool]:
    return lambda part: any(one.kind in kinds and said(one.url) for one in part.references)


def _deployable(view: View, part: Part) -> bool:
    if said(part.download) or any(one.kind == "distribution" and said(one.url) for one in part.references):
        return True
    return any(file.extra.get("/externalRef") or file.references for file in view.artifacts.get(part.ref, ()))


BSI = Standard(
    id="bsi",
    title="BSI TR-03183-2 v2.1",
    source="Technical Guideline TR-03183-2: Cyber Resilience Requirements, Part 2: SBOM, version 2.1.0, BSI, 2025-08-20",
    rules=(
        Rule(
            id="format",
            clause="§4",
            asks="the document is CycloneDX from 1.6 or SPDX from 3.0.1",
            advice="convert it: `pratique sbom convert IN -o cyclonedx-json@1.6`",
            answer=once(_format, "is in another format or version"),
        ),
        Rule(
            id="no-vulnerabilities",
            clause="§3.1",
            asks="the document holds no vulnerabilities: they change when it does not",
            advice="take vulnerabilities out, and publish them as VEX or CSAF",
            answer=once(lambda view: not view.document.vulnerabilities, "holds vulnerabilities"),
        ),
        Rule(
            id="creator",
            clause=f"{_TABLE_2}: Creator of the SBOM",
            asks="the document gives a mail address or URL of who made it",
            advice="add an author or manufacturer with a mail address, or a URL if there is none",
            answer=once(_creator, "gives neither a mail address nor a URL of its maker"),
        ),
        Rule(
            id="timestamp",
            clause=f"{_TABLE_2}: Timestamp",
            asks="the document says when it was made",
            advice=TIME,
            answer=once(lambda view: is_time(view.document.timestamp), "states no time"),
        ),
        Rule(
            id="component-creator",
            clause=f"{_TABLE_3}: Component creator",
            asks="each component gives a mail address or URL of who made it",
            advice="add the manufacturer or supplier with a mail address, or a URL if there is none",
            answer=each_in(has_contact),
        ),
        Rule(
            id="name",
            clause=f"{_TABLE_3}: Component name",
            asks="each component has a name",
            advice="name each component as its creator does, or by its file",
            answer=each(lambda part: said(part.name)),
        ),
        Rule(
            id="version",
            clause=f"{_TABLE_3}: Component version",
            asks="each component has a version, or the date of its file",
            advice="state the version; of what its creator gives none, when its file was last changed (RFC 3339)",
            answer=each(lambda part: said(part.version)),
        ),
        Rule(
            id="filename",
            clause=f"{_TABLE_3}: Filename of the component",
            asks="each component that is a file says its name",
            advice="state the property bsi:component:filename (CycloneDX), or the distribution artifact (SPDX 3)",
            answer=each_in(_file_name, among=View.physical),
        ),
        Rule(
            id="dependencies",
            clause=f"{_TABLE_3}: Dependencies on other components",
            asks="each component lists what it needs or contains, be it nothing",
            advice="add an entry for each component; an empty one says that it needs nothing",
            answer=each_in(View.explained),
        ),
        Rule(
            id="completeness",
            clause=f"{_TABLE_3}: Dependencies on other components",
            asks="each component says how complete that list is",
            advice="state it: `compositions` that name each component (CycloneDX), completeness of relationships (SPDX 3)",
            answer=each_in(lambda view, part: part.ref in view.declared),
        ),
        Rule(
            id="distribution-licences",
            clause=f"{_TABLE_3}: Distribution licences; §6.1",
            asks="each component states in SPDX's words under which licences it may be used",
            advice="conclude licences (`acknowledgement: concluded`, hasConcludedLicense) as SPDX expressions",
            answer=each_in(_licence(Basis.CONCLUDED, Basis.STATED)),
        ),
        Rule(
            id="sha512",
            clause=f"{_TABLE_3}: Hash value of the deployable component",
            asks="each component that is a file has a SHA-512 digest of the form in which it is deployed",
            advice="state it in a `distribution` reference (CycloneDX), or of the distribution artifact (SPDX 3)",
            answer=each_in(_sha512, among=View.physical),
        ),
        Rule(
            id="executable",
            clause=f"{_TABLE_3}: Executable property",
            asks="each component that is a file says whether it is executable",
            advice="state bsi:component:executable, `executable` or `non-executable`",
            answer=each_in(_flag("executable", ("executable", "non-executable"), ()), among=View.physical),
        ),
        Rule(
            id="archive",
            clause=f"{_TABLE_3}: Archive property",
            asks="each component that is a file says whether it is an archive",
            advice="state bsi:component:archive, `archive` or `no archive`",
            answer=each_in(_flag("archive", ("archive", "no archive"), ()), among=View.physical),
        ),
        Rule(
            id="structured",
            clause=f"{_TABLE_3}: Structured property",
            asks="each component that is a file says whether what it contains can still be told apart",
            advice="state bsi:component:structured, `structured` or `unstructured`; container or firmware in SPDX 3",
            answer=each_in(_flag("structured", ("structured", "unstructured"), ("container", "firmware")), among=View.physical),
        ),
        Rule(
            id="uri",
            clause=f"{_TABLE_4}: SBOM-URI",
            asks="the document has a URI of its own",
            advice="give it a serial number (CycloneDX) or a namespace (SPDX)",
            answer=once(lambda view: said(view.document.serial), "has no URI"),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="source-uri",
            clause=f"{_TABLE_5}: Source code URI",
            asks="each component says where its source code is",
            advice="add a `source-distribution` or `vcs` reference where the source is public",
            answer=each(_referred(_SOURCES)),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="deployable-uri",
            clause=f"{_TABLE_5}: URI of the deployable form of the component",
            asks="each component that is a file says from where it can be had",
            advice="add a `distribution` reference (CycloneDX) or a download location (SPDX)",
            answer=each_in(_deployable, among=View.physical),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="identifiers",
            clause=f"{_TABLE_5}: Other unique identifiers",
            asks="each component has a CPE, package URL or SWID tag",
            advice="add a package URL, or a CPE or SWID tag where the component has none",
            answer=each(has_identifier),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="original-licences",
            clause=f"{_TABLE_5}: Original licences; §6.1",
            asks="each component states in SPDX's words which licences its creator gave it",
            advice="state declared licences as SPDX expressions; what SPDX does not know as a LicenseRef",
            answer=each_in(_licence(Basis.DECLARED, Basis.STATED)),
            severity=Severity.SHOULD,
        ),
        Rule(
            id="effective-licence",
            clause=f"{_TABLE_6}: Effective licence",
            asks="each component may state the licence under which it is used here",
            advice="state bsi:component:effectiveLicense where a choice was made",
            answer=each(lambda part: said(part.property(f"{PROPERTY}effectiveLicense"))),
            severity=Severity.MAY,
        ),
        Rule(
            id="source-hash",
            clause=f"{_TABLE_6}: Hash value of the source code of the component",
            asks="each component may state a digest of its source code",
            advice="add a digest to the `source-distribution` reference",
            answer=each(lambda part: any(row.kind == "source-distribution" and row.hashes for row in part.references)),
            severity=Severity.MAY,
        ),
        Rule(
            id="security-txt",
            clause=f"{_TABLE_6}: URL of the security.txt",
            asks="each component may name its creator's security.txt",
            advice="add an `rfc-9116` reference",
            answer=each(_referred(frozenset({"rfc-9116"}))),
            severity=Severity.MAY,
        ),
    ),
)
