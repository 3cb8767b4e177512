"""`https://sigstore.dev/cosign/sign/v1` (sigstore/cosign, specs/BUNDLE_SPEC.md): a signature over an artifact's digest. Pure.

All it says stands in the statement's subject; the predicate is empty.
"""

from collections.abc import Mapping
from typing import Any

from pratique.attest.members import refuse_unknown


def parse_image_signature(predicate: Mapping[str, Any]) -> None:
    """Refuse a predicate that says more than a signature: what it adds would be believed by nobody. Raises Malformed."""
    refuse_unknown(predicate, (), "image signature")
