"""Cells that are not green, each with its reason. A peer's fault that is gone fails its cell: the list says what is so today."""

import fnmatch
from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet
from peer_programs import PeerRefuses

# test's name without "test_", "/", cell: shell patterns. What others cannot do, whoever is on our side.
PEERS_FAULTS: dict[str, str] = {
    "what_cosign_signed_*/*-vault-ed25519-*": "cosign hashes before it asks Vault, which Ed25519 does not allow",
    "what_cosign_signed_*/*-vault-p384-*": "cosign takes SHA-256 for every key in Vault and then wants the length of SHA-384",
    "what_cosign_signed_*/*-pkcs11-p384-bundle": "cosign verifies what it signed before it stores it, with SHA-256",
    "what_cosign_signed_*/*-pkcs11-p384-attestation": "cosign verifies what it signed before it stores it, with SHA-256",
    "what_cosign_signed_*/file-pkcs11-p384-message": "cosign verifies what it signed before it stores it, with SHA-256",
    "what_cosign_signed_*/[aci]*-ed25519-*": "cosign signs with Ed25519ph and verifies Ed25519: not even its own",
    "what_cosign_signed_*/file-ed25519-[am]*": "cosign signs with Ed25519ph and verifies Ed25519: not even its own",
    "what_we_sign_*verifies_with_cosign/*p384-*": "cosign verifies with SHA-256 under every key in a file: its own P-384 neither",
    "what_we_sign_*verifies_with_cosign/*p521-*": "cosign verifies with SHA-256 under every key in a file: its own P-521 neither",
}

# What a peer signs and nobody can verify: it does not refuse, and what it leaves is no signature of what it was given.
SIGNED_WRONG: dict[str, str] = {
    "what_cosign_signed_beside_a_file_verifies_here/file-vault-ed25519-raw": "cosign has Vault sign a digest, not the bytes",
}


def parameters(test: str, cells: Iterable[object]) -> list[ParameterSet]:
    """Cells as parameters of a test, grouped so that all tests of a cell share what was made for it; faults strictly expected."""
    return [
        pytest.param(cell, id=str(cell), marks=[pytest.mark.xdist_group(str(cell)), *_marks(f"{test}/{cell}")]) for cell in cells
    ]


def _marks(name: str) -> list[pytest.MarkDecorator]:
    if name in SIGNED_WRONG:
        reason = f"the peer's fault: {SIGNED_WRONG[name]}"
        return [pytest.mark.xfail(strict=True, raises=(PeerRefuses, AssertionError), reason=reason)]
    for pattern, reason in PEERS_FAULTS.items():
        if fnmatch.fnmatchcase(name, pattern):
            return [pytest.mark.xfail(strict=True, raises=PeerRefuses, reason=f"the peer's fault: {reason}")]
    return []
