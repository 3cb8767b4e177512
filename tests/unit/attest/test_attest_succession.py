import pytest

from pratique.attest.dsse import IN_TOTO, Envelope, EnvelopeSignature, pae, render_envelope
from pratique.attest.predicates.succession import MAX_SIZE, Succession, succession_payload, verify_succession
from pratique.attest.statement import StatementSubject, parse_statement, render_statement
from pratique.attest.strictjson import dump_json
from pratique.errors import LimitExceeded, Malformed, PratiqueError, SignatureInvalid, Untrusted
from pratique.keys.file import FileSigner, new_private_key
from pratique.model.digest import Digest
from pratique.model.predicates import KEY_SUCCESSION

AT = 1_800_000_000


@pytest.fixture(scope="module")
def keys():
    return [FileSigner(new_private_key(name)) for name in ("ed25519", "ecdsa-p256", "ecdsa-p384")]


def document(payload, *signers, payload_type=IN_TOTO):
    signatures = tuple(EnvelopeSignature(keyid=key.public_key.hint, sig=key.sign(pae(payload_type, payload))) for key in signers)
    return dump_json(render_envelope(Envelope(payload_type=payload_type, payload=payload, signatures=signatures)))


def test_both_keys_say_who_followed_whom_and_when(keys):
    old, new, _ = keys
    succession = Succession(old=old.public_key, new=new.public_key, at=AT)
    assert verify_succession(document(succession_payload(succession), old, new), old.public_key) == succession


def test_an_rsa_key_keeps_the_algorithm_it_is_registered_for():
    private = new_private_key("rsa-2048")
    old, new = FileSigner(private, "rsa-pss-2048"), FileSigner(new_private_key("ml-dsa-44"))
    succession = Succession(old=old.public_key, new=new.public_key, at=AT)
    signed = document(succession_payload(succession), old, new)
    assert verify_succession(signed, old.public_key).old.algorithm == "rsa-pss-2048"
    with pytest.raises(SignatureInvalid):
        verify_succession(signed, FileSigner(private).public_key)


def test_one_signature_is_not_enough(keys):
    old, new, other = keys
    payload = succession_payload(Succession(old=old.public_key, new=new.public_key, at=AT))
    for signers in ((old,), (new,), (old, other), (other, new)):
        with pytest.raises(SignatureInvalid):
            verify_succession(document(payload, *signers), old.public_key)


def test_a_key_does_not_succeed_itself(keys):
    with pytest.raises(Malformed):
        succession_payload(Succession(old=keys[0].public_key, new=keys[0].public_key, at=AT))


def test_a_statement_about_another_pair_or_something_else_is_refused(keys):
    old, new, other = keys
    payload = succession_payload(Succession(old=other.public_key, new=new.public_key, at=AT))
    with pytest.raises(Untrusted):
        verify_succession(document(payload, old, new), old.public_key)
    subject = [StatementSubject.of("", Digest.of(b"x"))]
    for kind, predicate in (("https://slsa.dev/provenance/v1", {}), ("https://pratique.dev/key-succession/v1", {})):
        stated = render_statement(subjects=subject, predicate_type=kind, predicate=predicate)
        with pytest.raises(Malformed):
            verify_succession(document(stated, old, new), old.public_key)
    with pytest.raises(Malformed):
        verify_succession(document(payload, old, new, payload_type="text/plain"), old.public_key)


def test_the_subject_is_the_new_key(keys):
    old, new, other = keys
    payload = succession_payload(Succession(old=old.public_key, new=new.public_key, at=AT))
    moved = payload.replace(Digest.of(new.public_key.spki).hex.encode(), Digest.of(other.public_key.spki).hex.encode())
    with pytest.raises(Malformed, match="not the new key"):
        verify_succession(document(moved, old, new), old.public_key)


def test_any_flipped_bit_is_refused(keys):
    old, new, _ = keys
    good = document(succession_payload(Succession(old=old.public_key, new=new.public_key, at=AT)), old, new)
    for position in range(0, len(good) * 8, 11):
        changed = bytearray(good)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(PratiqueError):
            verify_succession(bytes(changed), old.public_key)


# --- each member


def stated(keys, *, kind=KEY_SUCCESSION, **members):
    """An envelope of the first two keys that says what a succession says, but for these members; `...` leaves one out."""
    old, new, _ = keys
    said = parse_statement(succession_payload(Succession(old=old.public_key, new=new.public_key, at=AT)))
    predicate = {name: value for name, value in {**said.predicate, **members}.items() if value is not ...}
    return document(render_statement(subjects=said.subjects, predicate_type=kind, predicate=predicate), old, new)


def test_a_succession_under_the_name_of_another_statement_is_none(keys):
    assert verify_succession(stated(keys), keys[0].public_key).at == AT
    with pytest.raises(Malformed, match="about something else than a key's succession"):
        verify_succession(stated(keys, kind="https://example.org/claim/v1"), keys[0].public_key)


def test_what_is_signed_as_something_else_than_a_statement_is_none(keys):
    old, new, _ = keys
    payload = succession_payload(Succession(old=old.public_key, new=new.public_key, at=AT))
    with pytest.raises(Malformed, match="not an in-toto statement"):
        verify_succession(document(payload, old, new, payload_type="text/plain"), old.public_key)


@pytest.mark.parametrize(
    "members", [{"at": ...}, {"at": 5}, {"new": ...}, {"old": ...}, {"more": 1}, {"new": "x"}, {"new": {"spki": "AAAA"}}]
)
def test_a_succession_with_another_member_or_without_one_is_refused(keys, members):
    with pytest.raises(Malformed):
        verify_succession(stated(keys, **members), keys[0].public_key)


def test_a_succession_is_as_large_as_the_limit_says_and_no_larger(keys):
    signed = stated(keys)
    assert verify_succession(signed.ljust(MAX_SIZE), keys[0].public_key).at == AT
    with pytest.raises(LimitExceeded):
        verify_succession(signed.ljust(MAX_SIZE + 1), keys[0].public_key)
