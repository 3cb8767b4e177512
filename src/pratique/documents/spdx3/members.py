"""Members of SPDX 3.0.1 elements that hold lists of small things, read and written: hashes, identifiers, references,
properties. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from pratique.documents.document import Document, ExternalReference, Family, Hash, Part, Party, Property
from pratique.documents.shape import Problem
from pratique.documents.spdx3.vocabulary import ALGORITHMS, REFERENCES
from pratique.documents.spdx_common import namespace_of
from pratique.lexicon.cpe import cpe_version
from pratique.lexicon.iri import is_iri_reference, is_uri
from pratique.lexicon.text import clean

_HASHES = {name: ours for ours, name in ALGORITHMS.items()}
_REFERENCE_KINDS = {name: ours for ours, name in REFERENCES.items()}


def id_of(value: Mapping[str, Any]) -> str:
    """The identifier of an element."""
    return str(value.get("spdxId") or value.get("@id") or "")


WORLDLY = ("http://", "https://", "urn:")
"""How identifiers begin that name a thing in the world; others are the document's own."""


def own_prefix(serial: str) -> str:
    """How the identifiers begin that a document of that identifier gives itself: with a fragment, or within its own."""
    return serial if serial.endswith("#") else f"{serial}/" if "#" in serial else f"{serial}#"


def identifier(serial: str, ref: str) -> str:
    """The identifier of a part of that ref in the document `serial`: its own, or what names it in the world already."""
    return ref if ref.startswith(WORLDLY) else own_prefix(serial) + quote(ref, safe="/@:+~")


def ref_of(serial: str, name: str) -> str:
    """The same the other way: what an identifier is called within the document."""
    prefix = own_prefix(serial)
    if not serial or not name.startswith(prefix):
        return name
    ref = unquote(name[len(prefix) :])
    return ref if ref and identifier(serial, ref) == name else name


def serial_of(document: Document) -> str:
    """The identifier of a document in SPDX 3: the one that it has there, or one that follows from what it is about."""
    stated = document.serial
    return stated if document.family is Family.SPDX3 and is_uri(stated) else namespace_of(document)


def text_of(value: Any) -> str:
    """A text, "" for anything else: what may be said by reference or in place."""
    return value if isinstance(value, str) else ""


def said(text: str) -> str:
    """A text that asserts something, "" for NOASSERTION."""
    return "" if text == "NOASSERTION" else text


def hashes_from(rows: Sequence[Any]) -> tuple[tuple[Hash, ...], bool]:
    """Hashes; and whether there is anything else among them."""
    plain = [
        one
        for one in rows
        # What is referred to by a name that nothing bears is no object.
        if isinstance(one, dict) and one.keys() <= {"type", "algorithm", "hashValue"} and one.get("algorithm") in _HASHES
    ]
    found = tuple(Hash(_HASHES[one["algorithm"]], text_of(one.get("hashValue")).lower()) for one in plain)
    return found, len(found) < len(rows)


def identifiers_from(value: Mapping[str, Any]) -> tuple[str, tuple[str, ...], list[Any]]:
    """The purl, CPE names, and all other identifiers."""
    purl = value.get("software_packageUrl", "")
    cpes: list[str] = []
    others: list[Any] = []
    for one in value.get("externalIdentifier", ()):
        if not isinstance(one, dict):
            others.append(one)
            continue
        plain = one.keys() <= {"type", "externalIdentifierType", "identifier"}
        kind = one.get("externalIdentifierType")
        if plain and kind in ("cpe23", "cpe22"):
            cpes.append(one["identifier"])
        elif plain and kind == "packageUrl" and purl in ("", one["identifier"]):
            purl = one["identifier"]
        else:
            others.append(one)
    return purl, tuple(cpes), others


def references_from(value: Mapping[str, Any]) -> tuple[tuple[ExternalReference, ...], list[Any]]:
    """The home page and external references of one locator each; and the others."""
    found: list[ExternalReference] = []
    others: list[Any] = []
    if "software_homePage" in value:
        found.append(ExternalReference(kind="website", url=value["software_homePage"]))
    for one in value.get("externalRef", ()):
        if not isinstance(one, dict):
            others.append(one)
            continue
        kind, locators = one.get("externalRefType", ""), one.get("locator", [])
        if not one.keys() <= {"type", "externalRefType", "locator", "comment"} or len(locators) != 1 or not kind:
            others.append(one)
        else:
            found.append(
                ExternalReference(
                    kind=_REFERENCE_KINDS.get(kind, f"spdx/{kind}"), url=locators[0], comment=one.get("comment", "")
                )
            )
    return tuple(found), others


def identifiers_to(part: Part) -> list[dict[str, Any]]:
    """CPE names, each by the version that it is bound in; what is no CPE name is left out."""
    return [
        {"type": "ExternalIdentifier", "externalIdentifierType": f"cpe{version.replace('.', '')}", "identifier": one}
        for one in part.cpes
        if (version := cpe_version(one))
    ]


def problems_of_names(part: Part) -> list[Problem]:
    """What `identifiers_to` and `references_to` leave out, since it is not what it should be."""
    place = part.ref or part.name
    found = [Problem(place, f"{clean(one, 80)!r} is no CPE name") for one in part.cpes if not cpe_version(one)]
    odd = [one for one in part.references if not is_iri_reference(one.url)]
    return found + [Problem(place, f"{one.kind} {clean(one.url, 80)!r} is no address") for one in odd]


def references_to(out: dict[str, Any], part: Part) -> tuple[list[dict[str, Any]], list[Any]]:
    """The home page and external references; and those that do not fit."""
    rows: list[dict[str, Any]] = []
    unsayable: list[Any] = []
    for one in part.references:
        kind = REFERENCES.get(one.kind) or (one.kind.removeprefix("spdx/") if one.kind.startswith("spdx/") else "")
        home = one.kind == "website" and "software_homePage" not in out and not (one.comment or one.hashes)
        if not is_iri_reference(one.url):
            unsayable.append(one)
        elif home and out["type"] != "software_File":
            out["software_homePage"] = one.url
        elif not kind or one.hashes or one.extra:
            unsayable.append(one)
        else:
            row: dict[str, Any] = {"type": "ExternalRef", "externalRefType": kind, "locator": [one.url]}
            rows.append(row | ({"comment": one.comment} if one.comment else {}))
    return rows, unsayable


def agent_identifiers(party: Party) -> dict[str, Any]:
    """An agent's mail address and addresses, as a member where there are any."""
    rows = [("email", party.email)] if party.email else []
    rows += [("urlScheme", one) for one in party.urls]
    found = [{"type": "ExternalIdentifier", "externalIdentifierType": kind, "identifier": text} for kind, text in rows]
    return {"externalIdentifier": found} if found else {}


def agent_addresses(rows: Sequence[Any]) -> tuple[str, tuple[str, ...]] | None:
    """The same the other way; None where there is anything else among them, or in another order."""
    if not all(isinstance(one, dict) for one in rows):
        return None
    mails = [one.get("identifier", "") for one in rows if one.get("externalIdentifierType") == "email"]
    urls = [one.get("identifier", "") for one in rows if one.get("externalIdentifierType") == "urlScheme"]
    email = mails[0] if mails else ""
    made = agent_identifiers(Party(name="", email=email, urls=tuple(urls)))
    return (email, tuple(urls)) if list(rows) == made.get("externalIdentifier", []) else None


def extension_of(properties: list[Property]) -> dict[str, Any]:
    """Properties as the extension that carries CycloneDX's."""
    if not properties:
        return {}
    rows = [
        {"type": "extension_CdxPropertyEntry", "extension_cdxPropName": one.name, "extension_cdxPropValue": one.value}
        for one in properties
    ]
    return {"extension": [{"type": "extension_CdxPropertiesExtension", "extension_cdxProperty": rows}]}
