"""What SPDX 3.0.1 calls things, beside our words for them; and which members its classes have. Pure tables (Core, Software,
SimpleLicensing, Extension)."""

from typing import Any

from pratique.lexicon.lazy_regex import lazy

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
CONTEXTS = ("https://spdx.org/rdf/3.0.0/spdx-context.jsonld", CONTEXT)
TERMS = "https://spdx.org/rdf/3.0.1/terms/"
PROFILES = ("core", "software", "simpleLicensing")
"""What a document of ours conforms to."""
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
SPOKEN_KINDS = {kind: purpose for purpose, kind in KINDS.items()}

_ELEMENT = "spdxId @id type creationInfo name summary description comment verifiedUsing externalRef externalIdentifier extension"
_ARTIFACT = f"{_ELEMENT} originatedBy suppliedBy builtTime releaseTime validUntilTime supportLevel standardName"
_SOFTWARE = (
    f"{_ARTIFACT} software_primaryPurpose software_additionalPurpose software_copyrightText software_attributionText"
    " software_contentIdentifier"
)
_PACKAGE = (
    f"{_SOFTWARE} software_packageVersion software_packageUrl software_homePage software_downloadLocation software_sourceInfo"
)
_COLLECTION = f"{_ELEMENT} element rootElement profileConformance"
_RELATIONSHIP = f"{_ELEMENT} from to relationshipType completeness startTime endTime"
MEMBERS = {
    "CreationInfo": "@id type specVersion created createdBy createdUsing comment",
    "Agent": _ELEMENT,
    "Person": _ELEMENT,
    "Organization": _ELEMENT,
    "SoftwareAgent": _ELEMENT,
    "Tool": _ELEMENT,
    "SpdxDocument": f"{_COLLECTION} dataLicense import namespaceMap",
    "Bundle": f"{_COLLECTION} context",
    "Bom": f"{_COLLECTION} context",
    "software_Sbom": f"{_COLLECTION} context software_sbomType",
    "software_Package": _PACKAGE,
    "software_File": f"{_SOFTWARE} software_fileKind contentType",
    "software_Snippet": f"{_SOFTWARE} software_byteRange software_lineRange software_snippetFromFile",
    "Relationship": _RELATIONSHIP,
    "LifecycleScopedRelationship": f"{_RELATIONSHIP} scope",
    "Annotation": f"{_ELEMENT} annotationType contentType statement subject",
    "simplelicensing_LicenseExpression": (
        f"{_ELEMENT} simplelicensing_licenseExpression simplelicensing_customIdToUri simplelicensing_licenseListVersion"
    ),
    "simplelicensing_SimpleLicensingText": f"{_ELEMENT} simplelicensing_licenseText",
}
"""Class → all its members. Classes that are not here are of other profiles, and are kept as they are."""
OTHER_CLASSES = frozenset(
    "IndividualElement ai_AIPackage build_Build dataset_DatasetPackage expandedlicensing_ConjunctiveLicenseSet"
    " expandedlicensing_CustomLicense expandedlicensing_CustomLicenseAddition expandedlicensing_DisjunctiveLicenseSet"
    " expandedlicensing_IndividualLicensingInfo expandedlicensing_ListedLicense expandedlicensing_ListedLicenseException"
    " expandedlicensing_OrLaterOperator expandedlicensing_WithAdditionOperator security_CvssV2VulnAssessmentRelationship"
    " security_CvssV3VulnAssessmentRelationship security_CvssV4VulnAssessmentRelationship"
    " security_EpssVulnAssessmentRelationship security_ExploitCatalogVulnAssessmentRelationship"
    " security_SsvcVulnAssessmentRelationship security_VexAffectedVulnAssessmentRelationship"
    " security_VexFixedVulnAssessmentRelationship security_VexNotAffectedVulnAssessmentRelationship"
    " security_VexUnderInvestigationVulnAssessmentRelationship security_Vulnerability".split()
)
"""The classes of elements that are not in `MEMBERS`."""
NEEDS = {
    "CreationInfo": "specVersion created createdBy",
    "Relationship": "creationInfo from to relationshipType",
    "LifecycleScopedRelationship": "creationInfo from to relationshipType",
    "Annotation": "creationInfo annotationType subject",
    "simplelicensing_LicenseExpression": "creationInfo simplelicensing_licenseExpression",
    "simplelicensing_SimpleLicensingText": "creationInfo simplelicensing_licenseText",
}

_PROFILES = "ai build core dataset expandedLicensing extension lite security simpleLicensing software"
_IDENTIFIER_TYPES = "cpe22 cpe23 cve email gitoid other packageUrl securityOther swhid swid urlScheme"
_REFERENCE_TYPES = (
    "altDownloadLocation altWebPage binaryArtifact bower buildMeta buildSystem certificationReport chat"
    " componentAnalysisReport cwe documentation dynamicAnalysisReport eolNotice exportControlAssessment funding issueTracker"
    " license mailingList mavenCentral metrics npm nuget other privacyAssessment productMetadata purchaseOrder"
    " qualityAssessmentReport releaseHistory releaseNotes riskAssessment runtimeAnalysisReport secureSoftwareAttestation"
    " securityAdversaryModel securityAdvisory securityFix securityOther securityPenTestReport securityPolicy"
    " securityThreatModel socialMedia sourceArtifact staticAnalysisReport support vcs vulnerabilityDisclosureReport"
    " vulnerabilityExploitabilityAssessment"
)
_SUPPORT = "deployed development endOfSupport limitedSupport noAssertion noSupport support"
_INDIVIDUALS = (
    "NoAssertionElement|NoneElement|SpdxOrganization|expandedlicensing_NoAssertionLicense|expandedlicensing_NoneLicense"
)
_NODE = {"is": "string", "pattern": rf"^(?:_:.+|(?!_:).+:.+|{_INDIVIDUALS})$"}  # a blank node, an IRI, or an individual's name
_FOREIGN: Any = {  # the extension of somebody else, whose type is an IRI, and who has no members of ours
    "all": [
        {"members": {"type": {"is": "string", "pattern": r"^(?!_:).+:.+"}}, "open": 1, "needs": ["type"]},
        {"not": {"members": {}, "open": 1, "needs": ["extension_cdxProperty"]}},
    ]
}


def _some_of(words: str) -> Any:
    return {"list": {"enum": words.split()}}


_IDENTIFIERS: Any = {
    "list": {
        "members": {"externalIdentifierType": {"enum": _IDENTIFIER_TYPES.split()}, "identifier": "s", "comment": "s"},
        "open": 1,
        "needs": ["externalIdentifierType", "identifier"],
    }
}
_REFERENCES: Any = {
    "list": {
        "members": {"locator": {"list": "s"}, "externalRefType": {"enum": _REFERENCE_TYPES.split()}, "comment": "s"},
        "open": 1,
    }
}
_PROPERTIES = {"list": {"members": {"type": "s", "extension_cdxPropName": "s", "extension_cdxPropValue": "s"}}}
_PROPERTIES_EXTENSION: Any = {
    "members": {"type": {"enum": ["extension_CdxPropertiesExtension"]}, "extension_cdxProperty": _PROPERTIES, "@id": "s"},
    "needs": ["type", "extension_cdxProperty"],
}
_INLINE = {"spdxId": "s", "@id": _NODE, "type": "s", "name": "s", "externalIdentifier": _IDENTIFIERS}
_REF: Any = {"any": [_NODE, {"members": _INLINE, "open": 1}]}
_REFS = {"list": _REF}
_INFO = {"type": "s", "specVersion": "s", "created": "s", "createdBy": _REFS, "createdUsing": _REFS}
SHAPES: dict[str, Any] = {
    "spdxId": {"is": "string", "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$"},
    "@id": _NODE,
    "name": "s",
    "summary": "s",
    "description": "s",
    "comment": "s",
    "creationInfo": {"any": [_NODE, {"members": _INFO, "open": 1}]},
    "specVersion": {"is": "string", "pattern": r"^3\.\d+(?:\.\d+)?"},
    "created": {"is": "string", "format": "date-time"},
    "createdBy": {"list": _REF, "least": 1},
    "createdUsing": _REFS,
    "verifiedUsing": {
        "list": {
            "members": {"type": "s", "algorithm": {"enum": [*ALGORITHMS.values(), *OTHER_ALGORITHMS]}},
            "open": 1,
            "needs": ["type", "algorithm", "hashValue"],
        }
    },
    "externalRef": _REFERENCES,
    "externalIdentifier": _IDENTIFIERS,
    "extension": {"list": {"any": [_PROPERTIES_EXTENSION, _FOREIGN]}},
    "originatedBy": _REFS,
    "suppliedBy": _REF,
    "software_primaryPurpose": {"enum": sorted(PURPOSES)},
    "software_copyrightText": "s",
    "software_packageVersion": "s",
    "software_packageUrl": "s",
    "software_homePage": "s",
    "software_downloadLocation": "s",
    "software_sourceInfo": "s",
    "software_attributionText": {"list": "s"},
    "builtTime": {"is": "string", "format": "date-time"},
    "releaseTime": {"is": "string", "format": "date-time"},
    "validUntilTime": {"is": "string", "format": "date-time"},
    "contentType": {"is": "string", "pattern": r"^[^/\s]+/\S.*$"},
    "from": _REF,
    "to": {"list": _REF, "least": 1},
    "relationshipType": {"enum": sorted(RELATIONS)},
    "completeness": {"enum": ["complete", "incomplete", "noAssertion"]},
    "scope": {"enum": sorted(SCOPES)},
    "element": _REFS,
    "rootElement": _REFS,
    "profileConformance": _some_of(_PROFILES),
    "software_additionalPurpose": {"list": {"enum": sorted(PURPOSES)}},
    "software_fileKind": {"enum": ["directory", "file"]},
    "software_sbomType": _some_of("analyzed build deployed design runtime source"),
    "supportLevel": _some_of(_SUPPORT),
    "annotationType": {"enum": ["other", "review"]},
    "statement": "s",
    "subject": _REF,
    "simplelicensing_licenseExpression": "s",
    "simplelicensing_licenseText": "s",
    "simplelicensing_customIdToUri": {"list": {"members": {"type": "s", "key": "s", "value": "s"}, "needs": ["key"]}},
}
"""Member → its shape; members that are not here are taken as they are."""
