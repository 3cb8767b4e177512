"""Signatures and statements beside files, both ways."""

import peer_matrix
import pytest
from peer_faults import parameters
from peer_files import FileCell, file_cells
from peer_matrix import Matrix

THEIRS, OURS = file_cells(0, cosign_signs=True), file_cells(0, cosign_signs=False)


@pytest.mark.parametrize("cell", parameters("what_cosign_signed_beside_a_file_verifies_here", THEIRS))
def test_what_cosign_signed_beside_a_file_verifies_here(matrix: Matrix, cell: FileCell) -> None:
    peer_matrix.check_what_cosign_signed_beside_a_file_verifies_here(matrix, cell)


@pytest.mark.parametrize("cell", parameters("what_we_sign_beside_a_file_verifies_with_cosign", OURS))
def test_what_we_sign_beside_a_file_verifies_with_cosign(matrix: Matrix, cell: FileCell) -> None:
    peer_matrix.check_what_we_sign_beside_a_file_verifies_with_cosign(matrix, cell)
