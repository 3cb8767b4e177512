"""Who owns each file: the catalogers' claims laid over the tree. Pure.

The first claim on a path counts: catalogers are asked in the order of their table. A digest is compared where the tree has one
of that algorithm; a package that states another one owns the file unchecked, which is what the file then is called.
"""

import hashlib
from collections.abc import Iterable

from pratique.cataloging.cataloger import LINK, SHA1_OR_LINK, FileClaim
from pratique.cataloging.resolver import Resolver
from pratique.model import FileEntry, FileKind, Owned, Ownership, Tree, Unknown


def settle_ownership(claims: Iterable[FileClaim], tree: Tree) -> tuple[dict[str, Owned], tuple[Unknown, ...]]:
    """Real path → owner and state, for owned and for missing files. What is in the tree and not here is an orphan.

    A path that a package lists with a digest and that is not there is `MISSING`, also where an administrator meant it
    (dpkg's `path-exclude`): whoever reads the document shall see that the package is not whole.
    """
    owned: dict[str, Owned] = {}
    missing: dict[str, Owned] = {}
    shared: dict[tuple[str, Ownership, bool], Owned] = {}  # few distinct values for many files
    resolver = Resolver(tree.entries)
    for claim in claims:
        path = resolver.place(claim.path)
        if path is None or path in owned:
            continue
        entry = tree.entries.get(path)
        if entry is None:
            if claim.digest:
                missing.setdefault(path, Owned(claim.owner, Ownership.MISSING, claim.configuration))
            continue
        key = (claim.owner, compare(claim, entry, tree), claim.configuration)
        value = shared.get(key)
        if value is None:
            value = shared[key] = Owned(*key)
        owned[path] = value
    unknowns = (Unknown("", "symbolic links lead in too long ways: some files are counted as orphans"),)
    return {**missing, **owned}, unknowns if resolver.exhausted else ()


def compare(claim: FileClaim, entry: FileEntry, tree: Tree) -> Ownership:
    """What the claim's digest says about the entry. A package that gives a file's digest does not mean a link or a device."""
    if not claim.digest:
        return Ownership.UNCHECKED
    if claim.algorithm == LINK:
        same = entry.kind is FileKind.SYMLINK and entry.target == claim.digest
        return Ownership.MATCHING if same else Ownership.MODIFIED
    algorithm = claim.algorithm
    if algorithm == SHA1_OR_LINK:
        algorithm = "sha1"
        if entry.kind is FileKind.SYMLINK:
            target = hashlib.sha1(entry.target.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
            return Ownership.MATCHING if claim.digest == target else Ownership.MODIFIED
    if entry.kind is not FileKind.FILE:
        return Ownership.MODIFIED
    if algorithm == "sha256":
        return Ownership.MATCHING if claim.digest == entry.sha256 else Ownership.MODIFIED
    known = tree.digests.get(algorithm, {}).get(entry.sha256)
    if known is None:
        return Ownership.UNCHECKED
    return Ownership.MATCHING if claim.digest == known else Ownership.MODIFIED
