"""Conventions of layouts for what is said about an image, besides image-spec's referrers in `index.json`. Pure.

`cosign save` (sigstore/cosign, pkg/oci/layout/write.go) names no tags: each entry has a `kind`. Signatures and attestations of
its older form are entries of kinds of their own; bundles are not listed at all, and lie in `blobs/` as manifests whose subject
is the image. Others, who keep many images in one layout, use the same kinds.

An archive that every engine loads may list one image only: what else there is in ours stands in `pratique/index.json`, an
image index like the one it stands in for.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from pratique.errors import Malformed
from pratique.model.digest import Digest
from pratique.registry.types import REF_NAME, Descriptor

UNLISTED = "pratique/index.json"  # entries that index.json of an archive of ours leaves out

KIND = "kind"
IMAGE_KIND = "dev.cosignproject.cosign/image"
INDEX_KIND = "dev.cosignproject.cosign/imageIndex"
_COSIGN = "dev.cosignproject.cosign/"
_TAGGED = {f"{_COSIGN}sigs": ".sig", f"{_COSIGN}atts": ".att", f"{_COSIGN}sboms": ".sbom"}
_EVIDENCE_TAG = re.compile(r"(?:sha256-[0-9a-f]{64}|sha512-[0-9a-f]{64}(?:[0-9a-f]{64})?)(?:\.sig|\.att|\.sbom)?")


def is_evidence_tag(name: str) -> bool:
    """Whether a tag is one under which tools keep what is said about an image: cosign's, or the fallback for referrers."""
    return _EVIDENCE_TAG.fullmatch(name) is not None


def is_evidence(entry: Descriptor) -> bool:
    """Whether an entry of index.json says itself that it is no image, but what is said about one."""
    return kind_of(entry) in _TAGGED or is_evidence_tag(entry.annotations.get(REF_NAME, ""))


def kind_of(entry: Descriptor) -> str:
    """What cosign says that an entry is; "" when nobody says so."""
    kind = entry.annotations.get(KIND, "")
    return kind if kind.startswith(_COSIGN) else ""


def has_kinds(entries: Iterable[Descriptor]) -> bool:
    """Whether a layout names an image in cosign's manner, so that its referrers are found by their subjects alone."""
    return any(kind_of(entry) in (IMAGE_KIND, INDEX_KIND) for entry in entries)


def tags_by_kind(
    entries: Sequence[Descriptor], stated: Callable[[Descriptor], Collection[Digest]], *, where: str
) -> dict[str, Descriptor]:
    """The tags that a registry would have for entries that only say of which kind they are.

    `stated`: the digests that the content of an entry says it is about; asked only where several images are listed, and
    believed only for finding: what is found is verified. Raises Malformed for an entry of an unknown kind, and for one whose
    image cannot be told: what cannot be placed is not passed over.
    """
    images = {entry.digest for entry in entries if kind_of(entry) in (IMAGE_KIND, INDEX_KIND)}
    found: dict[str, Descriptor] = {}
    for entry in entries:
        kind = kind_of(entry)
        if not kind or kind in (IMAGE_KIND, INDEX_KIND):
            continue
        if kind not in _TAGGED:
            raise Malformed(f"an entry of kind {kind[:80]!r}, which is not known: {entry.digest}", where=where)
        about = images if len(images) == 1 else images & set(stated(entry))
        if len(about) != 1:
            raise Malformed(f"nothing tells which image this entry of kind {kind!r} is about: {entry.digest}", where=where)
        (image,) = about
        tag = f"{image.algorithm}-{image.hex}{_TAGGED[kind]}"
        if found.setdefault(tag, entry).digest != entry.digest:
            raise Malformed(f"two entries of kind {kind!r} about one image: {entry.digest}", where=where)
    return found
