"""Hold verified SBOMs, file manifests and the files themselves against each other. Pure.

An SBOM that names a file manifest is held to it, by the root and by the same authority. One that names none, as other tools make
them, contradicts nothing and proves nothing about bytes: both are said, and who asks decides whether that is enough.
"""

from collections.abc import Sequence

from pratique.documents.check import compare_files
from pratique.documents.claims import ParsedSbom, read_claims
from pratique.errors import InputError, Violation
from pratique.lexicon.text import how_many
from pratique.model import Cause, Digest, FileManifest, Tree, parse_manifest
from pratique.model.predicates import FILE_MANIFEST, SBOM_TYPES
from pratique.policy.facts import ComponentFacts, ManifestFacts, Piece, SbomFacts


def compare(
    pieces: Sequence[Piece], subject: Digest, tree: Tree | None
) -> tuple[tuple[SbomFacts, ...], tuple[ManifestFacts, ...]]:
    """Facts about each verified SBOM and file manifest. `pieces`: as appraised, of all kinds; `tree`: the files, where read."""
    verified = [piece for piece in pieces if piece.cause is Cause.NONE]
    manifests = tuple(_manifest(piece, tree) for piece in verified if piece.predicate_type == FILE_MANIFEST)
    lost = next(
        (
            piece
            for piece in pieces
            if piece.predicate_type in (FILE_MANIFEST, "") and piece.cause in (Cause.UNREACHABLE, Cause.UNREADABLE)
        ),
        None,
    )
    sboms = tuple(
        _sbom(
            piece,
            [item for item in manifests if (item.authority, item.about) == (piece.authority, piece.about)],
            lost,
            piece.about or subject,
            tree,
        )
        for piece in verified
        if piece.predicate_type in SBOM_TYPES
    )
    return sboms, manifests


def agreed_manifest(manifests: Sequence[ManifestFacts]) -> tuple[FileManifest | None, Cause, str]:
    """The one file manifest that all trusted ones are; else None and why. Two that differ are refused, and so is none."""
    for item in manifests:
        if item.manifest is None:
            return None, item.cause, item.detail
    different = {item.manifest.root: item.manifest for item in manifests if item.manifest is not None}
    if len(different) > 1:
        return None, Cause.MISMATCH, f"{len(different)} different file manifests are signed for this image"
    for manifest in different.values():
        return manifest, Cause.NONE, ""
    return None, Cause.ABSENT, "there is no signed file manifest for this image"


def _manifest(piece: Piece, tree: Tree | None) -> ManifestFacts:
    def facts(cause: Cause, detail: str, manifest: FileManifest | None = None) -> ManifestFacts:
        return ManifestFacts(
            bundle=piece.bundle, authority=piece.authority, cause=cause, detail=detail, manifest=manifest, about=piece.about
        )

    try:
        manifest = parse_manifest(piece.predicate)
    except (Violation, InputError) as error:
        return facts(Cause.INVALID, f"the file manifest: {error}")
    differing = [f"{item.kind} {item.place}" for item in compare_files(manifest, tree)] if tree is not None else []
    if differing:
        more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
        return facts(Cause.MISMATCH, f"the files are not those that were signed: {', '.join(differing[:3])}{more}", manifest)
    return facts(Cause.NONE, how_many(len(manifest.entries), "file"), manifest)


def _sbom(piece: Piece, manifests: Sequence[ManifestFacts], lost: Piece | None, subject: Digest, tree: Tree | None) -> SbomFacts:
    try:
        sbom = read_claims(piece.predicate)
    except InputError as error:
        detail = f"the SBOM cannot be read: {error}"
        return SbomFacts(bundle=piece.bundle, authority=piece.authority, cause=Cause.UNREADABLE, detail=detail, unread=str(error))
    components = tuple(
        ComponentFacts(purl=item.purl, name=item.name, version=item.version, kind=item.kind, cpes=item.cpes, licences=item.held)
        for item in (*sbom.components, *sbom.others)
    )
    cause, detail = _bind(sbom, manifests, lost, subject, tree)
    return SbomFacts(
        bundle=piece.bundle,
        authority=piece.authority,
        cause=cause,
        detail=detail,
        bound=cause is Cause.NONE and sbom.manifest_root is not None,
        components=components,
        licence_names=sbom.licence_names,
    )


def _bind(
    sbom: ParsedSbom, manifests: Sequence[ManifestFacts], lost: Piece | None, subject: Digest, tree: Tree | None
) -> tuple[Cause, str]:
    if sbom.subject_digest is not None and sbom.subject_digest != subject:
        return Cause.MISMATCH, f"the SBOM is about {sbom.subject_digest}"
    known = sum(1 for item in sbom.components if item.purl)
    if sbom.manifest_root is None:
        return Cause.NONE, f"{how_many(known, 'component')}; it names no file manifest, so it proves nothing about the bytes"
    for item in manifests:
        if item.manifest is None or item.manifest.root != sbom.manifest_root:
            continue
        if item.cause is not Cause.NONE:
            return item.cause, item.detail.replace("that were signed", "of the SBOM")
        against = "compared with the bytes" if tree is not None else "compared with the file manifest"
        return Cause.NONE, f"{how_many(known, 'component')}, {how_many(len(item.manifest.entries), 'file')}, {against}"
    if lost is not None:
        return lost.cause, f"the file manifest that the SBOM names could not be had: {lost.detail}"
    broken = next((item for item in manifests if item.manifest is None), None)
    if broken is not None:
        return broken.cause, broken.detail
    if manifests:
        return Cause.MISMATCH, f"the SBOM states the file manifest {sbom.manifest_root}, the attached one is another"
    return Cause.ABSENT, "there is no file manifest of its authority beside the SBOM, so it proves nothing about the bytes"
