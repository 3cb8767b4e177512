"""What SBOMs and file manifests say of each other and of the bytes: each way in which they may not fit."""

import pytest
from test_evidence_quorum import TARGET, believing, facts, manifest, said

from pratique.evidence.collect import collect_from_repository
from pratique.evidence.collected import Collected, Collection
from pratique.evidence.compare import compare
from pratique.model import Cause, Digest
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, SPDX
from pratique.policy.facts import Piece

ONE, OTHER = manifest(b"one"), manifest(b"other")
ROOT = ONE["root"]


def bill(root=ROOT, about=None, components=()):
    rows = [{"name": "pratique:manifest:root", "value": root}] if root else []
    rows += [{"name": "pratique:subject:digest", "value": about}] if about else []
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"properties": rows}, "components": list(components)}


def compared(*pieces):
    (found,) = facts(*pieces, anchors=believing()).sboms
    return found


def test_an_sbom_is_bound_by_the_manifest_of_its_own_authority():
    found = compared(said("release", CYCLONEDX, bill()), said("release", FILE_MANIFEST, ONE))
    assert (found.cause, found.bound, found.authority) == (Cause.NONE, True, "release")
    assert "1 file, compared with the file manifest" in found.detail


def test_the_manifest_of_another_authority_binds_nothing():
    found = compared(said("release", CYCLONEDX, bill()), said("security", FILE_MANIFEST, ONE))
    assert (found.cause, found.bound) == (Cause.ABSENT, False)


def test_an_sbom_that_states_another_manifest_is_a_mismatch():
    found = compared(said("release", CYCLONEDX, bill(OTHER["root"])), said("release", FILE_MANIFEST, ONE))
    assert (found.cause, found.bound) == (Cause.MISMATCH, False)


@pytest.mark.parametrize(("about", "cause"), [(str(TARGET.digest), Cause.NONE), (str(Digest.of(b"x")), Cause.MISMATCH)])
def test_an_sbom_that_names_another_digest_is_about_another_artifact_whoever_signed_it_for_this_one(about, cause):
    found = compared(said("release", CYCLONEDX, bill(about=about)), said("release", FILE_MANIFEST, ONE))
    assert found.cause is cause and found.bound is (cause is Cause.NONE)
    foreign = compared(said("release", CYCLONEDX, bill(root=None, about=about)))
    assert foreign.cause is cause and not foreign.bound


def test_an_sbom_of_another_tool_contradicts_nothing_and_proves_nothing_about_bytes():
    found = compared(said("release", CYCLONEDX, bill(root=None)), said("release", FILE_MANIFEST, ONE))
    assert (found.cause, found.bound) == (Cause.NONE, False) and "proves nothing about the bytes" in found.detail


def test_an_sbom_that_is_none_cannot_be_read_and_shows_no_components():
    found = compared(said("release", CYCLONEDX, {"bomFormat": "other"}))
    assert (found.cause, found.bound, found.components) == (Cause.UNREADABLE, False, ())


def test_a_manifest_that_could_not_be_had_is_not_one_that_is_absent():
    lost = Collected(digest=Digest.of(b"x"), where="there", claimed_type=FILE_MANIFEST, cause=Cause.UNREACHABLE, detail="gone")
    assert compared(said("release", CYCLONEDX, bill()), lost).cause is Cause.UNREACHABLE
    assert compared(said("release", CYCLONEDX, bill()), said("release", FILE_MANIFEST, ONE), lost).cause is Cause.NONE


def test_a_manifest_whose_rows_do_not_come_to_its_root_is_invalid_for_the_sbom_too():
    found = compared(said("release", CYCLONEDX, bill()), said("release", FILE_MANIFEST, {**OTHER, "root": ROOT}))
    assert (found.cause, found.bound) == (Cause.INVALID, False)


def test_a_second_trusted_sbom_has_facts_of_its_own():
    part = {"type": "library", "name": "x", "purl": "pkg:npm/x@1"}
    pieces = (said("release", CYCLONEDX, bill()), said("release", FILE_MANIFEST, ONE))
    second = said("release", CYCLONEDX, bill(root=None, components=[part]))
    found = facts(*pieces, second, anchors=believing()).sboms
    assert {(item.bound, tuple(part.purl for part in item.components)) for item in found} == {
        (True, ()),
        (False, ("pkg:npm/x@1",)),
    }
    assert {item.bundle for item in found} == {pieces[0].digest, second.digest}


def test_an_sbom_in_spdx_is_an_sbom():
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "x",
        "documentNamespace": "https://example.org/x",
        "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: other"]},
        "packages": [
            {
                "SPDXID": "SPDXRef-p",
                "name": "p",
                "versionInfo": "1",
                "downloadLocation": "NOASSERTION",
                "externalRefs": [
                    {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/p@1"}
                ],
            }
        ],
    }
    found = compared(said("release", SPDX, document))
    assert (found.cause, found.bound) == (Cause.NONE, False)
    assert "pkg:npm/p@1" in [part.purl for part in found.components]
    assert compared(said("release", SPDX, {"spdxVersion": "SPDX-9"})).cause is Cause.UNREADABLE


def test_only_what_is_verified_is_compared():
    piece = Piece(bundle=Digest.of(b"x"), predicate_type=CYCLONEDX, cause=Cause.UNTRUSTED, said=lambda: bill(root=None))
    assert compare([piece], TARGET.digest, None) == ((), ())


def test_a_manifest_alone_is_held_against_the_files():
    from pratique.model import Tree

    (held,) = compare([verified(ONE)], TARGET.digest, Tree(entries={}))[1]
    assert held.cause is Cause.MISMATCH and "bin/app" in held.detail
    (unread,) = compare([verified(ONE)], TARGET.digest, None)[1]
    assert unread.cause is Cause.NONE and unread.manifest is not None


def verified(predicate, kind=FILE_MANIFEST):
    return Piece(
        bundle=Digest.of(kind.encode()), predicate_type=kind, cause=Cause.NONE, authority="release", said=lambda: predicate
    )


def test_files_that_are_not_those_of_the_sbom_are_a_mismatch_of_it():
    from pratique.model import Tree

    pieces = [verified(ONE), verified(bill(), CYCLONEDX)]
    ((sbom,), _) = compare(pieces, TARGET.digest, Tree(entries={}))
    assert (sbom.cause, sbom.bound) == (Cause.MISMATCH, False)


class TwoLayers:
    """A repository whose one referrer has two layers."""

    name = "registry.example.com/app"

    def list_referrers(self, subject):
        from pratique.registry.types import SIGSTORE_BUNDLE, Descriptor

        return [
            Descriptor(
                media_type="application/vnd.oci.image.manifest.v1+json",
                digest=Digest.of(b"r"),
                size=1,
                artifact_type=SIGSTORE_BUNDLE,
            )
        ]

    def fetch_manifest(self, reference):
        from types import SimpleNamespace

        from pratique.errors import NotFound
        from pratique.registry.types import SIGSTORE_BUNDLE, Descriptor

        if reference != Digest.of(b"r"):
            raise NotFound("no such tag")
        layers = [Descriptor(media_type=SIGSTORE_BUNDLE, digest=Digest.of(data), size=1) for data in (b"a", b"b")]
        return SimpleNamespace(layers=layers, config=layers[0], artifact_type=SIGSTORE_BUNDLE, annotations={})

    def fetch_blob(self, descriptor, *, limit):
        raise AssertionError("nothing of it is read")


def test_a_referrer_with_two_layers_is_invalid_and_none_of_them_is_read():
    """Two readers could take one each."""
    found = collect_from_repository(TwoLayers(), TARGET.digest)
    assert [(piece.cause, piece.data) for piece in found.pieces if piece.form.value == "Sigstore bundle"] == [
        (Cause.INVALID, b"")
    ]
    assert found.cause is Cause.NONE


def test_a_place_that_is_broken_is_said_and_takes_nothing_from_what_others_say():
    from pratique.evidence.appraise import appraise

    pieces = Collection(pieces=(said("release", CYCLONEDX, bill(root=None)),))
    down = Collection(cause=Cause.UNREACHABLE, detail="down")
    for places in ([pieces, down], [down, pieces]):
        found = appraise(TARGET, "x", places, believing(), now=1)
        assert (found.gathering, found.gathering_detail) == (Cause.UNREACHABLE, "down")
        assert [piece.cause for piece in found.pieces] == [Cause.NONE]


# --- what is said about an index that leads to the artifact

INDEX = Digest.of(b"index")


def about(piece, what):
    from dataclasses import replace

    return replace(piece, bundle=Digest.of(piece.bundle.encode() + str(what).encode()), about=what)


@pytest.mark.parametrize(
    ("sbom_of", "manifest_of", "bound"), [(None, None, True), (INDEX, INDEX, True), (None, INDEX, False), (INDEX, None, False)]
)
def test_a_manifest_of_the_index_binds_no_sbom_of_the_image_nor_the_other_way_round(sbom_of, manifest_of, bound):
    pieces = [about(verified(bill(), CYCLONEDX), sbom_of), about(verified(ONE), manifest_of)]
    ((sbom,), _) = compare(pieces, TARGET.digest, None)
    assert (sbom.cause, sbom.bound) == ((Cause.NONE, True) if bound else (Cause.ABSENT, False))


@pytest.mark.parametrize(("named", "cause"), [(INDEX, Cause.NONE), (TARGET.digest, Cause.MISMATCH)])
def test_an_sbom_of_the_index_names_the_index_and_not_the_image(named, cause):
    ((sbom,), _) = compare([about(verified(bill(root=None, about=str(named)), CYCLONEDX), INDEX)], TARGET.digest, None)
    assert sbom.cause is cause


# --- how it is told


def tree_of(**files):
    from pratique.model import FileEntry, FileKind, Tree

    entries = {
        f"bin/{name}": FileEntry(f"bin/{name}", FileKind.FILE, 0o755, len(text), Digest.of(text).hex)
        for name, text in files.items()
    }
    return Tree(entries=entries)


def test_the_files_of_a_manifest_are_those_that_were_read():
    (held,) = compare([verified(ONE)], TARGET.digest, tree_of(app=b"one"))[1]
    assert (held.cause, held.detail) == (Cause.NONE, "1 file")
    ((sbom,), _) = compare([verified(bill(), CYCLONEDX), verified(ONE)], TARGET.digest, tree_of(app=b"one"))
    assert sbom.cause is Cause.NONE and sbom.detail.endswith("1 file, compared with the bytes")
    ((sbom,), _) = compare([verified(bill(), CYCLONEDX), verified(ONE)], TARGET.digest, None)
    assert sbom.detail.endswith("1 file, compared with the file manifest")


@pytest.mark.parametrize(("count", "more"), [(2, ""), (3, ""), (4, " and 1 more"), (5, " and 2 more")])
def test_the_first_three_files_that_differ_are_told_and_the_others_counted(count, more):
    # One differs; the others are not of the manifest.
    found = tree_of(app=b"two", **{f"other{number}": b"x" for number in range(count - 1)})
    (held,) = compare([verified(ONE)], TARGET.digest, found)[1]
    assert held.cause is Cause.MISMATCH
    listed = held.detail.removeprefix("the files are not those that were signed: ")
    assert listed.partition(" and ")[2] == more.removeprefix(" and ")
    assert listed.count("bin/") == min(count, 3)


def test_a_mismatch_of_the_files_is_told_as_one_of_the_sbom():
    ((sbom,), _) = compare([verified(bill(), CYCLONEDX), verified(ONE)], TARGET.digest, tree_of(app=b"two"))
    assert sbom.detail.startswith("the files are not those of the SBOM: ")


def test_components_with_a_package_url_are_counted():
    parts = [{"type": "library", "name": "x", "purl": "pkg:npm/x@1"}, {"type": "library", "name": "y"}]
    ((sbom,), _) = compare([verified(bill(root=None, components=parts), CYCLONEDX)], TARGET.digest, None)
    assert sbom.detail.startswith("1 component; ")
    assert len(sbom.components) == 2


@pytest.mark.parametrize("cause", [Cause.UNREACHABLE, Cause.UNREADABLE])
@pytest.mark.parametrize("kind", [FILE_MANIFEST, ""])
def test_what_could_not_be_had_may_be_the_manifest_that_is_missing(cause, kind):
    lost = Piece(bundle=Digest.of(b"l"), predicate_type=kind, cause=cause, detail="gone")
    ((sbom,), _) = compare([verified(bill(), CYCLONEDX), lost], TARGET.digest, None)
    assert (sbom.cause, sbom.bound) == (cause, False) and "could not be had: gone" in sbom.detail


@pytest.mark.parametrize(
    ("kind", "cause"), [(CYCLONEDX, Cause.UNREACHABLE), (FILE_MANIFEST, Cause.INVALID), (FILE_MANIFEST, Cause.UNTRUSTED)]
)
def test_what_is_of_another_kind_or_was_looked_at_is_not_the_manifest_that_is_missing(kind, cause):
    other = Piece(bundle=Digest.of(b"l"), predicate_type=kind, cause=cause, detail="gone")
    ((sbom,), _) = compare([verified(bill(), CYCLONEDX), other], TARGET.digest, None)
    assert (sbom.cause, sbom.bound) == (Cause.ABSENT, False)


# --- one manifest of several


def held(predicate):
    return compare([verified(predicate)], TARGET.digest, None)[1]


def test_manifests_that_are_the_same_are_one_and_two_that_differ_none():
    from pratique.evidence.compare import agreed_manifest

    one, other = held(ONE), held(OTHER)
    assert agreed_manifest(one)[0] == agreed_manifest((*one, *one))[0] == one[0].manifest
    assert agreed_manifest((*one, *one))[1:] == (Cause.NONE, "")
    assert agreed_manifest((*one, *other)) == (None, Cause.MISMATCH, "2 different file manifests are signed for this image")
    assert agreed_manifest(())[:2] == (None, Cause.ABSENT)
    broken = held({**OTHER, "root": ROOT})
    assert agreed_manifest((*one, *broken)) == (None, Cause.INVALID, broken[0].detail)
