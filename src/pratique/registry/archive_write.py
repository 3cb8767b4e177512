"""Write an OCI archive that every engine loads, with all that is said about its image, and look at it before it has its name.

podman, skopeo and crane take an archive only if `index.json` lists one manifest: "more than one image" else. So that lists the
image alone, as `cosign save` does (kind and all: cosign loads it with its bundles), and `pratique/index.json` lists everything,
evidence included, for this program. `manifest.json` is for engines that read no OCI layout (moby, image/tarexport/load.go).
oras finds referrers only if index.json lists them: `list_evidence` does that, and gives up the others.
"""

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from pratique.attest.strictjson import dump_json, load_json
from pratique.errors import InputError, PratiqueError, StorageError
from pratique.files import check_output, move_durably, open_atomic, storage_error
from pratique.model.digest import Digest
from pratique.registry.archive import ArchiveLayout, open_archive
from pratique.registry.layout import Layout, open_layout
from pratique.registry.open import is_archive
from pratique.registry.saved import IMAGE_KIND, INDEX_KIND, KIND, UNLISTED
from pratique.registry.types import (
    DOCKER_CONFIG,
    MAX_INDEX_BYTES,
    OCI_CONFIG,
    OCI_INDEX,
    REF_NAME,
    Descriptor,
    Manifest,
    Repository,
    descriptor_to_json,
)

IMAGE_NAME = "io.containerd.image.name"
_DOCKER = "manifest.json"


@contextmanager
def staged(path: Path) -> Iterator[Layout]:
    """An empty layout beside `path`, on the same file system, for what goes into the archive; it is removed afterwards.

    Raises InputError when `path` is no place for a file, or is one that is no archive and would be lost; StorageError.
    """
    check_output(path)
    if path.exists() and not is_archive(path):
        raise InputError("there is a file of this name that is no archive", where=str(path), hint="name another, or remove it")
    try:
        folder = tempfile.TemporaryDirectory(prefix=".pratique-", dir=path.parent)
    except OSError as error:
        raise storage_error(error, path) from error
    with folder as name:
        try:
            yield open_layout(Path(name) / "layout", create=True)
        except StorageError as error:
            error.where = str(path)  # nobody knows the folder beside it, which is gone
            raise


def write_archive(
    path: Path,
    layout: Layout,
    image: Descriptor,
    *,
    tag: str,
    name: str = "",
    files: Mapping[str, bytes],
    list_evidence: bool = False,
    prove: Callable[[ArchiveLayout], None],
) -> None:
    """Pack a `staged` layout with further files: the same input, the same bytes. It appears whole and proven, or not at all.

    `tag`, `name` (HOST/NAME:TAG, or ""): what engines call the image. `prove` is given the archive as it was written, and raises
    when something is wrong with it. Raises what that does, and StorageError.
    """
    folder = Path(layout.name)
    listed = json.loads(layout.read_file("index.json", MAX_INDEX_BYTES))["manifests"]
    own = {"index.json": _index([_entry(image, tag, name)])}
    if list_evidence:
        own["index.json"] = _index([_entry(image, tag, name), *(item for item in listed if item["digest"] != image.digest)])
    elif len(listed) > 1:
        own[UNLISTED] = _index(listed)
    if docker := _docker_entries(layout, image, name):
        own[_DOCKER] = json.dumps(docker, sort_keys=True).encode()
    found = {entry.relative_to(folder).as_posix(): entry for entry in folder.rglob("*") if entry.is_file()}
    made = folder.with_name("archive.tar")
    with open_atomic(made) as out, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for place in sorted({*found, *own, *files}):
            data = own.get(place, files.get(place))
            if data is not None:
                _add(archive, place, len(data), io.BytesIO(data))
                continue
            with found[place].open("rb") as file:
                _add(archive, place, os.fstat(file.fileno()).st_size, file)
    try:
        prove(open_archive(made))
    except PratiqueError as error:
        error.where = (error.where or str(path)).replace(str(made), str(path))
        raise
    move_durably(made, path)


def engine_name(source: str) -> str:
    """What engines call the image that a repository's text names: HOST/NAME:TAG, or "" when only its digest or path is known."""
    scheme, _, text = source.partition(":")
    if scheme != "registry":
        return ""
    from pratique.registry.reference import parse_reference

    reference = parse_reference(text)
    if reference.digest is not None and reference.tag is None:
        return ""
    return f"{reference.host}/{reference.name}:{reference.tag or 'latest'}"


def carried_name(source: Repository, digest: Digest) -> str:
    """What the index of a layout or an archive notes that engines call an image, HOST/NAME:TAG; "" where it notes none.

    It is a word of whoever wrote that: good for a name to load under, and for nothing that is believed.
    """
    from pratique.registry.layoutread import LayoutReader
    from pratique.registry.reference import parse_reference

    if not isinstance(source, LayoutReader):
        return ""
    index = load_json(
        source.read_file("index.json", MAX_INDEX_BYTES), what=f"{source.name}: index.json", max_size=MAX_INDEX_BYTES
    )
    for entry in index["manifests"] if isinstance(index, dict) else ():
        name = (entry.get("annotations") or {}).get(IMAGE_NAME, "") if entry.get("digest") == digest else ""
        try:
            if name and parse_reference(str(name)).tag:
                return str(name)
        except InputError:
            continue
    return ""


def check_whole(archive: ArchiveLayout) -> None:
    """Every blob is what its name says. Raises DigestMismatch, InputError."""
    from pratique.errors import DigestMismatch

    _, wrong = archive.check_blobs()
    if wrong:
        raise DigestMismatch(f"what was written is not what was meant: {wrong[0]}", where=archive.name)


def _entry(image: Descriptor, tag: str, name: str) -> dict[str, Any]:
    kind = INDEX_KIND if image.media_type == OCI_INDEX else IMAGE_KIND
    notes = {REF_NAME: tag, KIND: kind, **({IMAGE_NAME: name} if name else {})}
    return descriptor_to_json(replace(image, annotations=notes))


def _index(entries: Sequence[Mapping[str, Any]]) -> bytes:
    return dump_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)})


def _docker_entries(layout: Repository, image: Descriptor, name: str) -> list[dict[str, Any]]:
    """What `docker save` says of the image, or of each Linux image of an index; nothing for what is no container image."""
    manifest = layout.fetch_manifest(image.digest)
    if not manifest.is_index:
        return _docker_entry(layout, manifest, [name] if name else None)
    children = [child for child in manifest.manifests if child.platform.get("os") == "linux"]
    return [
        entry for child in children for entry in _docker_entry(layout, layout.fetch_manifest(child.digest), None)
    ]  # of several images none has the name


def _docker_entry(layout: Repository, manifest: Manifest, names: list[str] | None) -> list[dict[str, Any]]:
    if manifest.is_index or manifest.config.media_type not in (OCI_CONFIG, DOCKER_CONFIG):
        return []
    config = load_json(layout.fetch_blob(manifest.config, limit=MAX_INDEX_BYTES), what="the configuration")
    root = config.get("rootfs") if isinstance(config, dict) else None
    diff_ids = root.get("diff_ids") if isinstance(root, dict) else None
    if not isinstance(diff_ids, list) or len(diff_ids) != len(manifest.layers):
        return []  # something that only borrows the media type, such as cosign's tags
    return [{"Config": _place(manifest.config), "RepoTags": names, "Layers": [_place(layer) for layer in manifest.layers]}]


def _place(blob: Descriptor) -> str:
    return f"blobs/{blob.digest.algorithm}/{blob.digest.hex}"


def _add(archive: tarfile.TarFile, name: str, size: int, data: BinaryIO) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o644, 0
    archive.addfile(member, data)
