"""What the writers and readers of SPDX 2 and SPDX 3 share: parties, times, licences, names of tools. Pure."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pratique.documents.carry import carried
from pratique.documents.document import Basis, CustomLicence, Document, DocumentForm, Family, Licence, Part, Party, Property, Tool
from pratique.documents.spdx_vocabulary import LICENCE_REF
from pratique.lexicon.iri import is_uri
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import is_known, reference, valid_expression

PART_CARRIED = ("group", "manufacturer", "authors", "author", "publisher", "scope", "mime_type", "occurrences", "copyrights")
"""Fields of a part that SPDX has no place for."""
DOCUMENT_CARRIED = ("manufacturer", "supplier", "licences", "phases", "completeness", "references")
"""Fields of a document that SPDX has no place for."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pratique.dev/spdx/v1")
_PARTY = lazy(r"(?P<name>.*?)\s*\((?P<email>[^()\s]*@[^()\s]*|)\)", re.DOTALL)
_TOOL = lazy(r"(?P<name>.+)-(?P<version>v?[0-9][A-Za-z0-9.+~_-]*?)")
_MAILED = lazy(r"(?P<name>[^<>()\s](?:[^<>()\n]*[^<>()\s])?) <(?P<email>[^<>()\s@]+@[^<>()\s]+)>")
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


def party_from(text: str, kind: str) -> Party:
    """`Name (mail)`; the mail is optional."""
    found = _PARTY.fullmatch(text)
    if found and found["name"]:
        return Party(name=found["name"], kind=kind, email=found["email"])
    return Party(name=text, kind=kind)


def party_text(party: Party) -> str:
    """The same the other way."""
    return f"{party.name} ({party.email})" if party.email else party.name


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


def document_properties(document: Document) -> list[Property]:
    """The document's own, and what SPDX has no place for."""
    own = carried(document, DOCUMENT_CARRIED)
    if document.revision != 1:
        own += carried(document, ("revision",))
    if any(one.vendor or one.hashes for one in document.tools):
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


def with_originator(part: Part) -> Part:
    """A part with the first of its authors as the originator that SPDX has one place for; what all are called is carried."""
    made = _originator(part) if part.originator is None else None
    return replace(part, originator=made) if made is not None else part


def without_made_originator(part: Part) -> Part:
    """Without the originator that our writer made of an author."""
    made = _originator(part) if part.originator is not None else None
    return replace(part, originator=None) if made is not None and made == part.originator else part


def _originator(part: Part) -> Party | None:
    first = next((one for one in part.authors if one.name), None)
    said = _MAILED.fullmatch(part.author)
    if first is not None:
        found = Party(name=first.name, kind="person", email=first.email)
    elif said is not None:
        found = Party(name=said["name"], kind="person", email=said["email"])
    else:
        found = Party(name=part.author, kind="person")
    # What would be read back as something else is better carried only.
    plain = found.name and found.name == " ".join(found.name.split()) and found.name.isprintable()
    return found if plain and party_from(party_text(found), "person") == found else None


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
