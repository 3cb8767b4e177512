"""Fetch the bundles that are attached to a digest. One that cannot be had is kept with its cause, never dropped."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pratique.errors import DigestMismatch, InputError, PratiqueError, Unavailable
from pratique.model import Cause, Digest

if TYPE_CHECKING:
    from pratique.registry.types import Descriptor, Repository

MAX_CONFIG_BYTES = 1 << 20
MAX_BUNDLE_BYTES = 256 << 20  # a file manifest of half a million rows, in base64
PREDICATE_ANNOTATION = "dev.sigstore.bundle.predicateType"
MAX_BUNDLES = 1_000  # ten thousand signatures on one image are an attack on the verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One attached bundle. `data` is empty unless `cause` is NONE. `where`: the place it came from, for people.

    `claimed_type`: the predicate type its place announces it with; believed only to sort what could not be verified.
    """

    digest: Digest
    where: str
    claimed_type: str = ""
    data: bytes = b""
    cause: Cause = Cause.NONE
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """All that one place says about a digest. `cause`: NONE, or why the place could not be asked."""

    bundles: tuple[Collected, ...] = ()
    cause: Cause = Cause.NONE
    detail: str = ""


def collect_from_repository(repository: "Repository", subject: Digest) -> Collection:
    """Every Sigstore bundle that refers to `subject` in this repository."""
    from pratique.registry.types import SIGSTORE_BUNDLE

    try:
        referrers = repository.list_referrers(subject, SIGSTORE_BUNDLE)
    except Unavailable as error:
        return Collection(cause=Cause.UNREACHABLE, detail=str(error))
    except PratiqueError as error:
        return Collection(cause=Cause.INVALID, detail=str(error))
    if len(referrers) > MAX_BUNDLES:
        detail = f"{len(referrers)} bundles are attached, at most {MAX_BUNDLES} are read"
        return Collection(cause=Cause.UNREADABLE, detail=detail)
    checked: set[Digest] = set()  # nearly always all have the same, empty configuration
    return Collection(bundles=tuple(_fetch(repository, descriptor, checked) for descriptor in referrers))


def _fetch(repository: "Repository", referrer: "Descriptor", checked: set[Digest]) -> Collected:
    where = f"{repository.name}@{referrer.digest}"
    claimed = referrer.annotations.get(PREDICATE_ANNOTATION, "")

    def failed(cause: Cause, detail: str) -> Collected:
        return Collected(digest=referrer.digest, where=where, claimed_type=claimed, cause=cause, detail=detail)

    try:
        manifest = repository.fetch_manifest(referrer.digest)
        layers = manifest.layers
        if len(layers) != 1:
            return failed(Cause.INVALID, f"{where}: a bundle's manifest has one layer, this has {len(layers)}")
        data = repository.fetch_blob(layers[0], limit=MAX_BUNDLE_BYTES)
        if manifest.config.digest not in checked:  # it says nothing, but it is a part of what was attached
            repository.fetch_blob(manifest.config, limit=MAX_CONFIG_BYTES)
            checked.add(manifest.config.digest)
        return Collected(digest=layers[0].digest, where=where, claimed_type=claimed, data=data)
    except Unavailable as error:
        return failed(Cause.UNREACHABLE, str(error))
    except (DigestMismatch, InputError) as error:
        return failed(Cause.INVALID, str(error))
