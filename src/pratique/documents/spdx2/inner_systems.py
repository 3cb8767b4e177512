"""Which packages belong to another operating system than the one that a document's image runs. Pure.

trivy takes every package of a distribution for one of the image's own system, and ends with an error where two kinds of them
meet. In SPDX 2.3 it looks for package URLs under PACKAGE-MANAGER only; syft, grype and we also take one that stands under OTHER.
"""

from pratique.documents.document import CONTAINS, Document

_KINDS = ("pkg:deb/", "pkg:rpm/", "pkg:apk/")


def packages_of_inner_systems(document: Document) -> frozenset[str]:
    """Refs of distributions' packages that lie in another system than the first, or are of another kind than its own.

    `document`: flattened, so that what lies in what is a `contains` relation.
    """
    systems = [one.ref for one in document.parts if one.kind == "operating-system" and one.ref]
    packages = {one.ref: kind for one in document.parts for kind in _KINDS if one.purl.startswith(kind)}
    if not packages or (len(systems) < 2 and len(set(packages.values())) < 2):
        return frozenset()
    held: dict[str, list[str]] = {}
    for one in document.relations:
        if one.kind == CONTAINS:
            held.setdefault(one.source, []).extend(one.targets)
    within: set[str] = set()
    waiting = systems[1:]
    while waiting:
        ref = waiting.pop()
        if ref not in within and ref != systems[0]:
            within.add(ref)
            waiting += held.get(ref, ())
    own = next((kind for ref, kind in packages.items() if ref not in within), "")
    return frozenset(ref for ref, kind in packages.items() if ref in within or kind != own)
