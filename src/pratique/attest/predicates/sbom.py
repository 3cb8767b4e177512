"""`https://cyclonedx.org/bom` (in-toto/attestation, spec/predicates/cyclonedx.md): the predicate is the document itself. Pure.

Only what makes it a CycloneDX document is looked at here; reading its components is the business of `pratique.documents`.
"""

from collections.abc import Mapping
from typing import Any

from pratique.errors import Malformed

SPEC_VERSIONS = ("1.4", "1.5", "1.6", "1.7")


def parse_sbom(predicate: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document, known to be CycloneDX of a version that is read here. Raises Malformed."""
    if predicate.get("bomFormat") != "CycloneDX":
        raise Malformed("SBOM is not CycloneDX JSON: bomFormat is missing or another")
    if predicate.get("specVersion") not in SPEC_VERSIONS:
        raise Malformed(f"CycloneDX of another version: {str(predicate.get('specVersion'))[:20]!r}", hint="use 1.4 to 1.7")
    return predicate
