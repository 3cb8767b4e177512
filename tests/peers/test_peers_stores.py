"""What cosign signed is found in stores that are no registry, whoever took it there, and gets back into a registry whole."""

import peer_matrix
import pytest
from peer_faults import parameters
from peer_matrix import Matrix
from peer_stores import Store, stores


@pytest.mark.parametrize("store", parameters("what_cosign_signed_is_found_in_a_store", stores(0)))
def test_what_cosign_signed_is_found_in_a_store(matrix: Matrix, store: Store) -> None:
    peer_matrix.check_what_cosign_signed_is_found_in_a_store(matrix, store)
