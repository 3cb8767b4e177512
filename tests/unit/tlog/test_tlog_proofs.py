import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import InputError, ProofInvalid
from pratique.model.merkle import leaf_hash, root_hash
from pratique.tlog.proofs import consistency_proof, inclusion_proof, verify_consistency_proof, verify_inclusion

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "rfc6962" / "testdata"
FILES = sorted(VECTORS.rglob("*.json"))


def entries_of(size):
    return [f"entry {number}".encode() for number in range(size)]


def reader(entries):
    return lambda height, index: root_hash(entries[index << height : (index + 1) << height])


@pytest.mark.skipif(not FILES, reason="the public RFC 6962 vectors are not beside this repository")
def test_all_public_inclusion_vectors_come_out_as_stated():
    for path in FILES:
        case = json.loads(path.read_text())

        def decode(text):
            return base64.b64decode(text or "")

        proof = [decode(text) for text in case["proof"] or []]
        arguments = (decode(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, decode(case["root"]))
        if case["wantErr"]:
            with pytest.raises(ProofInvalid):
                verify_inclusion(*arguments)
                pytest.fail(f"accepted: {path.relative_to(VECTORS)}: {case['desc']}")
        else:
            verify_inclusion(*arguments)
    assert len(FILES) == 98


def test_every_inclusion_proof_of_every_small_tree_holds_for_its_own_place_only():
    for size in range(1, 34):
        entries = entries_of(size)
        root = root_hash(entries)
        for index in range(size):
            hashes = inclusion_proof(reader(entries), index, size)
            verify_inclusion(leaf_hash(entries[index]), index, size, hashes, root)
            for wrong in {index ^ 1, size - 1 - index} - {index}:
                with pytest.raises(ProofInvalid):
                    verify_inclusion(leaf_hash(entries[index]), wrong, size, hashes, root)


def test_every_consistency_proof_of_every_small_tree_holds_and_no_altered_one_does():
    for second in range(1, 20):
        entries = entries_of(second)
        for first in range(1, second + 1):
            hashes = consistency_proof(reader(entries), first, second)
            roots = root_hash(entries[:first]), root_hash(entries)
            verify_consistency_proof(first, second, *roots, hashes)
            spoiled = [b"x" * 32, *hashes], [*hashes, b"x" * 32], hashes[1:], hashes[:-1]
            for other in spoiled:
                if tuple(other) != hashes:
                    with pytest.raises(ProofInvalid):
                        verify_consistency_proof(first, second, *roots, other)
            with pytest.raises(ProofInvalid):
                verify_consistency_proof(first, second, b"x" * 32, roots[1], hashes)
            with pytest.raises(ProofInvalid):
                verify_consistency_proof(first, second, roots[0], b"x" * 32, hashes)


@settings(max_examples=30)
@given(st.data())
def test_one_altered_bit_anywhere_spoils_an_inclusion_proof(data):
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    entries = entries_of(size)
    hashes = list(inclusion_proof(reader(entries), index, size))
    at = data.draw(st.integers(0, len(hashes) - 1))
    bit = data.draw(st.integers(0, 255))
    hashes[at] = (int.from_bytes(hashes[at], "big") ^ (1 << bit)).to_bytes(32, "big")
    with pytest.raises(ProofInvalid):
        verify_inclusion(leaf_hash(entries[index]), index, size, hashes, root_hash(entries))


def test_size_zero_and_hashes_of_other_lengths_are_refused():
    leaf = leaf_hash(b"a")
    for arguments in [
        (leaf, 0, 0, [], leaf),
        (leaf, 1, 1, [], leaf),
        (leaf, -1, 1, [], leaf),
        (leaf[:31], 0, 1, [], leaf[:31]),
        (leaf, 0, 2, [b"x" * 33], leaf),
    ]:
        with pytest.raises(ProofInvalid):
            verify_inclusion(*arguments)
    for first, second in [(0, 1), (2, 1), (0, 0), (-1, 3)]:
        with pytest.raises(ProofInvalid):
            verify_consistency_proof(first, second, leaf, leaf, [])
    with pytest.raises(ProofInvalid):
        verify_consistency_proof(1, 1, b"", b"", [])


def test_a_proof_for_an_entry_that_is_not_there_cannot_be_asked_for():
    for index, size in [(0, 0), (3, 3), (-1, 3)]:
        with pytest.raises(InputError):
            inclusion_proof(reader(entries_of(size)), index, size)
    for first, second in [(0, 3), (4, 3)]:
        with pytest.raises(InputError):
            consistency_proof(reader(entries_of(second)), first, second)
