"""notation's own libraries and we verify each other's signatures, JWS and COSE, with every kind of key that notation knows."""

import itertools
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from peer_artifacts import KINDS, Pushed
from peer_cells import refused_by_us
from peer_damage import copied, plant, whole
from peer_faults import parameters
from peer_matrix import Matrix
from peer_programs import missing
from peer_registry import MODES

KEYS = ("p256", "p384", "p521", "rsa2048", "rsa3072", "rsa4096")
FORMS = ("jws", "cose")
SUBJECT = "/C=DE/ST=HH/O=harbour/CN=signer"
AS_WE_SPELL_IT = "CN=signer,O=harbour,ST=HH,C=DE"
AS_NOTATION_SPELLS_IT = "x509.subject: C=DE, ST=HH, O=harbour, CN=signer"
CERTIFICATE = """
[req]
distinguished_name = dn
[dn]
[v3]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
"""


@dataclass(frozen=True)
class NotationCell:
    kind: str
    mode: str
    key: str
    form: str

    def __str__(self) -> str:
        return f"{self.kind}-{self.mode}-{self.key}-{self.form}"


def cells() -> list[NotationCell]:
    """Every key in both forms; artifacts and registries take turns."""
    pairs = enumerate(itertools.product(KEYS, FORMS))
    return [NotationCell(KINDS[n % 4], MODES[(n // 4 + n) % 4], key, form) for n, (key, form) in pairs]


@dataclass(frozen=True)
class Notary:
    """A signer with a certificate of its own, and whoever trusts it: notation by `certificate`, we by `trust`."""

    private: Path
    certificate: Path
    trust: Path


@pytest.fixture(scope="session")
def notary(matrix: Matrix):
    """`notary(key, who)`."""
    reason = missing("notary")
    if reason:
        pytest.skip(reason)
    (matrix.folder / "certificate.cnf").write_text(CERTIFICATE)

    def make(key: str, who: str = "harbour") -> Notary:
        private, folder = Path(matrix.keypair(key, who).ours.reference), matrix.folder / f"notary-{who}-{key}"
        certificate, trust = folder / "certificate.pem", folder / "trust.yaml"
        if not folder.exists():
            folder.mkdir()
            command = ["openssl", "req", "-x509", "-new", "-key", private, "-subj", SUBJECT, "-days", "30", "-out", certificate]
            config = ["-config", matrix.folder / "certificate.cnf", "-extensions", "v3", "-sha256"]
            subprocess.run([*command, *config], check=True, capture_output=True)
            trust.write_text(_trust())
        return Notary(private, certificate, trust)

    return make


def _trust() -> str:
    return (
        "version: 1\nname: harbour\n"
        'stores: [{name: "ca:harbour", file: certificate.pem}]\n'
        "authorities:\n  harbour:\n"
        f'    certified: [{{store: "ca:harbour", name: "{AS_WE_SPELL_IT}"}}]\n'
        '    says: [{predicates: [signature], about: ["*"]}]\n'
    )


def notation_verifies(matrix: Matrix, trusted: Notary, pushed: Pushed):
    options = ("-ca", trusted.certificate, "-subject", AS_NOTATION_SPELLS_IT)
    return matrix.peers.run("notary", "verify", *options, pushed.theirs)


def we_verify(matrix: Matrix, trusted: Notary, pushed: Pushed):
    options = ("--trust", trusted.trust, "--require", "signature", "--no-content")
    return matrix.elsewhere.answers(pushed.ours, *options)


def flipped(data: bytes, annotations: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """An envelope whose signature has one bit flipped."""
    if not data.startswith(b"{"):
        return data[:-8] + bytes([data[-8] ^ 1]) + data[-7:], annotations  # the signature is what a COSE_Sign1 ends with
    document = json.loads(data)
    signature = document["signature"]
    middle = len(signature) // 2
    document["signature"] = signature[:middle] + ("A" if signature[middle] != "A" else "B") + signature[middle + 1 :]
    return json.dumps(document).encode(), annotations


def altered(matrix: Matrix, notary, cell: NotationCell, pushed: Pushed) -> list[tuple[Notary, Pushed]]:
    """A stranger's trust, another digest, a flipped byte."""
    trusted = notary(cell.key)
    return [
        (notary(cell.key, "stranger"), pushed),
        (trusted, plant(pushed, matrix.artifact(cell.kind, cell.mode), whole)),
        (trusted, plant(pushed, copied(pushed, pushed.raw.registry, matrix.peers, "altered"), flipped)),
    ]


@pytest.mark.parametrize("cell", parameters("what_notation_signed_verifies_here", cells()))
def test_what_notation_signed_verifies_here_and_altered_it_does_not(matrix: Matrix, notary, cell: NotationCell) -> None:
    pushed, trusted = matrix.artifact(cell.kind, cell.mode), notary(cell.key)
    media_type = {"jws": "application/jose+json", "cose": "application/cose"}[cell.form]
    options = ("-key", trusted.private, "-chain", trusted.certificate, "-type", media_type)
    matrix.peers.run("notary", "sign", *options, pushed.theirs).ok()
    verdict = we_verify(matrix, trusted, pushed)
    assert verdict.code == 0, verdict.ran.told()
    for trust, subject in altered(matrix, notary, cell, pushed):
        refused_by_us(we_verify(matrix, trust, subject))


@pytest.mark.parametrize("cell", parameters("what_we_sign_verifies_with_notation", cells()))
def test_what_we_sign_verifies_with_notation_and_altered_it_does_not(matrix: Matrix, notary, cell: NotationCell) -> None:
    pushed, trusted = matrix.artifact(cell.kind, cell.mode), notary(cell.key)
    options = ("--form", "notation", "--envelope", cell.form, "--certificate-chain", trusted.certificate)
    matrix.pratique("sign", pushed.ours, "--key", trusted.private, *options).ok()
    notation_verifies(matrix, trusted, pushed).ok()
    for trust, subject in altered(matrix, notary, cell, pushed):
        refused_by_us(we_verify(matrix, trust, subject))
        ran = notation_verifies(matrix, trust, subject)
        assert (ran.code, "no signature is associated" in ran.err) == (1, False), ran.told()
