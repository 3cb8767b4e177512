"""The half of the matrix that nothing was developed with: other combinations of the same keys, registries and forms."""

import peer_matrix
import pytest
from peer_cells import Cell, cells
from peer_faults import parameters
from peer_files import FileCell, file_cells
from peer_matrix import Matrix
from peer_stores import Store, stores

THEIRS, OURS = cells(1, cosign_signs=True), cells(1, cosign_signs=False)
THEIR_FILES, OUR_FILES = file_cells(1, cosign_signs=True), file_cells(1, cosign_signs=False)


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


@pytest.mark.parametrize("cell", parameters("what_cosign_signed_beside_a_file_verifies_here", THEIR_FILES))
def test_what_cosign_signed_beside_a_file_verifies_here(matrix: Matrix, cell: FileCell) -> None:
    peer_matrix.check_what_cosign_signed_beside_a_file_verifies_here(matrix, cell)


@pytest.mark.parametrize("cell", parameters("what_we_sign_beside_a_file_verifies_with_cosign", OUR_FILES))
def test_what_we_sign_beside_a_file_verifies_with_cosign(matrix: Matrix, cell: FileCell) -> None:
    peer_matrix.check_what_we_sign_beside_a_file_verifies_with_cosign(matrix, cell)


@pytest.mark.parametrize("store", parameters("what_cosign_signed_is_found_in_a_store", stores(1)))
def test_what_cosign_signed_is_found_in_a_store(matrix: Matrix, store: Store) -> None:
    peer_matrix.check_what_cosign_signed_is_found_in_a_store(matrix, store)
