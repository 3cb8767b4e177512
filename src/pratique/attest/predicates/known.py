"""Predicate types that are checked before they are signed: their names, and the forms their specifications ask for. Pure.

A type that is not listed is signed as it is: nobody here knows what it should look like. Of CycloneDX and SPDX only what makes
them such documents is looked at; the whole of their schemas is the business of `pratique.documents`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pratique.attest.members import as_object
from pratique.attest.predicates.image_signature import parse_image_signature
from pratique.attest.predicates.sbom import parse_sbom
from pratique.attest.predicates.shape import (
    Check,
    anything,
    either,
    instant,
    listed,
    mapping,
    members,
    name,
    number,
    one_of,
    resource,
    text,
    uri,
)
from pratique.attest.statement import StatementSubject
from pratique.errors import InputError, Malformed
from pratique.model.predicates import (
    COSIGN_CUSTOM,
    COSIGN_VULN,
    CYCLONEDX,
    IMAGE_SIGNATURE,
    IN_TOTO,
    IN_TOTO_LINK,
    OPENVEX,
    SHORT_NAMES,
    SLSA_PROVENANCE,
    SLSA_PROVENANCE02,
    SLSA_VSA,
    SPDX,
    SPDX2,
    SPDX3,
)

MAX_TYPE = 1024

_TYPE = re.compile(r"[a-z][a-z0-9+.-]*:[^\s\x00-\x1f\x7f]+")
_PURL = re.compile(r"pkg:[A-Za-z][A-Za-z0-9.+-]*/\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownType:
    """A predicate type. `source`: the specification, and where in it. Short names stand in `model.predicates`."""

    uri: str
    source: str
    check: Check


def _release(value: Any, where: str) -> None:
    members({"purl": name}, {"packageId": text})(value, where)
    purl = value["purl"]
    path = re.split(r"[?#]", purl, maxsplit=1)[0]
    if not _PURL.fullmatch(purl) or "@" not in path.rpartition("/")[2]:
        raise Malformed(f"purl is no package URL with a version: {purl[:80]!r}")


def _link(value: Any, where: str) -> None:
    optional = {
        "command": listed(text),
        "materials": listed(resource("name", "digest")),
        "byproducts": mapping,
        "environment": mapping,
    }
    members({"name": name}, optional)(value, where)
    names = [item["name"] for item in value.get("materials") or ()]
    if len(set(names)) != len(names):
        raise Malformed("materials name one thing twice")


def _link_v1(value: Any, where: str) -> None:
    members({"name": name}, {"command": anything, "materials": mapping, "products": mapping, "byproducts": mapping})(value, where)


def _runtime_trace(value: Any, where: str) -> None:
    monitor = members({"type": uri}, {"configSource": _perhaps_empty_resource, "tracePolicy": mapping})
    process = members({"hostID": uri, "type": uri, "event": text})
    log = members({}, {"process": listed(mapping), "network": listed(mapping), "fileAccess": listed(resource())})
    times = members({}, {"buildStartedOn": instant, "buildFinishedOn": instant})
    members({"monitor": monitor, "monitoredProcess": process, "monitorLog": log}, {"metadata": times})(value, where)
    either(value["monitorLog"], "monitorLog", ("process", "network", "fileAccess"))


def _perhaps_empty_resource(value: Any, where: str) -> None:
    # The specification's own example writes {} for a configuration that cannot be named.
    if as_object(value, where):
        resource()(value, where)


def _spdx(value: Any, _where: str) -> None:
    if not isinstance(value.get("spdxVersion"), str) and "@context" not in value:
        raise Malformed("no SPDX document in JSON: it has neither spdxVersion nor @context")


def _cyclonedx(value: Any, _where: str) -> None:
    parse_sbom(value)


def _image_signature(value: Any, _where: str) -> None:
    parse_image_signature(value)


def _openvex_statement(value: Any, where: str) -> None:
    statuses = one_of("not_affected", "affected", "fixed", "under_investigation")
    reasons = one_of(
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    )
    vulnerability = members({"name": name}, {"@id": text, "description": text, "aliases": listed(text)})
    optional = {
        "timestamp": _instant_anywhere,
        "products": listed(mapping),
        "justification": reasons,
        "impact_statement": text,
        "action_statement": text,
    }
    members({"vulnerability": vulnerability, "status": statuses}, optional)(value, where)
    if value["status"] == "not_affected":
        either(value, where, ("justification", "impact_statement"))
    if value["status"] == "affected":
        either(value, where, ("action_statement",))


def _instant_anywhere(value: Any, where: str) -> None:
    from pratique.attest.members import as_instant

    as_instant(value, where)


def _openvex(value: Any, where: str) -> None:
    required = {
        "@context": _openvex_context,
        "@id": uri,
        "author": name,
        "timestamp": _instant_anywhere,
        "version": number,
        "statements": listed(_openvex_statement, least=1),
    }
    members(required, {"role": text, "last_updated": _instant_anywhere, "tooling": text})(value, where)


def _openvex_context(value: Any, where: str) -> None:
    if not isinstance(value, str) or not value.startswith(OPENVEX):
        raise Malformed(f"{where} is not OpenVEX's: {str(value)[:80]!r}")


_VULNS = members(
    {
        "scanner": members(
            {
                "uri": uri,
                "db": members({"lastUpdate": instant}, {"uri": uri, "version": text}),
                "result": listed(
                    members(
                        {"id": name, "severity": listed(members({"method": name, "score": text}))},
                        {"annotations": listed(mapping)},
                    )
                ),
            },
            {"version": text},
        ),
        "metadata": members({"scanStartedOn": instant, "scanFinishedOn": instant}),
    }
)
_COSIGN_VULN = members(
    {
        "scanner": members(
            {"uri": text}, {"version": text, "db": members({}, {"uri": text, "version": text}), "result": anything}
        ),
        "metadata": members({"scanStartedOn": instant, "scanFinishedOn": instant}),
    },
    {"invocation": members({}, {"uri": text, "event_id": text, "builder.id": text})},
)
_SCAI_ATTRIBUTE = members({"attribute": name}, {"target": resource(), "conditions": mapping, "evidence": resource()})
_PROVENANCE = members(
    {
        "buildDefinition": members(
            {"buildType": uri, "externalParameters": mapping},
            {"internalParameters": mapping, "resolvedDependencies": listed(resource())},
        ),
        "runDetails": members(
            {"builder": members({"id": uri}, {"version": mapping, "builderDependencies": listed(resource())})},
            {
                "metadata": members({}, {"invocationId": text, "startedOn": instant, "finishedOn": instant}),
                "byproducts": listed(resource()),
            },
        ),
    }
)
_VSA = members(
    {
        "verifier": members({"id": uri}, {"version": mapping}),
        "resourceUri": name,
        "policy": resource(),
        "verificationResult": one_of("PASSED", "FAILED"),
        "verifiedLevels": listed(name),
    },
    {
        "timeVerified": instant,
        "inputAttestations": listed(resource("digest")),
        "dependencyLevels": mapping,
        "slsaVersion": text,
    },
)
_TEST_RESULT = members(
    {"result": one_of("PASSED", "WARNED", "FAILED"), "configuration": listed(resource())},
    {"url": uri, "passedTests": listed(text), "warnedTests": listed(text), "failedTests": listed(text)},
)
_SVR = members(
    {
        "verifier": members({"id": uri, "policies": listed(resource())}),
        "timeCreated": instant,
        "properties": listed(name),
    }
)
_REFERENCE = members(
    {"attester": members({"id": uri}), "references": listed(resource("downloadLocation", "mediaType"))},
)

_PROVENANCE02 = members(
    {"builder": members({"id": uri}), "buildType": uri},
    {"invocation": mapping, "metadata": mapping, "materials": listed(mapping)},
)

_TYPES = (
    KnownType(uri=IMAGE_SIGNATURE, source="cosign, specs/BUNDLE_SPEC.md", check=_image_signature),
    KnownType(
        uri=SLSA_PROVENANCE,
        source="SLSA v1.0, provenance.md, Schema",
        check=_PROVENANCE,
    ),
    KnownType(uri=SLSA_PROVENANCE02, source="SLSA v0.2, provenance.md, Schema", check=_PROVENANCE02),
    KnownType(uri=SLSA_VSA, source="SLSA v1.2, verification_summary.md, Schema", check=_VSA),
    KnownType(uri=CYCLONEDX, source="in-toto, cyclonedx.md", check=_cyclonedx),
    KnownType(uri=SPDX, source="in-toto, spdx.md", check=_spdx),
    KnownType(uri=SPDX2, source="in-toto, spdx2.md", check=_spdx),
    KnownType(uri=SPDX3, source="in-toto, spdx3.md", check=_spdx),
    KnownType(uri=f"{IN_TOTO}vulns/v0.2", source="in-toto, vulns_02.md, Schema", check=_VULNS),
    KnownType(
        uri=f"{IN_TOTO}scai/v0.3",
        source="in-toto, scai.md, Fields",
        check=members({"attributes": listed(_SCAI_ATTRIBUTE, least=1)}, {"producer": resource()}),
    ),
    KnownType(uri=f"{IN_TOTO}runtime-trace/v0.1", source="in-toto, runtime-trace.md", check=_runtime_trace),
    KnownType(uri=f"{IN_TOTO}release/v0.1", source="in-toto, release.md, Parsing Rules", check=_release),
    KnownType(uri=f"{IN_TOTO}test-result/v0.1", source="in-toto, test-result.md", check=_TEST_RESULT),
    KnownType(uri=f"{IN_TOTO}svr/v0.2", source="in-toto, svr.md, Fields", check=_SVR),
    KnownType(uri=f"{IN_TOTO}reference/v0.1", source="in-toto, reference.md, Fields", check=_REFERENCE),
    KnownType(uri=f"{IN_TOTO}link/v0.3", source="in-toto, link.md, Fields", check=_link),
    KnownType(uri=IN_TOTO_LINK, source="in-toto v1.0, specification, 4.4", check=_link_v1),
    KnownType(uri=COSIGN_CUSTOM, source="cosign, specs/COSIGN_PREDICATE_SPEC.md", check=anything),
    KnownType(uri=COSIGN_VULN, source="cosign, specs/COSIGN_VULN_ATTESTATION_SPEC.md", check=_COSIGN_VULN),
    KnownType(uri=OPENVEX, source="OpenVEX v0.2.0", check=_openvex),
    KnownType(uri=f"{OPENVEX}/v0.2.0", source="OpenVEX v0.2.0", check=_openvex),
)
KNOWN: Mapping[str, KnownType] = {item.uri: item for item in _TYPES}


def predicate_type_of(text: str) -> str:
    """The URI for a short name, or a URI as it is. Raises InputError."""
    if text in SHORT_NAMES:
        return SHORT_NAMES[text]
    if len(text) > MAX_TYPE or not _TYPE.fullmatch(text):
        raise InputError(f"not a predicate type: {text[:80]!r}", hint=f"give a URI, or one of {', '.join(sorted(SHORT_NAMES))}")
    return text


def check_predicate(predicate_type: str, predicate: Mapping[str, Any]) -> bool:
    """Check a predicate of a known type; returns whether the type is known. Raises Malformed with the place, and the source."""
    known = KNOWN.get(predicate_type)
    if known is None:
        return False
    try:
        known.check(as_object(predicate, "predicate"), "")
    except Malformed as error:
        raise Malformed(f"predicate is not of its type: {error.message}", hint=f"see {known.source}") from error
    return True


def check_subjects(predicate_type: str, subjects: "list[StatementSubject]") -> None:
    """Check what a known type asks of a statement's subjects. Raises Malformed."""
    names = [subject.name for subject in subjects]
    if predicate_type == f"{IN_TOTO}link/v0.3" and len(set(names)) != len(names):
        raise Malformed("a link's subjects have names of their own, and two are the same", hint="see in-toto, link.md, Schema")
