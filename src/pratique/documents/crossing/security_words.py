"""How SPDX 3.0.1 (profile Security) and CycloneDX 1.4 to 1.7 (`vulnerabilities`) say the same. Pure tables."""

PREFIX = "security_"
END = "VulnAssessmentRelationship"
VULNERABILITY = f"{PREFIX}Vulnerability"
AFFECTED = f"{PREFIX}VexAffected{END}"
FIXED = f"{PREFIX}VexFixed{END}"
NOT_AFFECTED = f"{PREFIX}VexNotAffected{END}"
UNDER_INVESTIGATION = f"{PREFIX}VexUnderInvestigation{END}"
STATES = {AFFECTED: "exploitable", FIXED: "resolved", NOT_AFFECTED: "not_affected", UNDER_INVESTIGATION: "in_triage"}
"""Class of SPDX 3 → state of CycloneDX's analysis."""
CLASSES = {state: name for name, state in STATES.items()} | {"resolved_with_pedigree": FIXED, "false_positive": NOT_AFFECTED}
"""The same the other way, with the states that SPDX 3 has no class for."""
RELATIONS = {
    AFFECTED: "affects",
    FIXED: "fixedIn",
    NOT_AFFECTED: "doesNotAffect",
    UNDER_INVESTIGATION: "underInvestigationFor",
}
"""Which type a relationship of a class has."""
JUSTIFICATIONS = {
    "componentNotPresent": "code_not_present",
    "vulnerableCodeNotPresent": "code_not_present",
    "vulnerableCodeNotInExecutePath": "code_not_reachable",
    "vulnerableCodeCannotBeControlledByAdversary": "requires_environment",
    "inlineMitigationsAlreadyExist": "protected_by_mitigating_control",
}
"""SPDX 3's justification (OpenVEX's) → the nearest of CycloneDX."""
OPENVEX = {
    "code_not_present": "vulnerableCodeNotPresent",
    "code_not_reachable": "vulnerableCodeNotInExecutePath",
    "requires_configuration": "vulnerableCodeCannotBeControlledByAdversary",
    "requires_dependency": "vulnerableCodeCannotBeControlledByAdversary",
    "requires_environment": "vulnerableCodeCannotBeControlledByAdversary",
    "protected_by_compiler": "inlineMitigationsAlreadyExist",
    "protected_at_runtime": "inlineMitigationsAlreadyExist",
    "protected_at_perimeter": "inlineMitigationsAlreadyExist",
    "protected_by_mitigating_control": "inlineMitigationsAlreadyExist",
}
"""The same the other way."""
CVSS = {f"{PREFIX}CvssV2{END}": "CVSSv2", f"{PREFIX}CvssV3{END}": "CVSSv3", f"{PREFIX}CvssV4{END}": "CVSSv4"}
"""Class of SPDX 3 → method of a CycloneDX rating; a vector that begins so is of 3.1."""
CVSS_31 = "CVSS:3.1/"
CVSS_CLASSES = {method: name for name, method in CVSS.items()} | {"CVSSv31": f"{PREFIX}CvssV3{END}"}
EPSS = f"{PREFIX}Epss{END}"
KEV = f"{PREFIX}ExploitCatalog{END}"
SSVC = f"{PREFIX}Ssvc{END}"
SEVERITIES = frozenset({"critical", "high", "medium", "low", "none"})
ADVISORIES = ("securityAdvisory", "securityFix", "securityOther", "vulnerabilityDisclosureReport")
JUSTIFIED = "pratique:vex:justification"
"""Property of a CycloneDX vulnerability: the justification in OpenVEX's words, of which it has more."""
LISTED = "pratique:exploit-catalog"
"""Property: a catalogue of exploited vulnerabilities that lists it, and where, or that says it is not: `kev https://…`."""
STATED = "pratique:vulnerability"
"""Property of a vulnerability in SPDX 3: the whole of what CycloneDX states, where SPDX 3 says less."""
EPSS_NAME = "EPSS"
PERCENTILE = "percentile "
EVERY_CLASS = frozenset({VULNERABILITY, *STATES, *CVSS, EPSS, KEV, SSVC})
