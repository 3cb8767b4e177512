"""What a document states that can be held against the bytes: its subject, its file manifest's root, its components. Pure.

Refuses a document that states one of these twice: two readers would see two documents.
"""

from collections.abc import Iterable

from pratique.documents.cyclonedx.claims import PREFIX, ParsedComponent, ParsedSbom
from pratique.documents.document import Basis, Document, Part
from pratique.errors import Malformed
from pratique.model import Digest


def stated_by(document: Document) -> ParsedSbom:
    """What any format's document states. Raises Malformed where it contradicts itself."""
    subject = _own(document, "subject:digest")
    if subject is not None and document.subject is not None:
        said = document.subject.hash(subject.algorithm)
        if said and said != subject.hex:
            raise Malformed("the document states two digests of what it is about")
    return ParsedSbom(
        serial=document.serial,
        spec_version=document.spec_version,
        subject_digest=subject,
        manifest_root=_own(document, "manifest:root"),
        components=tuple(_component(part) for part in document.walk()),
    )


def licence_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Licences as a set: what is joined by AND at the top of an expression are licences of their own. Sorted."""
    found: set[str] = set()
    for text in texts:
        found.update(_operands(text))
    return tuple(sorted(found - {""}))


def _component(part: Part) -> ParsedComponent:
    licences = [one.value for one in part.licences if one.basis in (Basis.STATED, Basis.DECLARED)]
    return ParsedComponent(purl=part.purl, name=part.full_name, version=part.version, licences=licence_words(licences))


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
    """Without the parentheses around the whole."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _matches(text):
        text = text[1:-1].strip()
    return text


def _matches(text: str) -> bool:
    """Whether the first parenthesis is closed by the last."""
    depth = 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return index == len(text) - 1
    return False
