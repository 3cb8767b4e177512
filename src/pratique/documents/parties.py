"""Persons and organisations: where each format has a place for them, what its readers see there, what is carried beside it. Pure.

Of a component CycloneDX names a supplier, a manufacturer (from 1.6 on) and authors, who are persons (before, a text); SPDX 2.3 a
supplier and one originator (§7.5, §7.6), SPDX 3.0.1 a supplier and any number of originators (Core, suppliedBy, originatedBy). So
authors and the manufacturer are originators to SPDX, and of originators the persons are authors and the organisation is the
manufacturer to CycloneDX. Of the document CycloneDX names authors and (from 1.6 on) a manufacturer, SPDX creators: `authors`.

What is put into a field for its readers only is told from what was stated by what is carried: a field that is carried was stated.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import replace
from typing import Any

from pratique.documents.carry import carried
from pratique.documents.document import Document, Part, Party, Property, Tool
from pratique.errors import InputError
from pratique.lexicon.iri import is_iri_reference, is_mail_address, is_uri
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean

Said = Callable[[Party], Party | None]
"""What a format's readers see of a party; None for nothing."""

_MADE_OF = frozenset({"authors", "author", "manufacturer"})
_IN_BRACKETS = lazy(r"(?P<name>.*?)\s*\((?P<email>[^()\s]*@[^()\s]*|)\)", 16)  # re.DOTALL
_MAILED = lazy(r"(?P<name>[^<>()\s](?:[^<>()\n]*[^<>()\s])?) <(?P<email>[^<>()\s@]+@[^<>()\s]+)>")
_STATED = lazy(r"(?:(?P<kind>Person|Organi[sz]ation):\s*)?(?P<name>[^<>]*?)\s*(?:<(?P<where>[^<>\s]+)>)?", 2)  # re.IGNORECASE
_SPDX3_KINDS = frozenset({"person", "organization", "software"})


def parse_party(text: str, *, kind: str) -> Party:
    """`NAME` or `NAME <MAIL or URL>`, with `Person:` or `Organization:` before it where it is not of that `kind`. Raises
    InputError."""
    found = _STATED.fullmatch(text.strip())
    if found is None or not found["name"] or not text.isprintable():
        raise InputError(f"no name of anybody: {clean(text, 80)!r}", hint="write NAME or NAME <mail@example.org>")
    kind = {"p": "person", "o": "organization"}.get((found["kind"] or "")[:1].lower(), kind)
    where = found["where"] or ""
    if where and not is_mail_address(where) and not (is_uri(where) and "://" in where):
        raise InputError(f"{clean(where, 80)!r} is neither a mail address nor a URL", hint="write NAME <mail@example.org>")
    mail = where if is_mail_address(where) else ""
    return Party(name=found["name"], kind=kind, email=mail, urls=(where,) if where and not mail else ())


def bare(party: Party) -> Party:
    """Without what only its own format knows."""
    if not party.extra and not party.contacts:
        return party
    return replace(party, contacts=tuple(bare(one) for one in party.contacts), extra={})


def carried_parties(value: Part | Document, names: Iterable[str], said: Said | None) -> list[Property]:
    """Properties that say these fields. `said`: only those of which the format's readers would see something else."""
    found: list[Property] = []
    for name in names:
        stated = getattr(value, name)
        if not stated:
            continue
        if isinstance(stated, str):
            found += carried(value, (name,))
            continue
        rows = tuple(bare(one) for one in (stated if isinstance(stated, tuple) else (stated,)))
        if said is None or rows != tuple(said(one) for one in rows):
            changes: dict[str, Any] = {name: rows if isinstance(stated, tuple) else rows[0]}
            found += carried(replace(value, **changes), (name,))
    return found


# SPDX


def party_from(text: str, kind: str) -> Party:
    """`Name (mail)`; the mail is optional (SPDX 2.3 §6.8)."""
    found = _IN_BRACKETS.fullmatch(text)
    if found and found["name"]:
        return Party(name=found["name"], kind=kind, email=found["email"])
    return Party(name=text, kind=kind)


def party_text(party: Party) -> str:
    """The same the other way, with the mail address of a contact where it has none itself."""
    mail = _mail_of(party)
    return f"{party.name} ({mail})" if mail else party.name


def spdx2_party(party: Party) -> str:
    """`Person: Name (mail)` or `Organization: …`, "" for what has no name."""
    return f"{'Person' if party.kind == 'person' else 'Organization'}: {party_text(party)}" if party.name.strip() else ""


def said_in_spdx2(party: Party) -> Party | None:
    """See `Said`; what a line cannot hold is not seen."""
    text = party_text(party)
    if not party.name.strip() or not text.isprintable():
        return None
    return party_from(text.strip(), "person" if party.kind == "person" else "organization")


def said_in_spdx3(party: Party) -> Party:
    """See `Said`: an agent with its mail address and addresses."""
    kind = party.kind if party.kind in _SPDX3_KINDS else ""
    return Party(name=party.name, kind=kind, email=_mail_of(party), urls=party.urls)


def originators_of(part: Part, manufacturer: Party | None = None) -> tuple[Party, ...]:
    """Who SPDX calls the originators. `manufacturer`: of the subject, as the document states it."""
    if part.originators or not (part.authors or part.author or part.manufacturer or manufacturer):
        return part.originators
    made = [Party(name=one.name, kind="person", email=one.email) for one in part.authors]
    maker = part.manufacturer or manufacturer
    if maker is not None:
        made.append(Party(name=maker.name, kind="organization", email=_mail_of(maker)))
    if not made:
        mailed = _MAILED.fullmatch(part.author)
        made = [Party(name=mailed["name"] if mailed else part.author, kind="person", email=mailed["email"] if mailed else "")]
    return tuple(one for one in made if _is_plain(one))


def without_made_originators(part: Part, stated: Set[str], said: Said, manufacturer: Party | None = None) -> Part:
    """Without originators that the writer of SPDX put there. `stated`: fields that are carried."""
    if "originators" in stated or not part.originators or not (stated & _MADE_OF or manufacturer):
        return part
    made = tuple(said(one) for one in originators_of(replace(part, originators=()), manufacturer))
    return replace(part, originators=()) if part.originators in (made, made[:1]) else part


def _is_plain(party: Party) -> bool:
    """Whether it is read back as it is; else it is better carried only."""
    plain = bool(party.name) and party.name == " ".join(party.name.split()) and party.name.isprintable()
    return plain and party_from(party_text(party), party.kind) == party


def _mail_of(party: Party) -> str:
    return party.email or next((one.email for one in party.contacts if one.email), "")


# CycloneDX


def said_person(party: Party) -> Party:
    """What readers of CycloneDX see of a person (organizationalContact)."""
    return Party(name=party.name, kind="person", email=_valid_mail(party), phone=party.phone)


def said_organization(party: Party) -> Party:
    """What they see of an organisation (organizationalEntity); its own mail address is that of a contact without a name."""
    return Party(
        name=party.name,
        kind="organization",
        email=_valid_mail(party),
        phone=party.phone,
        urls=tuple(one for one in party.urls if is_iri_reference(one)),
        contacts=tuple(map(said_person, party.contacts)),
    )


def with_makers(part: Part, version: str) -> Part:
    """A part with authors, author and manufacturer as a reader of that version of CycloneDX finds them."""
    authors, author, manufacturer = part.authors, part.author, part.manufacturer
    if not (authors or part.originators or manufacturer):
        return part
    people = [one for one in part.originators if one.kind != "organization" and one.name]
    if people and not (authors or author):
        authors = tuple(Party(name=one.name, kind="person", email=_valid_mail(one)) for one in people)
    if manufacturer is None:
        firms = [one for one in part.originators if one.kind == "organization" and one.name]
        manufacturer = said_organization(bare(firms[0])) if firms else None
    if version < "1.6":
        makers = [*authors, *([manufacturer] if manufacturer is not None else [])]
        author = author or ", ".join(_mailed(one) for one in makers if one.name)
        authors, manufacturer = (), None
    return replace(part, authors=authors, author=author, manufacturer=manufacturer)


def without_made_makers(part: Part, stated: Set[str]) -> Part:
    """Without what `with_makers` put there. `stated`: fields that are carried."""
    if not stated & {"originators", *_MADE_OF}:
        return part
    if "originators" in stated:
        made = with_makers(Part(ref="", name="", originators=part.originators), "1.6")
        if "authors" not in stated and part.authors == made.authors:
            part = replace(part, authors=())
        if "manufacturer" not in stated and part.manufacturer == made.manufacturer:
            part = replace(part, manufacturer=None)
    if part.author and "author" not in stated and with_makers(replace(part, author=""), "1.5").author == part.author:
        part = replace(part, author="")
    return part


def authors_in_cyclonedx(authors: Iterable[Party], version: str) -> tuple[tuple[Party, ...], Party | None]:
    """Who made the document: persons, and the organisation that has a place of its own (from 1.6 on), the first of them."""
    rows = [one for one in authors if one.kind != "software"]
    firm = next((one for one in rows if one.kind == "organization"), None) if version >= "1.6" else None
    return tuple(one for one in rows if one is not firm), firm


def said_authors(authors: Iterable[Party], version: str) -> tuple[Party, ...]:
    """What readers of CycloneDX see of them, in the order in which they do."""
    people, firm = authors_in_cyclonedx(authors, version)
    return (*(said_person(bare(one)) for one in people), *((said_organization(bare(firm)),) if firm is not None else ()))


def tools_of(document: Document) -> tuple[Tool, ...]:
    """What made the document: its tools, and programs among its authors, which only SPDX 3 has."""
    made = tuple(Tool(name=one.name) for one in document.authors if one.kind == "software" and one.name)
    return (*document.tools, *(one for one in made if one not in document.tools))


def _valid_mail(party: Party) -> str:
    return party.email if is_mail_address(party.email) else ""


def _mailed(party: Party) -> str:
    mail = _valid_mail(party)
    return f"{party.name} <{mail}>" if mail else party.name
