"""One archive with everything that is needed to verify an artifact where there is no network, and its reader.

It is an OCI archive (image-spec, image-layout.md) that any tool can load: the artifact, all that is said about it, and what is
said about that. Beside the layout lie files of ours, which others pass over:

    pratique/bundle.json    {"version": 1, "name", "digest", "exported", "trust": {"source", "fetched", "expires"} or null}
    pratique/trust/…        the trust repository as it was followed: TUF metadata, and the targets
    pratique/answers.json   {URL: base64} of what revocation servers said when it was exported; each is signed and says how
                            long it is good

Whoever verifies it pins the root of the trust himself. What `bundle.json` says is for people and believed by nobody.
"""

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pratique.attest.members import as_bytes, as_object, base64_text
from pratique.errors import InputError, LimitExceeded, Malformed, NotFound, Unavailable
from pratique.files import open_atomic, storage_error
from pratique.model import Digest
from pratique.registry.archive import ArchiveLayout, open_archive
from pratique.registry.copy import Copied, copy_artifact
from pratique.registry.layout import open_layout
from pratique.registry.types import Repository
from pratique.tuf.value import FollowedTrust

DESCRIPTION = "pratique/bundle.json"
TRUST = "pratique/trust/"
ANSWERS = "pratique/answers.json"
_MAX_DESCRIPTION = 64 << 10
_MAX_ANSWERS_BYTES = 64 << 20
_MAX_TRUST_FILES = 2_000
_MAX_TRUST_BYTES = 64 << 20
_MAX_TRUST_FILE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What an archive says of itself: unverified. `exported`: Unix seconds."""

    name: str
    digest: Digest
    exported: int


@contextmanager
def gathered(source: Repository, reference: str, near: Path) -> Iterator[tuple[Repository, Copied, Path]]:
    """The artifact with all that is said about it in a layout of its own beside `near`, which is removed afterwards.

    Raises as `copy_artifact` does, StorageError.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix=".pratique-", dir=near.parent)
    except OSError as error:
        raise storage_error(error, near) from error
    with folder as name:
        layout = open_layout(Path(name) / "layout", create=True)
        copied = copy_artifact(source, reference, layout, "exported")
        yield layout, copied, Path(name) / "layout"


def write_archive(
    path: Path,
    layout: Path,
    *,
    name: str,
    digest: Digest,
    now: int,
    anchors: FollowedTrust | None,
    trust_files: Mapping[str, bytes],
    answers: Mapping[str, bytes],
) -> None:
    """Pack a layout with the trust and what revocation servers said, by URL: the same input, the same bytes.

    It appears whole or not at all. Raises StorageError.
    """
    trust = None
    if anchors is not None:
        trust = {"source": anchors.source, "fetched": anchors.fetched_at, "expires": anchors.expires}
    described = {"version": 1, "name": name, "digest": str(digest), "exported": now, "trust": trust}
    files = {DESCRIPTION: json.dumps(described, sort_keys=True).encode()}
    if answers:
        files[ANSWERS] = json.dumps({url: base64_text(data) for url, data in answers.items()}, sort_keys=True).encode()
    files |= {f"{TRUST}{place}": data for place, data in trust_files.items()}
    found = sorted(entry for entry in layout.rglob("*") if entry.is_file())
    with open_atomic(path) as out, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in found:
            with entry.open("rb") as file:
                _add(archive, entry.relative_to(layout).as_posix(), os.fstat(file.fileno()).st_size, file)
        for place, data in sorted(files.items()):
            _add(archive, place, len(data), io.BytesIO(data))


def open_bundle(path: Path) -> tuple[ArchiveLayout, Described]:
    """An archive that `write_archive` wrote. Raises NotFound, Malformed, LimitExceeded, InputError."""
    from pratique.attest.strictjson import load_json

    archive = open_archive(path)
    try:
        data = archive.read_file(DESCRIPTION, _MAX_DESCRIPTION)
    except NotFound as error:
        hint = "made by: pratique bundle export; any other OCI archive is verified as oci-archive:PATH"
        raise InputError("not a bundle of an artifact with its evidence", where=str(path), hint=hint) from error
    members = load_json(data, what=DESCRIPTION, max_size=_MAX_DESCRIPTION, max_depth=4)
    if not isinstance(members, dict) or members.get("version") != 1:
        raise Malformed("a bundle of another version", where=str(path), hint="update pratique")
    name, digest, exported = members.get("name"), members.get("digest"), members.get("exported")
    if not isinstance(name, str) or not isinstance(digest, str) or type(exported) is not int:
        raise Malformed(f"{DESCRIPTION} is not of its form", where=str(path))
    return archive, Described(name=name, digest=Digest.parse(digest), exported=exported)


def trust_files(archive: ArchiveLayout) -> dict[str, bytes]:
    """The files of the trust repository that travel with it, by their path there; none when none do. Raises LimitExceeded."""
    names = archive.file_names(TRUST)
    if len(names) > _MAX_TRUST_FILES:
        raise LimitExceeded(f"{len(names)} files of trust, more than {_MAX_TRUST_FILES}", where=archive.name)
    files: dict[str, bytes] = {}
    total = 0
    for name in names:
        files[name.removeprefix(TRUST)] = data = archive.read_file(name, _MAX_TRUST_FILE_BYTES)
        total += len(data)
        if total > _MAX_TRUST_BYTES:
            raise LimitExceeded(f"more than {_MAX_TRUST_BYTES} bytes of trust", where=archive.name)
    return files


def stored_answers(archive: ArchiveLayout) -> Callable[[str], bytes]:
    """Asks the archive instead of the network. Raises Malformed, LimitExceeded; what it returns raises Unavailable."""
    from pratique.attest.strictjson import load_json

    try:
        data = archive.read_file(ANSWERS, _MAX_ANSWERS_BYTES)
    except NotFound:
        data = b"{}"
    members = as_object(load_json(data, what=ANSWERS, max_size=_MAX_ANSWERS_BYTES, max_depth=2), ANSWERS)
    found = {url: as_bytes(value, f"{ANSWERS}: {url[:80]}") for url, value in members.items()}

    def ask(url: str) -> bytes:
        if url not in found:
            raise Unavailable("no answer of it came with the archive", where=url[:200])
        return found[url]

    return ask


def _add(archive: tarfile.TarFile, name: str, size: int, data: BinaryIO) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o644, 0
    archive.addfile(member, data)
