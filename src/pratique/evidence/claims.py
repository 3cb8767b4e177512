"""What verifying one piece of evidence comes to: a claim, or why there is none; and the file it may be about. Values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pratique.model import Cause, Digest
from pratique.model.signer import Signed

if TYPE_CHECKING:
    from pratique.attest.sigstore.verify import ArtifactDigests


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSubject:
    """A file that is signed, for forms that are about more than its SHA-256. `name`: of the file; `chart_yaml`: of a chart."""

    name: str
    artifact: "ArtifactDigests"
    chart_yaml: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedClaim:
    """What one verified signature says. `payload`: digest of the signed bytes; `subjects`: what they are about.

    `also`: what else names these signed bytes or their wrapping; none of it is needed to find what was taken back by `payload`.

    `predicate_type`: IMAGE_SIGNATURE for forms that say no more than "this one". `said`: reads the predicate. `wanted`:
    URLs whose answers may prove an earlier time. `annotations`: what the signer adds about each subject.
    `unproven`: log entries that prove nothing here, each with the reason.
    """

    predicate_type: str
    subjects: frozenset[Digest]
    payload: Digest
    signed: Signed
    said: Callable[[], Mapping[str, Any]] = dict
    about: str = ""
    wanted: tuple[str, ...] = ()
    also: frozenset[Digest] = frozenset()
    annotations: Mapping[Digest, Mapping[str, str]] = field(default_factory=dict)
    unproven: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Why there is no claim. `wanted`: URLs of revocation servers whose answers could change that."""

    cause: Cause
    detail: str
    wanted: tuple[str, ...] = ()
