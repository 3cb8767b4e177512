"""What parts of different documents are, to know one again: by `lexicon.purl_same`, and systems by the names they have. Pure."""

from pratique.documents.document import Part
from pratique.documents.for_others import system_id
from pratique.lexicon.purl_same import PackageIdentity, comparable_version, package_identity

OPERATING_SYSTEM = "operating-system"


def part_identity(part: Part) -> PackageIdentity | None:
    """What a part with a package URL is, or an operating system, which not all tools give one; None for others.

    A system's release is a `distro`: `debian-12` and `debian-12.15` can be one.
    """
    if part.kind == OPERATING_SYSTEM:
        name = system_id(part.property("syft:distro:id") or part.name).lower()
        version = part.property("syft:distro:versionID") or part.version
        stated = frozenset({("distro", f"{name}-{version}")}) if version else frozenset()
        return PackageIdentity(f"{OPERATING_SYSTEM}/{name}", stated=stated)
    return package_identity(part.purl, part.version) if part.purl else None


def may_be_one(one: Part, other: Part) -> bool:
    """Whether nothing that both state tells them apart; False where one is known by its name alone."""
    mine, theirs = part_identity(one), part_identity(other)
    return mine is not None and theirs is not None and mine.agrees_with(theirs)


def part_version(part: Part) -> str:
    """The version in the one spelling in which versions are compared: that of the package URL, unless another one is stated."""
    if not part.purl or part.kind == OPERATING_SYSTEM:
        return part.version
    found = package_identity(part.purl, part.version)
    stated = comparable_version(found.name, part.version)
    return found.version if stated in ("", comparable_version(found.name, found.version)) else part.version
