"""Names of the predicate types that Pratique writes and reads: one place, so that no room spells a URI of its own."""

IMAGE_SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
CYCLONEDX = "https://cyclonedx.org/bom"
SPDX = "https://spdx.dev/Document"
SPDX2 = f"{SPDX}/v2.3"
SPDX3 = f"{SPDX}/v3"
SBOM_TYPES = (CYCLONEDX, SPDX, SPDX2, SPDX3)
"""Types of a bill of materials, in each format that is read; in-toto names SPDX with and without its version."""
SLSA_PROVENANCE02 = "https://slsa.dev/provenance/v0.2"
SLSA_PROVENANCE = "https://slsa.dev/provenance/v1"
SLSA_VSA = "https://slsa.dev/verification_summary/v1"
FILE_MANIFEST = "https://pratique.dev/file-manifest/v1"
RUNTIME_REPORT = "https://pratique.dev/runtime-report/v1"
KEY_SUCCESSION = "https://pratique.dev/key-succession/v1"
KUBERNETES_OBJECTS = "https://pratique.dev/kubernetes-objects/v1"
IN_TOTO = "https://in-toto.io/attestation/"
IN_TOTO_LINK = "https://in-toto.io/Link/v1"
COSIGN_CUSTOM = "https://cosign.sigstore.dev/attestation/v1"
COSIGN_VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
OPENVEX = "https://openvex.dev/ns"

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

# What people write for a type, to sign it and to ask for it. cosign's names mean here what they mean there
# (sigstore/cosign, cmd/cosign/cli/options/predicate.go); what it has no name for has one of ours.
SHORT_NAMES = {
    "signature": IMAGE_SIGNATURE,
    "sbom": CYCLONEDX,
    "provenance": SLSA_PROVENANCE,
    "decision": SLSA_VSA,
    "file-manifest": FILE_MANIFEST,
    "runtime-report": RUNTIME_REPORT,
    "key-succession": KEY_SUCCESSION,
    "manifests": KUBERNETES_OBJECTS,
    "custom": COSIGN_CUSTOM,
    "slsaprovenance": SLSA_PROVENANCE02,
    "slsaprovenance02": SLSA_PROVENANCE02,
    "slsaprovenance1": SLSA_PROVENANCE,
    "spdx": SPDX,
    "spdxjson": SPDX,
    "spdx2": SPDX2,
    "spdx3": SPDX3,
    "cyclonedx": CYCLONEDX,
    "link": IN_TOTO_LINK,
    "link03": f"{IN_TOTO}link/v0.3",
    "vuln": COSIGN_VULN,
    "openvex": OPENVEX,
    "vex": OPENVEX,
    "vsa": SLSA_VSA,
    "vulns": f"{IN_TOTO}vulns/v0.2",
    "scai": f"{IN_TOTO}scai/v0.3",
    "runtime-trace": f"{IN_TOTO}runtime-trace/v0.1",
    "release": f"{IN_TOTO}release/v0.1",
    "test-result": f"{IN_TOTO}test-result/v0.1",
    "svr": f"{IN_TOTO}svr/v0.2",
    "reference": f"{IN_TOTO}reference/v0.1",
}
