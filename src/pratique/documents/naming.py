"""What an artifact is called by those who make its bill of materials: name, version, supplier; and what they leave out. Pure."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pratique.documents.document import Document, Party
from pratique.lexicon.globs import glob
from pratique.lexicon.text import clean
from pratique.model import Inventory, Unknown

_SERIALS = uuid.uuid5(uuid.NAMESPACE_URL, "https://pratique.dev/sbom/named/v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What is stated of the subject, and by whom; "", None and () for what stays as it is."""

    name: str = ""
    version: str = ""
    supplier: Party | None = None
    authors: tuple[Party, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is stated."""
        return bool(self.name or self.version or self.supplier or self.authors)


def named(document: Document, naming: Naming) -> Document:
    """The document with its subject so called, by those authors, and a serial number of its own that follows from it."""
    subject = document.subject
    if not naming:
        return document
    if subject is not None:
        subject = replace(
            subject,
            name=clean(naming.name) or subject.name,
            version=clean(naming.version) or subject.version,
            supplier=naming.supplier or subject.supplier,
        )
    supplier = _words(naming.supplier) if naming.supplier is not None else ""
    words = "\n".join((document.serial, naming.name, naming.version, supplier, *map(_words, naming.authors)))
    return replace(
        document,
        subject=subject,
        supplier=naming.supplier or document.supplier,
        authors=naming.authors or document.authors,
        serial=f"urn:uuid:{uuid.uuid5(_SERIALS, words.encode('utf-8', 'replace').decode())}",
    )


def _words(party: Party) -> str:
    return " ".join((party.kind, party.name, party.email, *party.urls))


def without_excluded(inventory: Inventory, patterns: Iterable[str]) -> Inventory:
    """The inventory without components that were found only at paths that a pattern means, and each pattern as an unknown: what
    was left out is said. `*` and `**` stand for any characters. The files stay in the file manifest, which is of all bytes."""
    chosen = [_plain(one) for one in patterns]
    if not chosen:
        return inventory

    def is_excluded(path: str) -> bool:
        return any(glob(one, path) or (one.startswith("*/") and glob(one[2:], path)) for one in chosen)

    kept = tuple(one for one in inventory.components if not one.evidence or not all(map(is_excluded, one.evidence)))
    refs = {one.ref for one in kept}
    kept = tuple(replace(one, depends=tuple(ref for ref in one.depends if ref in refs)) for one in kept)
    left_out = len(inventory.components) - len(kept)
    told = Unknown(" ".join(chosen), f"left out by request: {left_out} components")
    return replace(inventory, components=kept, unknowns=(*inventory.unknowns, told))


def _plain(pattern: str) -> str:
    plain = pattern.removeprefix("./").lstrip("/")
    while "**" in plain:
        plain = plain.replace("**", "*")
    return f"{plain}*" if plain.endswith("/") else plain
