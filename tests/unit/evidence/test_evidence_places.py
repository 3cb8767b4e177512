"""In which logs a signature is proven to be: logs that somebody named, within their time, cosigned by the witnesses asked for."""

import pytest
import world
from test_evidence_appraise import CI, KEY, KEYLESS, TARGET, WORLD, believing, facts, key_authority

from pratique.attest.bundle import parse_bundle
from pratique.attest.statement import StatementSubject, render_statement
from pratique.errors import ProofInvalid
from pratique.evidence.trust_anchors import OwnLog, anchors_of_keys
from pratique.keys.file import FileSigner
from pratique.keys.logged_signer import LoggedSigner, seal
from pratique.model import Cause
from pratique.model.predicates import CYCLONEDX
from pratique.tlog.log import create_log
from pratique.tlog.notes import NoteSignature, SignedNote, key_id, parse_note, render_note
from pratique.trust import Authorities, Lifetime, ServiceKey, Trust

ORIGIN = "log.example"
LOG = FileSigner(world.ed25519.Ed25519PrivateKey.generate())
WITNESSES = {name: world.ed25519.Ed25519PrivateKey.generate() for name in ("w1.example", "w2.example", "w3.example")}
AT = world.NOW
WORLD_BUNDLE = world.dump(WORLD.bundle(content="dsse", key=world.KEYS["p256"]))


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    log = create_log(tmp_path_factory.mktemp("log") / "log", origin=ORIGIN, public_key=LOG.public_key.raw, sign=LOG.sign)
    payload = render_statement(subjects=[StatementSubject.of("app", TARGET.digest)], predicate_type=CYCLONEDX, predicate={})
    return seal(LoggedSigner(signer=KEY, log=log), [payload])[0].data


def known(**lifetime):
    return OwnLog(key=LOG.public_key, name=ORIGIN, lifetime=Lifetime(**lifetime))


def one(data, *logs, witnesses=(), quorum=0):
    authorities = Authorities((key_authority(),))
    trust = Trust(name="acme", authorities=authorities, witnesses=tuple(witnesses), witness_quorum=quorum)
    keys = {KEY.public_key.keyid: KEY.public_key}
    from pratique.attest.publickey import PublicKey

    keys |= {item.keyid: PublicKey.from_der(item.spki) for item in witnesses}
    anchors = believing(key_authority(), logs=logs, keys=keys, root=None)
    import dataclasses

    (found,) = facts(data, trust_anchors=dataclasses.replace(anchors, trust=trust)).pieces
    return found


def one_by(name, data, *logs):
    """What a bundle comes to that this key signed, without any trust."""
    key = FileSigner(world.KEYS[name]).public_key
    (found,) = facts(data, trust_anchors=anchors_of_keys([("a", [key])], logs)).pieces
    return found


def witness(name, operator=None, **lifetime):
    return ServiceKey(name=name, operator=operator or name, spki=world.spki(WITNESSES[name]), lifetime=Lifetime(**lifetime))


def cosign(data, *lines):
    """The bundle with further lines on its checkpoint: (name, key, time), as a witness makes them (C2SP tlog-cosignature)."""
    document = world.json.loads(data)
    place = document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]
    note = parse_note(place["envelope"])
    signatures = list(note.signatures)
    for name, key, at in lines:
        raw = key.public_key().public_bytes_raw()
        message = f"cosignature/v1\ntime {at}\n{note.text}".encode()
        signatures.append(NoteSignature(name, key_id(name, 4, raw), at.to_bytes(8) + key.sign(message)))
    place["envelope"] = render_note(SignedNote(text=note.text, signatures=tuple(signatures)))
    parse_bundle(world.dump(document))
    return world.dump(document)


def line(name, at=AT, key=None):
    return (name, key or WITNESSES[name], at)


def test_an_entry_of_a_log_that_nobody_named_proves_nothing_and_the_log_is_named_as_the_reason(sealed):
    found = one(sealed)
    assert (found.cause, found.log_index) == (Cause.NONE, None)
    (reason,) = found.unproven
    assert "entry 0 of log log.example" in reason and "nobody named" in reason and "log ID" in reason
    assert one(sealed, known()).unproven == () and one(sealed, known()).log_index == 0


@pytest.mark.parametrize(
    ("lifetime", "proven"),
    [
        ({"retired_at": AT - 1}, False),
        ({"retired_at": AT}, True),
        ({"compromised_at": AT}, False),
        ({"compromised_at": AT + 1}, True),
    ],
)
def test_a_log_that_had_ended_by_then_proves_nothing_and_says_why(sealed, lifetime, proven):
    found = one(sealed, known(**lifetime))
    assert found.cause is Cause.NONE and (found.log_index is not None) is proven
    assert proven or "the log was" in found.unproven[0]


def test_the_trust_s_word_on_a_log_comes_before_that_of_an_option_that_names_the_same_log(sealed):
    assert one(sealed, known(retired_at=AT - 1), OwnLog(key=LOG.public_key)).log_index is None


@pytest.mark.parametrize(
    ("witnesses", "quorum", "lines", "proven"),
    [
        (["w1"], 0, [], False),
        (["w1"], 0, ["w1"], True),
        (["w1", "w2"], 0, ["w1"], False),
        (["w1", "w2"], 0, ["w1", "w2"], True),
        (["w1", "w2"], 1, ["w2"], True),
        (["w1", "w2"], 2, ["w1", "w1"], False),
        (["w1", "w2", "w3"], 2, ["w1", "w3"], True),
        (["w1"], 0, ["w2"], False),
    ],
)
def test_entries_count_when_enough_of_the_trust_s_witnesses_cosigned_the_log(sealed, witnesses, quorum, lines, proven):
    data = cosign(sealed, *(line(f"{name}.example", AT + number) for number, name in enumerate(lines)))
    found = one(data, known(), witnesses=[witness(f"{name}.example") for name in witnesses], quorum=quorum)
    assert found.cause is Cause.NONE and (found.log_index == 0) is proven
    assert proven or "witnesses that the trust asks for" in found.unproven[0]


def test_two_witnesses_of_one_operator_are_one(sealed):
    data = cosign(sealed, line("w1.example"), line("w2.example"))
    same = [witness("w1.example", "acme"), witness("w2.example", "acme"), witness("w3.example")]
    assert one(data, known(), witnesses=same, quorum=2).log_index is None
    assert one(data, known(), witnesses=same, quorum=1).log_index == 0


@pytest.mark.parametrize(
    ("lifetime", "at", "proven"),
    [
        ({"retired_at": AT - 10}, AT - 10, True),
        ({"retired_at": AT - 10}, AT - 9, False),
        ({"compromised_at": AT - 10}, AT - 20, False),  # it dates its lines itself, and so does whoever stole its key
    ],
)
def test_a_witness_counts_within_its_time_and_never_once_it_was_compromised(sealed, lifetime, at, proven):
    data = cosign(sealed, line("w1.example", at))
    found = one(data, known(), witnesses=[witness("w1.example", **lifetime)])
    assert (found.cause, found.log_index == 0) == (Cause.NONE, proven)


def test_a_witness_that_has_ended_is_asked_for_no_more_and_still_counts_for_its_time(sealed):
    living, ended = witness("w1.example"), witness("w2.example", retired_at=AT - 1)
    assert one(cosign(sealed, line("w1.example")), known(), witnesses=[living, ended]).log_index == 0
    assert one(cosign(sealed, line("w2.example", AT - 1)), known(), witnesses=[living, ended]).log_index == 0
    assert one(cosign(sealed, line("w2.example")), known(), witnesses=[living, ended]).log_index is None
    stolen = witness("w2.example", compromised_at=AT - 1)
    assert one(cosign(sealed, line("w1.example")), known(), witnesses=[living, stolen]).log_index == 0


@pytest.mark.parametrize("how", ["another key", "another name", "another text", "time", "cut", "plain"])
def test_a_line_that_the_witness_did_not_make_counts_for_nothing_and_spoils_nothing(sealed, how):
    document = world.json.loads(cosign(sealed, line("w1.example")))
    place = document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]
    note = parse_note(place["envelope"])
    *others, last = note.signatures
    raw = WITNESSES["w1.example"].public_key().public_bytes_raw()
    forged = {
        "another key": NoteSignature(last.name, last.key_id, last.signature[:8] + WITNESSES["w2.example"].sign(b"x")),
        "another name": NoteSignature("w2.example", last.key_id, last.signature),
        "another text": NoteSignature(
            last.name,
            last.key_id,
            last.signature[:8] + WITNESSES["w1.example"].sign(f"cosignature/v1\ntime {AT}\nother\n".encode()),
        ),
        "time": NoteSignature(last.name, last.key_id, (AT + 1).to_bytes(8) + last.signature[8:]),
        "cut": NoteSignature(last.name, last.key_id, last.signature[:-1]),
        # What the key signs as a log is no cosignature: the two are told apart by the type in the key's ID.
        "plain": NoteSignature(last.name, key_id(last.name, 1, raw), WITNESSES["w1.example"].sign(note.text.encode())),
    }[how]
    place["envelope"] = render_note(SignedNote(text=note.text, signatures=(*others, forged)))
    found = one(world.dump(document), known(), witnesses=[witness("w1.example")])
    assert (found.cause, found.log_index) == (Cause.NONE, None)


def test_witnesses_are_asked_for_in_every_log_that_is_known_and_of_nobody_without_a_trust(sealed):
    assert one(sealed, OwnLog(key=LOG.public_key), witnesses=[witness("w1.example")]).log_index is None
    (found,) = facts(sealed, trust_anchors=anchors_of_keys([("a", [KEY.public_key])], (known(),))).pieces
    assert found.log_index == 0


# --- a log that moved: one key, two names

OLD = "old.example"


def named(name, **lifetime):
    return OwnLog(key=LOG.public_key, name=name, operator=f"whoever runs {name}", lifetime=Lifetime(**lifetime))


@pytest.mark.parametrize("turned", [False, True])
def test_a_log_with_two_names_is_meant_by_the_one_that_its_checkpoint_says(sealed, turned):
    logs = [named(OLD), named(ORIGIN)]
    found = one(sealed, *(reversed(logs) if turned else logs))
    assert (found.cause, found.log_index, found.unproven) == (Cause.NONE, 0, ())
    assert found.signed.places[0].operator == f"whoever runs {ORIGIN}"


def test_the_time_of_the_name_that_the_checkpoint_says_is_the_one_that_counts(sealed):
    assert one(sealed, named(OLD, retired_at=AT - 1), named(ORIGIN)).log_index == 0
    assert one(sealed, named(OLD), named(ORIGIN, retired_at=AT - 1)).log_index is None


@pytest.mark.parametrize(("at", "proven"), [(AT, False), (AT + 1, True)])
def test_a_key_that_was_stolen_under_one_name_proves_nothing_under_the_other(sealed, at, proven):
    found = one(sealed, named(ORIGIN), named(OLD, compromised_at=at))
    assert (found.log_index is not None) is proven
    assert proven or "the log was compromised" in found.unproven[0]


def test_a_log_that_is_known_by_another_name_alone_is_a_proof_that_does_not_hold(sealed):
    assert one(sealed, named(OLD)).cause is Cause.INVALID


def test_a_log_without_a_name_is_called_by_its_key(sealed):
    (place,) = one(sealed, OwnLog(key=LOG.public_key)).signed.places
    assert place.log == LOG.public_key.keyid[:12]
    assert one(sealed, known()).signed.places[0].log == ORIGIN


# --- entries of a trusted root's logs, and of those that certificates have nothing to do with


def keyless(*entries):
    document = world.json.loads(KEYLESS)
    document["verificationMaterial"]["tlogEntries"] += entries
    return world.dump(document)


def entry_in(data):
    return world.json.loads(data)["verificationMaterial"]["tlogEntries"][0]


def test_an_entry_in_a_log_of_the_trusted_root_is_proven_there_and_not_named_as_unproven():
    (found,) = facts(KEYLESS, trust_anchors=believing(CI)).pieces
    assert (found.cause, found.unproven) == (Cause.NONE, ()) and found.log_index is not None


def test_what_a_certificate_signed_is_in_no_log_of_ours(sealed):
    anchors = believing(CI, logs=(known(),))
    (found,) = facts(keyless(entry_in(sealed)), trust_anchors=anchors).pieces
    assert found.cause is Cause.NONE
    (reason,) = found.unproven
    assert "entry 0 of log log.example" in reason and "nobody named" in reason


def promised(log_id, index="7"):
    """A bundle of the first version by a bare key, whose entry has a promise and no proof."""
    document = world.json.loads(WORLD_BUNDLE)
    document["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    entry = document["verificationMaterial"]["tlogEntries"][0]
    entry.pop("inclusionProof")
    entry |= {"logId": {"keyId": world.b64(log_id)}, "logIndex": index}
    return world.dump(document)


def test_an_entry_without_a_proof_is_none_in_a_log_that_we_know_and_is_told_by_its_own_number():
    from pratique.tlog.checkpoint import older_log_id

    found = one_by("p256", promised(older_log_id(LOG.public_key.raw)), known())
    assert found.cause is Cause.INVALID and "comes without a proof" in found.detail
    found = one_by("p256", promised(b"x" * 32), known())
    assert found.cause is Cause.NONE
    assert found.unproven == (f"entry 7 of log without a name (log ID {(b'x' * 8).hex()}…) is of a log that nobody named",)


def test_an_entry_is_told_by_the_number_that_its_proof_is_about(sealed):
    document = world.json.loads(sealed)
    document["verificationMaterial"]["tlogEntries"][0]["logIndex"] = "77"
    assert "entry 0 of log log.example" in one(world.dump(document)).unproven[0]


@pytest.mark.parametrize("hint", ["", "release-key", world.b64(b"x" * 32)])
def test_a_hint_of_the_bundle_s_own_making_takes_no_place_in_a_log_away(sealed, hint):
    """The record in the log names the key under which the signature verified, whatever the bundle calls it."""
    document = world.json.loads(sealed)
    document["verificationMaterial"]["publicKey"]["hint"] = hint
    found = one(world.dump(document), known())
    assert (found.cause, found.log_index, found.unproven) == (Cause.NONE, 0, ())


def test_of_what_nobody_believes_not_even_the_places_that_it_has_not_are_told(sealed):
    from pratique.evidence.trust_anchors import TrustAnchors

    anchors = TrustAnchors(keys={KEY.public_key.keyid: KEY.public_key}, authorities=Authorities())
    (found,) = facts(sealed, trust_anchors=anchors).pieces
    assert (found.cause, found.unproven, found.signed) == (Cause.UNTRUSTED, (), None)


# --- a log that is at hand itself


def at_hand(key, name, asked, contradicts=False):
    def check_history(origin, checkpoint):
        asked.append((origin, checkpoint))
        if contradicts:
            raise ProofInvalid("the log at hand has another tree")

    return OwnLog(key=key, name=name, check_history=check_history)


def test_a_log_at_hand_is_asked_about_the_checkpoint_of_its_own_entry_and_no_other_log_is(sealed):
    checkpoint = world.json.loads(sealed)["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"]
    asked, others = [], []
    other = FileSigner(world.ed25519.Ed25519PrivateKey.generate()).public_key
    found = one(sealed, at_hand(LOG.public_key, ORIGIN, asked), at_hand(other, ORIGIN, others, contradicts=True))
    assert (found.cause, found.log_index) == (Cause.NONE, 0)
    assert (asked, others) == ([(ORIGIN, checkpoint)], [])


def test_an_entry_that_the_log_at_hand_contradicts_is_a_proof_that_does_not_hold_whoever_else_vouches_for_it(sealed):
    for logs in ((), (known(),)):
        found = one(sealed, *logs, at_hand(LOG.public_key, ORIGIN, [], contradicts=True))
        assert found.cause is Cause.INVALID and "the log at hand has another tree" in found.detail


def test_a_log_at_hand_is_not_asked_about_an_entry_that_has_no_checkpoint():
    from pratique.tlog.checkpoint import older_log_id

    asked = []
    data = promised(older_log_id(LOG.public_key.raw))
    found = one_by("p256", data, at_hand(LOG.public_key, "", asked))
    assert found.cause is Cause.INVALID and "comes without a proof" in found.detail
    assert asked == []
