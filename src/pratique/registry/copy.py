"""Copy an artifact, whatever it is made of and whatever is said about it, from one repository to another: byte for byte.

What is said about it are its referrers, theirs in turn, and the tags under which older tools keep signatures beside an image
(sigstore/cosign, specs/SIGNATURE_SPEC.md, «Tag-based discovery»). Of an index, that of every image in it as well. The tag comes
last, so that nobody meets the copy bare; and at the end the destination is asked what it has, since registries lose things.
What is there and cannot be carried, or of which nobody can tell whether it belongs to it, is an error that names it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pratique.errors import DigestMismatch, InputError, LimitExceeded, NotFound, Violation
from pratique.model.digest import Digest
from pratique.registry.layoutread import LayoutReader
from pratique.registry.types import Descriptor, Manifest, MountsBlobs, Repository, is_tag
from pratique.registry.verified import CHUNK

_MAX_DEPTH = 4  # an index of indexes of images is as deep as anybody builds; a signature on an SBOM is as far as they sign
_MAX_MANIFESTS = 4096
_OLDER_TAGS = ("sig", "att", "sbom")


class Lost(Violation):
    """The destination took everything and does not have all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedEvidence:
    """Something that is said about a manifest. `tag`: "" for a referrer, else the name that older tools look for."""

    about: Digest
    digest: Digest
    artifact_type: str
    tag: str = ""


class Unlisted(StrEnum):
    """What becomes of manifests that lie in a layout, refer to what is copied, and are not listed there."""

    REFUSE = "refuse"
    TAKE = "take"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was copied. `manifests`: of the artifact itself, the one that was meant first; `said`: what is said about them.

    `everything`: all manifests; `held`: all blobs. `index`: the index that one platform was chosen from, None if all was copied;
    `left`: what is said about that index, and about those below it, which does not come along.
    """

    descriptor: Descriptor
    manifests: tuple[Digest, ...]
    said: tuple[CopiedEvidence, ...]
    everything: tuple[Digest, ...]
    held: tuple[Digest, ...]
    index: Digest | None = None
    left: tuple[CopiedEvidence, ...] = ()

    @property
    def blobs(self) -> int:
        """How many distinct blobs that is, of everything."""
        return len(self.held)


def copy_image(source: Repository, reference: str, destination: Repository, tag: str | None = None) -> Descriptor:
    """Copy what `reference` names, children first, and name it `tag`. Blobs that are there are not read.

    Raises as the two repositories do; what was copied before a failure is found again by the next try.
    """
    return _Copy(source, destination).image(source.fetch_manifest(reference), tag)


def copy_artifact(
    source: Repository,
    reference: str,
    destination: Repository,
    tag: str | None = None,
    *,
    indexes: Sequence[Manifest] = (),
    unlisted: Unlisted = Unlisted.REFUSE,
) -> Copied:
    """Copy what `reference` names with everything that is said about it, and prove that it arrived.

    `indexes`: those that it was chosen from, the named one first; what is said about them is named as left behind.
    Raises as the two repositories do, InputError, LimitExceeded, and Lost, which names what the destination does not have.
    """
    manifest = source.fetch_manifest(reference)
    work = _Copy(source, destination, unlisted)
    descriptor = work.image(manifest, None)
    images = tuple(work.seen)
    said: list[CopiedEvidence] = []
    for digest in images:
        said += work.about(digest, depth=0)
    if tag is not None:
        descriptor = destination.push_manifest(manifest.data, manifest.media_type, tag)
    copied = Copied(
        descriptor=descriptor,
        manifests=images,
        said=tuple(said),
        everything=tuple(work.seen),
        held=tuple(work.blobs),
        index=indexes[0].digest if indexes else None,
        left=tuple(item for index in indexes for item in _said_about(source, index.digest)),
    )
    check_arrived(destination, copied)
    return copied


def copy_blob(source: Repository, blob: Descriptor, destination: Repository) -> None:
    """Copy one blob unless it is there. Constant memory."""
    if destination.has_blob(blob.digest):
        return
    if isinstance(destination, MountsBlobs) and destination.mount_blob(blob, source):
        return
    with source.open_blob(blob) as stream:
        destination.push_blob(blob.digest, blob.size, iter(lambda: stream.read(CHUNK), b""))


@dataclass(slots=True)
class _Copy:
    """One errand, and what it has seen: manifests and blobs, in their order."""

    source: Repository
    destination: Repository
    unlisted: Unlisted = Unlisted.REFUSE
    seen: dict[Digest, None] = field(default_factory=dict)
    blobs: dict[Digest, None] = field(default_factory=dict)

    def image(self, manifest: Manifest, tag: str | None, *, depth: int = 0) -> Descriptor:
        """A manifest after what it consists of."""
        if depth > _MAX_DEPTH:
            raise LimitExceeded(f"indexes are nested deeper than {_MAX_DEPTH}", where=self.source.name)
        self._see(manifest.digest)
        for child in manifest.manifests:
            if child.digest not in self.seen:
                self.image(self.source.fetch_manifest(child.digest), None, depth=depth + 1)
        for blob in _blobs(manifest):
            if blob.digest not in self.blobs:
                copy_blob(self.source, blob, self.destination)
                self.blobs[blob.digest] = None
        if manifest.subject is not None:
            pushed = self.destination.push_referrers([manifest.data], manifest.media_type)[0]
        if manifest.subject is None or tag is not None:
            pushed = self.destination.push_manifest(manifest.data, manifest.media_type, tag)
        if pushed.digest != manifest.digest:
            raise DigestMismatch(f"copied {manifest.digest}, but it arrived as {pushed.digest}", where=self.destination.name)
        return pushed

    def about(self, subject: Digest, *, depth: int) -> Iterator[CopiedEvidence]:
        """Copy what is said about a manifest, and what is said about that."""
        if depth > _MAX_DEPTH:
            raise LimitExceeded(f"referrers of referrers, deeper than {_MAX_DEPTH}", where=self.source.name)
        for referrer in [*self.source.list_referrers(subject), *self._lying(subject)]:
            yield CopiedEvidence(about=subject, digest=referrer.digest, artifact_type=referrer.artifact_type)
            if referrer.digest not in self.seen:
                self.image(self.source.fetch_manifest(referrer.digest), None)
                yield from self.about(referrer.digest, depth=depth + 1)
        for tag, manifest in _older(self.source, subject):
            self.image(manifest, tag)
            yield CopiedEvidence(about=subject, digest=manifest.digest, artifact_type=_type_of(manifest), tag=tag)

    def _lying(self, subject: Digest) -> list[Descriptor]:
        """What refers to it in a layout and is not listed there, if that is to be taken along."""
        if self.unlisted is Unlisted.LEAVE or not isinstance(self.source, LayoutReader):
            return []
        found = self.source.list_unlisted(subject)
        if found and self.unlisted is Unlisted.REFUSE:
            names = ", ".join(str(item.digest) for item in found[:3])
            raise InputError(
                f"what refers to {subject.short} and is not listed in index.json is either deleted or forgotten: {names}",
                where=self.source.name,
                hint="say --unlisted take, or --unlisted leave",
            )
        return found

    def _see(self, digest: Digest) -> None:
        self.seen[digest] = None
        if len(self.seen) > _MAX_MANIFESTS:
            raise LimitExceeded(f"more than {_MAX_MANIFESTS} manifests belong to it", where=self.source.name)


def check_arrived(destination: Repository, copied: Copied) -> None:
    """Ask the destination for each manifest, blob and referrer; nothing is believed because it was sent. Raises Lost."""
    missing = [str(digest) for digest in copied.everything if not _has_manifest(destination, digest)]
    missing += [str(digest) for digest in copied.held if not destination.has_blob(digest)]
    listed: dict[Digest, set[Digest]] = {}
    for item in copied.said:
        if item.tag:
            if _resolve(destination, item.tag) != item.digest:
                missing.append(item.tag)
            continue
        if item.about not in listed:
            listed[item.about] = {referrer.digest for referrer in destination.list_referrers(item.about)}
        if item.digest not in listed[item.about]:
            missing.append(f"{item.digest}, which refers to {item.about.short}")
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        hint = "copy again; if it happens again, the registry drops what is pushed to it"
        raise Lost(f"it took everything, and lacks {', '.join(missing[:3])}{more}", where=destination.name, hint=hint)


def _said_about(source: Repository, subject: Digest) -> Iterator[CopiedEvidence]:
    """What is said about one manifest, without what is said about that."""
    for referrer in source.list_referrers(subject):
        yield CopiedEvidence(about=subject, digest=referrer.digest, artifact_type=referrer.artifact_type)
    for tag, manifest in _older(source, subject):
        yield CopiedEvidence(about=subject, digest=manifest.digest, artifact_type=_type_of(manifest), tag=tag)


def _older(source: Repository, subject: Digest) -> Iterator[tuple[str, Manifest]]:
    """What older tools keep under tags beside a manifest. A registry has none for a sha512, which is too long for a tag."""
    for kind in _OLDER_TAGS:
        tag = f"{subject.algorithm}-{subject.hex}.{kind}"
        if not is_tag(tag) and not isinstance(source, LayoutReader):
            continue
        try:
            manifest = source.fetch_manifest(tag)
        except NotFound:
            continue
        if manifest.digest != subject:  # else a registry that answers for any tag with the image itself
            yield tag, manifest


def _resolve(destination: Repository, tag: str) -> Digest | None:
    try:
        return destination.resolve(tag)
    except NotFound:
        return None


def _has_manifest(destination: Repository, digest: Digest) -> bool:
    try:
        return destination.fetch_manifest(digest).digest == digest
    except NotFound:
        return False


def _blobs(manifest: Manifest) -> list[Descriptor]:
    blobs = manifest.layers if manifest.is_index else (*manifest.layers, manifest.config)
    return list({blob.digest: blob for blob in blobs}.values())


def _type_of(manifest: Manifest) -> str:
    """What a tagged manifest of older tools holds: they give it no artifact type, but its layers have one."""
    return next((blob.media_type for blob in manifest.layers), manifest.artifact_type)
