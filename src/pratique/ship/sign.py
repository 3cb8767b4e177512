"""Say something about artifacts that exist already: a signature, or any statement, in one of several forms.

Everything is signed first, then logged in one batch, then catalogued, then published. So a key that fails in the middle leaves
nothing behind that anybody sees, and what was signed is kept until it stands in the catalog (`sealed_once`): nothing is signed
twice. A place that cannot be written to costs nothing either: the same command finds the same statements by the same key in the
catalog, and publishes them instead of signing them again. Bare signatures are no statements: they are in the log, not in the
catalog.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.attest.bundle import MAX_BUNDLE_SIZE, MessageSignature, parse_bundle, without_keyid
from pratique.attest.detached import RAW_SUFFIX, render_raw, sign_digest
from pratique.attest.dsse import Envelope
from pratique.errors import DigestMismatch, InputError, Locked, SignatureInvalid, StorageError
from pratique.files import check_output, read_limited, write_new_output, write_output
from pratique.keys.logged_signer import (
    KeylessSigner,
    LoggedBundle,
    LoggedSigner,
    in_present_log,
    log_envelopes,
    prove_in_present_log,
)
from pratique.model.digest import Digest
from pratique.ship.beside import place_beside
from pratique.ship.sealed_once import SaidOnce

if TYPE_CHECKING:
    from pratique.catalog.ledger import Catalog
    from pratique.registry.types import Descriptor, Repository
_TRIES = 8  # to take a place beside a file; each one that fails is another signer's success


class SigningForm(StrEnum):
    """How it is said."""

    BUNDLE = "bundle"  # a statement in a Sigstore bundle: a referrer, or FILE.sigstore.json
    COSIGN = "cosign"  # cosign's tags beside an image
    MESSAGE = "message"  # a bundle over a file's bytes, without a statement: FILE.sigstore.json
    RAW = "raw"  # a bare signature over a file's bytes: FILE.sig


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningTarget:
    """An artifact that something is said about. `name`: what statements call it.

    `repository`, `descriptor`: where evidence can be attached, and to what; by default where the artifact is. `path`: the file
    that it is, if it is one file, so that evidence can stand beside it. `reference`: the repository that the artifact is in.
    """

    digest: Digest
    name: str
    repository: "Repository | None" = None
    descriptor: "Descriptor | None" = None
    path: Path | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """What is to be signed about which targets. `predicate_type`: of the in-toto statement that `message` is; "" when `message`
    is signed as it stands.
    """

    targets: tuple[SigningTarget, ...]
    predicate_type: str
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published. `sealed`: the bundle and its log entry; `places`: where it is, for people, besides log and catalog;
    `reused`: it was said before, and published again. `carries_proof`: the form holds the log's proof, so that others find it.
    """

    request: SigningRequest
    content: Envelope | MessageSignature
    sealed: LoggedBundle
    at: int
    places: tuple[str, ...] = ()
    reused: bool = False
    carries_proof: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """How and where. `beside`: in files beside the targets instead of attached to them; `handed_over`: so for targets that are
    files, which nothing can be attached to; `output`: the one bundle in this file instead of all this; `replace`: overwrite files
    that are there.
    """

    form: SigningForm = SigningForm.BUNDLE
    beside: bool = False
    handed_over: bool = False
    output: Path | None = None
    replace: bool = False


def sign_and_publish(
    requests: Sequence[SigningRequest],
    how: Publication,
    *,
    logged_signer: LoggedSigner | KeylessSigner,
    catalog: "Catalog",
    clock: Callable[[], int],
    journals: Path,
) -> list[Published]:
    """Sign, log, catalogue and publish all of this, each step for all before the next. `clock`: Unix seconds; `journals`: where
    statements are kept that are signed, and not yet in the catalog.

    Raises InputError for a form that a target cannot have, or a file that is in the way, before anything is signed; and what
    signer, log, catalog and places raise.
    """
    _check(requests, how, logged_signer)
    earlier = [_said_before(request, logged_signer, catalog) for request in requests]
    files = [files_of(request, how, logged_signer) for request in requests]
    for paths, found in zip(files, earlier, strict=True):
        _check_files(paths, how, found)
    new = [request for request, found in zip(requests, earlier, strict=True) if found is None]
    written = _write(new, logged_signer, journals)
    now = clock()
    made = iter(
        [
            Published(request=request, content=content, sealed=item, at=now)
            for request, (content, item) in zip(new, written, strict=True)
        ]
    )
    everything = [found if found is not None else next(made) for found in earlier]
    _record(everything, logged_signer, catalog)
    if isinstance(logged_signer, LoggedSigner):
        SaidOnce(journals, logged_signer).forget([request.message for request in requests if request.predicate_type])
    return [_publish(item, how, logged_signer) for item in everything]


def files_of(request: SigningRequest, how: Publication, logged_signer: LoggedSigner | KeylessSigner) -> list[Path]:
    """The files that publishing writes."""
    if how.output is not None:
        return [how.output]
    if not (how.beside or how.handed_over):
        return []
    paths = [target.path for target in request.targets if target.path is not None]
    if how.form is SigningForm.RAW:
        return [path.with_name(path.name + RAW_SUFFIX) for path in paths]
    return [place_beside(path, logged_signer, request.predicate_type) for path in paths]


def _check(requests: Sequence[SigningRequest], how: Publication, logged_signer: LoggedSigner | KeylessSigner) -> None:
    """What would fail at the end fails now, before anything is signed."""
    if isinstance(logged_signer, KeylessSigner) and how.form not in (SigningForm.BUNDLE, SigningForm.MESSAGE):
        raise InputError(f"a signature without a key is a bundle, not {how.form}", hint="leave out --form")
    if how.output is not None and len(requests) != 1:
        raise InputError(f"{len(requests)} signatures do not go into one file", hint="use --file, or sign one at a time")
    if how.form is SigningForm.COSIGN and (how.beside or how.output is not None):
        raise InputError("cosign's tags are in registries and layouts, not in files", hint="leave out --file and --output")
    for target in (target for request in requests for target in request.targets):
        if how.form is SigningForm.COSIGN and target.repository is None:
            raise InputError(f"{target.name or target.digest} is in no registry or layout", hint="sign it in another form")
        if how.form in (SigningForm.MESSAGE, SigningForm.RAW) and target.path is None:
            raise InputError(f"{target.name or target.digest} is not a file", hint="sign it in another form")
        if how.beside and target.path is None:
            raise InputError(
                f"{target.name or target.digest} is not a file, nothing can stand beside it",
                hint="use --output, or name file:PATH",
            )


def _check_files(paths: Sequence[Path], how: Publication, found: Published | None) -> None:
    """A file that is there is overwritten only when asked. A folder that takes none is told before anything is signed."""
    for path in paths:
        try:
            check_output(path)
        except StorageError as error:
            error.hint = "use --output FILE"
            raise
        if path.exists() and not how.replace and (found is None or not _is_ours(path, found)):
            raise InputError("there is a signature file of this name", where=str(path), hint="use --replace, or move it away")


def _is_ours(path: Path, found: Published) -> bool:
    """Whether the file is what will be written there, or that with the keyid which we no longer write."""
    data = read_limited(path, MAX_BUNDLE_SIZE)
    try:
        return found.sealed.data in (data, without_keyid(data))
    except InputError:
        return False


def _said_before(request: SigningRequest, logged_signer: LoggedSigner | KeylessSigner, catalog: "Catalog") -> Published | None:
    """The same statement by the same key, from the catalog, with its entry in the log as it is called now."""
    if not request.predicate_type or isinstance(logged_signer, KeylessSigner):
        return None  # no two keyless signatures are by the same key
    elsewhere: Published | None = None
    for row in catalog.documents_of(request.targets[0].digest, role="bundle"):
        if (row.keyid, row.predicate_type) != (logged_signer.signer.public_key.keyid, request.predicate_type):
            continue
        try:
            data = without_keyid(catalog.documents.get(row.digest))
            bundle = parse_bundle(data)
            logged_signer.signer.public_key.verify(bundle.signature, bundle.envelope.pae)
        except (DigestMismatch, SignatureInvalid, InputError):
            continue  # a damaged one is no reason to say nothing: it is said anew
        if logged_signer.stamp is not None and not bundle.timestamps:
            continue  # this time somebody vouches for the time as well
        if bundle.envelope.payload == request.message and bundle.log_entries:
            sealed = LoggedBundle(data=data, digest=bundle.digest, log_index=bundle.log_entries[0].log_index)
            found = Published(request=request, content=bundle.envelope, sealed=sealed, at=row.created, reused=True)
            if in_present_log(logged_signer, data):
                return found
            elsewhere = elsewhere or found
    if elsewhere is None:
        return None
    return replace(elsewhere, sealed=prove_in_present_log(logged_signer, elsewhere.sealed.data))


def _write(
    requests: Sequence[SigningRequest], logged_signer: LoggedSigner | KeylessSigner, journals: Path
) -> list[tuple[Envelope | MessageSignature, LoggedBundle]]:
    """Sign and log all of them."""
    if isinstance(logged_signer, KeylessSigner):
        return [logged_signer.seal(request.message, statement=bool(request.predicate_type)) for request in requests]
    if all(request.predicate_type for request in requests):
        return list(SaidOnce(journals, logged_signer).seal([request.message for request in requests]))
    contents = [_sign(request, logged_signer) for request in requests]
    return list(zip(contents, log_envelopes(logged_signer, contents), strict=True))


def _sign(request: SigningRequest, logged_signer: LoggedSigner) -> MessageSignature:
    signature = logged_signer.signer.sign(request.message)
    return MessageSignature(sig=signature, digest=sign_digest(logged_signer.signer.public_key, request.message))


def _record(said: Sequence[Published], logged_signer: LoggedSigner | KeylessSigner, catalog: "Catalog") -> None:
    with catalog.transaction() as ledger:
        for item in said:
            if not item.request.predicate_type:
                continue
            for target in item.request.targets:
                if place := _place_of(target):
                    ledger.record_location(target.digest, place, name=target.name, at=item.at)
                else:
                    ledger.record_name(target.digest, target.name, at=item.at)
                ledger.record_sealed(
                    target.digest,
                    item.sealed,
                    predicate_type=item.request.predicate_type,
                    signer=logged_signer.name,
                    at=item.at,
                )


def _place_of(target: SigningTarget) -> str:
    """Where the artifact lies, as a person would write it; "" where that is no registry or layout, or not known."""
    if target.repository is None or target.reference != target.repository.name:
        return ""
    return target.name if target.name.startswith(target.reference) else target.reference


def _publish(item: Published, how: Publication, logged_signer: LoggedSigner | KeylessSigner) -> Published:
    files = len(files_of(item.request, how, logged_signer))
    places = [str(_write_file(item, how, logged_signer, number)) for number in range(files)]
    if not places:
        for target in item.request.targets:
            if target.repository is not None and target.descriptor is not None:
                places.append(_attach(item, target, target.repository, target.descriptor, how.form))
    carries_proof = how.form not in (SigningForm.COSIGN, SigningForm.RAW)
    return replace(item, places=tuple(places), carries_proof=carries_proof)


def _write_file(item: Published, how: Publication, logged_signer: LoggedSigner | KeylessSigner, number: int) -> Path:
    """Write one of the request's files. Its place is chosen again: another signer may have taken the first choice meanwhile."""
    data = render_raw(_bare(item)) if how.form is SigningForm.RAW else item.sealed.data
    for _ in range(_TRIES):
        path = files_of(item.request, how, logged_signer)[number]
        if path.exists():
            _check_files([path], how, item)
            write_output(path, data)
            return path
        if write_new_output(path, data):
            return path
    raise Locked("others keep taking the place of the signature", where=str(path), hint="run the same command again")


def _bare(item: Published) -> bytes:
    return item.content.sig if isinstance(item.content, MessageSignature) else item.content.signatures[0].sig


def _attach(item: Published, target: SigningTarget, repository: "Repository", subject: "Descriptor", form: SigningForm) -> str:
    """Make it a referrer of the target, or add it under cosign's tag; returns where it is."""
    if form is SigningForm.COSIGN:
        from pratique.attest import cosign
        from pratique.registry.cosign import ATTESTATIONS, SIGNATURES, Layer, push_layers, tag_of

        if isinstance(item.content, Envelope):
            kind = ATTESTATIONS
            notes = cosign.attestation_annotations(item.request.predicate_type)
            layer = Layer(data=cosign.render_attestation(item.content), annotations=notes)
        else:
            kind = SIGNATURES
            stamps = parse_bundle(item.sealed.data).timestamps
            layer = Layer(data=item.request.message, annotations=cosign.signature_annotations(item.content.sig, stamps))
        push_layers(repository, target.digest, kind, [layer])
        return f"{repository.name}:{tag_of(target.digest, kind)}"
    from pratique.registry.attach import attach, find_attached
    from pratique.registry.types import SIGSTORE_BUNDLE

    if item.reused:
        there = find_attached(repository, subject.digest, Digest.of(item.sealed.data), SIGSTORE_BUNDLE)
        if there is not None:
            return f"{repository.name}@{there}"
    notes = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": item.request.predicate_type}
    attached = attach(
        repository, subject=subject, blob=item.sealed.data, artifact_type=SIGSTORE_BUNDLE, annotations=notes, created=item.at
    )
    return f"{repository.name}@{attached.digest}"
