"""Cells that are not green, each with its reason. A peer's fault that is gone fails its cell: the list says what is so today."""

import fnmatch
from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet
from peer_programs import PeerRefuses

# test's name without "test_", "/", cell: shell patterns. What others cannot do, whoever is on our side.
PEERS_FAULTS: dict[str, str] = {
    "what_cosign_signed_*/*-vault-ed25519-*": "cosign hashes before it asks Vault, which Ed25519 does not allow",
    "what_cosign_signed_*/*-vault-p384-*": "cosign takes SHA-256 for every key in Vault, and then wants the length of SHA-384",
    "what_cosign_signed_*/[aci]*-ed25519-*": "cosign signs with Ed25519ph and verifies Ed25519: not even its own",
    "what_cosign_signed_*/file-ed25519-[am]*": "cosign signs with Ed25519ph and verifies Ed25519: not even its own",
    "what_we_sign_verifies_with_cosign/*p384-*": "under --key cosign takes SHA-256 for P-384, not even its own verify",
    "what_we_sign_beside_a_file_verifies_with_cosign/*p384-*": "under --key cosign takes SHA-256 for P-384",
}

# What our side cannot do yet.
BEING_MENDED: dict[str, str] = {
    "*/chart-*": "charts",
    "*/index-*": "indexes",
    "*/artifact-*": "any artifact",
    "*-p521-*": "P-521",
    "what_we_sign_*": "keyid",
    "what_cosign_signed_is_found_in_a_store/*": "stores",
    "the_entry_of_our_log_verifies_with_cosign/*": "the log's name",
}


def parameters(test: str, cells: Iterable[object]) -> list[ParameterSet]:
    """Cells as parameters of a test, grouped so that all tests of a cell share what was made for it; faults strictly expected."""
    return [
        pytest.param(cell, id=str(cell), marks=[pytest.mark.xdist_group(str(cell)), *_marks(f"{test}/{cell}")]) for cell in cells
    ]


def _marks(name: str) -> list[pytest.MarkDecorator]:
    for pattern, reason in PEERS_FAULTS.items():
        if fnmatch.fnmatchcase(name, pattern):
            return [pytest.mark.xfail(strict=True, raises=PeerRefuses, reason=f"the peer's fault: {reason}")]
    for pattern, reason in BEING_MENDED.items():
        if fnmatch.fnmatchcase(name, pattern):
            return [pytest.mark.xfail(strict=False, reason=f"being mended: {reason}")]
    return []
