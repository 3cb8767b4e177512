"""cosign's tags beside an image: `sha256-<hex>.sig`, `.att` (sigstore/cosign, specs/SIGNATURE_SPEC.md, Storage).

Only a place that says "there is no such tag" makes something absent. What could not be asked is raised as it is, for a reader
that takes it for absent, or looks elsewhere instead, can be talked out of a signature by whoever slows the registry down.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pratique.attest.cosign import DSSE_LAYER, SIMPLE_SIGNING
from pratique.attest.strictjson import dump_json
from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed, NotFound, PratiqueError, Unavailable
from pratique.model.digest import Digest
from pratique.registry.types import (
    OCI_CONFIG,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    Repository,
    descriptor_to_json,
    is_tag,
)

SIGNATURES = ".sig"
ATTESTATIONS = ".att"

MAX_LAYERS = 1_000  # ten thousand signatures on one image are an attack on the verifier
MAX_PAYLOAD_BYTES = 64 * 1024
MAX_ATTESTATION_BYTES = 256 << 20
MAX_TOTAL_BYTES = 512 << 20
_TRIES = 6
_NEVER = "0001-01-01T00:00:00Z"  # what cosign writes, so that the same signatures are the same manifest

_LAYER_TYPES = {SIGNATURES: SIMPLE_SIGNING, ATTESTATIONS: DSSE_LAYER}
_LIMITS = {SIGNATURES: MAX_PAYLOAD_BYTES, ATTESTATIONS: MAX_ATTESTATION_BYTES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One signature or attestation as it is stored. `data`: the layer's bytes, which match their digest."""

    data: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What stands under a tag. `unread`: how many more do than were read; `lost`: those that could not be had, and why."""

    layers: tuple[Layer, ...] = ()
    unread: int = 0
    lost: tuple[tuple[Descriptor, PratiqueError], ...] = ()


def tag_of(image: Digest, kind: str) -> str:
    """The tag for what is said about an image. `kind`: SIGNATURES or ATTESTATIONS."""
    return f"{image.algorithm}-{image.hex}{kind}"


def fetch_layers(repository: Repository, image: Digest, kind: str) -> Stored:
    """As `fetch_stored`, where all that is read is needed. Raises for one that cannot be had too: LimitExceeded, NotFound for a
    layer that the manifest names and nobody has, DigestMismatch.
    """
    stored = fetch_stored(repository, image, kind)
    for _, error in stored.lost:
        raise error
    return stored


def fetch_stored(repository: Repository, image: Digest, kind: str) -> Stored:
    """The signatures or attestations under the image's tag; none when the place says that there is no such tag.

    Layers of other types are passed over. Of more than are read, the first are. One that is too large, that nobody has or that is
    other bytes takes nothing from the others. Raises Unavailable when the place could not be asked, Malformed, LimitExceeded,
    DigestMismatch for the manifest.
    """
    manifest = _find(repository, image, kind)
    if manifest is None:
        return Stored()
    wanted = [layer for layer in manifest.layers if layer.media_type == _LAYER_TYPES[kind]]
    where = f"{repository.name}:{tag_of(image, kind)}"
    read = within_limits(wanted)
    # The same payload signed by many is one blob; it is fetched once.
    data = {layer.digest: layer for layer in read}
    fetched: dict[Digest, bytes] = {}
    failed: dict[Digest, PratiqueError] = {}
    for digest, layer in data.items():
        try:
            fetched[digest] = _fetch(repository, layer, where, _LIMITS[kind])
        except (DigestMismatch, InputError) as error:
            failed[digest] = error
    found = tuple(Layer(data=fetched[layer.digest], annotations=layer.annotations) for layer in read if layer.digest in fetched)
    lost = tuple((layer, failed[layer.digest]) for layer in read if layer.digest in failed)
    return Stored(layers=found, unread=len(wanted) - len(read), lost=lost)


def within_limits(layers: Sequence[Descriptor]) -> list[Descriptor]:
    """The first of these, as many and as much as is read; a blob that several are made of is counted once."""
    read: list[Descriptor] = []
    seen: set[Digest] = set()
    total = 0
    for layer in layers[:MAX_LAYERS]:
        total += 0 if layer.digest in seen else layer.size
        if total > MAX_TOTAL_BYTES:
            break
        seen.add(layer.digest)
        read.append(layer)
    return read


def push_layers(
    repository: Repository,
    image: Digest,
    kind: str,
    layers: Sequence[Layer],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Descriptor:
    """Add signatures or attestations under the image's tag; what others put there stays. Adding twice is adding once.

    A tag cannot be written conditionally: it is read back, and written again with the layers of all that were seen there if
    somebody else wrote in between; a writer elsewhere may still undo it later. `sleep`: waits seconds before a new try.
    Raises Malformed when the tag is no list of signatures, LimitExceeded, Unavailable, StorageError.
    """
    if not layers:
        raise Malformed("nothing to push")
    tag = tag_of(image, kind)
    new: list[dict[str, Any]] = []
    for layer in layers:
        digest = Digest.of(layer.data)
        repository.push_blob(digest, len(layer.data), [layer.data])
        notes = dict(layer.annotations)
        new.append({"mediaType": _LAYER_TYPES[kind], "digest": str(digest), "size": len(layer.data), "annotations": notes})
    wanted = new
    for attempt in range(_TRIES):
        if attempt:
            sleep(0.05 * 2**attempt)
        found = _find(repository, image, kind)
        listed = list(found.document["layers"]) if found is not None else []
        wanted = _merge(listed, wanted)
        if found is not None and len(wanted) == len(listed):
            return found.descriptor
        if len(wanted) > MAX_LAYERS:
            raise LimitExceeded(f"more than {MAX_LAYERS} signatures", where=f"{repository.name}:{tag}")
        repository.push_manifest(_render(repository, found, wanted), OCI_MANIFEST, tag)
    hint = "run the same command again when fewer write to it"
    raise Unavailable(f"others keep overwriting the tag {tag}", where=repository.name, hint=hint)


def remove_layers(repository: Repository, image: Digest, kind: str, goes: Callable[[Layer], bool]) -> int:
    """Take away those signatures or attestations of the image that `goes` says; how many. What others put there stays.

    Raises as `fetch_layers` and `push_layers` do.
    """
    layers = fetch_layers(repository, image, kind).layers
    found = _find(repository, image, kind)
    if found is None:
        return 0
    gone = {(Digest.of(layer.data), repr(sorted(layer.annotations.items()))) for layer in layers if goes(layer)}
    rows = list(found.document["layers"])
    kept = [row for row in rows if (row["digest"], repr(sorted((row.get("annotations") or {}).items()))) not in gone]
    if len(kept) < len(rows):
        repository.push_manifest(_render(repository, found, kept), OCI_MANIFEST, tag_of(image, kind))
    return len(rows) - len(kept)


def _find(repository: Repository, image: Digest, kind: str) -> Manifest | None:
    """What the tag names; None only when the place says that there is no such tag, answers for any tag with the image, or the tag
    is too long (sha512) to be one."""
    tag = tag_of(image, kind)
    if not is_tag(tag):
        return None
    try:
        manifest = repository.fetch_manifest(tag)
    except NotFound:
        return None
    if manifest.digest == image:
        return None
    if manifest.is_index:
        raise Malformed("the tag names a list of images, no signatures", where=f"{repository.name}:{tag}")
    return manifest


def _fetch(repository: Repository, layer: Descriptor, where: str, limit: int) -> bytes:
    if layer.size > limit:
        raise LimitExceeded(f"a layer has {layer.size} bytes, more than {limit}", where=where)
    return repository.fetch_blob(layer, limit=limit)


def _merge(listed: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is listed, as it stands there, then what is new. The same bytes under another signature are another layer."""
    seen = {_identity(item) for item in listed}
    return [*listed, *(item for item in new if _identity(item) not in seen)]


def _identity(layer: dict[str, Any]) -> bytes:
    return dump_json({name: layer.get(name) or {} for name in ("mediaType", "digest", "annotations")})


def _render(repository: Repository, found: Manifest | None, layers: list[dict[str, Any]]) -> bytes:
    """The manifest with these layers; whatever else it said stays. Its configuration lists the layers, for cosign adds to it."""
    before = found.document if found is not None else {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
    config = dump_json(
        {
            "architecture": "",
            "config": {},
            "created": _NEVER,
            "history": [{"created": _NEVER} for _ in layers],
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        }
    )
    repository.push_blob(Digest.of(config), len(config), [config])
    descriptor = Descriptor(media_type=OCI_CONFIG, digest=Digest.of(config), size=len(config))
    return dump_json({**before, "config": descriptor_to_json(descriptor), "layers": layers})
