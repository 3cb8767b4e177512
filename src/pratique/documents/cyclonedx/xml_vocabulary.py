"""Where CycloneDX XML and CycloneDX JSON are laid out differently. Pure: tables, and white space.

The rule: an attribute or a child element is the member of its name; a type that holds nothing but many of one element is a
list. What is here is every exception to it (ECMA-424, the XML and JSON schemas side by side).
"""

from pratique.lexicon.lazy_regex import lazy

NAMESPACE = "http://cyclonedx.org/schema/bom/"

REPEATED = frozenset(
    {
        "organizationalEntity/url",
        "organizationalEntity/contact",
        "component/omniborId",
        "component/swhid",
        "component/data",
        "componentEvidenceType/identity",
        "energyConsumptionType/energyProviders",
        "componentDataType/sensitiveData",
        "cryptoPropertiesType.algorithmProperties/certificationLevel",
        "cryptoPropertiesType.certificateProperties/certificateState",
        "cryptoPropertiesType.protocolProperties/cryptoRef",
        "cryptoPropertiesType.protocolProperties.ikev2TransformTypes/encr",
        "cryptoPropertiesType.protocolProperties.ikev2TransformTypes/prf",
        "cryptoPropertiesType.protocolProperties.ikev2TransformTypes/integ",
        "cryptoPropertiesType.protocolProperties.ikev2TransformTypes/ke",
        "cryptoPropertiesType.protocolProperties.ikev2TransformTypes/auth",
        "declarationsType.attestations.attestation/map",
        "declarationsType.claims.claim/evidence",
        "declarationsType.claims.claim/counterEvidence",
        "declarationsType.evidence.evidence/data",
        "declarationsType.evidence.evidence.data/sensitiveData",
        "standard.requirements.requirement/openCre",
        "patentType/patentAssignee",
        "licenseExpressionDetailedType/details",
    }
)
"""type/element that is a list in JSON without an element around it in XML."""

RENAMED = {
    "attachedTextType/content-type": "contentType",
    "licenseExpressionDetailedType/details": "expressionDetails",
    "licenseExpressionDetailedType.details/license-identifier": "licenseIdentifier",
    "organizationOrIndividualType/individual": "contact",
    "cryptoPropertiesType.protocolProperties/cryptoRef": "cryptoRefArray",
    "vulnerabilityType.analysis/responses": "response",
}
"""type/attribute or type/element → the member's name in JSON."""

TEXT_MEMBERS = {
    "attachedTextType": "content",
    "hashType": "content",
    "propertyType": "value",
    "licenseExpressionType": "expression",
    "dataClassificationType": "classification",
}
"""Type whose element holds text → the member that text is in JSON."""

MIXED = {
    "inputType.environmentVars": {"environmentVar": "", "value": ""},
    "outputType.environmentVars": {"environmentVar": "", "value": ""},
    "definitionsType.patents": {"patent": "", "patentFamily": ""},
    "modelCardType.modelParameters.datasets": {"dataset": "", "ref": "ref"},
    "licenseChoiceType": {"license": "license", "expression": "", "expression-detailed": ""},
    "copyrightsType": {"text": "text"},
}
"""Type that is a list of several elements → each element and the member its value stands in, "" for the item itself."""

SPACE = " \t\r\n"
"""What XML calls white space (1.0, S)."""
_SPACES = lazy(r"[ \t\r\n]+")


def plain_scalar(text: str, kind: str) -> str:
    """A text as its reader takes it: `s` as it is, `l` without what lays it out, `w` without white space but single spaces."""
    if kind == "w":
        return text if text.isalnum() else _SPACES.sub(" ", text).strip(SPACE)
    if kind == "l" and not text.isalnum():
        bare = text.lstrip(SPACE)
        text = bare if _has_break(text[: len(text) - len(bare)]) else text
        bare = text.rstrip(SPACE)
        text = bare if _has_break(text[len(bare) :]) else text
    return text


def _has_break(text: str) -> bool:
    return "\n" in text or "\r" in text
