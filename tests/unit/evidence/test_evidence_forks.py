"""Two bundles whose log contradicts itself prove a fork and nothing else, wherever they come from."""

import pytest
import world
from test_evidence_appraise import KEY, TARGET, believing, facts, key_authority, may
from test_evidence_places import LOG, ORIGIN

from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.statement import StatementSubject, render_statement
from pratique.evidence.trust_anchors import OwnLog
from pratique.keys.file import FileSigner
from pratique.keys.logged_signer import LoggedSigner, seal
from pratique.model import Cause, Digest
from pratique.model.predicates import CYCLONEDX
from pratique.tlog.log import create_log

KNOWN = (OwnLog(key=LOG.public_key, name=ORIGIN),)
STRANGER = FileSigner(world.ed25519.Ed25519PrivateKey.generate())


def statement(number):
    return render_statement(
        subjects=[StatementSubject.of("app", TARGET.digest)], predicate_type=CYCLONEDX, predicate={"number": number}
    )


@pytest.fixture
def history(tmp_path):
    """The bundles of a new log with these entries, of one key and name: each sealed by itself, but for those in one list."""
    made = []

    def make(*batches, signer=KEY, origin=ORIGIN, key=LOG):
        folder = tmp_path / f"log{len(made)}"
        made.append(folder)
        log = create_log(folder, origin=origin, public_key=key.public_key.raw, sign=key.sign)
        out = []
        for batch in batches:
            numbers = batch if isinstance(batch, list) else [batch]
            out += seal(LoggedSigner(signer=signer, log=log), [statement(number) for number in numbers])
        return [item.data for item in out]

    return make


def judged(*bundles, logs=KNOWN):
    anchors = believing(key_authority(grants=may(CYCLONEDX)), logs=logs, root=None)
    found = facts(*bundles, trust_anchors=anchors).pieces
    return [next(piece for piece in found if piece.bundle == Digest.of(data)) for data in bundles]


def test_two_trees_of_one_size_are_a_fork_and_both_bundles_are_named(history):
    (ours,), (theirs,) = history(1), history(2)
    for piece in judged(ours, theirs):
        assert piece.cause is Cause.INVALID and piece.signed is None and piece.predicate == {}
        assert f"the log {ORIGIN} was forked: it has two trees of 1 entries" in piece.detail
        assert str(Digest.of(ours)) in piece.detail and str(Digest.of(theirs)) in piece.detail
    assert [piece.cause for piece in judged(ours)] == [Cause.NONE]


def test_one_number_for_two_entries_is_a_fork_though_the_trees_have_different_sizes(history):
    (ours, _), (theirs,) = history([1, 2]), history(3)  # sizes 2 and 1, both entry 0
    assert ["two entries with the number 0" in piece.detail for piece in judged(ours, theirs)] == [True, True]


def test_whatever_else_the_log_proves_without_contradiction_goes_on_counting(history):
    first, second = history(1, 2)
    (other,) = history(3)
    assert [piece.cause for piece in judged(first, second, other)] == [Cause.INVALID, Cause.NONE, Cause.INVALID]


def test_one_log_that_grew_is_no_fork(history):
    bundles = history(1, 2, [3, 4, 5], 6)
    assert {piece.cause for piece in judged(*bundles)} == {Cause.NONE}


def test_where_no_contradiction_can_be_told_nothing_is_claimed(history):
    ours, theirs = history(1, 2)[1], history(3, 4, 5)[2]  # entry 1 of 2, entry 2 of 3
    assert [piece.cause for piece in judged(ours, theirs)] == [Cause.NONE, Cause.NONE]


def test_logs_of_two_names_or_two_keys_have_histories_of_their_own(history):
    second = FileSigner(world.ed25519.Ed25519PrivateKey.generate())
    logs = [OwnLog(key=LOG.public_key), OwnLog(key=second.public_key)]
    (one,), (moved,), (other,) = history(1), history(2, origin="other.example"), history(3, key=second)
    assert {piece.cause for piece in judged(one, moved, other, logs=logs)} == {Cause.NONE}


def test_a_log_that_nobody_named_proves_no_fork_for_anybody_could_make_it_up(history):
    (ours,), (theirs,) = history(1), history(2)
    assert {piece.cause for piece in judged(ours, theirs, logs=())} == {Cause.NONE}


def test_a_key_that_nobody_knows_proves_no_fork_for_its_proof_was_not_looked_at(history):
    (ours,), (theirs,) = history(1), history(2, signer=STRANGER)
    assert [piece.cause for piece in judged(ours, theirs)] == [Cause.NONE, Cause.UNTRUSTED]


def test_rekor_forked_by_two_trees_of_one_size_is_told_too():
    claim = "https://example.org/claim/v1"
    from pratique.trust import Authority, WorkloadIdentity

    ci = Authority(name="ci", signers=(WorkloadIdentity(issuer=world.ISSUER, subject=world.SUBJECT),), grants=may(claim))
    made = world.World()
    bundles = [world.dump(made.bundle(content="dsse")) for _ in range(2)]
    anchors = believing(ci, root=parse_trusted_root(world.dump(made.trusted_root())))
    found = facts(*bundles, trust_anchors=anchors).pieces
    contradict = len({item["inclusionProof"]["rootHash"] for item in map(entry, bundles)}) == 2
    assert contradict and {piece.cause for piece in found} == {Cause.INVALID}
    assert all("was forked" in piece.detail for piece in found)


def entry(bundle):
    return world.json.loads(bundle)["verificationMaterial"]["tlogEntries"][0]
