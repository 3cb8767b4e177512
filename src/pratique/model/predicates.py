"""Names of the predicate types that Pratique writes and reads: one place, so that no room spells a URI of its own."""

IMAGE_SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
CYCLONEDX = "https://cyclonedx.org/bom"
SPDX = "https://spdx.dev/Document"
SBOM_TYPES = (CYCLONEDX, SPDX, f"{SPDX}/v2.3", f"{SPDX}/v3")
"""Types of a bill of materials, in each format that is read; in-toto names SPDX with and without its version."""
SLSA_PROVENANCE = "https://slsa.dev/provenance/v1"
SLSA_VSA = "https://slsa.dev/verification_summary/v1"
FILE_MANIFEST = "https://pratique.dev/file-manifest/v1"
RUNTIME_REPORT = "https://pratique.dev/runtime-report/v1"
KEY_SUCCESSION = "https://pratique.dev/key-succession/v1"
KUBERNETES_OBJECTS = "https://pratique.dev/kubernetes-objects/v1"

TITLES = {
    IMAGE_SIGNATURE: "signature",
    **dict.fromkeys(SBOM_TYPES, "SBOM"),
    SLSA_PROVENANCE: "provenance",
    SLSA_VSA: "decision",
    FILE_MANIFEST: "file manifest",
    RUNTIME_REPORT: "runtime report",
    KEY_SUCCESSION: "key succession",
    KUBERNETES_OBJECTS: "manifests",
}
