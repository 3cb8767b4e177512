"""The half of the matrix that nothing was developed with: other combinations of the same keys, registries and forms."""

import peer_matrix
import pytest
from peer_cells import Cell, cells
from peer_faults import parameters
from peer_matrix import Matrix

THEIRS, OURS = cells(1, cosign_signs=True), cells(1, cosign_signs=False)


@pytest.mark.parametrize("cell", parameters("what_cosign_signed_verifies_here", THEIRS))
def test_what_cosign_signed_verifies_here(matrix: Matrix, cell: Cell) -> None:
    peer_matrix.check_what_cosign_signed_verifies_here(matrix, cell)


@pytest.mark.parametrize("cell", parameters("what_cosign_signed_is_refused_here_when_it_is_altered", THEIRS))
def test_what_cosign_signed_is_refused_here_when_it_is_altered(matrix: Matrix, cell: Cell) -> None:
    peer_matrix.check_what_cosign_signed_is_refused_here_when_it_is_altered(matrix, cell)


@pytest.mark.parametrize("cell", parameters("what_we_sign_verifies_with_cosign", OURS))
def test_what_we_sign_verifies_with_cosign(matrix: Matrix, cell: Cell) -> None:
    peer_matrix.check_what_we_sign_verifies_with_cosign(matrix, cell)


@pytest.mark.parametrize("cell", parameters("what_we_sign_is_refused_by_both_when_it_is_altered", OURS))
def test_what_we_sign_is_refused_by_both_when_it_is_altered(matrix: Matrix, cell: Cell) -> None:
    peer_matrix.check_what_we_sign_is_refused_by_both_when_it_is_altered(matrix, cell)
