"""`verify` answers as a policy would that asks for the same: by enough good pieces, with all else noted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pratique.app.gather import Gathered
from pratique.app.verification import SHIPPED, Answer, answers_of, state_of
from pratique.model import Cause, Digest, State
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, IMAGE_SIGNATURE, SLSA_PROVENANCE, SPDX
from pratique.model.signer import KeySigner, LogPlace, Signed, WorkloadSigner
from pratique.policy import Facts, Piece, SbomFacts, evaluate, parse_policy
from pratique.policy.facts import Agreement, ManifestFacts

IMAGE = Digest.of(b"image")
BUILDER = "https://ci.example/a"
GATE = parse_policy(
    (
        "version: 1\nname: x\nauthorities: {release: {keys: [k]}}\nrequire:\n  signature: {from: [release]}\n"
        f'  sbom: {{from: [release]}}\n  provenance: {{from: [release], builders: ["{BUILDER}"]}}\n'
    ).encode(),
    where="p.yaml",
)


def piece(kind, cause=Cause.NONE, n=0):
    good = cause is Cause.NONE
    signed = Signed(signer=KeySigner(keyid="ab" * 32), places=(LogPlace(log="l", operator="o", index=n),)) if good else None
    body = {"runDetails": {"builder": {"id": BUILDER}}}
    return Piece(
        bundle=Digest.of(f"{kind}{cause}{n}".encode()),
        predicate_type=kind,
        cause=cause,
        detail="" if good else "why",
        authority="release" if good else "",
        form="Sigstore bundle",
        said=lambda: body,
        signed=signed,
    )


def facts(*pieces, sboms=(), manifests=(), **more):
    held = [item.bundle for item in (*sboms, *manifests)]
    bills = [
        SbomFacts(bundle=item.bundle, authority="release", cause=Cause.NONE, detail="fits", bound=True)
        for item in pieces
        if item.predicate_type in (CYCLONEDX, SPDX) and item.cause is Cause.NONE and item.bundle not in held
    ]
    files = [
        ManifestFacts(bundle=item.bundle, authority="release", cause=Cause.NONE, detail="fits")
        for item in pieces
        if item.predicate_type == FILE_MANIFEST and item.cause is Cause.NONE and item.bundle not in held
    ]
    return Facts(subject=IMAGE, subject_name="x", pieces=pieces, sboms=(*sboms, *bills), manifests=(*manifests, *files), **more)


def gathered(found, **more):
    return Gathered(facts=found, place="there", read_bytes=True, **more)


def asked(found, *wanted, **more):
    answers = answers_of(gathered(found, **more), wanted)
    return state_of(answers), answers


def under_a_trust(found, **more):
    answers = answers_of(gathered(found, **more), (), by_trust=True)
    return state_of(answers), answers


def lines(answers, what):
    return [item for item in answers if item.what == what]


GOOD = tuple(piece(kind) for kind in SHIPPED)


def test_under_a_trust_all_that_ship_makes_is_demanded_and_of_a_file_its_signature():
    assert under_a_trust(facts(*GOOD))[0] is State.VERIFIED
    for lacking in range(4):
        left = [item for index, item in enumerate(GOOD) if index != lacking]
        state, answers = under_a_trust(facts(*left))
        assert state is State.VIOLATED
        assert {item.cause for item in answers if item.decides} == {Cause.NONE, Cause.ABSENT}
        assert not lines(answers, "not demanded")
    assert under_a_trust(facts(GOOD[0]), has_files=False)[0] is State.VERIFIED
    assert asked(facts(GOOD[0]), has_files=False)[0] is State.VERIFIED


@pytest.mark.parametrize("lacking", [(1,), (2,), (3,), (1, 2, 3)])
def test_by_a_key_the_signature_is_enough_and_a_line_names_what_is_not_there_and_how_to_demand_it(lacking):
    left = [item for index, item in enumerate(GOOD) if index not in lacking]
    state, answers = asked(facts(*left))
    assert state is State.VERIFIED
    (line,) = lines(answers, "not demanded")
    assert (line.cause, line.decides) == (Cause.ABSENT, False)
    names = ("signature", "SBOM", "file manifest", "provenance")
    assert [name for name in names if f"no {name}" in line.detail] == [names[index] for index in lacking]
    assert line.detail.endswith("--require signature --require sbom --require file-manifest --require provenance")
    assert not lines(asked(facts(*GOOD))[1], "not demanded")


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.NONE])
def test_a_signature_that_is_not_good_is_none_whatever_else_is_there(cause):
    assert asked(facts(*GOOD[1:]))[0] is State.VIOLATED
    state, _ = asked(facts(*GOOD[1:], piece(IMAGE_SIGNATURE, cause)))
    assert state is not State.VERIFIED


@pytest.mark.parametrize("kind", [kind for kind in SHIPPED if kind != IMAGE_SIGNATURE])
def test_what_is_demanded_must_be_there_by_a_key_as_well(kind):
    assert asked(facts(GOOD[0]), IMAGE_SIGNATURE, kind)[0] is State.VIOLATED
    assert asked(facts(GOOD[0], piece(kind, Cause.UNTRUSTED)), IMAGE_SIGNATURE, kind)[0] is State.VIOLATED
    assert not lines(asked(facts(GOOD[0]), IMAGE_SIGNATURE)[1], "not demanded")


@pytest.mark.parametrize("kind", [CYCLONEDX, SPDX])
def test_what_whoever_is_believed_says_besides_must_hold_although_it_was_not_demanded(kind):
    bill = piece(kind)
    wrong = SbomFacts(bundle=bill.bundle, authority="release", cause=Cause.MISMATCH, detail="other files")
    assert asked(facts(GOOD[0], bill, sboms=[wrong]))[0] is State.VIOLATED
    manifest = piece(FILE_MANIFEST)
    other = ManifestFacts(bundle=manifest.bundle, authority="release", cause=Cause.MISMATCH, detail="other files")
    assert asked(facts(GOOD[0], manifest, manifests=[other]))[0] is State.VIOLATED
    # What a stranger attached is no reason to refuse what is signed.
    assert asked(facts(GOOD[0], piece(kind, Cause.UNTRUSTED)))[0] is State.VERIFIED


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.NONE])
@pytest.mark.parametrize("kind", ["", *SHIPPED, "https://example.org/x"])
def test_nothing_that_is_attached_besides_decides(cause, kind):
    state, answers = asked(facts(*GOOD, piece(kind, cause, 7)))
    assert state is State.VERIFIED
    assert [(item.cause, item.decides) for item in answers if item.cause is not Cause.NONE] == [(cause, False)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["", IMAGE_SIGNATURE, CYCLONEDX, SLSA_PROVENANCE]), st.sampled_from(list(Cause))), max_size=6
    )
)
def test_verify_and_gate_come_to_the_same_answer(drawn):
    pieces = [piece(kind, cause, n) for n, (kind, cause) in enumerate(drawn) if kind or cause is not Cause.NONE]
    found = facts(*pieces)
    decision = evaluate(GATE, found, now=1)
    state, _ = asked(found, IMAGE_SIGNATURE, CYCLONEDX, SLSA_PROVENANCE)
    assert {"allowed": State.VERIFIED, "denied": State.VIOLATED, "undecided": State.UNCHECKED}[decision.result] is state


def test_one_bundle_that_lies_in_two_places_is_one_line_whoever_signed_it():
    """An identity's claims are a mapping, which no set takes."""
    signer = WorkloadSigner(issuer="https://a.example", subject="x", claims={"run": "1"})
    beside = replace(GOOD[0], signed=Signed(signer=signer))
    other = replace(beside, bundle=Digest.of(b"another"))
    state, answers = asked(facts(beside, replace(beside), other), IMAGE_SIGNATURE)
    assert state is State.VERIFIED
    assert [item.piece.bundle for item in lines(answers, "signature")] == [beside.bundle, other.bundle]


def test_nothing_asked_is_nothing_verified():
    assert state_of([]) is State.UNCHECKED
    assert state_of([Answer(what="x", cause=Cause.NONE, detail="", decides=False)]) is State.UNCHECKED


def test_an_sbom_without_a_file_manifest_will_do_where_no_file_manifest_is_asked_for():
    bill = piece(CYCLONEDX)
    loose = SbomFacts(bundle=bill.bundle, authority="release", cause=Cause.NONE, detail="proves nothing about the bytes")
    state, answers = asked(facts(bill, sboms=[loose]), CYCLONEDX)
    assert state is State.VERIFIED and any("proves nothing" in item.detail for item in answers)
    assert asked(facts(bill, piece(FILE_MANIFEST), sboms=[loose]), CYCLONEDX, FILE_MANIFEST)[0] is State.UNCHECKED
    spdx = piece(SPDX)
    loose = replace(loose, bundle=spdx.bundle)
    assert asked(facts(spdx, sboms=[loose]), CYCLONEDX)[0] is State.VERIFIED
    assert asked(facts(spdx, sboms=[loose]), SPDX)[0] is State.VERIFIED
    assert asked(facts(bill, sboms=[replace(loose, bundle=bill.bundle)]), SPDX)[0] is State.VIOLATED


def test_bytes_that_do_not_fit_decide_where_nothing_else_fits_and_are_noted_where_something_does():
    first, second = piece(CYCLONEDX), piece(CYCLONEDX, n=1)
    wrong = SbomFacts(bundle=second.bundle, authority="release", cause=Cause.MISMATCH, detail="other files")
    state, answers = asked(facts(second, sboms=[wrong]), CYCLONEDX)
    assert state is State.VIOLATED
    assert ("bytes", Cause.MISMATCH, True) in [(item.what, item.cause, item.decides) for item in answers]
    state, answers = asked(facts(first, second, sboms=[wrong]), CYCLONEDX)
    assert state is State.VERIFIED
    assert ("bytes", Cause.MISMATCH, False) in [(item.what, item.cause, item.decides) for item in answers]


def test_a_place_that_is_down_is_unchecked_only_where_something_is_missing():
    assert asked(facts(*GOOD, gathering=Cause.UNREACHABLE, gathering_detail="down"))[0] is State.VERIFIED
    state, answers = asked(facts(*GOOD[1:], gathering=Cause.UNREACHABLE, gathering_detail="down"))
    assert state is State.UNCHECKED and Cause.ABSENT not in {item.cause for item in answers}


def test_a_damaged_store_decides_although_the_damaged_piece_does_not():
    broken = Piece(bundle=Digest.of(b"b"), predicate_type="", cause=Cause.INVALID, detail="blob 7 is damaged")
    assert asked(facts(*GOOD, broken))[0] is State.VERIFIED
    assert asked(facts(*GOOD, broken), damaged=("blob 7 is damaged",))[0] is State.VIOLATED


@pytest.mark.parametrize("cause", [Cause.UNREACHABLE, Cause.INVALID])
def test_what_is_announced_and_is_not_handed_out_is_no_absence(cause):
    """Its place fails or hands out other bytes, which no stranger can bring about; what strangers attach decides nothing."""
    for kind in (CYCLONEDX, SPDX, FILE_MANIFEST, SLSA_PROVENANCE):
        lost = replace(piece(kind, cause), lost=True)
        assert asked(facts(GOOD[0], lost))[0] is cause.state
        assert asked(facts(GOOD[0], piece(kind, cause)))[0] is State.VERIFIED
        assert asked(facts(*GOOD, lost))[0] is State.VERIFIED  # one that is good is there as well
        assert asked(facts(GOOD[0], lost), IMAGE_SIGNATURE)[0] is State.VERIFIED  # no more than what was demanded
    for kind in ("", "https://example.org/x"):
        assert asked(facts(GOOD[0], replace(piece(kind, cause), lost=True)))[0] is State.VERIFIED


def test_an_agreement_decides_where_its_kind_is_asked_for():
    agreement = Agreement(predicate_type=IMAGE_SIGNATURE, cause=Cause.UNTRUSTED, detail="1 of 2")
    found = facts(*GOOD, agreements=(agreement,))
    assert asked(found, IMAGE_SIGNATURE)[0] is State.VIOLATED
    assert asked(found, CYCLONEDX)[0] is State.VERIFIED
