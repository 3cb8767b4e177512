"""cosign verifies the entry of our log too, when it is told to trust that log; without it, or of another log, it does not."""

from pathlib import Path

import pytest
from peer_faults import parameters
from peer_matrix import Matrix

KEYS = ("p256", "rsa2048", "rsa3072", "rsa4096")


@pytest.fixture(scope="session")
def trusted_root(matrix: Matrix) -> Path:
    """What `pratique log trusted-root` prints of the log that signs here."""
    path = matrix.folder / "trusted-root.json"
    matrix.pratique("sign", f"file:{matrix.predicate}", "--key", matrix.keypair("p256").ours.reference, "--file").ok()
    path.write_text(matrix.pratique("log", "trusted-root").ok().out)
    return path


@pytest.fixture(scope="session")
def another_root(matrix: Matrix) -> Path:
    """The same of another machine's log."""
    path = matrix.folder / "another-root.json"
    other = matrix.pratique.at(matrix.folder / "another")
    other("sign", f"file:{matrix.predicate}", "--key", matrix.keypair("p256").ours.reference, "-o", matrix.new_folder()).ok()
    path.write_text(other("log", "trusted-root").ok().out)
    return path


@pytest.mark.parametrize("key", parameters("the_entry_of_our_log_verifies_with_cosign", KEYS))
def test_the_entry_of_our_log_verifies_with_cosign(matrix: Matrix, trusted_root: Path, another_root: Path, key: str) -> None:
    pair, pushed = matrix.keypair(key), matrix.artifact("image", "spec")
    matrix.pratique("sign", pushed.ours, "--key", pair.ours.reference).ok()

    def theirs(root: Path):
        return matrix.peers.cosign("verify", "--key", pair.public, "--trusted-root", root, pushed.theirs)

    theirs(trusted_root).ok()
    refused = theirs(another_root)
    assert (refused.code != 0, "log" in refused.err) == (True, True), refused.told()
    verdict = matrix.elsewhere.answers(
        pushed.ours, "--key", pair.public, "--trusted-root", trusted_root, "--require", "signature", "--no-content"
    )
    assert verdict.code == 0, verdict.ran.told()
