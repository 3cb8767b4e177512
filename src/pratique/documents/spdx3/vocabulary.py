"""What SPDX 3.0.1 calls things, beside our words for them. Pure tables (Core, Software, Security, Build, AI, Dataset). Which
members its classes have stands in `shapes/spdx-3.0.1.json`."""

from collections.abc import Iterable

from pratique.lexicon.lazy_regex import lazy

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
CONTEXTS = ("https://spdx.org/rdf/3.0.0/spdx-context.jsonld", CONTEXT)
TERMS = "https://spdx.org/rdf/3.0.1/terms/"
PROFILES = ("core", "software", "simpleLicensing")
"""What every document of ours conforms to."""
_MORE_PROFILES = ("security", "build", "ai", "dataset")


def profiles_of(classes: Iterable[str]) -> list[str]:
    """What a document of ours with elements of these classes conforms to."""
    used = {name.partition("_")[0] for name in classes}
    return [*PROFILES, *(name for name in _MORE_PROFILES if name in used)]


NO_ELEMENT = f"{TERMS}Core/NoneElement"
UNKNOWN_ELEMENT = f"{TERMS}Core/NoAssertionElement"
NO_LICENCE = f"{TERMS}ExpandedLicensing/NoneLicense"
UNKNOWN_LICENCE = f"{TERMS}ExpandedLicensing/NoAssertionLicense"
INDIVIDUALS = {
    "NoneElement": NO_ELEMENT,
    "NoAssertionElement": UNKNOWN_ELEMENT,
    "expandedlicensing_NoneLicense": NO_LICENCE,
    "expandedlicensing_NoAssertionLicense": UNKNOWN_LICENCE,
}

RELATIONS = frozenset(
    "affects amendedBy ancestorOf availableFrom configures contains coordinatedBy copiedTo delegatedTo dependsOn descendantOf"
    " describes doesNotAffect expandsTo exploitCreatedBy fixedBy fixedIn foundBy generates hasAddedFile hasAssessmentFor"
    " hasAssociatedVulnerability hasConcludedLicense hasDataFile hasDeclaredLicense hasDeletedFile hasDependencyManifest"
    " hasDistributionArtifact hasDocumentation hasDynamicLink hasEvidence hasExample hasHost hasInput hasMetadata"
    " hasOptionalComponent hasOptionalDependency hasOutput hasPrerequisite hasProvidedDependency hasRequirement"
    " hasSpecification hasStaticLink hasTest hasTestCase hasVariant invokedBy modifiedBy other packagedBy patchedBy publishedBy"
    " reportedBy republishedBy serializedInArtifact testedOn trainedOn underInvestigationFor usesTool".split()
)
SCOPES = frozenset("build design development other runtime test".split())
PURPOSES = frozenset(
    "application archive bom configuration container data device deviceDriver diskImage documentation evidence executable file"
    " filesystemImage firmware framework install library manifest model module operatingSystem other patch platform requirement"
    " source specification test".split()
)
ALGORITHMS = {
    "adler32": "adler32",
    "blake2b-256": "blake2b256",
    "blake2b-384": "blake2b384",
    "blake2b-512": "blake2b512",
    "blake3": "blake3",
    "md2": "md2",
    "md4": "md4",
    "md5": "md5",
    "md6": "md6",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha3-224": "sha3_224",
    "sha3-256": "sha3_256",
    "sha3-384": "sha3_384",
    "sha3-512": "sha3_512",
    "sha512": "sha512",
}
"""Our name of a hash algorithm → SPDX 3's."""
OTHER_ALGORITHMS = frozenset({"crystalsDilithium", "crystalsKyber", "falcon", "other"})
REFERENCES = {
    "vcs": "vcs",
    "issue-tracker": "issueTracker",
    "advisories": "securityAdvisory",
    "mailing-list": "mailingList",
    "social": "socialMedia",
    "chat": "chat",
    "documentation": "documentation",
    "support": "support",
    "distribution": "binaryArtifact",
    "source-distribution": "sourceArtifact",
    "license": "license",
    "build-meta": "buildMeta",
    "build-system": "buildSystem",
    "release-notes": "releaseNotes",
    "threat-model": "securityThreatModel",
    "adversary-model": "securityAdversaryModel",
    "risk-assessment": "riskAssessment",
    "exploitability-statement": "vulnerabilityExploitabilityAssessment",
    "pentest-report": "securityPenTestReport",
    "static-analysis-report": "staticAnalysisReport",
    "dynamic-analysis-report": "dynamicAnalysisReport",
    "runtime-analysis-report": "runtimeAnalysisReport",
    "component-analysis-report": "componentAnalysisReport",
    "certification-report": "certificationReport",
    "quality-metrics": "metrics",
}
"""CycloneDX's type of an external reference → SPDX 3's; others of SPDX 3 are `spdx/…` to us."""

_CAMEL = lazy(r"([A-Z])")


def hyphened(word: str) -> str:
    """`dependsOn` → `depends-on`."""
    return _CAMEL.sub(r"-\1", word).lower()


def camel(word: str) -> str:
    """`depends-on` → `dependsOn`."""
    first, *rest = word.split("-")
    return first + "".join(part.capitalize() for part in rest)


KINDS = {purpose: hyphened(purpose) for purpose in PURPOSES} | {"model": "machine-learning-model"}
"""SPDX 3's purpose → our kind."""
IMPLIED_KINDS = {"ai_AIPackage": "machine-learning-model", "dataset_DatasetPackage": "data"}
"""Class → what its things are where no purpose is stated."""
SPOKEN_KINDS = {kind: purpose for purpose, kind in KINDS.items()}
