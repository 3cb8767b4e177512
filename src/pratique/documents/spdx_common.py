"""What the writers and readers of SPDX 2 and SPDX 3 share: parties, times, licences, names of tools. Pure."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pratique.documents.carry import carried
from pratique.documents.document import Basis, CustomLicence, Document, DocumentForm, Family, Licence, Part, Property, Tool
from pratique.documents.parties import Said, bare, carried_parties, originators_of, tools_of, without_made_originators
from pratique.documents.spdx_vocabulary import LICENCE_REF
from pratique.lexicon.iri import is_uri
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import is_known, reference, valid_expression

PART_CARRIED = ("group", "publisher", "scope", "mime_type", "occurrences", "copyrights")
"""Fields of a part that SPDX has no place for, beside persons and organisations."""
DOCUMENT_CARRIED = ("licences", "phases", "completeness", "references")
"""Fields of a document that SPDX has no place for, beside persons and organisations."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pratique.dev/spdx/v1")
_TOOL = lazy(r"(?P<name>.+)-(?P<version>v?[0-9][A-Za-z0-9.+~_-]*?)")
_EPOCH = "1970-01-01T00:00:00Z"


def namespace_of(document: Document) -> str:
    """What names the document for the world: what it says itself, or a URN that follows from what it is about."""
    if document.family is Family.OWN and document.subject is not None:
        return f"https://pratique.dev/spdx/{document.subject.ref.replace(':', '-')}/{document.serial.removeprefix('urn:uuid:')}"
    if document.serial and not re.search(r"[#\s]", document.serial):
        return document.serial
    subject = document.subject.ref + document.subject.name if document.subject is not None else ""
    words = [document.serial, subject, document.timestamp, *(part.ref or part.name for part in document.parts)]
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, chr(10).join(words))}"


def spdx_time(text: str) -> str:
    """RFC 3339 as SPDX wants it: UTC, whole seconds. What is no time is 1970, since a time is mandatory."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        return text
    try:
        moment = datetime.fromisoformat(text.replace("z", "Z").replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return _EPOCH


def tool_from(text: str) -> Tool:
    """`name-version`, as creators are written by convention."""
    found = _TOOL.fullmatch(text)
    return Tool(name=found["name"], version=found["version"]) if found else Tool(name=text)


def tool_text(tool: Tool) -> str:
    """The same the other way; the vendor is left to `carried`."""
    return f"{tool.name}-{tool.version}" if tool.version else tool.name


def short_hash(text: str) -> str:
    """Ten hexadecimal digits that stand for a text in an identifier."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def properties_text(properties: Sequence[Property]) -> str:
    """Properties as the comment of an annotation."""
    rows = [[one.name, one.value] for one in properties]
    return json.dumps({"properties": rows}, ensure_ascii=False, separators=(",", ":"))


def properties_from(text: str) -> tuple[Property, ...] | None:
    """Properties out of the comment of an annotation; None if it is another one."""
    if not text.startswith('{"properties":['):
        return None
    try:
        rows = json.loads(text)["properties"]
        found = [Property(name, value) for name, value in rows]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return tuple(found) if all(isinstance(one.name, str) and isinstance(one.value, str) for one in found) else None


def document_properties(document: Document, said: Said) -> list[Property]:
    """The document's own, and what SPDX has no place for. `said`: of persons and organisations."""
    own = carried_parties(document, ("manufacturer", "supplier"), None)
    own += [*carried_parties(document, ("authors",), said), *carried(document, DOCUMENT_CARRIED)]
    if document.revision != 1:
        own += carried(document, ("revision",))
    if any(one.vendor or one.hashes for one in document.tools) or (document.tools and tools_of(document) != document.tools):
        own += carried(document, ("tools",))
    return [*own, *document.properties]


@dataclass(slots=True)
class LicenceWriter:
    """Licence statements as SPDX expressions; names that are none become `LicenseRef-…` and are explained once.

    `stated`: expressions come from a document of SPDX itself, and stay as they are stated there.
    """

    custom: dict[str, CustomLicence] = field(default_factory=dict)
    explain: bool = True
    stated: bool = False

    @classmethod
    def of(cls, document: Document, *, explain: bool) -> "LicenceWriter":
        """With what the document explains already. `explain`: also references of which nothing is known but their name."""
        spdx = document.family in (Family.SPDX2, Family.SPDX3)
        return cls({one.id: one for one in document.custom_licences}, explain, spdx)

    def text(self, licences: Iterable[Licence]) -> str:
        """One expression for all of them; "" for none."""
        words = list(dict.fromkeys(self.word(one) for one in licences))
        if len(words) > 1 and "NONE" in words:
            words.remove("NONE")
        return " AND ".join(f"({one})" if " " in one and len(words) > 1 else one for one in words)

    def word(self, one: Licence) -> str:
        """One statement."""
        if one.form is DocumentForm.NONE:
            return "NONE"
        if one.form is DocumentForm.EXPRESSION or (one.form is DocumentForm.ID and is_known(one.value)):
            value = one.value if self.stated or one.form is DocumentForm.ID else valid_expression(one.value)
            if self.explain:
                for name in LICENCE_REF.findall(value):
                    self.custom.setdefault(name, CustomLicence(id=name))
            return value
        name = one.value if LICENCE_REF.fullmatch(one.value) else reference(one.value)
        known = self.custom.get(name)
        if known is not None and one.text and known.text not in ("", one.text):
            # Licences of one name and different texts are two.
            name = f"{name}-{short_hash(one.text)}"
            known = self.custom.get(name)
        if known is None and (self.explain or name != one.value or one.text or one.url):
            said = "" if name == one.value else one.value
            self.custom[name] = CustomLicence(id=name, name=said, text=one.text, urls=(one.url,) if one.url else ())
        return name


def distribution_of(part: Part) -> str:
    """Where a part is to be had, by its references: what SPDX calls its download location; "" for nowhere."""
    return next((one.url for one in part.references if one.kind == "distribution" and is_uri(one.url)), "")


def part_parties(part: Part, document: Document, said: Said, most: int | None = None) -> tuple[Part, list[Property]]:
    """A part with its supplier and at most so many originators, as SPDX says them; and what is carried of persons and
    organisations.

    Of the subject CycloneDX says also in the whole document's `supplier` and `manufacturer` who they are.
    """
    whole = part is document.subject
    supplier = part.supplier or (document.supplier if whole else None)
    maker = document.manufacturer if whole else None
    if not (supplier or maker or part.originators or part.authors or part.author or part.manufacturer):
        return part, []
    own = whole and document.supplier is not None
    found = carried_parties(part, ("supplier",), None if own else said)
    found += carried_parties(part, ("manufacturer", "authors", "author"), None)
    made = bool(part.manufacturer or part.authors or part.author or maker)
    said_of_all = originators_of(part, maker)[:most]
    found += carried_parties(part, ("originators",), None if made or len(said_of_all) < len(part.originators) else said)
    return replace(part, supplier=supplier, originators=said_of_all), found


def without_made_parties(document: Document, stated: Set[str], said: Said) -> Document:
    """The document without what the writer said of its subject because the whole says it. `stated`: what the subject carries."""
    subject = document.subject
    if subject is None or (document.supplier is None and document.manufacturer is None):
        return document
    if document.supplier is not None and "supplier" not in stated and subject.supplier == said(bare(document.supplier)):
        subject = replace(subject, supplier=None)
    if document.manufacturer is not None:
        subject = without_made_originators(subject, stated, said, document.manufacturer)
    return replace(document, subject=subject)


def without_group(part: Part) -> Part:
    """A package's name as SPDX spells it begins with its group, where one is carried."""
    prefix = f"{part.group}/"
    return replace(part, name=part.name[len(prefix) :]) if part.group and part.name.startswith(prefix) else part


def split_licences(part: Part) -> tuple[list[Licence], list[Licence], list[Licence]]:
    """Declared (or just stated), concluded, found."""
    declared = [one for one in part.licences if one.basis in (Basis.DECLARED, Basis.STATED)]
    concluded = [one for one in part.licences if one.basis is Basis.CONCLUDED]
    return declared, concluded, [one for one in part.licences if one.basis is Basis.FOUND]


def named_licence(one: Licence, custom: dict[str, CustomLicence]) -> Licence:
    """A `LicenseRef-…` that our writer made of a name is that name again."""
    known = custom.get(one.value) if one.form is DocumentForm.NAME else None
    if (
        known is None
        or not known.name
        or reference(known.name) != known.id
        or known.comment
        or known.extra
        or len(known.urls) > 1
    ):
        return one
    return Licence(value=known.name, form=DocumentForm.NAME, basis=one.basis, text=known.text, url="".join(known.urls))


def is_only_a_name(one: CustomLicence) -> bool:
    """Whether `named_licence` says all that this says."""
    return bool(one.name) and reference(one.name) == one.id and not one.comment and not one.extra and len(one.urls) <= 1
