"""Whether a field says something: what standards ask for may stand in several places of several formats. Pure.

SPDX's NOASSERTION and NONE are no values: whoever reads them knows no supplier and no version.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pratique.documents.document import Basis, Document, DocumentForm, Extra, Family, Hash, Licence, Part, Party
from pratique.documents.score.view import View
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.spdx_ids import EXCEPTIONS, LICENCES

_NOTHING = frozenset({"", "NOASSERTION", "NONE"})
# One character before the sign is enough to know, and keeps the search linear in what strangers write.
_MAIL = lazy(r"[^\s<>()@]@[^\s<>()@]+\.[^\s<>()@]")
_URL = lazy(r"https?://[^\s/]+.*", re.DOTALL)
_TIME = lazy(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_REF = lazy(r"(DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_ADDITION = lazy(r"(DocumentRef-[A-Za-z0-9.-]+:)?AdditionRef-[A-Za-z0-9.-]+")
_HEX = lazy(r"[0-9a-f]+")
_DIGITS = {
    **{"md2": 32, "md4": 32, "md5": 32, "md6": None, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128},
    **{"sha3-224": 56, "sha3-256": 64, "sha3-384": 96, "sha3-512": 128, "adler32": 8, "streebog-256": 64, "streebog-512": 128},
    **{"blake2b-256": 64, "blake2b-384": 96, "blake2b-512": 128, "blake3": None},
}
"""Hash algorithm → hexadecimal digits of its values, None where they vary. Others (`h1`) are not hexadecimal."""
_WEAK = frozenset({"md2", "md4", "md5", "md6", "sha1", "sha224", "sha3-224", "adler32"})
_IDENTIFYING = frozenset(
    "package-manager/purl security/cpe22type security/cpe23type persistent-id/swh persistent-id/gitoid security/swid".split()
)
_LIFECYCLE = lazy(r"\b(design|source|pre-build|build|post-build|analy[sz]ed|deployed|runtime|operations)\b", re.IGNORECASE)
BSI = "bsi:component:"
"""Of the names in BSI's property taxonomy for CycloneDX."""


def said(text: str) -> bool:
    """Whether a text says anything."""
    return text.strip().upper() not in _NOTHING


def makers(view: View, part: Part) -> Iterator[Party]:
    """Whoever is named as supplying, making or writing it, in any field that a format has for it.

    CycloneDX names the supplier of what the document is about beside it, too (`metadata.supplier`).
    """
    if part is view.document.subject and view.document.supplier is not None:
        yield view.document.supplier
    yield from (one for one in (part.supplier, part.manufacturer) if one is not None)
    yield from (*part.originators, *part.authors)
    yield from (Party(name=text) for text in (part.author, part.publisher) if text)


def has_maker(view: View, part: Part) -> bool:
    """Whether anybody is named. SPDX 3 keeps agents that are more than a name, or several, aside."""
    named = any(said(one.name) or said(one.email) for one in makers(view, part))
    return named or bool(part.extra.get("/suppliedBy") or part.extra.get("/originatedBy"))


def has_contact(view: View, part: Part) -> bool:
    """Whether a mail address or a URL of whoever is named is stated, be it within the name (`Name <mail>`)."""
    return any(reachable(one) for one in makers(view, part))


def reachable(party: Party) -> bool:
    """Whether a mail address or a URL is stated."""
    texts = (party.name, party.email)
    if any(_MAIL.search(text) for text in texts) or any(_URL.fullmatch(text) for text in (*party.urls, party.name)):
        return True
    # SPDX 3: identifiers of an agent beside its name.
    identifiers = [row.get("identifier") for row in aside(party.extra, "/externalIdentifier") if isinstance(row, dict)]
    if any(isinstance(one, str) and (_MAIL.search(one) or _URL.fullmatch(one)) for one in identifiers):
        return True
    return any(_MAIL.search(one.email) for one in party.contacts)


def has_identifier(part: Part) -> bool:
    """Whether there is a key into other databases: a package URL, CPE, SWID tag, SWHID, gitoid or OmniBOR identifier."""
    if said(part.purl) or any(said(one) for one in part.cpes):
        return True
    if any(part.extra.get(name) for name in ("/swid", "/swhid", "/omniborId", "/externalIdentifier")):
        return True
    return any(one.kind.lower() in _IDENTIFYING and said(one.url) for one in part.references)


def aside(extra: Extra, pointer: str) -> list[Any]:
    """The list that a reader set aside at this pointer; whatever else stands there, in a document of our own form, is none."""
    found = extra.get(pointer)
    return list(found) if isinstance(found, list | tuple) else []


def hashes_of(part: Part) -> tuple[Hash, ...]:
    """All hashes of it. SPDX 3 keeps a list with other means of verification aside."""
    if "/verifiedUsing" not in part.extra:
        return part.hashes
    rows = [one for one in aside(part.extra, "/verifiedUsing") if isinstance(one, dict)]
    texts = [(str(one.get("algorithm", "")), one.get("hashValue")) for one in rows]
    more = (Hash(name.replace("_", "-").lower(), value.lower()) for name, value in texts if isinstance(value, str))
    return (*part.hashes, *more)


def is_hash(one: Hash) -> bool:
    """Whether its value can be one of its algorithm; of what is not hexadecimal, whether there is any."""
    if one.algorithm not in _DIGITS:
        return bool(one.value)
    return bool(_HEX.fullmatch(one.value)) and _DIGITS[one.algorithm] in (None, len(one.value))


def is_strong(one: Hash) -> bool:
    """Whether it is one that nobody can find a second content for."""
    return is_hash(one) and one.algorithm not in _WEAK


def has_licence(part: Part, *bases: Basis) -> bool:
    """Whether one is stated with one of these bases, in SPDX's words."""
    return any(one.basis in bases and one.form is not DocumentForm.NONE and said(one.value) for one in part.licences)


def is_spdx(one: Licence, family: Family) -> bool:
    """Whether a licence is in SPDX's words: an identifier, a `LicenseRef-…`, or an expression of them (SPDX 2.3 Annex D).

    In SPDX documents a name is what a `LicenseRef-…` stands for.
    """
    if one.form is DocumentForm.NAME:
        return family in (Family.SPDX2, Family.SPDX3) or bool(_REF.fullmatch(one.value))
    return one.form is DocumentForm.NONE or is_expression(one.value)


def is_expression(text: str) -> bool:
    """Whether this is a licence expression all of whose names are known or references."""
    depth, wanted = 0, "operand"
    for word in re.findall(r"[()]|[^\s()]+", text):
        if wanted == "exception":
            if word not in EXCEPTIONS and not _ADDITION.fullmatch(word):
                return False
            wanted = "operator"
        elif wanted == "operand":
            if word == "(":
                depth += 1
            elif word in LICENCES or word.removesuffix("+") in LICENCES or _REF.fullmatch(word):
                wanted = "with"
            else:
                return False
        elif word == ")" and depth:
            depth, wanted = depth - 1, "operator"
        elif word == "WITH" and wanted == "with":
            wanted = "exception"
        elif word in ("AND", "OR"):
            wanted = "operand"
        else:
            return False
    return depth == 0 and wanted in ("operator", "with")


def is_time(text: str) -> bool:
    """Whether this is a date and time with its zone (RFC 3339 §5.6)."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def is_purl(text: str) -> bool:
    """Whether this is a package URL by the rules of its type."""
    from pratique.lexicon.purl_read import parse_purl

    try:
        parse_purl(text)
    except Malformed:
        return False
    return True


def has_author(document: Document) -> bool:
    """Whether a person or an organisation is named that made the document."""
    return any(said(one.name) or said(one.email) for one in document.authors)


def has_context(document: Document) -> bool:
    """Whether it is said in which phase of the software's life the data was taken.

    CycloneDX: lifecycles; SPDX 3: sbomType; SPDX 2, which has no field, a comment on the creation that names a phase.
    """
    if any(said(one) for one in document.phases) or document.extra.get("/metadata/lifecycles"):
        return True
    if document.extra.get("/software_Sbom/software_sbomType"):
        return True
    comment = document.extra.get("/creationInfo/comment", "")
    return isinstance(comment, str) and bool(_LIFECYCLE.search(comment))
