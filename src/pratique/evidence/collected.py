"""What is collected, as values: one piece of evidence, in whichever form, and all that one place says about a digest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pratique.errors import DigestMismatch, PratiqueError, SizeMismatch
from pratique.model import Cause, Digest

if TYPE_CHECKING:
    from pratique.registry.types import Descriptor


class EvidenceForm(StrEnum):
    """In which form something was said."""

    BUNDLE = "Sigstore bundle"
    COSIGN_SIGNATURE = "cosign signature"
    COSIGN_ATTESTATION = "cosign attestation"
    NOTATION = "notation signature"
    ENVELOPE = "DSSE envelope"
    COSIGN_BLOB = "cosign bundle"
    RAW = "bare signature"
    ANNOTATION = "annotation"
    PROVENANCE = "Helm provenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedChart:
    """A packed chart in a registry, as its provenance file is about it: the archive's name and digest, and its Chart.yaml."""

    name: str
    digest: Digest
    chart_yaml: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One piece of evidence. `data` is empty unless `cause` is NONE. `where`: the place it came from, for people.

    `claimed_type`: the predicate type its place announces it with; believed only to sort what could not be verified.
    `media_type`: of the blob; `annotations`: of it, where they hold a part of the signature. `digest`: of all of it.
    `file`: digest of the whole file, of what came in one. `about`: the manifest it is attached to, where that is not the artifact
    itself but an index that leads to it. `chart`: of the provenance of a chart in a registry. `unread`: nobody looked at it,
    since a limit was reached; it may have been any evidence, of anybody. Not so what was read and is broken. `lost`: it is
    attached, and the place does not hand it out as it was attached: fails, or hands out other bytes. No signer can do that.
    """

    digest: Digest
    where: str
    form: EvidenceForm = EvidenceForm.BUNDLE
    media_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    claimed_type: str = ""
    data: bytes = b""
    cause: Cause = Cause.NONE
    detail: str = ""
    file: Digest | None = None
    about: "Descriptor | None" = None
    chart: SignedChart | None = None
    unread: bool = False
    lost: bool = False


def is_altered(error: PratiqueError) -> bool:
    """Whether a place handed out other bytes than were asked for. Of how many there should be, a stranger's manifest may lie."""
    return isinstance(error, DigestMismatch) and not isinstance(error, SizeMismatch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """All that one place says about a digest. `cause`: NONE, or why the place could not be asked."""

    pieces: tuple[Collected, ...] = ()
    cause: Cause = Cause.NONE
    detail: str = ""


def attached_to(index: "Descriptor", collection: Collection) -> Collection:
    """The same evidence, as what is said about an index that leads to the artifact."""
    return replace(collection, pieces=tuple(replace(piece, about=index) for piece in collection.pieces))
