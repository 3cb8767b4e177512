"""What known predicate types must look like: each has a document that fits and several that do not."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from pratique.attest.predicates.known import (
    KNOWN,
    MAX_TYPE,
    SHORT_NAMES,
    check_predicate,
    check_subjects,
    predicate_type_of,
)
from pratique.attest.statement import StatementSubject
from pratique.errors import InputError, Malformed
from pratique.trust.document import PREDICATES

SHA = {"sha256": "ab" * 32}
THEN = "2026-01-31T12:00:00Z"
GOOD = {
    "signature": {},
    "provenance": {
        "buildDefinition": {
            "buildType": "https://example.org/build/v1",
            "externalParameters": {},
            "resolvedDependencies": [{"uri": "git+https://example.org/x", "digest": {"gitCommit": "ab" * 20}}],
        },
        "runDetails": {"builder": {"id": "https://example.org/builder"}, "metadata": {"startedOn": THEN}},
    },
    "vsa": {
        "verifier": {"id": "https://example.org/verifier"},
        "timeVerified": THEN,
        "resourceUri": "pkg:oci/app",
        "policy": {"uri": "https://example.org/policy"},
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_1"],
    },
    "cyclonedx": {"bomFormat": "CycloneDX", "specVersion": "1.6"},
    "spdx": {"spdxVersion": "SPDX-2.3"},
    "spdx2": {"spdxVersion": "SPDX-2.3"},
    "spdx3": {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"},
    "vulns": {
        "scanner": {
            "uri": "pkg:github/example/scanner@1",
            "db": {"lastUpdate": THEN},
            "result": [{"id": "CVE-2026-1", "severity": [{"method": "cvss_score", "score": "5.2"}]}],
        },
        "metadata": {"scanStartedOn": THEN, "scanFinishedOn": THEN},
    },
    "scai": {"attributes": [{"attribute": "WITH_STACK_PROTECTION", "evidence": {"digest": SHA}}]},
    "runtime-trace": {
        "monitor": {"type": "https://example.org/monitor", "configSource": {}},
        "monitoredProcess": {"hostID": "https://example.org/host", "type": "https://example.org/type", "event": "1"},
        "monitorLog": {"fileAccess": [{"digest": SHA}]},
    },
    "release": {"purl": "pkg:npm/@angular/http@7.2.16", "packageId": "1"},
    "test-result": {"result": "PASSED", "configuration": [{"digest": SHA}], "passedTests": ["a"]},
    "svr": {"verifier": {"id": "https://example.org/v", "policies": []}, "timeCreated": THEN, "properties": ["X"]},
    "reference": {
        "attester": {"id": "https://example.org/a"},
        "references": [{"downloadLocation": "https://example.org/x", "mediaType": "text/plain", "digest": SHA}],
    },
    "link": {"name": "build", "command": ["make"], "materials": {"a": {"sha256": "ab" * 32}}, "products": {}, "environment": {}},
    "slsaprovenance02": {
        "builder": {"id": "https://ci.example/runner"},
        "buildType": "https://ci.example/type/v1",
        "materials": [{"uri": "git+https://example.org/x", "digest": {"sha1": "ab" * 20}}],
    },
    "custom": {"Data": "anything", "Timestamp": ""},
    "link03": {"name": "build", "materials": [{"name": "a", "digest": SHA}], "command": []},
    "vuln": {
        "invocation": {"parameters": None, "uri": "", "event_id": "", "builder.id": ""},
        "scanner": {"uri": "example.org/scanner", "version": "", "db": {"uri": "", "version": ""}, "result": None},
        "metadata": {"scanStartedOn": THEN, "scanFinishedOn": THEN},
    },
    "openvex": {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex/1",
        "author": "somebody",
        "timestamp": "2026-01-31T12:00:00+02:00",
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": "CVE-2026-1"},
                "products": [{"@id": "pkg:oci/app"}],
                "status": "not_affected",
                "justification": "component_not_present",
            }
        ],
    },
}
WRONG = [
    ("signature", "more", 1),
    ("provenance", "buildDefinition.buildType", "no uri"),
    ("provenance", "buildDefinition.externalParameters", None),
    ("provenance", "buildDefinition.resolvedDependencies.0", {"name": "x"}),
    ("provenance", "runDetails.builder.id", ...),
    ("provenance", "runDetails.metadata.startedOn", "yesterday"),
    ("provenance", "runDetails.metadata.startedOn", "2026-01-31T12:00:00+02:00"),
    ("vsa", "verificationResult", "passed"),
    ("vsa", "verifier", ...),
    ("vsa", "policy", {}),
    ("vsa", "verifiedLevels", "SLSA_BUILD_LEVEL_3"),
    ("cyclonedx", "bomFormat", "SPDX"),
    ("cyclonedx", "specVersion", "9"),
    ("spdx", "spdxVersion", ...),
    ("vulns", "scanner.uri", ...),
    ("vulns", "scanner.db", ...),
    ("vulns", "scanner.db.lastUpdate", ...),
    ("vulns", "scanner.result", None),
    ("vulns", "scanner.result.0.id", ""),
    ("vulns", "scanner.result.0.severity.0.score", 5.2),
    ("vulns", "metadata.scanFinishedOn", ...),
    ("scai", "attributes", []),
    ("scai", "attributes.0.attribute", ...),
    ("scai", "attributes.0.evidence", {"name": "x"}),
    ("runtime-trace", "monitorLog", {}),
    ("runtime-trace", "monitor.type", "x"),
    ("runtime-trace", "monitoredProcess.event", ...),
    ("release", "purl", "pkg:npm/x"),
    ("release", "purl", "pkg:npm/x?version=@1"),
    ("release", "purl", "https://example.org/x@1"),
    ("test-result", "result", "GREEN"),
    ("test-result", "configuration", ...),
    ("test-result", "passedTests", [1]),
    ("svr", "verifier.policies", ...),
    ("svr", "timeCreated", ...),
    ("svr", "properties", "X"),
    ("reference", "references.0.mediaType", ...),
    ("reference", "references.0.downloadLocation", ...),
    ("reference", "attester", ...),
    ("link", "name", ...),
    ("link", "materials", []),
    ("slsaprovenance02", "builder.id", "runner"),
    ("slsaprovenance02", "buildType", ...),
    ("slsaprovenance02", "materials", {}),
    ("link03", "name", ...),
    ("link03", "materials", [{"name": "a", "digest": SHA}, {"name": "a", "digest": SHA}]),
    ("link03", "materials.0.digest", ...),
    ("link03", "materials.0.digest", {"sha256": "AB"}),
    ("link03", "command", "make"),
    ("vuln", "scanner", ...),
    ("vuln", "metadata.scanStartedOn", ""),
    ("openvex", "@context", "https://example.org/ns"),
    ("openvex", "statements", []),
    ("openvex", "statements.0.status", "fine"),
    ("openvex", "statements.0.justification", ...),
    ("openvex", "statements.0.justification", "because"),
    ("openvex", "statements.0.vulnerability", "CVE-2026-1"),
    ("openvex", "statements.0.status", "affected"),
    ("openvex", "version", True),
]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_document_that_fits_is_accepted_with_members_that_nobody_knows(name):
    document = copy.deepcopy(GOOD[name])
    assert check_predicate(SHORT_NAMES[name], document)
    if name != "signature":
        assert check_predicate(SHORT_NAMES[name], document | {"org.example.more": {"x": 1}})


def test_every_known_type_is_tried_here():
    assert {SHORT_NAMES[name] for name in GOOD} | {"https://openvex.dev/ns/v0.2.0"} == set(KNOWN)
    assert {SHORT_NAMES[name] for name, _, _ in WRONG} | {SHORT_NAMES[name] for name in ("spdx2", "spdx3", "custom")} == {
        SHORT_NAMES[name] for name in GOOD
    }


@pytest.mark.parametrize(("name", "path", "value"), WRONG)
def test_a_document_that_does_not_fit_is_refused_with_the_place_and_the_source(name, path, value):
    document = copy.deepcopy(GOOD[name])
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = document
    for step in parents:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    with pytest.raises(Malformed, match="predicate is not of its type") as caught:
        check_predicate(SHORT_NAMES[name], document)
    assert KNOWN[SHORT_NAMES[name]].source in str(caught.value)


def test_openvex_is_judged_as_its_schema_judges():
    schema = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "openvex" / "openvex_json_schema.json"
    if not schema.is_file():
        pytest.skip("the vectors are not beside the repository")
    validator = jsonschema.validators.validator_for(json.loads(schema.read_text()))(json.loads(schema.read_text()))
    assert not list(validator.iter_errors(GOOD["openvex"]))
    for name, path, value in WRONG:
        if name != "openvex" or path == "statements":  # the schema wants no statement, the text does
            continue
        document = copy.deepcopy(GOOD["openvex"])
        *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place = document
        for step in parents:
            place = place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value
        if path != "@context" and value is not True:
            assert list(validator.iter_errors(document)), path


def test_a_type_by_its_uri_is_allowed_and_said_to_be_unknown():
    assert predicate_type_of("https://example.org/claim/v1") == "https://example.org/claim/v1"
    assert not check_predicate("https://example.org/claim/v1", {"any": "thing"})
    for text in ("", "nonsense", "HTTPS://example.org/x", "https://example.org/a b", "x:" + "y" * 2000):
        with pytest.raises(InputError):
            predicate_type_of(text)


def test_a_links_subjects_have_names_of_their_own():
    twice = [StatementSubject(name="a", digest=SHA), StatementSubject(name="a", digest={"sha256": "cd" * 32})]
    with pytest.raises(Malformed):
        check_subjects(SHORT_NAMES["link03"], twice)
    check_subjects(SHORT_NAMES["scai"], twice)


COSIGN = {  # sigstore/cosign v3.1.3, cmd/cosign/cli/options/predicate.go
    "custom": "https://cosign.sigstore.dev/attestation/v1",
    "slsaprovenance": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance02": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance1": "https://slsa.dev/provenance/v1",
    "spdx": "https://spdx.dev/Document",
    "spdxjson": "https://spdx.dev/Document",
    "cyclonedx": "https://cyclonedx.org/bom",
    "link": "https://in-toto.io/Link/v1",
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
    "openvex": "https://openvex.dev/ns",
}


@pytest.mark.parametrize(("name", "uri"), COSIGN.items())
def test_a_name_that_cosign_has_means_what_it_means_there_to_attest_verify_and_trust(name, uri):
    from pratique.cli.verify import predicate_type

    assert predicate_type_of(name) == predicate_type(name) == PREDICATES[name] == uri


def test_whatever_attest_takes_verify_takes():
    from pratique.cli.verify import predicate_type

    assert {name: predicate_type(name) for name in SHORT_NAMES} == SHORT_NAMES


def test_names_mean_what_a_trust_document_means_by_them():
    for name, uri in PREDICATES.items():
        assert SHORT_NAMES.get(name, uri) == uri


@pytest.mark.parametrize("value", [[], "x", 5, None])
@pytest.mark.parametrize("name", sorted(GOOD))
def test_anything_but_an_object_is_refused(name, value):
    with pytest.raises(Malformed):
        check_predicate(SHORT_NAMES[name], value)


# --- each half of each rule


def fits(name, **members):
    """Whether the good document with these members fits; `...` leaves one out."""
    document = {key: value for key, value in {**GOOD[name], **members}.items() if value is not ...}
    try:
        return check_predicate(SHORT_NAMES[name], document)
    except Malformed:
        return False


def test_a_type_is_as_long_as_the_limit_says_and_no_longer():
    longest = "https://example.org/".ljust(MAX_TYPE, "x")
    assert predicate_type_of(longest) == longest
    with pytest.raises(InputError, match="not a predicate type"):
        predicate_type_of(longest + "x")


@pytest.mark.parametrize(
    ("purl", "fit"),
    [
        ("pkg:npm/x@1", True),
        ("pkg:npm/x@1?arch=y#sub", True),
        ("pkg:npm/@scope/x", False),
        ("pkg:npm/x#at@1", False),
        ("pkg:npm@1", False),
        ("pkg:npm/x @1", False),
    ],
)
def test_a_release_is_a_package_with_a_version(purl, fit):
    assert fits("release", purl=purl) is fit


def test_a_link_s_materials_may_be_left_out_and_are_each_of_their_own_name():
    one, other = ({"name": name, "digest": SHA} for name in "ab")
    assert [fits("link03", materials=value) for value in (..., [], [one, other], [one, one])] == [True, True, True, False]


def test_only_the_subjects_of_a_link_have_names_of_their_own():
    one, other = (StatementSubject(name=name, digest=SHA) for name in "ab")
    check_subjects(SHORT_NAMES["link03"], [one, other])
    check_subjects(SHORT_NAMES["link"], [one, one])
    with pytest.raises(Malformed, match="two are the same"):
        check_subjects(SHORT_NAMES["link03"], [one, other, one])


@pytest.mark.parametrize(
    ("document", "fit"),
    [
        ({"spdxVersion": "SPDX-2.3"}, True),
        ({"@context": "x"}, True),
        ({"spdxVersion": 5, "@context": "x"}, True),
        ({"spdxVersion": 5}, False),
        ({}, False),
    ],
)
def test_an_spdx_document_has_one_of_the_two_marks_of_its_versions(document, fit):
    assert fits("spdx", **{"spdxVersion": ..., **document}) is fit


@pytest.mark.parametrize(
    ("value", "fit"), [({}, True), ({"digest": SHA}, True), ({"name": "x"}, False), ([], False), (None, True)]
)
def test_a_monitor_s_configuration_is_a_resource_or_empty(value, fit):
    monitor = GOOD["runtime-trace"]["monitor"] | {"configSource": value}
    assert fits("runtime-trace", monitor=monitor) is fit


def test_a_monitor_s_log_holds_something_of_one_kind():
    for name in ("process", "network", "fileAccess"):
        assert fits("runtime-trace", monitorLog={name: []})
    assert not fits("runtime-trace", monitorLog={"other": []})


@pytest.mark.parametrize(
    ("status", "more", "fit"),
    [
        ("not_affected", {"justification": "component_not_present"}, True),
        ("not_affected", {"impact_statement": "x"}, True),
        ("not_affected", {"action_statement": "x"}, False),
        ("not_affected", {}, False),
        ("affected", {"action_statement": "x"}, True),
        ("affected", {"impact_statement": "x"}, False),
        ("fixed", {}, True),
        ("under_investigation", {}, True),
    ],
)
def test_a_statement_of_openvex_says_why_or_what_to_do(status, more, fit):
    assert fits("openvex", statements=[{"vulnerability": {"name": "CVE-2026-1"}, "status": status, **more}]) is fit


@pytest.mark.parametrize(
    ("context", "fit"),
    [("https://openvex.dev/ns", True), ("https://openvex.dev/ns/v0.2.0", True), ("openvex", False), (5, False)],
)
def test_a_document_of_openvex_says_so(context, fit):
    assert fits("openvex", **{"@context": context}) is fit
