"""One archive with everything that is needed to verify an artifact where there is no network, and its reader.

It is an OCI archive (image-spec, image-layout.md) that any engine can load (`registry/archive_write.py` says how): the artifact,
all that is said about it, and what is said about that. Beside the layout lie files of ours, which others pass over:

    pratique/bundle.json    {"version": 1, "name", "digest", "exported", "trust": {"source", "fetched", "expires"} or null}
    pratique/trust/…        the trust repository as it was followed: TUF metadata, and the targets
    pratique/answers.json   {URL: base64} of what revocation servers said when it was exported; each is signed and says how
                            long it is good

Whoever verifies it pins the root of the trust himself. What `bundle.json` says is for people and believed by nobody.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pratique.attest.members import as_bytes, as_object, base64_text
from pratique.errors import InputError, LimitExceeded, Malformed, NotFound, Unavailable, Violation
from pratique.evidence.collect import collect_from_repository
from pratique.model import Cause, Digest, State
from pratique.model.predicates import TITLES
from pratique.policy import Piece
from pratique.registry.archive import ArchiveLayout, open_archive
from pratique.registry.archive_write import check_whole
from pratique.registry.copy import Copied, Lost, check_arrived
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


def bundle_files(
    *,
    name: str,
    digest: Digest,
    now: int,
    anchors: FollowedTrust | None,
    trust_files: Mapping[str, bytes],
    answers: Mapping[str, bytes],
) -> dict[str, bytes]:
    """What travels beside the layout, by its place in the archive. `answers`: what revocation servers said, by URL."""
    trust = None
    if anchors is not None:
        trust = {"source": anchors.source, "fetched": anchors.fetched_at, "expires": anchors.expires}
    described = {"version": 1, "name": name, "digest": str(digest), "exported": now, "trust": trust}
    files = {DESCRIPTION: json.dumps(described, sort_keys=True).encode()}
    if answers:
        files[ANSWERS] = json.dumps({url: base64_text(data) for url, data in answers.items()}, sort_keys=True).encode()
    return files | {f"{TRUST}{place}": data for place, data in trust_files.items()}


def check_carried(archive: ArchiveLayout, layout: Repository, copied: Copied) -> None:
    """That whoever has the archive alone finds in it all that was gathered in `layout`, byte for byte.

    Found means as `verify` finds it. Raises Lost, DigestMismatch, InputError.
    """
    check_whole(archive)
    check_arrived(archive, copied)
    for digest in copied.manifests:
        wanted = {piece.digest: piece for piece in collect_from_repository(layout, digest).pieces}
        found = collect_from_repository(archive, digest)
        if found.cause is not Cause.NONE:
            raise Lost(found.detail, where=archive.name)
        there = {piece.digest for piece in found.pieces if piece.cause is Cause.NONE}
        lost = [piece.digest for piece in wanted.values() if piece.cause is Cause.NONE and piece.digest not in there]
        if lost:
            raise Lost(f"{lost[0]}, which is said about {digest.short}, is not found in what was written", where=archive.name)


def check_verified(pieces: Sequence[Piece], before: Sequence[Piece], required: Sequence[str], *, where: str) -> None:
    """That the archive can be verified. `pieces`: as appraised from the archive, asking nobody; `before`: from what was gathered.

    Somebody who is believed must say something, each `required` predicate type must be said, and nothing that was verified where
    it came from may fail in the archive. Raises Violation, or Unavailable when only asking others could tell.
    """
    good = [piece for piece in pieces if piece.cause is Cause.NONE]
    kept = {piece.bundle for piece in good}
    worse = [piece for piece in before if piece.cause is Cause.NONE and piece.bundle not in kept]
    if worse:
        title = TITLES.get(worse[0].predicate_type, worse[0].predicate_type)
        raise Violation(f"the {title} {worse[0].bundle.short} verifies where it came from, and not in the archive", where=where)
    kinds = {piece.predicate_type for piece in good}
    missing = [kind for kind in required if kind not in kinds]
    if good and not missing:
        return
    what = f"no {TITLES.get(missing[0], missing[0])}" if missing else "nothing that is said about it"
    told = [piece for piece in pieces if piece.cause is not Cause.NONE and (not missing or piece.predicate_type in missing)]
    why = f": {told[0].cause.value}, {told[0].detail}" if told else ": nobody says anything" if not pieces else ""
    unasked = bool(told) and all(piece.cause.state is State.UNCHECKED for piece in told)
    hint = (
        "say who is believed, with --key or --trust, what it is called, with --name, or write it all the same with --unverified"
    )
    raise (Unavailable if unasked else Violation)(f"{what} verifies{why}", where=where, hint=hint)


def open_bundle(path: Path) -> tuple[ArchiveLayout, Described]:
    """An archive that `write_archive` wrote. Raises NotFound, Malformed, LimitExceeded, InputError."""
    from pratique.attest.strictjson import load_json

    hint = "made by: pratique bundle export; any other OCI archive is verified as oci-archive:PATH"
    try:
        archive = open_archive(path)
    except Malformed as error:
        error.hint = error.hint or hint
        raise
    try:
        data = archive.read_file(DESCRIPTION, _MAX_DESCRIPTION)
    except NotFound as error:
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
