"""What was recognised by its bytes yields to what was installed with metadata. Pure.

A library that its package lists is that package, not one more thing of a similar name. Where the package's own digest
disagrees with the file, or no package lists it, recognition is all there is: that is how a package database that was removed,
and a program that was put over a packaged one, still end up in the inventory.

A file that anybody can drop into a folder, and that makes all in it its package's (`.shards.info`, `package.json`), says nothing
of what a program there is: a package whose manager keeps no database of its files, and that gives no digest, silences nothing
but what is called as it is. What npm packages and wheels bring along of other products is listed beside them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pratique.model import Component, Edges, Owned, Ownership, Presence

_ARCHIVES = ("maven",)
"""Types whose components are archives of code: who lists one may be whoever packed it in, and says nothing of what it is."""
_DATABASES = frozenset({"alpm", "apk", "brew", "deb", "guix", "nix", "opkg", "portage", "rpm"})
"""Types whose files are told by a database, or a store, of the system's: also without a digest, who is in it put them there."""
_ASSEMBLIES = "nuget"
_JAVA = "pkg:generic/oracle/openjdk@"
"""Its virtual machine has numbers of its own (25.392 is of Java 8u392): which Java it is, its `release` file tells."""


def without_owned(components: Iterable[Component], ownership: Mapping[str, Owned]) -> tuple[Component, ...]:
    """The components without the recognised ones whose files all belong to others; of the rest, the evidence that does not."""
    components = tuple(components)
    owners = {one.ref: one for one in components}
    kept: list[Component] = []
    gone: set[str] = set()
    for one in components:
        if one.presence is not Presence.RECOGNISED or one.type in _ARCHIVES:
            kept.append(one)
            continue
        evidence = tuple(path for path in one.evidence if not _accounted(ownership.get(path), one, owners))
        if evidence:
            kept.append(one if evidence == one.evidence else replace(one, evidence=evidence))
        else:
            gone.add(one.ref)
    if not gone:
        return tuple(kept)
    return tuple(
        replace(one, depends=tuple(ref for ref in one.depends if ref not in gone), edges=Edges.INCOMPLETE)
        if gone.intersection(one.depends)
        else one
        for one in kept
    )


def _accounted(owned: Owned | None, one: Component, owners: Mapping[str, Component]) -> bool:
    """Whether the owner of a file is what was recognised in it."""
    if owned is None or owned.owner == one.ref:
        return False
    if owned.state is Ownership.MATCHING:
        return True
    owner = owners.get(owned.owner)
    if owned.state is not Ownership.UNCHECKED or owner is None:
        return False
    listed_by_name = owner.type == _ASSEMBLIES and "file-version" in one.facts
    return owner.type in _DATABASES or listed_by_name or _same(one, owner)


def _same(one: Component, owner: Component) -> bool:
    """Of one name and version, of which one may say more: `17.0.9+9` and `17.0.9`."""
    if one.purl.startswith(_JAVA) and owner.purl.startswith(_JAVA):
        return True
    less, more = sorted((one.version, owner.version), key=len)
    rest = more[len(less) :][:1]
    same_version = bool(less) and more.startswith(less) and not rest.isalnum() and rest != "."
    return same_version and owner.name.casefold() == one.name.casefold()
