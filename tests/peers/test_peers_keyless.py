"""Keyless, both ways, with a Sigstore of one's own: Fulcio, its CT log, Rekor v2 and a timestamp authority."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from peer_artifacts import KINDS, Pushed
from peer_cells import REVIEW, refused_by_them, refused_by_us
from peer_damage import copied, flipped, plant, whole
from peer_faults import parameters
from peer_matrix import Matrix
from peer_programs import Peers, missing
from peer_registry import MODES
from peer_sigstore import TOOLS, Sigstore, serve_sigstore

pytestmark = pytest.mark.xdist_group("sigstore")

SIGNER, STRANGER = "captain@harbour.example", "pirate@harbour.example"
FORMS = ("bundle", "attestation")


@dataclass(frozen=True)
class KeylessCell:
    kind: str
    mode: str
    form: str

    def __str__(self) -> str:
        return f"{self.kind}-{self.mode}-keyless-{self.form}"


CELLS = [KeylessCell(kind, MODES[(n + f) % 4], form) for n, kind in enumerate(KINDS) for f, form in enumerate(FORMS)]


@pytest.fixture(scope="module")  # its timestamp authority has one port that cannot be chosen
def sigstore(peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigstore]:
    reason = missing(*TOOLS)
    if reason:
        pytest.skip(reason)
    with serve_sigstore(peers, tmp_path_factory.mktemp("sigstore")) as running:
        yield running


def believing(sigstore: Sigstore, who: str) -> tuple[str, ...]:
    """The options that both programs have for it."""
    identity = ("--certificate-identity", who, "--certificate-oidc-issuer", sigstore.identity_issuer)
    return (*identity, "--trusted-root", str(sigstore.trusted_root))


def they_verify(matrix: Matrix, sigstore: Sigstore, cell: KeylessCell, pushed: Pushed, who: str = SIGNER):
    command = ("verify-attestation", "--type", REVIEW) if cell.form == "attestation" else ("verify",)
    return matrix.peers.cosign(*command, *believing(sigstore, who), "--use-signed-timestamps", pushed.theirs)


def we_verify(matrix: Matrix, sigstore: Sigstore, cell: KeylessCell, pushed: Pushed, who: str = SIGNER):
    wanted = REVIEW if cell.form == "attestation" else "signature"
    return matrix.elsewhere.answers(pushed.ours, *believing(sigstore, who), "--require", wanted, "--no-content")


def altered(matrix: Matrix, cell: KeylessCell, pushed: Pushed) -> list[Pushed]:
    """Said about another digest, and with a flipped byte."""
    twin = copied(pushed, pushed.raw.registry, matrix.peers, "altered")
    return [
        plant(pushed, matrix.artifact(cell.kind, cell.mode), whole),
        plant(pushed, twin, flipped("signature" if cell.form == "bundle" else "payload")),
    ]


def stated(matrix: Matrix, cell: KeylessCell) -> tuple[str, ...]:
    if cell.form == "bundle":
        return ("sign",)
    return ("attest", "--type", REVIEW, "--predicate", str(matrix.predicate))


@pytest.mark.parametrize("cell", parameters("what_cosign_signed_keyless_verifies_here", CELLS))
def test_what_cosign_signed_keyless_verifies_here_and_altered_it_does_not(
    matrix: Matrix, sigstore: Sigstore, cell: KeylessCell
) -> None:
    pushed = matrix.artifact(cell.kind, cell.mode)
    services = ("--yes", "--signing-config", sigstore.signing_config, "--trusted-root", sigstore.trusted_root)
    token = ("--identity-token", sigstore.issuer.token(SIGNER))
    matrix.peers.cosign(*stated(matrix, cell), *services, *token, pushed.theirs).ok()
    verdict = we_verify(matrix, sigstore, cell, pushed)
    assert verdict.code == 0, verdict.ran.told()
    refused_by_us(we_verify(matrix, sigstore, cell, pushed, STRANGER))
    for subject in altered(matrix, cell, pushed):
        refused_by_us(we_verify(matrix, sigstore, cell, subject))


@pytest.mark.parametrize("cell", parameters("what_we_sign_keyless_verifies_with_cosign", CELLS))
def test_what_we_sign_keyless_verifies_with_cosign_and_altered_it_does_not(
    matrix: Matrix, sigstore: Sigstore, cell: KeylessCell
) -> None:
    pushed, token = matrix.artifact(cell.kind, cell.mode), matrix.new_folder()
    token.write_text(sigstore.issuer.token(SIGNER))
    services = ("--keyless", "--signing-config", sigstore.signing_config, "--trusted-root", sigstore.trusted_root)
    command, *options = stated(matrix, cell)
    matrix.pratique(command, pushed.ours, *options, *services, "--identity-token-file", token).ok()
    they_verify(matrix, sigstore, cell, pushed).ok()
    refused_by_them(they_verify(matrix, sigstore, cell, pushed, STRANGER))
    refused_by_us(we_verify(matrix, sigstore, cell, pushed, STRANGER))
    for subject in altered(matrix, cell, pushed):
        refused_by_them(they_verify(matrix, sigstore, cell, subject))
        refused_by_us(we_verify(matrix, sigstore, cell, subject))
