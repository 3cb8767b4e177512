"""Say again, by a new key, what an old one said that is in the catalog and still counts: before the old key goes out of use.

Each statement is verified under the trust as it is before the change, signed anew by its very bytes, logged, catalogued, and
attached to its artifacts where they lie. Places are asked before anything is signed. What could not be said again is kept in a
list with its reason; what was said again is not said a second time, however often this is begun.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.errors import DigestMismatch, InputError, NotFound, PratiqueError
from pratique.model import Cause, Digest
from pratique.model.predicates import TITLES
from pratique.model.signer import KeySigner, Signed

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.catalog.ledger import Catalog
    from pratique.catalog.rows import ArtifactRow, DocumentRow
    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.keys.logged_signer import LoggedSigner
    from pratique.policy import Piece
    from pratique.registry.types import Repository
    from pratique.ship.sign import Published, SigningTarget
    from pratique.trust import Trust


_COUNTED_NOT = frozenset({Cause.UNTRUSTED, Cause.EXPIRED, Cause.REVOKED})
"""What the trust itself says no to. What is damaged or could not be had may have counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What could not be said again: about which artifact, what, and why. `cause`: what became of it."""

    name: str
    digest: Digest
    what: str
    cause: Cause
    why: str


@dataclass(frozen=True, slots=True)
class Countersigned:
    """`said`: what the new key says now, those of earlier runs among it. `left`: what counts, or may, and it does not say.

    `uncounted`: what did not count under the old key either, so that nothing is lost with it.
    """

    said: "tuple[Published, ...]" = ()
    left: tuple[LeftOut, ...] = ()
    uncounted: tuple[LeftOut, ...] = ()


@dataclass(slots=True)
class _Statement:
    """One statement of the old key, and the artifacts that it is about. `document`: a bundle that holds it."""

    predicate_type: str
    document: Digest
    about: "dict[Digest, ArtifactRow]" = field(default_factory=dict)


def countersign(
    catalog: "Catalog",
    old: "PublicKey",
    logged_signer: "LoggedSigner",
    *,
    anchors: "TrustAnchors",
    trust: "Trust",
    journals: Path,
    clock: Callable[[], int],
) -> Countersigned:
    """Have `logged_signer` say what `old` said about the catalog's artifacts.

    `anchors`: the trust as it is, under which it must count now; `trust`: that in which the new key is to count, and must be let
    to say it. `journals`: as `sign_and_publish` has them; `clock`: Unix seconds. Raises Locked, StorageError of the catalog.
    """
    statements, without = _statements(catalog, old, anchors, clock())
    left = [item for item in without if item.cause not in _COUNTED_NOT]
    said: list[Published] = []
    with ExitStack() as stack:
        places = _Places(stack)
        for payload_digest, statement in sorted(statements.items()):
            try:
                _check_may(trust, statement, payload_digest, logged_signer, clock())
                targets = [target for row in statement.about.values() for target in places.targets_of(row)]
                said += _say(catalog, statement, targets, logged_signer, journals=journals, clock=clock)
            except PratiqueError as error:
                left += [_left(row, statement.predicate_type, _cause_of(error), str(error)) for row in statement.about.values()]
    return Countersigned(tuple(said), tuple(left), tuple(item for item in without if item.cause in _COUNTED_NOT))


def _say(
    catalog: "Catalog",
    statement: _Statement,
    targets: "list[SigningTarget]",
    logged_signer: "LoggedSigner",
    *,
    journals: Path,
    clock: Callable[[], int],
) -> "list[Published]":
    from pratique.attest.bundle import parse_bundle
    from pratique.ship.sign import Publication, SigningRequest, sign_and_publish

    payload = parse_bundle(catalog.documents.get(statement.document)).envelope.payload
    request = SigningRequest(targets=tuple(targets), predicate_type=statement.predicate_type, message=payload)
    return sign_and_publish(
        [request], Publication(), logged_signer=logged_signer, catalog=catalog, clock=clock, journals=journals
    )


def _statements(
    catalog: "Catalog", old: "PublicKey", anchors: "TrustAnchors", now: int
) -> tuple[dict[Digest, _Statement], list[LeftOut]]:
    """The statements of the key that count, by the digest of their bytes; and those that do not, or could not be judged."""
    found: dict[Digest, _Statement] = {}
    left: list[LeftOut] = []
    for artifact in sorted(catalog.list_artifacts(), key=lambda row: row.digest):
        every = catalog.documents_of(artifact.digest, role="bundle")
        rows = [row for row in every if row.keyid == old.keyid and not row.superseded]
        good: dict[Digest, _Statement] = {}
        bad: dict[Digest, LeftOut] = {}
        for row, piece in _appraised(catalog, artifact, rows, anchors, now):
            payload = _payload_of(catalog, row.digest)
            if piece.cause is Cause.NONE and piece.signed is not None and piece.signed.signer == KeySigner(keyid=old.keyid):
                good.setdefault(payload, _Statement(row.predicate_type, row.digest))
            elif piece.cause is not Cause.NONE:
                bad[payload] = _left(artifact, row.predicate_type, piece.cause, piece.detail)
        # The same statement may be there again, stamped or of a log by its former name: one that counts is enough.
        left += [item for payload, item in bad.items() if payload not in good]
        for payload, statement in good.items():
            found.setdefault(payload, statement).about[artifact.digest] = artifact
    return found, left


def _payload_of(catalog: "Catalog", document: Digest) -> Digest:
    """The digest of what a bundle states; the bundle's own of one that cannot be read."""
    from pratique.attest.bundle import parse_bundle

    try:
        return Digest.of(parse_bundle(catalog.documents.get(document)).envelope.payload)
    except (InputError, DigestMismatch):
        return document


def _appraised(
    catalog: "Catalog", artifact: "ArtifactRow", rows: "list[DocumentRow]", anchors: "TrustAnchors", now: int
) -> "Iterator[tuple[DocumentRow, Piece]]":
    """Each bundle as it counts under whatever name the artifact is known by; as by the first of these where it counts by none.

    One voice is asked about here, so that a trust's thresholds, which ask whether others agree, are not.
    """
    from pratique.catalog.bundles import load_bundle
    from pratique.evidence.appraise import appraise
    from pratique.evidence.collected import Collection
    from pratique.registry.types import Descriptor

    if anchors.trust is not None:
        trust = replace(anchors.trust, thresholds=())
        anchors = replace(anchors, trust=trust if _names(artifact) else trust.whatever_its_name())
    target = Descriptor(media_type="", digest=artifact.digest, size=0)
    for row in rows:
        collection = Collection(pieces=(load_bundle(catalog, row),))
        pieces = [
            piece for name in _names(artifact) or [""] for piece in appraise(target, name, [collection], anchors, now=now).pieces
        ]
        yield row, next((piece for piece in pieces if piece.cause is Cause.NONE), pieces[0])


def _names(artifact: "ArtifactRow") -> list[str]:
    """What the artifact is called, here and where it lies."""
    return list(dict.fromkeys(filter(None, (artifact.name, *artifact.locations))))


def _check_may(trust: "Trust", statement: _Statement, payload: Digest, logged_signer: "LoggedSigner", now: int) -> None:
    """That the new key may say so about each of the artifacts. Raises Untrusted, Expired, Revoked."""
    from pratique.errors import Expired, Untrusted
    from pratique.trust import Utterance, authorise

    by = Signed(signer=KeySigner(keyid=logged_signer.signer.public_key.keyid))
    for artifact in statement.about.values():
        names = _names(artifact)
        asked = trust if names else trust.whatever_its_name()
        failures: list[Untrusted | Expired] = []
        for name in names or [""]:
            # There is no bundle of it yet that could be taken back.
            claim = Utterance(
                predicate_type=statement.predicate_type,
                artifact_name=name,
                subjects=(artifact.digest,),
                statement=payload,
                bundle=payload,
            )
            try:
                authorise(asked, by, claim, now=now)
                break
            except (Untrusted, Expired) as error:
                failures.append(error)
        else:
            raise failures[0]


class _Places:
    """Where artifacts lie: registries and layouts, each opened once, until the stack is left."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._open: dict[str, Repository] = {}

    def targets_of(self, artifact: "ArtifactRow") -> "list[SigningTarget]":
        """The artifact in every place that has it, or for the catalog alone. Raises Unavailable where one could not be asked."""
        from pratique.ship.sign import SigningTarget

        targets: dict[str, SigningTarget] = {}
        for location in artifact.locations:
            repository = self._at(location)
            if repository is None or repository.name in targets:
                continue
            try:
                descriptor = repository.fetch_manifest(artifact.digest).descriptor
            except NotFound:
                continue  # it lay there once
            targets[repository.name] = SigningTarget(
                digest=artifact.digest,
                name=location,
                repository=repository,
                descriptor=descriptor,
                reference=repository.name,
            )
        return list(targets.values()) or [SigningTarget(digest=artifact.digest, name=artifact.name)]

    def _at(self, location: str) -> "Repository | None":
        """The repository in a location as the catalog has it, without its scheme; None for what is none."""
        from pratique.registry.open import open_repository, split_path

        path, _ = split_path(location)
        if (path / "oci-layout").is_file():
            place = f"oci-dir:{path}"
        elif _names_host(location):
            place = f"registry:{location}"
        else:
            return None
        key = place.partition("@")[0]
        if key not in self._open:
            repository, _ = open_repository(place)
            self._stack.callback(repository.close)
            self._open[key] = repository
        return self._open[key]


def _names_host(location: str) -> bool:
    """Whether it is a name in a registry that says which one: what an engine calls an image is no place."""
    from pratique.registry.reference import parse_reference

    host, slash, _ = location.partition("/")
    try:
        return bool(slash) and (any(char in host for char in ".:[") or host == "localhost") and bool(parse_reference(location))
    except InputError:
        return False


def _left(artifact: "ArtifactRow", predicate_type: str, cause: Cause, why: str) -> LeftOut:
    name = artifact.name or (artifact.locations[0] if artifact.locations else "")
    what = TITLES.get(predicate_type, predicate_type)
    return LeftOut(name=name, digest=artifact.digest, what=what, cause=cause, why=why)


def _cause_of(error: PratiqueError) -> Cause:
    from pratique.evidence.verify import cause_of

    try:
        return cause_of(error)
    except PratiqueError:
        return Cause.UNREACHABLE  # a disk, a catalog, a token: nothing was found to be wrong with the statement
