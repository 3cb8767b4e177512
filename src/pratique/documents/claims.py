"""What a document states that can be held against bytes and policies: its subject, its manifest's root, its components. Pure.

One reader for everybody who asks: a gate sees what `sbom check` sees, in every format. Documents of others have errors; an error
in what is read here, or in how it is nested, makes the whole document unreadable, since what it hides is not known. Refused as
well: what two readers would take differently (a statement made twice, members whose names differ from known ones in case only).
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from pratique.attest.strictjson import load_json
from pratique.documents.carry import PREFIX
from pratique.documents.document import Basis, Document, DocumentForm, Licence, Part
from pratique.documents.extra import split_pointer
from pratique.documents.read import MAX_BYTES, MAX_DEPTH, Reading, read_document, read_value
from pratique.documents.shape import Problem
from pratique.documents.subject_digest import stated_digests
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.licences import UNREAD
from pratique.lexicon.text import clean
from pratique.model import Digest

_TEXT_READ = 400  # of a licence's text: its title, which says what it is
_STATED = (Basis.STATED, Basis.DECLARED)
_ELSEWHERE = ("has-declared-license", "has-concluded-license")

# Members that say nothing about which components there are, or under which licences.
_ASIDE = frozenset(
    # CycloneDX
    "$schema serialNumber dependencies compositions vulnerabilities annotations externalReferences signature formulation"
    " declarations definitions services timestamp tools authors author supplier manufacture manufacturer lifecycles bom-ref"
    " hashes publisher description copyright mime-type evidence pedigree modelCard data cryptoProperties releaseNotes swid"
    " swhid omniborId tags acknowledgement"
    # SPDX 2
    " creationInfo relationships snippets revieweds comment documentNamespace documentDescribes checksums homepage originator"
    " copyrightText packageVerificationCode summary attributionTexts sourceInfo builtDate releaseDate validUntilDate"
    " packageFileName licenseComments hasFiles crossRefs"
    # SPDX 3
    " verifiedUsing externalRef originatedBy suppliedBy builtTime releaseTime validUntilTime software_copyrightText"
    " software_homePage software_downloadLocation software_sourceInfo contentType".split()
)
_READ = frozenset(
    "bomFormat specVersion metadata component components type group name version purl cpe licenses license expression id"
    " spdxVersion packages files externalRefs referenceType referenceLocator versionInfo licenseDeclared licenseConcluded"
    " licenseInfoInFiles hasExtractedLicensingInfos licenseId extractedText @graph software_packageUrl software_packageVersion"
    " externalIdentifier identifier simplelicensing_licenseExpression relationshipType from to".split()
)
_READ_BY_CASE = {name.casefold(): name for name in _READ}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedComponent:
    """One component of somebody's document. `name`: with its group. `licences`: identifiers, names or expressions that are stated
    or declared, as a sorted set. `held`: all licences that hold of it, as they are written."""

    purl: str
    name: str
    version: str
    licences: tuple[str, ...]
    kind: str = field(default="", compare=False)  # a format may have no word for it
    cpes: tuple[str, ...] = field(default=(), compare=False)
    held: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSbom:
    """What was read. `subject_digest`, `manifest_root`: None where the document does not say.

    `components`: all but the subject and files. `others`: the subject, files with licences of their own, and components by what
    else they are called. `licence_names`: what is said of names that are no SPDX identifiers. `digests`: by which other tools say
    what a document is about (`subject_digest`).
    """

    serial: str
    spec_version: str
    subject_digest: Digest | None
    manifest_root: Digest | None
    components: tuple[ParsedComponent, ...]
    others: tuple[ParsedComponent, ...] = ()
    licence_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    digests: tuple[Digest, ...] = field(default=(), compare=False)


def read_claims(predicate: Mapping[str, Any]) -> ParsedSbom:
    """What the bill of materials in an attestation states, in any format. Raises Malformed, LimitExceeded."""
    value: Any = predicate
    if "Data" in predicate and not {"bomFormat", "spdxVersion", "@context"} & predicate.keys():
        value = predicate["Data"]  # as older versions of cosign wrap what they attest
    if isinstance(value, str):
        return claims_of(value.encode("utf-8", "surrogatepass"))
    return _claims_of_value(value)


def claims_of(data: bytes) -> ParsedSbom:
    """The same of a document's bytes. Members named twice are errors here, whatever they name."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _claims_of_value(load_json(data, what="the document", max_size=MAX_BYTES, max_depth=MAX_DEPTH))
    try:
        return stated_by(read_document(data).document)
    except LimitExceeded:
        raise
    except Malformed as error:
        return _in_spite_of(error, read_document, data)


def _claims_of_value(value: Any) -> ParsedSbom:
    _check_cases(value)
    try:
        # Strictly reading changes no more than the version at the top; reading leniently takes parts out.
        return stated_by(read_value(dict(value) if isinstance(value, dict) else value).document)
    except LimitExceeded:
        raise
    except Malformed as error:
        return _in_spite_of(error, read_value, deepcopy(value))


def stated_by(document: Document) -> ParsedSbom:
    """What any format's document states. Raises Malformed where it contradicts itself."""
    subject = _own(document, "subject:digest")
    if subject is not None and document.subject is not None:
        said = document.subject.hash(subject.algorithm)
        if said and said != subject.hex:
            raise Malformed("the document states two digests of what it is about")
    elsewhere = _licensed_elsewhere(document)
    return ParsedSbom(
        serial=document.serial,
        spec_version=document.spec_version,
        subject_digest=subject,
        manifest_root=_own(document, "manifest:root"),
        digests=stated_digests(document),
        components=tuple(_component(part, elsewhere) for part in document.walk()),
        others=tuple(_others(document, elsewhere)),
        licence_names=_licence_names(document),
    )


def licence_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Licences as a set: what is joined by AND at the top of an expression are licences of their own. Sorted."""
    found: set[str] = set()
    for text in texts:
        found.update(_operands(text))
    return tuple(sorted(found - {""}))


def _in_spite_of(error: Malformed, read: Any, source: Any) -> ParsedSbom:
    """With errors aside of what is read here. Raises the error otherwise."""
    reading: Reading = read(source, lenient=True)
    for problem in reading.repaired:
        if _matters(problem):
            raise Malformed(f"{reading.title} with errors: {problem}") from error
    return stated_by(reading.document)


def _matters(problem: Problem) -> bool:
    way = split_pointer(problem.pointer)
    if problem.reason.startswith("is listed twice"):
        return False  # the other one stays
    if problem.reason.startswith("is not known here"):
        return bool(way) and way[-1].casefold() in _READ_BY_CASE
    return not any(name in _ASIDE for name in way)


def _check_cases(value: Any) -> None:
    """Readers that do not tell `Components` from `components` would see another document."""
    waiting = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise LimitExceeded(f"a bill of materials nested deeper than {MAX_DEPTH} levels")
        if isinstance(one, dict):
            for name, inner in one.items():
                known = _READ_BY_CASE.get(name.casefold())
                if (
                    known is not None
                    and name != known
                    and known in ("components", "component", "purl", "packages", "@graph", "licenses")
                ):
                    raise Malformed(f"it has the member {clean(name, 40)!r}, which some readers take for {known!r}")
                waiting.append((inner, depth + 1))
        elif isinstance(one, list):
            waiting += [(inner, depth + 1) for inner in one]


def _component(part: Part, elsewhere: Mapping[str, str]) -> ParsedComponent:
    return ParsedComponent(
        purl=part.purl,
        name=part.full_name,
        version=part.version,
        licences=licence_words(one.value for one in part.licences if one.basis in _STATED),
        kind=part.kind,
        cpes=part.cpes,
        held=_held(part, elsewhere),
    )


def _held(part: Part, elsewhere: Mapping[str, str]) -> tuple[str, ...]:
    """What is found in files counts where nobody says more of the whole."""
    said = [one for one in part.licences if one.form is not DocumentForm.NONE]
    firm = [one for one in said if one.basis is not Basis.FOUND] or said
    found = dict.fromkeys(one.value for one in firm)
    if part.ref in elsewhere:
        found[elsewhere[part.ref]] = None
    return tuple(found)


def _others(document: Document, elsewhere: Mapping[str, str]) -> Iterator[ParsedComponent]:
    parts = [*([document.subject] if document.subject is not None else ()), *document.walk()]
    for number, part in enumerate(parts):
        if number == 0 and document.subject is not None:
            yield _component(part, elsewhere)
        for purl in dict.fromkeys(_more_purls(part)):
            if purl != part.purl:
                yield ParsedComponent(purl=purl, name=part.full_name, version=part.version, licences=(), kind=part.kind)
    for file in document.files:
        if _held(file, elsewhere):
            yield _component(file, elsewhere)


def _more_purls(part: Part) -> Iterator[str]:
    """Package URLs beside the first one, which formats of SPDX have room for."""
    for one in part.references:
        if one.url[:4].lower() == "pkg:":
            yield one.url
    rows = part.extra.get("/externalIdentifier", ())
    for row in rows if isinstance(rows, list | tuple) else ():
        text = row.get("identifier") if isinstance(row, dict) else None
        if isinstance(text, str) and text[:4].lower() == "pkg:":
            yield text


def _licensed_elsewhere(document: Document) -> dict[str, str]:
    """Of parts whose licence SPDX 3 states as a structure of its own: what can be said of it, marked as not read."""
    found: dict[str, str] = {}
    for one in document.relations:
        if one.kind in _ELSEWHERE:
            found[one.source] = f"{UNREAD}{' '.join(one.targets)}"
    return found


def _licence_names(document: Document) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for custom in document.custom_licences:
        found.setdefault(custom.id, {}).update(dict.fromkeys((custom.name, *custom.urls, custom.text[:_TEXT_READ])))
    parts = [*([document.subject] if document.subject is not None else ()), *document.walk(), *document.files]
    for one in (licence for part in parts for licence in part.licences if licence.url or licence.text):
        found.setdefault(one.value, {}).update(dict.fromkeys(_said_of(one)))
    return {name: tuple(text for text in texts if text) for name, texts in found.items()}


def _said_of(licence: Licence) -> Iterator[str]:
    if licence.form is DocumentForm.NAME:  # an identifier says itself what it is
        yield licence.url
        yield licence.text[:_TEXT_READ]


def _own(document: Document, name: str) -> Digest | None:
    values = [one.value for one in document.properties if one.name == PREFIX + name]
    if len(values) > 1:
        raise Malformed(f"the document states {PREFIX}{name} twice")
    return Digest.parse(values[0]) if values else None


def _operands(text: str) -> list[str]:
    """`A AND (B OR C)` → `A`, `B OR C`; an expression with another operator at its top stays whole."""
    depth = 0
    words: list[str] = []
    parts: list[list[str]] = []
    for word in text.replace("(", " ( ").replace(")", " ) ").split():
        depth += (word == "(") - (word == ")")
        if word == "AND" and depth == 0:
            parts.append(words)
            words = []
        elif word == "OR" and depth == 0:
            return [_bare(text)]
        else:
            words.append(word)
    return [_bare(" ".join(one).replace("( ", "(").replace(" )", ")")) for one in (*parts, words)]


def _bare(text: str) -> str:
    """Without the parentheses around the whole. Linear: each is matched once, however many stand around it."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for index, char in enumerate(text):
        if char == "(":
            opened.append(index)
        elif char == ")" and opened:
            closing[opened.pop()] = index
    begin, end = 0, len(text)
    while True:
        while begin < end and text[begin].isspace():
            begin += 1
        while begin < end and text[end - 1].isspace():
            end -= 1
        if closing.get(begin, -1) != end - 1 or begin == end:
            return text[begin:end]
        begin, end = begin + 1, end - 1
